//! The `kiro` command as it is started. Prints a fresh token by itself, waits for one that another process renews, and becomes `kiro-verbs`, the command with every verb, for
//! anything else.
//!
//! Scripts run `kiro auth token` many times a minute, and the whole command takes longer to set up than the token takes to read:
//! see `docs/decisions/0006-two-programs-one-command.md`. Nothing is said here: whatever has to be told, `kiro-verbs` tells.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use kiro_credentials::{CLEARLY_FRESH, Clock, Home, Keys, ProfileName, Store, SystemClock};
use secrecy::{ExposeSecret, SecretString};

/// The program with every verb: beside this one, or where packages put it.
const WHOLE: &str = "kiro-verbs";
const PACKAGED: &str = "/usr/lib/kiro-sign-in/kiro-verbs";
/// An open keyring answers in milliseconds. One that waits for somebody is left to `kiro-verbs`, which waits longer and says so.
const KEYRING: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    kiro_credentials::leave_no_core();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match asked(&arguments).and_then(fresh_token) {
        Some(token) => {
            // A reader that went away is no error of ours.
            let _ = writeln!(std::io::stdout(), "{}", token.expose_secret());
            ExitCode::SUCCESS
        }
        None => become_whole(&arguments),
    }
}

/// Whose token is asked for.
#[derive(Debug, Eq, PartialEq)]
enum Asked {
    Active,
    Of(ProfileName),
}

/// Whose token the command line asks for, if it is `auth token` in its plainest form.
fn asked(arguments: &[OsString]) -> Option<Asked> {
    let words: Vec<&str> = arguments
        .iter()
        .map(|word| word.to_str())
        .collect::<Option<_>>()?;
    match words.as_slice() {
        ["auth", "token"] => Some(Asked::Active),
        ["auth", "token", "--profile", name] => name.parse().ok().map(Asked::Of),
        _ => None,
    }
}

/// The token, if there is nothing at all to say about it: no damage, no prompt, no renewal but one that another process makes.
fn fresh_token(asked: Asked) -> Option<SecretString> {
    let home = Home::from_env().ok()?;
    let keys = Keys::new(&home).with_keyring_deadline(KEYRING);
    let store = Store::new(home, keys, concat!("kiro/", env!("CARGO_PKG_VERSION")));
    let named = match &asked {
        Asked::Active => None,
        Asked::Of(profile) => Some(profile),
    };
    let stored = store.stored(named).ok()?;
    if stored.recovered.is_some() {
        return None;
    }
    let (session, now) = (stored.session?, SystemClock.now());
    if store.clock_went_back(&session, now) {
        return None;
    }
    let left = session.public.expires_at.duration_since(now);
    if store.ended(&session).is_some() {
        return None;
    }
    if left > CLEARLY_FRESH {
        return Some(session.tokens.access);
    }
    let known = store.session_unless_due(&session.profile, &SystemClock)?;
    Some(known.tokens.access)
}

fn become_whole(arguments: &[OsString]) -> ExitCode {
    let beside = std::env::current_exe().map(|kiro| kiro.with_file_name(WHOLE));
    let whole = beside
        .ok()
        .map(|path| path.with_extension(std::env::consts::EXE_EXTENSION))
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(PACKAGED));
    let mut command = Command::new(&whole);
    command.args(arguments);
    let error = match replace(command) {
        Ok(code) => return code,
        Err(error) => error,
    };
    let _ = writeln!(
        std::io::stderr(),
        "error: `{}` could not be started: {error}\nhint: Install Kiro Sign-In again",
        whole.display()
    );
    ExitCode::FAILURE
}

/// Puts the program in this one's place: the same process, the same terminal, the same signals.
#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.arg0("kiro").exec())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Result<ExitCode> {
    let code = command.status()?.code();
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plainest_question_for_a_token_is_answered_here() {
        let check = |line: &str, expected: Option<Asked>| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(asked(&words), expected, "{line}");
        };
        check("auth token", Some(Asked::Active));
        check(
            "auth token --profile work",
            "work".parse().ok().map(Asked::Of),
        );
        check("auth token --profile", None);
        check("auth token --profile ../x", None);
        check("auth token --profile a --profile b", None);
        check("auth token --help", None);
        check("auth status", None);
        check("token", None);
        check("", None);
    }
}
