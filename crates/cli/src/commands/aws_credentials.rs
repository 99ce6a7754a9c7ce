//! For AWS tools: `kiro auth aws-credentials` (a `credential_process`), `kiro org export --aws-config`, `kiro auth aws-token-cache`.

use std::path::PathBuf;

use kiro_sign_in::{
    Code, Context, Failure, ProfileName, Role, role_credentials, roles, write_aws_token,
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    args::{AwsCredentials, AwsTokenCache},
    exit::Exit,
    shell,
    shell::Shell,
    signals,
};

pub(crate) fn run(shell: &Shell, context: &Context, args: AwsCredentials) -> Result<Exit, Failure> {
    let role = Role {
        account: args.account,
        name: args.role,
    };
    let asked = role_credentials(context, args.profile.as_ref(), &role);
    // The session may be renewed on the way.
    let asked = signals::held_back(shell, context, asked);
    let credentials = shell::block_on(context, asked)?;
    let answer = json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.expose_secret(),
        "SessionToken": credentials.session_token.expose_secret(),
        "Expiration": credentials.expires_at,
    });
    shell.data(&answer.to_string());
    Ok(Exit::Done)
}

/// Prints a profile for each role: `ORGANISATION-ACCOUNT-ROLE`.
pub(crate) fn config(
    shell: &Shell,
    context: &Context,
    named: Option<&ProfileName>,
) -> Result<Exit, Failure> {
    let asked = signals::held_back(shell, context, roles(context, named));
    let roles = shell::block_on(context, asked)?;
    let snapshot = super::status::snapshot(context)?;
    let profile = named.unwrap_or(&snapshot.active);
    let public = snapshot.profiles.get(profile);
    let organization = public.map_or("kiro", |public| public.organization.as_str());
    let region = public.and_then(|public| public.region.as_deref());
    let program = command();
    for Role { account, name } in &roles {
        shell.data(&format!("[profile {organization}-{account}-{name}]"));
        shell.data(&format!(
            "credential_process = {} auth aws-credentials --profile {profile} --account {account} --role {}",
            word(&program),
            word(name)
        ));
        if let Some(region) = region {
            shell.data(&format!("region = {region}"));
        }
        shell.data("");
    }
    if roles.is_empty() {
        shell.say(shell.words.nothing_listed());
    }
    Ok(Exit::Done)
}

/// The `kiro` command as others start it: beside this program, or where packages put it (docs/decisions/0006).
fn command() -> String {
    let beside = std::env::current_exe().map(|whole| {
        let kiro = whole.with_file_name("kiro");
        kiro.with_extension(std::env::consts::EXE_EXTENSION)
    });
    let packaged = PathBuf::from("/usr/bin/kiro");
    let known = beside.ok().into_iter().chain([packaged]);
    known
        .into_iter()
        // A line has to hold it.
        .find(|path| path.exists() && !path.to_string_lossy().contains(char::is_control))
        .map_or_else(|| "kiro".to_owned(), |path| path.display().to_string())
}

/// Writes the access token where AWS's own tools look for it.
pub(crate) fn token_cache(
    shell: &Shell,
    context: &Context,
    args: &AwsTokenCache,
) -> Result<Exit, Failure> {
    let home =
        std::env::home_dir().ok_or_else(|| Failure::new(Code::Unexpected, context.clock.now()))?;
    let session = args.sso_session.as_deref();
    let asked = write_aws_token(context, args.profile.as_ref(), session, &home);
    let written = shell::block_on(context, signals::held_back(shell, context, asked))?;
    let until = shell.words.moment(written.expires_at, context.clock.now());
    let path = written.path.display().to_string();
    shell.mark('✓', &shell.words.token_written(&path, &until));
    Ok(Exit::Done)
}

/// The word as AWS tools split a command line: as it is where nothing in it has a meaning, else in quotes.
fn word(text: &str) -> String {
    let plain = |one: char| one.is_alphanumeric() || "_+=,.@-/:\\".contains(one);
    let backslash = text.contains('\\') && !cfg!(windows);
    if text.chars().all(plain) && !backslash {
        text.to_owned()
    } else if cfg!(windows) || !text.contains(['"', '\\', '$', '`', '!']) {
        format!("\"{text}\"") // on Windows no path has a double quote
    } else {
        // Some tools have a shell run the line: single quotes keep everything from it.
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_word_has_a_meaning_on_the_command_line() {
        let check = |text: &str, expected: &str| assert_eq!(word(text), expected);
        check("/usr/bin/kiro", "/usr/bin/kiro");
        check("a_b+c=d,e.f@g-h", "a_b+c=d,e.f@g-h");
        check("/opt/my apps/kiro", "\"/opt/my apps/kiro\"");
        check("/opt/it's/kiro", "\"/opt/it's/kiro\"");
        check("/opt/a;b/kiro", "\"/opt/a;b/kiro\"");
        check("/opt/\"a\"/kiro", "'/opt/\"a\"/kiro'");
        check("/opt/$(a)'/kiro", r"'/opt/$(a)'\''/kiro'");
        check(r"/opt/a\b/kiro", r"'/opt/a\b/kiro'");
    }
}
