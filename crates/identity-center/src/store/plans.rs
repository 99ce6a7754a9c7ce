//! Plans in the store: which models a group is given, and which a person has by their groups.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, groups, values};
use crate::directory::DirectoryRefusal;
use crate::id::{GroupId, UserId};
use crate::plan::Plan;

type Decided<T> = Result<Result<T, DirectoryRefusal>, StoreError>;

/// What a person's programs are told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What they are called.
    pub name: String,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// The models that their groups give them; `None` where people's models do not depend on their groups.
    pub models: Option<BTreeSet<String>>,
}

impl Store {
    /// Gives a group these models and no others. From its first plan on, people of the organisation have the models of their groups
    /// alone.
    pub async fn set_plan(&self, plan: Plan, now: Timestamp) -> Decided<()> {
        self.write(move |tx| {
            let Plan { group, models } = plan.clone();
            Box::pin(async move {
                let Some((organization, name)) = groups::locked(tx, group).await? else {
                    return Ok(Err(DirectoryRefusal::NoGroup));
                };
                let sql = "DELETE FROM plans WHERE group_id = $1";
                tx.execute(sql, values![group]).await?;
                for model in &models {
                    let sql = "INSERT INTO plans (group_id, model) VALUES ($1, $2)";
                    tx.execute(sql, values![group, model]).await?;
                }
                let sql = "UPDATE organizations SET plans = 1 WHERE name = $1";
                tx.execute(sql, values![&organization]).await?;
                let detail = json!({ "group": group, "models": models });
                audit::of_organization(tx, &organization, "plan.set", &name, detail, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// Takes a group's models from it. `false` if it had none.
    pub async fn remove_plan(&self, group: GroupId, now: Timestamp) -> Decided<bool> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some((organization, name)) = groups::locked(tx, group).await? else {
                    return Ok(Err(DirectoryRefusal::NoGroup));
                };
                let sql = "DELETE FROM plans WHERE group_id = $1";
                if tx.execute(sql, values![group]).await? == 0 {
                    return Ok(Ok(false));
                }
                let detail = json!({ "group": group });
                audit::of_organization(tx, &organization, "plan.remove", &name, detail, now)
                    .await?;
                Ok(Ok(true))
            })
        })
        .await
    }

    /// People's models do not depend on their groups any more: every plan of the organisation goes. `false` if there was none.
    pub async fn end_plans(&self, organization: &str, now: Timestamp) -> Result<bool, StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "UPDATE organizations SET plans = 0 WHERE name = $1 AND plans = 1";
                if tx.execute(sql, values![&organization]).await? == 0 {
                    return Ok(false);
                }
                let sql = "DELETE FROM plans WHERE group_id IN (SELECT id FROM groups WHERE organization = $1)";
                tx.execute(sql, values![&organization]).await?;
                audit::of_organization(tx, &organization, "plan.end", "plans", json!({}), now)
                    .await?;
                Ok(true)
            })
        })
        .await
    }

    /// The plans of an organisation, by the groups' names; `None` where people's models do not depend on their groups.
    pub async fn plans(&self, organization: &str) -> Result<Option<Vec<Plan>>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT plans FROM organizations WHERE name = $1";
                let row = tx.row(sql, values![&organization]).await?;
                if !row.map_or(Ok(false), |row| row.truth(0))? {
                    return Ok(None);
                }
                let sql = "SELECT p.group_id, p.model FROM plans p JOIN groups g ON g.id = p.group_id \
                           WHERE g.organization = $1 ORDER BY g.display_name_folded, p.model";
                let rows = tx.query(sql, values![&organization]).await?;
                let mut plans: Vec<Plan> = Vec::new();
                for row in &rows {
                    let (group, model) = (row.id(0)?, row.text(1)?.to_owned());
                    match plans.last_mut().filter(|plan| plan.group == group) {
                        Some(plan) => drop(plan.models.insert(model)),
                        None => plans.push(Plan {
                            group,
                            models: BTreeSet::from([model]),
                        }),
                    }
                }
                Ok(Some(plans))
            })
        })
        .await
    }

    /// What a person's programs are told of them with their tokens; `None` where nobody is there any more. One statement: it is asked
    /// with each renewal, and what it finds is of one moment.
    pub async fn told_of(&self, user: UserId) -> Result<Option<Told>, StoreError> {
        let sql = "SELECT u.display_name, u.email, o.plans, p.model FROM users u JOIN organizations o ON o.name = u.organization \
                   LEFT JOIN members m ON m.user_id = u.id AND o.plans = 1 LEFT JOIN plans p ON p.group_id = m.group_id WHERE u.id = $1";
        let rows = self.look_up_all(sql, values![user]).await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let mut models = BTreeSet::new();
        for row in &rows {
            models.extend(row.optional(3, Row::text)?.map(str::to_owned));
        }
        Ok(Some(Told {
            name: first.text(0)?.to_owned(),
            email: first.optional(1, Row::text)?.map(str::to_owned),
            models: first.truth(2)?.then_some(models),
        }))
    }
}

/// Forgets a group's plan, in the transaction that removes the group. The organisation's other people get nothing by that.
pub(super) async fn forget(tx: &mut Tx<'_>, group: GroupId) -> Result<(), StoreError> {
    let sql = "DELETE FROM plans WHERE group_id = $1";
    tx.execute(sql, values![group]).await.map(drop)
}
