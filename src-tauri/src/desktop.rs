//! What this program knows beyond the files, and the one place that tells the page and the tray.
//!
//! The files are the truth about sessions, organisations and sign-ins. Here is only what concerns this process: its
//! own sign-in, what the person has just seen, and the page's channel. [`follow`] is the single writer of both
//! shells: it composes a [`View`] whenever something may have changed, and sends it when it differs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kiro_sign_in::scheme::SchemeOwner;
use kiro_sign_in::{
    Account, Code, Context, Failure, Organization, Organizations, Preferences, account, grounds,
    under_way,
};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, async_runtime};
use tokio::sync::{Notify, RwLock};

use crate::language::Language;
use crate::notices;
use crate::receipt::Kept;
use crate::settings;
use crate::signing_in::Ours;
use crate::tray;
use crate::view::{AccountView, Known, KnownProfile, View, compose};
use crate::window;

/// Minutes on the tray change without any file changing.
const BEAT: Duration = Duration::from_secs(10);

/// The exit code of an app that goes on as a hidden one.
#[cfg(target_os = "linux")]
pub(crate) const REPLACED: i32 = 1 << 16;
/// Quitting waits this long for work to come to its end: longer than any request may take.
const LAST_WORK: Duration = Duration::from_secs(20);

/// The running app.
pub(crate) struct Desktop {
    /// What must not be cut in two reads: a renewal, a sign-out, the end of a sign-in. Who ends the program writes.
    pub(crate) work: RwLock<()>,
    pub(crate) context: Context,
    pub(crate) app: AppHandle,
    memory: Mutex<Memory>,
    changed: Notify,
    /// The person wants a renewal tried again that only they could make possible.
    pub(crate) retry: Notify,
    /// The window came to the front.
    pub(crate) looked_at: Notify,
    /// The computer has slept.
    pub(crate) woken: Notify,
}

/// What this process knows beyond the files.
pub(crate) struct Memory {
    pub(crate) language: Language,
    /// The choice of it that the files kept when they were read last: one that could not be kept is shown all the same.
    kept_language: Option<Language>,
    /// The organisation chosen in the window.
    pub(crate) chosen: Option<String>,
    pub(crate) ours: Option<Ours>,
    /// What the error screen shows, or the notice beside a sign-in.
    pub(crate) failure: Option<Failure>,
    /// Why the session could not be renewed, where the person can do something about it.
    pub(crate) stuck: Option<Failure>,
    /// The last renewal did not reach the server.
    pub(crate) offline: bool,
    /// Failed sign-ins up to now have been seen.
    pub(crate) seen: Option<Timestamp>,
    /// Of the last sign-out, until it is dismissed or a session takes its place.
    pub(crate) receipt: Option<Kept>,
    /// Whose `kiro://` links are.
    pub(crate) links: SchemeOwner,
    /// An organisation file that waits for the person's word.
    pub(crate) offered: Option<Organizations>,
    /// The organisation that was checked last.
    pub(crate) checked: Option<Organization>,
    page: Option<Channel<View>>,
    sent: Option<View>,
    tray: Option<tray::Shown>,
    /// Counts sign-ins, so that the end of an abandoned one is told from the end of the present one.
    pub(crate) turn: u64,
}

impl Desktop {
    pub(crate) fn new(
        context: Context,
        app: AppHandle,
        language: Language,
        failure: Option<Failure>,
    ) -> Arc<Desktop> {
        let memory = Memory {
            language,
            kept_language: None,
            chosen: None,
            ours: None,
            failure,
            stuck: None,
            offline: false,
            seen: None,
            receipt: None,
            links: SchemeOwner::Unknown,
            offered: None,
            checked: None,
            page: None,
            sent: None,
            tray: None,
            turn: 0,
        };
        Arc::new(Desktop {
            work: RwLock::new(()),
            context,
            app,
            memory: Mutex::new(memory),
            changed: Notify::new(),
            retry: Notify::new(),
            looked_at: Notify::new(),
            woken: Notify::new(),
        })
    }

    /// What this process knows. Never held across an await.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what this process knows, and has the page and the tray told.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Memory)) {
        change(&mut self.memory());
        self.changed.notify_one();
    }

    /// Something in the files may have changed.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    pub(crate) fn language(&self) -> Language {
        self.memory().language
    }

    /// Brings the window to the front.
    pub(crate) fn present(&self) {
        let app = self.app.clone();
        window::present(&self.app, &self.context, self.language(), move |event| {
            if let Some(desktop) = app.try_state::<Arc<Desktop>>() {
                match event {
                    window::Event::Closed => desktop.look_again(),
                    window::Event::InFront => desktop.looked_at.notify_one(),
                }
            }
        });
    }

    /// Sends every view to this page from now on, beginning with the present one.
    pub(crate) fn watch(&self, page: Channel<View>) {
        self.change(|memory| {
            memory.page = Some(page);
            memory.sent = None;
        });
    }

    /// The present view.
    pub(crate) fn view(&self) -> View {
        compose(&self.known())
    }

    /// The failure that the window shows now: the error screen's, else the account's.
    pub(crate) fn shown_failure(&self) -> Option<Failure> {
        let known = self.known();
        known.failure.or(known.stuck).or(match known.account {
            Ok(Account::NeedsAttention { reason, .. }) => Some(reason),
            Ok(Account::SignedOut { reason }) => reason,
            Ok(Account::SignedIn(_) | Account::SigningIn(_)) => None,
            Err(failure) => Some(failure),
        })
    }

    /// Reads the files. Milliseconds; no key, no lock, no network.
    fn known(&self) -> Known {
        let context = &self.context;
        let organizations = Organizations::load(context);
        let profiles = profiles(context);
        let account = account(context, None);
        let under_way = under_way(context);
        let preferences = Preferences::load(context.store.home());
        let mut memory = self.memory();
        let kept = preferences.language.map(Language::from);
        if memory.kept_language != kept {
            memory.kept_language = kept;
            memory.language = Language::of(&preferences);
        }
        memory.receipt.take_if(|kept| !kept.stands(&account));
        let chosen = organizations.as_ref().ok().and_then(|organizations| {
            let named = memory
                .chosen
                .as_deref()
                .and_then(|name| organizations.find(name, context).ok());
            named
                .or_else(|| organizations.choose(None, context).ok())
                .map(|organization| organization.name.clone())
        });
        Known {
            language: memory.language,
            account,
            organizations,
            chosen,
            under_way: match &memory.ours {
                Some(ours) => under_way
                    .into_iter()
                    .filter(|other| &other.attempt != ours.id())
                    .collect(),
                None => under_way,
            },
            attempt: memory.ours.as_ref().map(Ours::view),
            failure: memory.failure.clone(),
            stuck: memory.stuck.clone(),
            offline: memory.offline,
            seen: memory.seen,
            receipt: memory.receipt.as_ref().map(|kept| kept.receipt.clone()),
            settings: settings::view(context, &preferences, &memory.links),
            grounds: grounds(context, None).map(|(_, grounds)| grounds),
            profiles,
        }
    }

    /// Tells the page and the tray, if there is anything new for them.
    fn tell(&self) {
        let view = self.view();
        notices::consider(self, &view);
        let mut memory = self.memory();
        let shown = tray::menu(&view, self.now(), &TimeZone::system());
        if memory.tray.as_ref() != Some(&shown) {
            memory.tray = Some(shown.clone());
            let app = self.app.clone();
            let _ = self
                .app
                .run_on_main_thread(move || tray::show(&app, &shown));
        }
        if memory.sent.as_ref() != Some(&view) {
            window::set_language(&self.app, view.language);
            tracing::info!(account = state(&view), attempt = view.attempt.is_some(), failure = ?view.failure.as_ref().map(|failure| failure.code), "view");
            if let Some(page) = &memory.page {
                let _ = page.send(view.clone());
            }
            memory.sent = Some(view);
        }
    }
}

/// Tells the page and the tray whenever something has changed. Runs as long as the app.
pub(crate) async fn follow(desktop: Arc<Desktop>) {
    let hint = desktop.clone();
    let _watch = desktop
        .context
        .store
        .watch(Box::new(move || hint.look_again()));
    loop {
        let reader = desktop.clone();
        if async_runtime::spawn_blocking(move || reader.tell())
            .await
            .is_err()
        {
            tracing::error!("the view could not be made");
        }
        #[cfg(target_os = "linux")]
        give_memory_back(&desktop).await;
        let _ = tokio::time::timeout(BEAT, desktop.changed.notified()).await;
    }
}

/// Whether the app goes on without its window: in the tray, or for the sign-in that it has begun.
pub(crate) fn goes_on(app: &AppHandle) -> bool {
    let begun = |desktop: tauri::State<'_, Arc<Desktop>>| desktop.memory().ours.is_some();
    tray::is_visible(app) || app.try_state().is_some_and(begun)
}

/// Ends the app, after the work under way.
pub(crate) async fn quit(desktop: Arc<Desktop>) {
    if let Some(window) = window::of(&desktop.app) {
        let _ = window.hide();
    }
    let _over = tokio::time::timeout(LAST_WORK, desktop.work.write()).await;
    desktop.app.exit(0);
    std::future::pending::<()>().await; // no work begins any more
}

/// Once the window is closed and nothing is under way, has the app replaced by a hidden one: WebKit's processes, and
/// what they left in this one, go with it.
#[cfg(target_os = "linux")]
async fn give_memory_back(desktop: &Arc<Desktop>) {
    let app = &desktop.app;
    let closed =
        || window::of(app).is_some() && !window::is_shown(app) && desktop.memory().ours.is_none();
    if !tray::is_visible(app) || !closed() {
        return;
    }
    let Ok(_over) = desktop.work.try_write() else {
        return; // the next beat tries again
    };
    tracing::info!("the window's memory is given back");
    app.exit(REPLACED);
    std::future::pending::<()>().await; // no work begins any more
}

fn profiles(context: &Context) -> Vec<KnownProfile> {
    let Ok(snapshot) = context.store.read() else {
        return Vec::new();
    };
    snapshot
        .profiles
        .iter()
        .map(|(name, public)| KnownProfile {
            name: name.clone(),
            organization: public.organization.clone(),
            person: public.name.clone(),
            email: public.email.clone(),
            active: *name == snapshot.active,
        })
        .collect()
}

fn state(view: &View) -> &'static str {
    match view.account {
        AccountView::SignedOut { .. } => "signed out",
        AccountView::SignedIn { .. } => "signed in",
        AccountView::NeedsAttention { .. } => "needs attention",
    }
}

/// Whether the person can do something about this, or must wait for the network.
pub(crate) fn is_offline(code: Code) -> bool {
    matches!(code, Code::Unreachable | Code::ServerError)
}
