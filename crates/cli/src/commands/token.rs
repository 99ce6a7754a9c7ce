//! `kiro auth token`: the token and a newline, nothing else. A fresh token costs neither a runtime nor a TLS client.

use kiro_sign_in::{Context, Failure, ProfileName, fresh_token, renewed_token};
use secrecy::ExposeSecret;

use super::tell_recovered;
use crate::{exit::Exit, shell, shell::Shell, signals};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<Exit, Failure> {
    tell_recovered(shell, context);
    let token = match fresh_token(context, profile)? {
        Some(token) => token,
        None => {
            let renewed = signals::held_back(shell, context, renewed_token(context, profile));
            let renewed = shell::block_on(context, renewed)?;
            if let Some(failure) = renewed.unsaved {
                shell.warn(&failure);
            }
            renewed.token
        }
    };
    shell.data(token.expose_secret());
    Ok(Exit::Done)
}
