//! `kiro auth token`: the token and a newline, nothing else. A fresh token costs neither a runtime nor a TLS client.

use kiro_sign_in::{Code, Context, Failure, ProfileName, access_token, fresh_token};
use secrecy::ExposeSecret;

use super::{profile_known, tell_recovered};
use crate::{exit::Exit, shell, shell::Shell, signals};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<Exit, Failure> {
    tell_recovered(shell, context);
    let token = match fresh_token(context, profile) {
        Ok(Some(token)) => token,
        Ok(None) => {
            let renewed = signals::held_back(shell, context, access_token(context, profile));
            shell::block_on(context, renewed)?
        }
        Err(failure) => {
            if failure.code == Code::NotSignedIn {
                profile_known(context, profile)?;
            }
            return Err(failure);
        }
    };
    shell.data(token.expose_secret());
    Ok(Exit::Done)
}
