//! `kiro auth login`: idempotent; the old session stays untouched until the new one is saved.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use kiro_credentials::KeySource;
use kiro_sign_in::{
    Account, AccountChoice, Browser, Code, Context, Failure, Organizations, Request, SignedIn,
    SystemBrowser, Via, access_token, account, begin, begin_device,
};

use crate::{args::Login, exit::Exit, paste::Paste, shell, shell::Shell, signals};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    args: &Login,
    new_passphrase: &AtomicBool,
) -> Result<Exit, Failure> {
    let before = match account(context, args.profile.as_ref()) {
        Err(failure) if failure.code == Code::UnknownProfile => Account::SignedOut { reason: None },
        other => other?,
    };
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
        if let Some(who) = still_signed_in(context, args, &before).await {
            shell.say(&shell.words.already(&who));
            return Ok(Exit::Done);
        }
        let mut request = Request::new(
            organizations.choose(args.org.as_deref(), context)?.clone(),
            Via::Loopback,
        );
        request.profile = args.profile.clone();
        request.key_source = match (args.passphrase, args.insecure_storage) {
            (true, _) => Some(KeySource::Passphrase),
            (false, true) => Some(KeySource::Plaintext),
            (false, false) => None,
        };
        let sealed = context
            .store
            .read()
            .is_ok_and(|snapshot| !snapshot.keys.is_empty());
        new_passphrase.store(args.passphrase && !sealed, Ordering::Relaxed);
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
        let who = tokio::select! {
            who = async { if args.device { device(shell, context, request).await } else { browser(shell, context, request, args.no_browser).await } } => who?,
            // Dropping the attempt withdraws it.
            () = signals::stop() => return Err(Failure::new(Code::Interrupted, context.clock.now())),
        };
        shell.mark('✓', &shell.words.signed_in(&who));
        Ok(Exit::Done)
    })
}

/// Who is signed in, if that is what was asked for and the session still works.
async fn still_signed_in(context: &Context, args: &Login, before: &Account) -> Option<SignedIn> {
    let who = match before {
        Account::SignedIn(who) if !args.force && !args.select_account => who,
        Account::SignedIn(_)
        | Account::NeedsAttention { .. }
        | Account::SignedOut { .. }
        | Account::SigningIn(_) => return None,
    };
    if args
        .org
        .as_ref()
        .is_some_and(|name| name != &who.organization)
    {
        return None;
    }
    let failure = access_token(context, args.profile.as_ref()).await.err();
    let over = failure.is_some_and(|failure| {
        failure.code == Code::StepUpNeeded
            || failure.code == Code::LoginRequired
            || Exit::from(failure.code) == Exit::NotSignedIn
    });
    (!over).then(|| who.clone())
}

async fn browser(
    shell: &Shell,
    context: &Context,
    request: Request,
    no_browser: bool,
) -> Result<SignedIn, Failure> {
    let (title, provider) = (
        request.organization.display_name.clone(),
        request.organization.provider().title(),
    );
    let attempt = begin(context, request).await?;
    let handle = attempt.handle();
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
        let mut paste = Paste::start(shell.listens);
        let bar = spinner(shell, "> {msg}");
        let mut waiting = pin!(attempt.wait(context));
        loop {
            bar.set_message(shell.words.paste_prompt(left(context, expires_at)));
            tokio::select! {
                who = &mut waiting => { bar.finish_and_clear(); return who; }
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

async fn device(shell: &Shell, context: &Context, request: Request) -> Result<SignedIn, Failure> {
    let attempt = begin_device(context, request).await?;
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
    let bar = spinner(shell, "{spinner} {wide_msg}");
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut answer = pin!(answer);
    loop {
        bar.set_message(shell.words.waiting(left(context, expires_at), device));
        tokio::select! {
            who = &mut answer => { bar.finish_and_clear(); return who; }
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// A spinner on stderr; where nobody watches, nothing.
fn spinner(shell: &Shell, template: &str) -> ProgressBar {
    if !shell.talks {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

fn left(context: &Context, expires_at: Timestamp) -> i64 {
    expires_at.duration_since(context.clock.now()).as_secs()
}
