//! `kiro auth token`: the token and a newline, nothing else. A fresh token costs neither a runtime nor a TLS client.

use kiro_sign_in::{Code, Context, Failure, ProfileName, access_token, fresh_token};
use secrecy::ExposeSecret;

use crate::{exit::Exit, shell, shell::Shell, signals};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<Exit, Failure> {
    let token = match fresh_token(context, profile)? {
        Some(token) => token,
        None => shell::block_on(context, renewed(shell, context, profile))?,
    };
    shell.data(token.expose_secret());
    Ok(Exit::Done)
}

/// Signals are held back until the renewed session is in its file: a rotated token must not be lost.
async fn renewed(
    shell: &Shell,
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<secrecy::SecretString, Failure> {
    let mut renewal = std::pin::pin!(access_token(context, profile));
    tokio::select! {
        biased;
        () = signals::stop() => {
            if shell.talks {
                shell.say(shell.words.finishing_first());
            }
            let _ = renewal.await;
            Err(Failure::new(Code::Interrupted, context.clock.now()))
        }
        token = &mut renewal => token,
    }
}
