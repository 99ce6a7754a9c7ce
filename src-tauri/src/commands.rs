//! What the page may ask for. Coarse: no command takes or gives a token, a code, a `state` or an address.

use std::sync::Arc;

use kiro_sign_in::doctor;
use kiro_sign_in::{
    BrowserError, Code, Failure, Organization, Organizations, Preference, add, check,
    end_session as end_session_at_provider,
};
use tauri::ipc::Channel;
use tauri::{State, async_runtime};

use crate::browser::{self, BrowserView, OpenerBrowser};
use crate::desktop::Desktop;
use crate::settings::{self, Change};
use crate::signing_in;
use crate::view::{
    AccountChoiceView, CheckedView, CheckupView, FailureView, NewOrganization, OfferedOrganization,
    OfferedView, Pasted, View, WayView,
};
use crate::words::{Words, details};
use crate::{clipboard, file_dialog, links, organization};

type Shell<'a> = State<'a, Arc<Desktop>>;
type Answer<T> = Result<T, FailureView>;

/// An organisation file larger than this is not one.
const FILE_LIMIT: u64 = 256 * 1024;

#[tauri::command]
pub(crate) async fn watch(shell: Shell<'_>, channel: Channel<View>) -> Answer<()> {
    shell.watch(channel);
    Ok(())
}

#[tauri::command]
pub(crate) async fn sign_in(
    shell: Shell<'_>,
    organization: String,
    account: AccountChoiceView,
    way: WayView,
    browser: Option<String>,
) -> Answer<()> {
    signing_in::sign_in(shell.inner(), &organization, account, way, browser).await;
    Ok(())
}

/// The browsers that a sign-in can be opened in, the usual one first.
#[tauri::command]
pub(crate) async fn browsers() -> Answer<Vec<BrowserView>> {
    Ok(async_runtime::spawn_blocking(browser::installed)
        .await
        .unwrap_or_default())
}

#[tauri::command]
pub(crate) async fn cancel(shell: Shell<'_>) -> Answer<()> {
    signing_in::cancel(shell.inner());
    Ok(())
}

#[tauri::command]
pub(crate) async fn extend(shell: Shell<'_>) -> Answer<()> {
    shell.change(|memory| {
        if let Some(ours) = &memory.ours {
            ours.handle().extend();
        }
    });
    Ok(())
}

#[tauri::command]
pub(crate) async fn open_again(shell: Shell<'_>) -> Answer<()> {
    let url = shell.memory().ours.as_ref().map(|ours| ours.handle().url());
    if let Some(url) = url {
        signing_in::open(shell.inner(), url).await;
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn copy_link(shell: Shell<'_>) -> Answer<()> {
    let url = shell.memory().ours.as_ref().map(|ours| ours.handle().url());
    if let Some(url) = url {
        clipboard::write(&shell.app, url.into()).await;
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn paste(shell: Shell<'_>) -> Answer<Pasted> {
    let text = clipboard::read(&shell.app).await.unwrap_or_default();
    let memory = shell.memory();
    let accepted = memory
        .ours
        .as_ref()
        .is_some_and(|ours| ours.handle().offer(text.trim()).is_ok());
    Ok(if accepted {
        Pasted::Accepted
    } else {
        Pasted::NotACallback
    })
}

#[tauri::command]
pub(crate) async fn sign_out(shell: Shell<'_>) -> Answer<()> {
    signing_in::sign_out_here(shell.inner()).await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn end_session(shell: Shell<'_>) -> Answer<()> {
    let url = shell
        .memory()
        .receipt
        .as_mut()
        .and_then(|kept| kept.receipt.end_session.take());
    if let Some(url) = url
        && let Err(error) = end(shell.inner(), &url).await
    {
        tracing::warn!(%error, "the browser's session goes on");
        shell.change(|memory| {
            if let Some(kept) = &mut memory.receipt {
                kept.receipt.end_session = Some(url); // it can be tried again
            }
        });
    }
    Ok(())
}

async fn end(desktop: &Desktop, url: &url::Url) -> Result<(), BrowserError> {
    let _work = desktop.work.read().await;
    end_session_at_provider(&OpenerBrowser(&desktop.app, None), url).await
}

/// Makes this program the one that opens `kiro://` links.
#[tauri::command]
pub(crate) async fn take_links(shell: Shell<'_>) -> Answer<()> {
    links::take(shell.inner())
        .await
        .map_err(|failure| FailureView::from(&failure))
}

#[tauri::command]
pub(crate) async fn dismiss(shell: Shell<'_>) -> Answer<()> {
    let now = shell.now();
    shell.change(|memory| {
        memory.failure = None;
        memory.stuck = None;
        memory.receipt = None;
        memory.seen = Some(now);
    });
    shell.retry.notify_one();
    Ok(())
}

#[tauri::command]
pub(crate) async fn switch_profile(shell: Shell<'_>, profile: String) -> Answer<()> {
    if let Ok(profile) = profile.parse() {
        signing_in::switch(shell.inner(), &profile);
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn choose_organization(shell: Shell<'_>, name: String) -> Answer<()> {
    shell.change(|memory| memory.chosen = Some(name));
    Ok(())
}

#[tauri::command]
pub(crate) async fn check_organization(
    shell: Shell<'_>,
    organization: NewOrganization,
) -> Answer<CheckedView> {
    let typed = organization::organization(&organization, shell.now())
        .map_err(|failure| FailureView::from(&*failure))?;
    check(&shell.context, &typed)
        .await
        .map_err(|failure| FailureView::from(&failure))?;
    let checked = CheckedView {
        host: typed.sign_in_host(),
        redirect_uris: typed.redirect_uris(),
    };
    shell.change(|memory| memory.checked = Some(typed));
    Ok(checked)
}

/// Adds what was checked just now; anything else is checked first.
#[tauri::command]
pub(crate) async fn add_organization(
    shell: Shell<'_>,
    organization: NewOrganization,
) -> Answer<()> {
    let typed = organization::organization(&organization, shell.now())
        .map_err(|failure| FailureView::from(&*failure))?;
    let known = shell
        .memory()
        .checked
        .take()
        .is_some_and(|checked| checked == typed);
    if !known {
        check(&shell.context, &typed)
            .await
            .map_err(|failure| FailureView::from(&failure))?;
    }
    add(&shell.context, &typed).map_err(|failure| FailureView::from(&failure))?;
    shell.change(|memory| memory.chosen = Some(typed.name));
    Ok(())
}

#[tauri::command]
pub(crate) async fn open_organization_file(shell: Shell<'_>) -> Answer<Option<OfferedView>> {
    let title = Words(shell.language()).organization_file();
    let Some(path) = file_dialog::ask(&shell.app, title).await else {
        return Ok(None);
    };
    let organizations =
        read_offered(&path, &shell).map_err(|failure| FailureView::from(&*failure))?;
    let offered = OfferedView {
        organizations: organizations.list.iter().map(offered).collect(),
    };
    shell.change(|memory| memory.offered = Some(organizations));
    Ok(Some(offered))
}

fn read_offered(path: &std::path::Path, shell: &Desktop) -> Result<Organizations, Box<Failure>> {
    let unreadable = |why: String| {
        let mut failure = Failure::new(Code::OrganizationsInvalid, shell.now());
        failure.facts.path = Some(path.display().to_string());
        failure.detail.description = Some(why);
        Box::new(failure)
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() || metadata.len() > FILE_LIMIT {
        return Err(unreadable("not an organisation file".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let organizations = Organizations::parse(&text, &shell.context)?;
    if organizations.list.is_empty() {
        return Err(unreadable("the file names no organisation".to_owned()));
    }
    Ok(organizations)
}

fn offered(organization: &Organization) -> OfferedOrganization {
    OfferedOrganization {
        name: organization.name.clone(),
        title: organization.display_name.clone(),
        provider: organization.provider().into(),
        host: organization.sign_in_host(),
    }
}

#[tauri::command]
pub(crate) async fn confirm_organization_file(shell: Shell<'_>) -> Answer<()> {
    let Some(offered) = shell.memory().offered.take() else {
        return Ok(());
    };
    for organization in &offered.list {
        match add(&shell.context, organization) {
            Err(failure) if failure.code != Code::OrganizationExists => {
                return Err(FailureView::from(&failure));
            }
            Ok(()) | Err(_) => {}
        }
    }
    let first = offered
        .list
        .into_iter()
        .next()
        .map(|organization| organization.name);
    shell.change(|memory| memory.chosen = first);
    Ok(())
}

#[tauri::command]
pub(crate) async fn prefer(shell: Shell<'_>, change: Change) -> Answer<()> {
    settings::change(shell.inner(), change).map_err(|failure| FailureView::from(&failure))
}

/// Asks for a file with further certificate authorities, and uses it if it is one.
#[tauri::command]
pub(crate) async fn choose_ca_file(shell: Shell<'_>) -> Answer<()> {
    let title = Words(shell.language()).ca_file();
    if let Some(path) = file_dialog::ask(&shell.app, title).await {
        kiro_sign_in::prefer(&shell.context, &Preference::CaFile(Some(path)))
            .map_err(|failure| FailureView::from(&failure))?;
        shell.look_again();
    }
    Ok(())
}

/// Looks for what is wrong on this computer, and changes nothing.
#[tauri::command]
pub(crate) async fn check_computer(shell: Shell<'_>) -> Answer<CheckupView> {
    Ok(doctor::examine(&shell.context).await.into())
}

/// Looks for what is wrong on this computer and writes it where the person says; the names of what is in the file, or
/// nothing if they closed the dialog.
#[tauri::command]
pub(crate) async fn export_diagnostics(shell: Shell<'_>) -> Answer<Option<Vec<String>>> {
    let title = Words(shell.language()).diagnostics();
    let Some(path) = file_dialog::save(&shell.app, title, "kiro-diagnostics.zip").await else {
        return Ok(None);
    };
    let report = doctor::examine(&shell.context).await;
    let report = report.json(concat!("kiro-desktop/", env!("CARGO_PKG_VERSION")));
    let parts = doctor::export(&shell.context, &format!("{report:#}"), &path)
        .map_err(|failure| FailureView::from(&failure))?;
    Ok(Some(parts.into_iter().map(|part| part.name).collect()))
}

/// Gives `kiro://` links back to the program that had them.
#[tauri::command]
pub(crate) async fn give_links_back(shell: Shell<'_>) -> Answer<()> {
    links::give_back(shell.inner())
        .await
        .map_err(|failure| FailureView::from(&failure))
}

#[tauri::command]
pub(crate) async fn copy_details(shell: Shell<'_>) -> Answer<()> {
    if let Some(failure) = shell.shown_failure() {
        clipboard::write(&shell.app, details(&failure)).await;
    }
    Ok(())
}

#[tauri::command]
pub(crate) async fn copy_request(shell: Shell<'_>) -> Answer<()> {
    if let Some(failure) = shell.shown_failure() {
        clipboard::write(&shell.app, Words(shell.language()).request(&failure)).await;
    }
    Ok(())
}
