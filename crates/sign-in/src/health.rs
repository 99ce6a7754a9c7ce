//! Whether a session still lives at its provider, asked without using anything up (docs/decisions/0012).

use kiro_credentials::{ProfileName, RefreshWhen};

use crate::flow::blocking;
use crate::session::{chosen, refresh};
use crate::{Code, Context, Failure, provider};

/// How a session stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Health {
    /// The provider honours it.
    Alive,
    /// The provider does not answer such questions, or its answer proved wrong: asking again is of no use.
    Unknown,
}

/// Asks the provider how the session stands. Its word alone ends nothing: where it says the session is over, one
/// renewal is tried, and only that may end it.
///
/// # Errors
/// `not_signed_in`; `session_ended` or `step_up_needed` when the session is over, which the files say from then on;
/// `unreachable` or `server_error` when nobody could be asked.
pub async fn health(context: &Context, profile: Option<&ProfileName>) -> Result<Health, Failure> {
    let profile = chosen(context, profile)?;
    let slot = profile.clone();
    let session = blocking(context, move |context| context.store.session(&slot)).await?;
    let session = session.ok_or_else(|| context.failure(Code::NotSignedIn))?;
    let idp = provider::of_session(context, &session.public)?;
    match idp.honours(&session).await? {
        Some(true) => Ok(Health::Alive),
        None => Ok(Health::Unknown),
        Some(false) => {
            let when = RefreshWhen::Revision(session.public.revision);
            refresh(context, &profile, when).await?;
            Ok(Health::Unknown)
        }
    }
}
