//! `kiro auth status` and `kiro whoami`: from files alone, no key, no network.

use std::path::Path;

use kiro_credentials::Snapshot;
use kiro_sign_in::{Account, Code, Context, Failure, Organizations, SignedIn, account};
use serde_json::{Value, json};

use super::tell_recovered;
use crate::{args::Status, exit::Exit, shell::Shell, words};

pub(crate) fn run(shell: &Shell, context: &Context, args: &Status) -> Result<Exit, Failure> {
    let account = read(shell, context, args)?;
    if args.json {
        return print_json(shell, context, &account, args);
    }
    match &account {
        Account::SignedIn(who) => person(shell, context, who, true),
        Account::NeedsAttention { reason, who } => {
            shell.data(shell.words.needs_attention());
            person(shell, context, who, false);
            shell.fail(reason);
        }
        Account::SigningIn(open) => {
            shell.data(&format!(
                "{} ({})",
                shell.words.signing_in(),
                words::plain(&open.organization)
            ));
        }
        Account::SignedOut { reason } => signed_out(shell, context, reason.as_ref()),
    }
    Ok(exit(&account))
}

pub(crate) fn whoami(shell: &Shell, context: &Context, args: &Status) -> Result<Exit, Failure> {
    let account = read(shell, context, args)?;
    if args.json {
        return print_json(shell, context, &account, args);
    }
    let line = |who: &SignedIn| {
        let place = format!(
            "({}, {})",
            words::plain(&who.organization_title),
            who.provider.title()
        );
        words::person(who).map_or_else(|| place.clone(), |person| format!("{person} {place}"))
    };
    match &account {
        Account::SignedIn(who) => shell.data(&line(who)),
        Account::NeedsAttention { reason, who } => {
            shell.data(&line(who));
            shell.fail(reason);
        }
        Account::SigningIn(_) => shell.data(shell.words.signing_in()),
        Account::SignedOut { reason } => signed_out(shell, context, reason.as_ref()),
    }
    Ok(exit(&account))
}

fn signed_out(shell: &Shell, context: &Context, reason: Option<&Failure>) {
    shell.data(shell.words.not_signed_in());
    match reason {
        Some(reason) => shell.fail(reason),
        None => {
            let others = context.store.read().map(|snapshot| {
                snapshot
                    .profiles
                    .keys()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
            });
            match others {
                Ok(others) if !others.is_empty() => {
                    shell.hint(&shell.words.other_profiles(&others))
                }
                Ok(_) | Err(_) => {
                    let nobody = Failure::new(Code::NotSignedIn, context.clock.now());
                    shell.hint(&shell.words.failure(&nobody).hint);
                }
            }
        }
    }
}

/// `lives`: their session does, as far as is known.
fn person(shell: &Shell, context: &Context, who: &SignedIn, lives: bool) {
    let [as_whom, organization, session, stored] = shell.words.labels();
    let name = words::person(who).unwrap_or_else(|| shell.words.nameless().to_owned());
    shell.data(&format!("{as_whom}{name}"));
    let managed = Organizations::load(context)
        .ok()
        .and_then(|all| all.managed_path)
        .filter(|_| who.managed);
    let managed = managed
        .map(|path| {
            format!(
                "      {}",
                shell.words.managed_by(&path.display().to_string())
            )
        })
        .unwrap_or_default();
    let (title, provider) = (words::plain(&who.organization_title), who.provider.title());
    shell.data(&format!(
        "{organization}{title} · {provider} ({}){managed}",
        words::plain(&who.issuer)
    ));
    if lives {
        let until = shell.words.session(who, context.clock.now());
        shell.data(&format!("{session}{until}"));
    }
    let path = short(&context.store.home().credentials_file());
    shell.data(&format!(
        "{stored}{}",
        shell.words.stored(&path, who.key_source)
    ));
}

/// The account that is meant; what was wrong with the file is told first.
fn read(shell: &Shell, context: &Context, args: &Status) -> Result<Account, Failure> {
    let account = account(context, args.profile.as_ref())?;
    tell_recovered(shell, context);
    Ok(account)
}

/// The path with `~` for the home folder.
fn short(path: &Path) -> String {
    let inside =
        std::env::home_dir().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
    inside.map_or_else(
        || path.display().to_string(),
        |inside| format!("~/{}", inside.display()),
    )
}

fn exit(account: &Account) -> Exit {
    match account {
        Account::SignedIn(_) => Exit::Done,
        Account::SignedOut { .. } | Account::SigningIn(_) | Account::NeedsAttention { .. } => {
            Exit::NotSignedIn
        }
    }
}

fn print_json(
    shell: &Shell,
    context: &Context,
    account: &Account,
    args: &Status,
) -> Result<Exit, Failure> {
    let snapshot = snapshot(context)?;
    let profile = args.profile.as_ref().unwrap_or(&snapshot.active);
    let status = json!({
        "account": account_json(account),
        "profile": profile,
        "profiles": snapshot.profiles.keys().collect::<Vec<_>>(),
        "store": { "path": context.store.home().credentials_file(), "key_source": snapshot.key_source(profile) },
    });
    shell.data(&status.to_string());
    Ok(exit(account))
}

/// The account as programs read it: every field always there, `null` where nothing is known.
pub(crate) fn account_json(account: &Account) -> Value {
    let (state, reason, who) = match account {
        Account::SignedOut { reason } => ("signed_out", reason.as_ref(), None),
        Account::SigningIn(_) => ("signing_in", None, None),
        Account::SignedIn(who) => ("signed_in", None, Some(who)),
        Account::NeedsAttention { reason, who } => ("needs_attention", Some(reason), Some(who)),
    };
    let organization = match account {
        Account::SigningIn(open) => Some(&open.organization),
        Account::SignedOut { .. } | Account::SignedIn(_) | Account::NeedsAttention { .. } => {
            who.map(|who| &who.organization)
        }
    };
    json!({
        "state": state,
        "reason": reason.map(|reason| reason.code),
        "provider": who.map(|who| who.provider),
        "organization": organization,
        "issuer": who.map(|who| &who.issuer),
        "subject": who.and_then(|who| who.subject.as_ref()),
        "name": who.and_then(|who| who.name.as_ref()),
        "email": who.and_then(|who| who.email.as_ref()),
        "expires_at": who.map(|who| who.expires_at),
        "session_expires_at": who.and_then(|who| who.session_expires_at),
        "region": who.and_then(|who| who.region.as_ref()),
    })
}

/// The file as it stands; what cannot be read is told by [`account`].
pub(crate) fn snapshot(context: &Context) -> Result<Snapshot, Failure> {
    context
        .store
        .read()
        .map_err(|error| match account(context, None) {
            Err(failure) => failure,
            Ok(_) => {
                let mut failure = Failure::new(Code::Unexpected, context.clock.now());
                failure.detail.description = Some(error.to_string());
                failure
            }
        })
}
