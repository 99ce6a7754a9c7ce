//! A callback reached this process, which may not be the one that began the sign-in.

use std::time::Duration;

use kiro_credentials::{KeyError, StoreError, file};
use kiro_relying_party::{Callback, RedirectUri, parse_callback};

use crate::account::SignedIn;
use crate::flow::{answers, complete};
use crate::pending::{AttemptId, Files, Outcome, PendingSignIn, Record};
use crate::session::store_failure;
use crate::{Code, Context, Failure};

/// How long a callback is kept for a locked keyring.
const UNLOCK: Duration = Duration::from_secs(60);
/// How long a living beginner may take to pick up what we left.
const PICK_UP: Duration = Duration::from_secs(5);

/// What became of a link.
#[derive(Debug)]
pub enum Received {
    /// Unknown, finished, expired, malformed or forged: nothing was touched, nothing is to be shown.
    NotOurs,
    /// The process that began the sign-in lives and has it.
    Left(AttemptId),
    /// This process finished the sign-in.
    Finished(Box<Result<SignedIn, Failure>>),
    /// `kiro://open?attempt=` of a known sign-in: bring the window to the front, once.
    Opened(AttemptId),
}

/// Takes in a link that the system handed to this process.
///
/// Before anything is known to be genuine this reads one small file whose name is a hash of the link's own `state`:
/// no network, no keyring, no write.
pub async fn receive(context: &Context, text: &str) -> Received {
    if let Some(id) = opened(text) {
        return match Files::of(context, &id).read() {
            Some(_) => Received::Opened(id),
            None => Received::NotOurs,
        };
    }
    let Ok(callback) = parse_callback(text) else {
        return Received::NotOurs;
    };
    if callback.redirect != RedirectUri::DeepLink {
        return Received::NotOurs;
    }
    let id = AttemptId::of(&callback.state);
    let files = Files::of(context, &id);
    let open = |record: &Record| record.outcome.is_none() && record.expires_at > context.now();
    if !files.read().is_some_and(|record| open(&record)) {
        return Received::NotOurs;
    }
    let patience = tokio::time::Instant::now() + PICK_UP;
    loop {
        match files.try_lock() {
            Ok(Some(lock)) => {
                // Read again under the lock: it may have been finished meanwhile.
                let Some(record) = files.read().filter(|record| open(record)) else {
                    return Received::Left(id);
                };
                let result = take_over(context, &files, &record, callback).await;
                drop(lock);
                return result;
            }
            Ok(None) => match leave(&files, text) {
                Leave::Left if !picked_up(&files, patience).await => {} // its beginner died just now
                Leave::Left => return Received::Left(id),
                Leave::AlreadyThere => return Received::NotOurs,
            },
            Err(error) => {
                tracing::warn!(%error, "a sign-in could not be looked at");
                return Received::NotOurs;
            }
        }
        if tokio::time::Instant::now() >= patience {
            return Received::Left(id);
        }
    }
}

fn opened(text: &str) -> Option<AttemptId> {
    AttemptId::parse(text.strip_prefix("kiro://open?attempt=")?)
}

enum Leave {
    Left,
    AlreadyThere,
}

fn leave(files: &Files, text: &str) -> Leave {
    match file::create_new(&files.callback(), text.as_bytes()) {
        Ok(()) => Leave::Left,
        Err(_) => Leave::AlreadyThere,
    }
}

/// Whether the beginner took the callback; if it died instead, the callback is taken back.
async fn picked_up(files: &Files, until: tokio::time::Instant) -> bool {
    while tokio::time::Instant::now() < until {
        if !files.callback().exists() {
            return true;
        }
        if !files.is_alive() {
            return files.take_callback().is_none();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

async fn take_over(
    context: &Context,
    files: &Files,
    record: &Record,
    callback: Callback,
) -> Received {
    let bound = match unseal(context, record).await {
        Ok(Some(pending)) if answers(&pending, &callback) => pending.bound(context),
        Ok(_) => return Received::NotOurs,
        Err(failure) => Err(failure),
    };
    let pending = match bound {
        Ok(pending) => pending,
        Err(failure) => {
            files.finish(Outcome::Failed(Box::new(failure.clone())));
            return Received::Finished(Box::new(Err(failure)));
        }
    };
    Received::Finished(Box::new(complete(context, pending, callback).await))
}

/// Unseals the sign-in, waiting a minute for a locked keyring.
async fn unseal(context: &Context, record: &Record) -> Result<Option<PendingSignIn>, Failure> {
    let until = tokio::time::Instant::now() + UNLOCK;
    loop {
        let (inside, sealed) = (context.clone(), record.clone());
        let unsealed =
            tokio::task::spawn_blocking(move || PendingSignIn::unseal(&inside, &sealed)).await;
        let error = match unsealed {
            Ok(Ok(pending)) => return Ok(pending),
            Ok(Err(error)) => error,
            Err(error) => return Err(context.failure(Code::Unexpected).because(error.to_string())),
        };
        let locked = matches!(
            &error,
            StoreError::Key {
                error: KeyError::Locked | KeyError::TimedOut,
                ..
            }
        );
        if !locked || tokio::time::Instant::now() >= until {
            return Err(store_failure(context, &error));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
