//! One sign-in under way, as seen by the process that began it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kiro_credentials::FileLock;
use kiro_relying_party::{Callback, parse_callback};
use tokio::sync::{Notify, mpsc, watch};
use url::Url;

use crate::account::SignedIn;
use crate::flow::{answers, complete};
use crate::loopback::{Heard, Listener};
use crate::pending::{AttemptId, Files, LIFETIME, PendingSignIn, Step};
use crate::{Code, Context, Failure};

/// How often a person may ask for ten more minutes.
const EXTENSIONS: u8 = 10;
/// How long the browser may take to read its page.
const PAGE: Duration = Duration::from_secs(2);
/// How often we look for a callback that another process left.
const GLANCE: Duration = Duration::from_millis(100);

/// A sign-in that waits for its callback. Dropping it withdraws it.
#[derive(Debug)]
pub struct Attempt {
    pending: Option<PendingSignIn>,
    files: Files,
    shared: Arc<Shared>,
    listener: Option<Listener>,
    pasted: mpsc::Receiver<Callback>,
    lock: Option<FileLock>,
}

#[derive(Debug)]
struct Shared {
    id: AttemptId,
    files: Files,
    url: Url,
    host: String,
    redirect_uri: String,
    state: kiro_relying_party::State,
    deadline: Mutex<Deadline>,
    changed: Notify,
    cancelled: watch::Sender<bool>,
    step: watch::Sender<Step>,
    paste: mpsc::Sender<Callback>,
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    expires_at: Timestamp,
    extensions_left: u8,
}

/// A handle on an attempt, for the buttons beside it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AttemptHandle(Arc<Shared>);

/// The text is no callback of this sign-in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not the answer to this sign-in")]
pub struct NotACallback;

impl Attempt {
    pub(crate) fn new(
        context: &Context,
        pending: PendingSignIn,
        url: Url,
        expires_at: Timestamp,
        listener: Option<Listener>,
        lock: FileLock,
    ) -> Attempt {
        let files = Files::of(context, &pending.id());
        let (paste, pasted) = mpsc::channel(1);
        let shared = Shared {
            id: pending.id(),
            files: files.clone(),
            host: kiro_relying_party::display_host(&url),
            url,
            redirect_uri: pending.redirect_uri.clone(),
            state: kiro_relying_party::State::from_secret(pending.state.secret().to_owned()),
            deadline: Mutex::new(Deadline {
                expires_at,
                extensions_left: EXTENSIONS,
            }),
            changed: Notify::new(),
            cancelled: watch::Sender::new(false),
            step: watch::Sender::new(Step::Waiting),
            paste,
        };
        Attempt {
            pending: Some(pending),
            files,
            shared: Arc::new(shared),
            listener,
            pasted,
            lock: Some(lock),
        }
    }

    /// Its public name.
    pub fn id(&self) -> &AttemptId {
        &self.shared.id
    }

    /// The authorization URL: for the browser and the person, never for a log.
    pub fn url(&self) -> &Url {
        &self.shared.url
    }

    /// The host that the browser opens.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// Where the callback comes back to.
    pub fn redirect_uri(&self) -> &str {
        &self.shared.redirect_uri
    }

    /// When it gives up.
    pub fn expires_at(&self) -> Timestamp {
        self.handle().expires_at()
    }

    /// Leaves the sign-in as a killed process would: the file stays, the lock goes, whoever receives the callback finishes it.
    pub fn abandon(mut self) {
        self.pending = None;
    }

    /// A handle that outlives a borrow of the attempt.
    pub fn handle(&self) -> AttemptHandle {
        AttemptHandle(Arc::clone(&self.shared))
    }

    /// Waits for the callback, by whichever way it comes, and finishes the sign-in.
    ///
    /// What is not this sign-in's answer changes nothing and ends nothing.
    ///
    /// # Errors
    /// `no_answer` after the deadline, `cancelled`, and everything finishing can meet.
    pub async fn wait(mut self, context: &Context) -> Result<SignedIn, Failure> {
        let (heard_here, mut heard) = mpsc::channel::<Heard>(8);
        let _listening = self
            .listener
            .take()
            .map(|listener| listener.serve(self.shared.id.to_string(), heard_here.clone()));
        let mut cancelled = self.shared.cancelled.subscribe();
        let mut glance = tokio::time::interval(GLANCE);
        let (callback, heard_at) = loop {
            let left = self.shared.remaining(context.now());
            tokio::select! {
                Some(heard) = heard.recv() => if let Some(callback) = self.answering(&heard.url) {
                    break (callback, Some(heard));
                },
                Some(callback) = self.pasted.recv() => break (callback, None),
                _ = glance.tick() => {
                    if let Some(callback) = self.files.take_callback().and_then(|text| self.answering(&text)) {
                        break (callback, None);
                    }
                }
                _ = cancelled.wait_for(|cancelled| *cancelled) => return Err(self.end(context, Code::Cancelled)),
                () = self.shared.changed.notified() => {}
                () = tokio::time::sleep(left) => {
                    if self.shared.remaining(context.now()).is_zero() {
                        return Err(self.end(context, Code::NoAnswer));
                    }
                }
            }
        };
        self.finish(context, callback, heard_at).await
    }

    async fn finish(
        &mut self,
        context: &Context,
        callback: Callback,
        heard: Option<Heard>,
    ) -> Result<SignedIn, Failure> {
        let Some(pending) = self.pending.take() else {
            return Err(context.failure(Code::Unexpected));
        };
        self.shared.step.send_replace(Step::Finishing);
        let result = complete(context, pending, callback).await;
        self.shared.step.send_replace(Step::Done);
        self.lock = None;
        if let Some(Heard { tell, written, .. }) = heard {
            let _ = tell.send(result.as_ref().map(|_| ()).map_err(Failure::clone));
            // A command that ends now must not take the browser's page along.
            let _ = tokio::time::timeout(PAGE, written).await;
        }
        result
    }

    fn answering(&self, text: &str) -> Option<Callback> {
        let pending = self.pending.as_ref()?;
        parse_callback(text)
            .ok()
            .filter(|callback| answers(pending, callback))
    }

    fn end(&mut self, context: &Context, code: Code) -> Failure {
        let mut failure = context.failure(code);
        if let Some(pending) = self.pending.take() {
            failure = failure.of(&pending.organization);
            failure.facts.redirect_uri = Some(pending.redirect_uri);
        }
        self.files.withdraw();
        failure
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.pending.is_some() {
            self.files.withdraw();
        }
    }
}

impl AttemptHandle {
    /// Offers text that may be the callback, such as a pasted address.
    ///
    /// # Errors
    /// When it is not the answer to this sign-in; the sign-in goes on.
    pub fn offer(&self, text: &str) -> Result<(), NotACallback> {
        use subtle::ConstantTimeEq;
        let callback = parse_callback(text.trim()).map_err(|_| NotACallback)?;
        let same: bool = callback
            .state
            .secret()
            .as_bytes()
            .ct_eq(self.0.state.secret().as_bytes())
            .into();
        if !same || !callback.redirect.matches(&self.0.redirect_uri) {
            return Err(NotACallback);
        }
        self.0.paste.try_send(callback).map_err(|_| NotACallback)
    }

    /// Withdraws the sign-in.
    pub fn cancel(&self) {
        self.0.cancelled.send_replace(true);
    }

    /// Ten more minutes; the new deadline, or `None` after ten times.
    pub fn extend(&self) -> Option<Timestamp> {
        let mut deadline = self
            .0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deadline.extensions_left = deadline.extensions_left.checked_sub(1)?;
        deadline.expires_at += LIFETIME;
        let expires_at = deadline.expires_at;
        drop(deadline);
        self.0.files.extend(expires_at);
        self.0.changed.notify_one();
        Some(expires_at)
    }

    /// How often it may still be extended.
    pub fn extensions_left(&self) -> u8 {
        self.0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extensions_left
    }

    /// Its public name.
    pub fn id(&self) -> AttemptId {
        self.0.id.clone()
    }

    /// How far it is, and a way to hear of changes.
    pub fn step(&self) -> watch::Receiver<Step> {
        self.0.step.subscribe()
    }

    /// The authorization URL: for the browser and the person, never for a log.
    pub fn url(&self) -> Url {
        self.0.url.clone()
    }

    /// When it gives up.
    pub fn expires_at(&self) -> Timestamp {
        self.0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .expires_at
    }
}

impl Shared {
    fn remaining(&self, now: Timestamp) -> Duration {
        let expires_at = self
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .expires_at;
        Duration::try_from(expires_at.duration_since(now)).unwrap_or_default()
    }
}
