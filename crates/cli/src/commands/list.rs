//! `kiro auth list`

use kiro_sign_in::{Account, Code, Context, Failure, account};
use serde_json::json;

use super::status::{account_json, snapshot};
use crate::{exit::Exit, shell::Shell, words};

pub(crate) fn run(shell: &Shell, context: &Context, as_json: bool) -> Result<Exit, Failure> {
    let snapshot = snapshot(context)?;
    let (mut rows, mut table) = (Vec::new(), Vec::new());
    for profile in snapshot.profiles.keys() {
        let account = match account(context, Some(profile)) {
            Err(failure) if failure.code == Code::UnknownProfile => continue, // signed out meanwhile
            account => account?,
        };
        if as_json {
            rows.push(json!({ "profile": profile, "active": profile == &snapshot.active, "account": account_json(&account) }));
            continue;
        }
        let active = if profile == &snapshot.active {
            "* "
        } else {
            "  "
        };
        let (who, state) = match &account {
            Account::SignedIn(who) => (Some(who), shell.words.is_signed_in()),
            Account::NeedsAttention { who, .. } => (Some(who), shell.words.needs_attention()),
            Account::SigningIn(_) => (None, shell.words.signing_in()),
            Account::SignedOut { .. } => (None, shell.words.not_signed_in()),
        };
        let person = who
            .and_then(words::person)
            .unwrap_or_else(|| "–".to_owned());
        let place = who
            .map(|who| {
                format!(
                    "{} · {}",
                    words::plain(&who.organization_title),
                    who.provider.title()
                )
            })
            .unwrap_or_default();
        table.push(vec![
            format!("{active}{profile}"),
            person,
            place,
            state.to_owned(),
        ]);
    }
    if as_json {
        shell.data(&json!({ "profiles": rows }).to_string());
    } else if table.is_empty() {
        shell.none(&Failure::new(Code::NotSignedIn, context.clock.now()));
    } else {
        shell.table(&table);
    }
    Ok(Exit::Done)
}
