//! `kiro auth login`: idempotent; the old session stays untouched until the new one is saved.

use std::cell::OnceCell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use jiff::Timestamp;
use kiro_credentials::KeySource;
use kiro_sign_in::{
    Account, AccountChoice, AttemptHandle, Browser, Code, Context, DeviceHandle, Failure,
    Organizations, Request, SignedIn, Step, SystemBrowser, Via, access_token, account, begin,
    begin_device, slot,
};

use super::{tell_recovered, unknown_organization};
use crate::{args::Login, exit::Exit, paste::Paste, shell, shell::Shell, signals, words::width};

/// A sign-in that a signal may have to stop.
enum UnderWay {
    Browser(AttemptHandle),
    Device(DeviceHandle),
}

impl UnderWay {
    /// Asks it to stop; whether it has to be awaited, because tokens may be here already.
    fn stop(&self, shell: &Shell) -> bool {
        let step = match self {
            UnderWay::Browser(handle) => *handle.step().borrow(),
            UnderWay::Device(handle) => *handle.step().borrow(),
        };
        let finishing = matches!(step, Step::Finishing | Step::Done);
        if finishing {
            shell.finishing_first();
        }
        match self {
            // Dropping the attempt withdraws it.
            UnderWay::Browser(_) => finishing,
            UnderWay::Device(handle) => {
                handle.cancel();
                true
            }
        }
    }
}

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    args: &Login,
    new_passphrase: &AtomicBool,
) -> Result<Exit, Failure> {
    let before = match account(context, args.profile.as_ref()) {
        Err(failure) if failure.code == Code::UnknownProfile || mended(&failure) => {
            Account::SignedOut { reason: None }
        }
        other => other?,
    };
    tell_recovered(shell, context);
    let organizations = Organizations::load(context)?;
    for (asked, locked, setting) in [
        (
            args.insecure_storage,
            organizations.locks.insecure_storage,
            "insecure_storage",
        ),
        (args.device, organizations.locks.device_flow, "device_flow"),
    ] {
        if asked && locked {
            let mut failure = Failure::new(Code::ManagedByOrganization, context.clock.now());
            failure.facts.subject = Some(setting.to_owned());
            failure.contact = organizations.support_contact.clone();
            return Err(failure);
        }
    }
    shell::block_on(context, async {
        let still = still_signed_in(context, args, &before);
        if let Some(who) = signals::held_back(shell, context, still).await? {
            shell.say(&shell.words.already(&who));
            return Ok(Exit::Done);
        }
        let chosen = organizations
            .choose(args.org.as_deref(), context)
            .map_err(|failure| unknown_organization(failure, &organizations))?;
        let mut request = Request::new(chosen.clone(), Via::Loopback);
        request.profile = args.profile.clone();
        // What is damaged names nobody: the sign-in mends it first, and chooses then.
        let snapshot = context.store.read().ok();
        let active = snapshot.as_ref().map(|snapshot| snapshot.active.clone());
        let before = match snapshot.map(|snapshot| slot(&snapshot, &chosen.name)) {
            Some(own) if args.profile.is_none() && Some(&own) != active.as_ref() => {
                account(context, Some(&own)).unwrap_or(Account::SignedOut { reason: None })
            }
            Some(_) | None => before,
        };
        request.key_source = match (args.passphrase, args.insecure_storage) {
            (true, _) => Some(KeySource::Passphrase),
            (false, true) => Some(KeySource::Plaintext),
            (false, false) => None,
        };
        let exists = context.store.read().is_ok_and(|snapshot| {
            let mut sources = snapshot.keys.values().map(|key| key.source);
            sources.any(|source| source == KeySource::Passphrase)
        });
        new_passphrase.store(!exists, Ordering::Relaxed);
        request.account = match &before {
            _ if args.select_account => AccountChoice::Select,
            Account::SignedIn(who) | Account::NeedsAttention { who, .. }
                if who.organization == request.organization.name =>
            {
                who.email
                    .clone()
                    .map_or(AccountChoice::Any, AccountChoice::Hint)
            }
            Account::SignedIn(_)
            | Account::NeedsAttention { .. }
            | Account::SignedOut { .. }
            | Account::SigningIn(_) => AccountChoice::Any,
        };
        if let Account::NeedsAttention { reason, .. } = &before {
            request.claims = reason.facts.claims.clone();
        }
        let under_way = OnceCell::new();
        let mut signing_in = pin!(async {
            if args.device {
                device(shell, context, request, &under_way).await
            } else {
                browser(shell, context, request, args.no_browser, &under_way).await
            }
        });
        let who = tokio::select! {
            biased;
            () = signals::stop() => {
                let rest = match under_way.get() {
                    Some(handle) if handle.stop(shell) => signing_in.await.ok(),
                    Some(_) | None => None,
                };
                rest.ok_or_else(|| signals::interrupted(context))?
            }
            who = &mut signing_in => who?,
        };
        shell.mark('✓', &shell.words.signed_in(&who));
        if active.is_some_and(|active| active != who.profile) {
            shell.say(&shell.words.switched(who.profile.as_str()));
        }
        Ok(Exit::Done)
    })
}

/// Who is signed in, if that is what was asked for and the session still works.
///
/// # Errors
/// What keeps the session from being unsealed: then nobody knows whether it works.
async fn still_signed_in(
    context: &Context,
    args: &Login,
    before: &Account,
) -> Result<Option<SignedIn>, Failure> {
    let who = match before {
        Account::SignedIn(who) if !args.force && !args.select_account => who,
        Account::SignedIn(_)
        | Account::NeedsAttention { .. }
        | Account::SignedOut { .. }
        | Account::SigningIn(_) => return Ok(None),
    };
    if args
        .org
        .as_ref()
        .is_some_and(|name| name != &who.organization)
    {
        return Ok(None);
    }
    let failure = access_token(context, args.profile.as_ref()).await.err();
    if let Some(failure) = failure {
        let exit = Exit::from(failure.code);
        if mended(&failure) {
            return Ok(None);
        }
        if exit == Exit::Store {
            return Err(failure);
        }
        let asked = matches!(failure.code, Code::StepUpNeeded | Code::LoginRequired);
        if asked || exit == Exit::NotSignedIn {
            return Ok(None);
        }
        // Anything else passes: the session is kept.
    }
    Ok(Some(who.clone()))
}

/// A new sign-in takes the place of what is damaged.
fn mended(failure: &Failure) -> bool {
    failure.code == Code::FileDamaged
        && matches!(
            failure.detail.error.as_deref(),
            Some("edited" | "unreadable")
        )
}

async fn browser(
    shell: &Shell,
    context: &Context,
    request: Request,
    no_browser: bool,
    under_way: &OnceCell<UnderWay>,
) -> Result<SignedIn, Failure> {
    let (title, provider) = (
        request.organization.display_name.clone(),
        request.organization.provider().title(),
    );
    let attempt = begin(context, request).await?;
    let handle = attempt.handle();
    let _ = under_way.set(UnderWay::Browser(handle.clone()));
    let expires_at = attempt.expires_at();
    if no_browser {
        let redirect = attempt
            .redirect_uri()
            .split("oauth/")
            .next()
            .unwrap_or_default()
            .to_owned();
        shell.say(&shell.words.open_elsewhere(&redirect));
        shell.say(&format!("  {}", attempt.url()));
        if !shell.talks {
            shell.say(&shell.words.time_left(left(context, expires_at)));
        }
        let mut paste = Paste::start(shell.listens);
        let bar = spinner(shell, "> {msg}");
        let mut waiting = pin!(attempt.wait(context));
        loop {
            bar.set_message(shell.words.paste_prompt(left(context, expires_at)));
            tokio::select! {
                who = &mut waiting => return who,
                Some(text) = paste.lines.recv() => {
                    if handle.offer(&text).is_err() {
                        bar.suspend(|| shell.say(shell.words.not_the_answer()));
                    }
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }
    shell.say(
        &shell
            .words
            .opening(&crate::words::plain(&title), provider, attempt.host()),
    );
    shell.say(&format!("  {}", attempt.url()));
    let url = attempt.url().clone();
    let opened = tokio::task::spawn_blocking(move || SystemBrowser.open(&url)).await;
    if !matches!(opened, Ok(Ok(()))) {
        shell.mark('–', shell.words.browser_not_opened());
    }
    watch(shell, context, expires_at, false, attempt.wait(context)).await
}

async fn device(
    shell: &Shell,
    context: &Context,
    request: Request,
    under_way: &OnceCell<UnderWay>,
) -> Result<SignedIn, Failure> {
    let attempt = begin_device(context, request).await?;
    let _ = under_way.set(UnderWay::Device(attempt.handle()));
    shell.say(shell.words.enter_code());
    shell.say(&format!("  {}", attempt.verification_uri()));
    shell.say(&format!("  {}", crate::words::plain(attempt.user_code())));
    let expires_at = attempt.expires_at();
    watch(shell, context, expires_at, true, attempt.wait(context)).await
}

/// Waits, with the time left on a terminal.
async fn watch(
    shell: &Shell,
    context: &Context,
    expires_at: Timestamp,
    device: bool,
    answer: impl Future<Output = Result<SignedIn, Failure>>,
) -> Result<SignedIn, Failure> {
    let terminal = dialoguer::console::Term::stderr();
    let columns = usize::from(terminal.size().1);
    let line = |left: i64| {
        let line = shell.words.waiting(left, device);
        let longer = format!("{line} · {}", shell.words.elsewhere());
        let fits = width(&longer) + 2 < columns;
        if fits && !device { longer } else { line }
    };
    let first = line(left(context, expires_at));
    if !shell.talks {
        shell.say(&shell.words.time_left(left(context, expires_at)));
    } else if !device && !first.ends_with(shell.words.elsewhere()) {
        shell.say(&format!("({})", shell.words.elsewhere()));
    }
    let bar = spinner(shell, "{spinner} {wide_msg}");
    bar.set_message(first);
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut answer = pin!(answer);
    loop {
        bar.set_message(line(left(context, expires_at)));
        tokio::select! {
            who = &mut answer => return who,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// A spinner on stderr, gone however the wait ends; where nobody watches, nothing.
fn spinner(shell: &Shell, template: &str) -> ProgressBar {
    if !shell.talks {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner()
        .with_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "))
        .with_finish(ProgressFinish::AndClear)
}

fn left(context: &Context, expires_at: Timestamp) -> i64 {
    expires_at.duration_since(context.clock.now()).as_secs()
}
