//! This program's own sign-in, from the click to the result, and signing out.

use std::sync::Arc;
use std::time::Duration;

use kiro_sign_in::scheme::SchemeOwner;
use kiro_sign_in::{
    Account, AccountChoice, Attempt, AttemptHandle, AttemptId, Browser, Code, Context, Failure,
    Organization, Organizations, ProfileName, Request, Step, Via, account, begin, sign_out,
    way_back,
};
use tauri::async_runtime;
use url::Url;

use crate::browser::OpenerBrowser;
use crate::desktop::Desktop;
use crate::links;
use crate::notices;
use crate::receipt::Kept;
use crate::view::{AccountChoiceView, AttemptView, ViaView, WayView, step};

/// How long the window may take to come to the front.
const FOCUS: Duration = Duration::from_secs(1);

/// A sign-in that this process began.
pub(crate) struct Ours {
    handle: AttemptHandle,
    id: AttemptId,
    organization: String,
    via: ViaView,
    /// The app link would carry the answer as well.
    app_link: bool,
    host: String,
    browser_opened: bool,
    /// The browser that the person chose for it, by its id.
    browser: Option<String>,
}

impl Ours {
    fn new(
        attempt: &Attempt,
        organization: &Organization,
        links_are_ours: bool,
        browser: Option<String>,
    ) -> Ours {
        Ours {
            handle: attempt.handle(),
            id: attempt.id().clone(),
            organization: organization.name.clone(),
            via: if attempt.redirect_uri().starts_with("kiro:") {
                ViaView::DeepLink
            } else {
                ViaView::Loopback
            },
            app_link: links_are_ours && !organization.redirect_uris().is_empty(),
            host: attempt.host().to_owned(),
            browser_opened: true,
            browser,
        }
    }

    /// The links have become ours since it began.
    pub(crate) fn allow_app_link(&mut self) {
        self.app_link = true;
    }

    pub(crate) fn id(&self) -> &AttemptId {
        &self.id
    }

    pub(crate) fn handle(&self) -> &AttemptHandle {
        &self.handle
    }

    pub(crate) fn view(&self) -> AttemptView {
        AttemptView {
            id: self.id.to_string(),
            organization: self.organization.clone(),
            step: step(*self.handle.step().borrow()),
            via: self.via,
            app_link: self.app_link,
            host: self.host.clone(),
            expires_at: self.handle.expires_at(),
            extensions_left: self.handle.extensions_left(),
            ours: true,
            browser_opened: self.browser_opened,
        }
    }
}

/// Begins a sign-in and opens the browser. Returns once the browser was asked to, or the sign-in has failed; the
/// result arrives with the view. `browser`: the id of the one that the person chose, else the last sign-in's if that is
/// still under way, else the system's.
pub(crate) async fn sign_in(
    desktop: &Arc<Desktop>,
    organization: &str,
    choice: AccountChoiceView,
    way: WayView,
    browser: Option<String>,
) {
    let chosen = |ours: &Ours| ours.browser.clone();
    let browser = browser.or_else(|| desktop.memory().ours.as_ref().and_then(chosen));
    let turn = abandon(desktop);
    let claims = desktop
        .shown_failure()
        .and_then(|failure| failure.facts.claims);
    let begun = begin_one(desktop, organization, choice, way, claims).await;
    if desktop.memory().turn != turn {
        return; // cancelled, or begun anew, in the meantime: dropping the attempt ends it
    }
    match begun {
        Ok(begun) => {
            let (ours, url) = (
                Ours::new(
                    &begun.attempt,
                    &begun.organization,
                    begun.links_are_ours,
                    browser,
                ),
                begun.attempt.url().clone(),
            );
            desktop.change(|memory| {
                memory.ours = Some(ours);
                memory.failure = begun.notice;
                memory.receipt = None;
            });
            async_runtime::spawn(finish(desktop.clone(), turn, begun.attempt));
            open(desktop, url).await;
        }
        Err(failure) => desktop.change(|memory| memory.failure = Some(failure)),
    }
}

struct Begun {
    attempt: Attempt,
    organization: Organization,
    links_are_ours: bool,
    /// What the person should know although the sign-in goes on.
    notice: Option<Failure>,
}

async fn begin_one(
    desktop: &Desktop,
    organization: &str,
    choice: AccountChoiceView,
    way: WayView,
    claims: Option<String>,
) -> Result<Begun, Failure> {
    let context = &desktop.context;
    let organization = Organizations::load(context)?
        .find(organization, context)?
        .clone();
    let account = account_choice(context, &organization, choice);
    let links = links::look(desktop).await;
    let request = Request {
        account: account.clone(),
        claims,
        ..Request::new(
            organization.clone(),
            via(context, &organization, &links, way, &account),
        )
    };
    let attempt = begin(context, request).await?;
    let notice = notice(context, &organization, &links, way);
    Ok(Begun {
        attempt,
        organization,
        links_are_ours: are_ours(&links),
        notice,
    })
}

/// How the answer will come back: by the app link only where the links are ours, and where the person has not said,
/// only where the browser will hand it over.
fn via(
    context: &Context,
    organization: &Organization,
    links: &SchemeOwner,
    way: WayView,
    account: &AccountChoice,
) -> Via {
    let possible = are_ours(links) && !organization.redirect_uris().is_empty();
    match (possible, way) {
        (false, _) | (true, WayView::Loopback) => Via::Loopback,
        (true, WayView::DeepLink) => Via::DeepLink,
        (true, WayView::Best) => way_back(context, account),
    }
}

fn are_ours(links: &SchemeOwner) -> bool {
    match links {
        SchemeOwner::Us => true,
        // Elsewhere than on Linux the package registers the scheme, and nobody can be asked.
        SchemeOwner::Unknown => !cfg!(target_os = "linux"),
        SchemeOwner::Nobody | SchemeOwner::Other { .. } => false,
    }
}

/// What the person should know: the links belong to another program.
fn notice(
    context: &Context,
    organization: &Organization,
    links: &SchemeOwner,
    way: WayView,
) -> Option<Failure> {
    let SchemeOwner::Other { name } = links else {
        return None;
    };
    if way == WayView::Loopback || organization.redirect_uris().is_empty() {
        return None;
    }
    let mut notice = Failure::new(Code::SchemeTaken, context.clock.now()).of(organization);
    notice.facts.other_app = Some(name.clone());
    Some(notice)
}

fn account_choice(
    context: &Context,
    organization: &Organization,
    choice: AccountChoiceView,
) -> AccountChoice {
    match choice {
        AccountChoiceView::Any => AccountChoice::Any,
        AccountChoiceView::Select => AccountChoice::Select,
        AccountChoiceView::Hint => {
            let profiles = context
                .store
                .read()
                .map(|snapshot| snapshot.profiles)
                .unwrap_or_default();
            let mut returning = profiles
                .into_values()
                .filter(|public| public.organization == organization.name);
            returning
                .find_map(|public| public.email)
                .map_or(AccountChoice::Any, AccountChoice::Hint)
        }
    }
}

/// Opens the system browser; where that fails the sign-in goes on and the page offers its link.
pub(crate) async fn open(desktop: &Arc<Desktop>, url: Url) {
    let opener = desktop.clone();
    let opened = async_runtime::spawn_blocking(move || {
        let chosen = |ours: &Ours| ours.browser.clone();
        let browser = opener.memory().ours.as_ref().and_then(chosen);
        OpenerBrowser(&opener.app, browser.as_deref()).open(&url)
    })
    .await;
    let opened = match opened {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the browser did not open");
            false
        }
        Err(_) => false,
    };
    desktop.change(|memory| {
        if let Some(ours) = &mut memory.ours {
            ours.browser_opened = opened;
        }
    });
}

/// Waits for the result and shows it.
async fn finish(desktop: Arc<Desktop>, turn: u64, attempt: Attempt) {
    let mut steps = attempt.handle().step();
    let progress = desktop.clone();
    let steps = async_runtime::spawn(async move {
        let mut _work = None;
        while steps.changed().await.is_ok() {
            if *steps.borrow_and_update() == Step::Finishing {
                _work = Some(progress.work.read().await);
            }
            progress.look_again();
        }
    });
    let result = attempt.wait(&desktop.context).await;
    let signed_in = result.is_ok();
    steps.abort();
    if desktop.memory().turn != turn {
        return;
    }
    desktop.change(|memory| {
        memory.ours = None;
        memory.seen = Some(desktop.context.clock.now());
        match result {
            Ok(_) => {
                memory.failure = None;
                memory.receipt = None;
                memory.stuck = None;
                memory.offline = false;
            }
            Err(failure) => memory.failure = Some(failure),
        }
    });
    desktop.present();
    // A window that could not take the focus says it by a notification instead.
    if signed_in {
        tokio::time::sleep(FOCUS).await;
        notices::signed_in(&desktop);
    }
}

/// Ends this program's sign-in, if there is one, without a word. Gives the number of the next.
pub(crate) fn abandon(desktop: &Desktop) -> u64 {
    let mut memory = desktop.memory();
    memory.turn += 1;
    if let Some(ours) = memory.ours.take() {
        ours.handle.cancel();
    }
    memory.turn
}

/// Cancels this program's sign-in at the person's word.
pub(crate) fn cancel(desktop: &Desktop) {
    abandon(desktop);
    let now = desktop.now();
    desktop.change(|memory| {
        memory.failure = None;
        memory.seen = Some(now);
    });
}

/// Signs the active profile out: here first, then at the IdP.
pub(crate) async fn sign_out_here(desktop: &Desktop) {
    let _work = desktop.work.read().await;
    let result = sign_out(&desktop.context, None).await;
    let result = result.map(|receipt| Kept::new(receipt, &account(&desktop.context, None)));
    let now = desktop.now();
    desktop.change(|memory| {
        memory.stuck = None;
        memory.seen = Some(now);
        match result {
            Ok(receipt) => {
                memory.failure = None;
                memory.receipt = Some(receipt);
            }
            Err(failure) => memory.failure = Some(failure),
        }
    });
}

/// Makes another profile the active one, here and for the `kiro` command.
pub(crate) fn switch(desktop: &Desktop, profile: &ProfileName) {
    if let Err(error) = desktop.context.store.switch(profile) {
        tracing::warn!(%error, "the account was not switched");
    }
    desktop.change(|memory| {
        memory.failure = None;
        memory.receipt = None;
        memory.stuck = None;
        memory.offline = false;
    });
}

/// The organisation of the session that needs attention, else the one chosen: what "sign in" means on the tray.
pub(crate) fn meant(desktop: &Desktop) -> Option<String> {
    match account(&desktop.context, None) {
        Ok(Account::NeedsAttention { who, .. }) => Some(who.organization),
        Ok(Account::SignedIn(_) | Account::SignedOut { .. } | Account::SigningIn(_)) | Err(_) => {
            desktop.view().chosen
        }
    }
}
