//! AWS accounts, permission sets, and who may take which role where.

use serde_json::{Value, json};

use super::remote::{Remote, encoded};
use super::verbs::{Account, PermissionSet, Principal};
use super::{CREDENTIALS, Shown};
use crate::command::Failure;

impl Shown {
    pub(super) async fn account(&mut self, remote: &Remote, verb: Account) -> Result<(), Failure> {
        let path = |id: &str| format!("/accounts/{}", encoded(id));
        match verb {
            Account::List => self.rows(
                &remote.get("/accounts").await?,
                &[("id", "account"), ("name", "name"), ("email", "e-mail")],
            ),
            Account::Set { id, name, email } => {
                let said = json!({ "name": name, "email": email.unwrap_or_default() });
                let done = remote.put(&path(&id), &said).await?;
                self.done(&done, &format!("{id} is {name}"))
            }
            Account::Remove { id } => {
                let done = remote.delete(&path(&id)).await?;
                self.done(
                    &done,
                    &format!("{id} is gone, and who may do what there. {CREDENTIALS}"),
                )
            }
        }
    }

    pub(super) async fn role(
        &mut self,
        remote: &Remote,
        verb: PermissionSet,
    ) -> Result<(), Failure> {
        let path = |name: &str| format!("/permission-sets/{}", encoded(name));
        match verb {
            PermissionSet::List => {
                let all = remote.get("/permission-sets").await?;
                self.rows(
                    &all,
                    &[
                        ("name", "role"),
                        ("session_seconds", "seconds"),
                        ("description", "description"),
                    ],
                )
            }
            PermissionSet::Set {
                name,
                description,
                session_seconds,
            } => {
                let said = json!({ "description": description.unwrap_or_default(), "session_seconds": session_seconds });
                let done = remote.put(&path(&name), &said).await?;
                self.done(&done, &format!("{name} can be assigned"))
            }
            PermissionSet::Remove { name } => {
                let done = remote.delete(&path(&name)).await?;
                self.done(
                    &done,
                    &format!("{name} is gone, and who may take it where. {CREDENTIALS}"),
                )
            }
            PermissionSet::Assignments => {
                let all = remote.assignments().await?;
                self.rows(
                    &all,
                    &[("account", "account"), ("role", "role"), ("to", "to")],
                )
            }
            PermissionSet::Assign { account, role, to } => {
                let path = assignment(remote, &account, &role, &to).await?;
                let done = remote.put(&path, &Value::Null).await?;
                self.done(
                    &done,
                    &format!("{} may take {role} in {account}", to.name()),
                )
            }
            PermissionSet::Unassign { account, role, to } => {
                let path = assignment(remote, &account, &role, &to).await?;
                let done = remote.delete(&path).await?;
                self.done(
                    &done,
                    &format!(
                        "{} may not take {role} in {account} any more. {CREDENTIALS}",
                        to.name()
                    ),
                )
            }
        }
    }
}

async fn assignment(
    remote: &Remote,
    account: &str,
    role: &str,
    to: &Principal,
) -> Result<String, Failure> {
    let whom = match (&to.group, &to.user) {
        (Some(group), _) => remote.group(group).await?,
        (None, Some(user)) => remote.user(user).await?.0,
        (None, None) => return Err(Failure::new("Nobody is named").hint("Give --group or --user")),
    };
    let (account, role) = (encoded(account), encoded(role));
    Ok(format!("/accounts/{account}/roles/{role}{whom}"))
}
