//! Whose `kiro://` links are: ours if they are nobody's, and another program's until the person says otherwise.

use std::io;

use kiro_sign_in::scheme::{self, SchemeOwner};
use kiro_sign_in::{Code, Failure};
use tauri::async_runtime;

use crate::desktop::Desktop;
use crate::program;

/// Who opens the links, after taking them if they are nobody's. Never takes them from another program.
pub(crate) async fn look(desktop: &Desktop) -> SchemeOwner {
    let owner = async_runtime::spawn_blocking(own)
        .await
        .unwrap_or(SchemeOwner::Unknown);
    tracing::info!(?owner, "kiro:// links");
    desktop.change(|memory| memory.links = owner.clone());
    owner
}

fn own() -> SchemeOwner {
    let owner = scheme::owner();
    let open = match owner {
        SchemeOwner::Nobody => true,
        // A launcher of ours whose program has gone, or was moved: this program is there.
        SchemeOwner::Us => scheme::missing_program().is_some(),
        SchemeOwner::Other { .. } | SchemeOwner::Unknown => false,
    };
    if !open {
        return owner;
    }
    let registered = program::path().and_then(|program| scheme::register(&program));
    if let Err(error) = registered {
        tracing::warn!(%error, "kiro:// could not be registered");
    }
    scheme::owner()
}

/// Takes the links from another program at the person's word; the sign-in under way may use them from then on.
///
/// # Errors
/// `scheme_taken` when they are still the other's afterwards.
pub(crate) async fn take(desktop: &Desktop) -> Result<(), Failure> {
    let home = desktop.context.store.home().clone();
    change(desktop, move || scheme::take(&home, &program::path()?)).await?;
    desktop.change(|memory| {
        memory
            .failure
            .take_if(|notice| notice.code == Code::SchemeTaken);
        if let Some(ours) = &mut memory.ours {
            ours.allow_app_link();
        }
    });
    Ok(())
}

/// Gives the links back to the program that had them.
///
/// # Errors
/// `unexpected` when the system refuses.
pub(crate) async fn give_back(desktop: &Desktop) -> Result<(), Failure> {
    let home = desktop.context.store.home().clone();
    change(desktop, move || scheme::give_back(&home)).await
}

async fn change(
    desktop: &Desktop,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), Failure> {
    let done = async_runtime::spawn_blocking(move || (work(), scheme::owner())).await;
    let (result, owner) =
        done.unwrap_or_else(|error| (Err(io::Error::other(error)), SchemeOwner::Unknown));
    let failure = result.err().map(|error| {
        let (code, app) = match &owner {
            SchemeOwner::Other { name } => (Code::SchemeTaken, Some(name.clone())),
            SchemeOwner::Us | SchemeOwner::Nobody | SchemeOwner::Unknown => {
                (Code::Unexpected, None)
            }
        };
        let mut failure = Failure::new(code, desktop.now());
        failure.facts.other_app = app;
        failure.detail.description = Some(error.to_string());
        failure
    });
    desktop.change(|memory| memory.links = owner);
    failure.map_or(Ok(()), Err)
}
