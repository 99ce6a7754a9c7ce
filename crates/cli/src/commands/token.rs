//! `kiro auth token`: the token and a newline, nothing else. A fresh token costs neither a runtime nor a TLS client.

use kiro_sign_in::{Context, Failure, ProfileName, fresh_token, renewed_token};
use secrecy::ExposeSecret;

use super::{say_recovered, tell_recovered};
use crate::{exit::Exit, shell, shell::Shell, signals};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<Exit, Failure> {
    let fresh = match fresh_token(context, profile) {
        Ok(fresh) => fresh,
        Err(failure) => {
            tell_recovered(shell, context);
            return Err(failure);
        }
    };
    if let Some(recovered) = &fresh.recovered {
        say_recovered(shell, recovered);
    }
    let token = match fresh.token {
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
