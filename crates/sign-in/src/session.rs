//! A session in use: its access token, its renewal, its end.

use kiro_credentials::{
    CLEARLY_FRESH, FileError, Fresh, KeyError, ProfileName, Public, Recovered, RefreshError,
    RefreshWhen, Refusal, RefusalKind, Session, Snapshot, StoreError,
};
use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use crate::account::{SignedIn, account};
use crate::failure::Told;
use crate::organizations::Provider;
use crate::provider::NotRenewed;
use crate::{Code, Context, Failure, aws_token_cache, pending, provider, role_credentials};

/// An access token that is good for now, and what the person should know about it.
#[derive(Debug)]
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// It is new, and the disk did not take the renewed session.
    pub unsaved: Option<Failure>,
}

/// An access token that needs no refresh, and the state of the file it came from.
#[derive(Debug)]
pub struct FreshToken {
    /// The token; `None` when a refresh is due, or the session is over.
    pub token: Option<SecretString>,
    /// The file was damaged, and this is its previous good copy.
    pub recovered: Option<Recovered>,
}

/// The access token if it is good for now: each file is read once, nothing is locked or written, and neither a network
/// client nor an async runtime is made.
///
/// # Errors
/// `not_signed_in`, `unknown_profile`, and what the store can meet.
pub fn fresh_token(context: &Context, named: Option<&ProfileName>) -> Result<FreshToken, Failure> {
    let stored = context
        .store
        .stored(named)
        .map_err(|error| store_failure(context, &error))?;
    let session = stored.session.ok_or_else(|| nobody(context, named))?;
    let now = context.now();
    let known = !context.store.clock_went_back(&session, now);
    let clearly_fresh = session.public.expires_at.duration_since(now) > CLEARLY_FRESH;
    let usable = known && clearly_fresh && context.store.ended(&session).is_none();
    Ok(FreshToken {
        token: usable.then_some(session.tokens.access),
        recovered: stored.recovered,
    })
}

/// The access token, refreshed when due: one request whoever asks, in whichever process.
///
/// # Errors
/// `not_signed_in`, `session_ended`, `step_up_needed`; `unreachable` or `server_error` when it could not be renewed and has
/// expired (a token that is still good is returned instead).
pub async fn access_token(
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<SecretString, Failure> {
    renewed_token(context, profile)
        .await
        .map(|renewed| renewed.token)
}

/// The same, and whether the renewed session could be saved.
///
/// # Errors
/// As [`access_token`].
pub async fn renewed_token(
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<AccessToken, Failure> {
    let named = profile;
    let mut profile = chosen(context, named)?;
    let mut refreshed = refresh(context, &profile, RefreshWhen::Due).await;
    // Signed out of meanwhile, and another profile is the active one now: it was meant as well.
    while matches!(&refreshed, Err(failure) if failure.code == Code::NotSignedIn) {
        let active = chosen(context, named)?;
        if active == profile {
            break;
        }
        profile = active;
        refreshed = refresh(context, &profile, RefreshWhen::Due).await;
    }
    match refreshed {
        Ok(fresh) => Ok(AccessToken {
            token: fresh.session.tokens.access,
            unsaved: fresh.unsaved.map(|error| store_failure(context, &error)),
        }),
        Err(failure) => match still_good(context, &profile, &failure).await {
            Some(token) => Ok(AccessToken {
                token,
                unsaved: None,
            }),
            None => Err(failure),
        },
    }
}

/// Refreshes the session if that is due.
///
/// # Errors
/// As [`access_token`]; also when the renewed session could not be saved.
pub async fn refresh_if_due(
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<(), Failure> {
    match renewed_token(context, profile).await?.unsaved {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

pub(crate) async fn refresh(
    context: &Context,
    profile: &ProfileName,
    when: RefreshWhen,
) -> Result<Fresh, Failure> {
    let (inside, slot) = (context.clone(), profile.clone());
    let runtime = tokio::runtime::Handle::current();
    let refreshed = tokio::task::spawn_blocking(move || {
        let clock = inside.clock.clone();
        let mut exchange = |session: &Session| {
            let renewed = match provider::of_session(&inside, &session.public) {
                Ok(idp) => runtime.block_on(idp.renew(session)),
                Err(failure) => Err(NotRenewed::passing(failure)),
            };
            renewed.map_err(|not| not.refusal())
        };
        let store = &inside.store;
        store.refresh(&slot, when, clock.as_ref(), &mut exchange)
    })
    .await;
    match refreshed {
        Ok(Ok(fresh)) => Ok(fresh),
        Ok(Err(error)) => Err(refresh_failure(context, profile, error)),
        Err(error) => Err(context.failure(Code::Unexpected).because(error.to_string())),
    }
}

/// A refresh that was refused for a reason of its own ends nothing while the old token lives. (For a passing reason the
/// store has returned that token already.)
async fn still_good(
    context: &Context,
    profile: &ProfileName,
    failure: &Failure,
) -> Option<SecretString> {
    if failure.code != Code::RefreshFailed {
        return None;
    }
    let profile = profile.clone();
    let session = crate::flow::blocking(context, move |context| context.store.session(&profile))
        .await
        .ok()??;
    (session.public.expires_at > context.now()).then_some(session.tokens.access)
}

/// Why there is no fresh session, whether this process was refused or another noted it beside the lock.
fn refresh_failure(context: &Context, profile: &ProfileName, error: RefreshError) -> Failure {
    let refusal = match error {
        RefreshError::NotSignedIn => return context.failure(Code::NotSignedIn),
        RefreshError::Store(error) => return store_failure(context, &error),
        RefreshError::NoRefreshToken => Refusal {
            kind: RefusalKind::Ended,
            error: "no_refresh_token".to_owned(),
            description: None,
            correlation_id: None,
            claims: None,
            retry_after: None,
            told: None,
        },
        RefreshError::Refused(refusal) => refusal,
    };
    let held = context.store.read().ok().and_then(|snapshot| {
        let public = snapshot.profiles.get(profile)?;
        let who = crate::account::signed_in(context, profile, public, &snapshot);
        Some((who, public.revision))
    });
    let end = held.as_ref().and_then(|(who, revision)| {
        let record = context.store.refresh_record(profile).ok().flatten();
        let record = record.filter(|record| record.revision == *revision);
        crate::account::end(who.provider, &refusal, record.as_ref())
    });
    let told = match Told::by(&refusal) {
        Some(told) => told.code,
        None => Code::of_word(&refusal.error),
    };
    let code = match refusal.kind {
        RefusalKind::Ended => Code::SessionEnded,
        RefusalKind::Interaction => Code::StepUpNeeded,
        RefusalKind::Temporary => told.unwrap_or(Code::ServerError),
        RefusalKind::Other if told == Some(Code::Clock) => Code::Clock,
        RefusalKind::Other => Code::RefreshFailed,
    };
    let code = end.as_ref().map_or(code, |end| end.code);
    let mut failure = context.failure(code).refused(refusal);
    if let Some(end) = end {
        failure = end.told_by(failure);
    }
    match held {
        Some((who, _)) => failure.of_session(context, &who),
        None => failure,
    }
}

/// What signing out did.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The profile that was signed out.
    pub profile: ProfileName,
    /// Whether something was removed from this computer.
    pub removed: bool,
    /// What became of the tokens at the provider.
    pub revoked: Revoked,
    /// The provider.
    pub provider: Provider,
    /// The host of its browser session.
    pub host: String,
    /// What [`crate::end_session`] takes to end the browser session as well. It holds the ID token: never for a log or an argument.
    pub end_session: Option<Url>,
    /// Whom to ask to end what could not be revoked.
    pub contact: Option<String>,
}

/// What became of the tokens at the provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// The provider revoked them.
    Yes,
    /// The provider offers no revocation (Entra ID).
    NotOffered,
    /// It could not be reached: they end by themselves.
    Offline,
    /// It answered with an error, or the tokens could not be unsealed.
    Failed,
}

/// Signs out: removes the session from this computer first, then revokes its tokens, best effort.
///
/// # Errors
/// `not_signed_in`, `unknown_profile`, and what writing the file can meet; then nothing was removed.
pub async fn sign_out(context: &Context, named: Option<&ProfileName>) -> Result<Receipt, Failure> {
    let (profile, _, snapshot) = held(context, named)?;
    let leaving = crate::flow::blocking(context, move |context| {
        let leaving = Leaving::of(context, &profile, &snapshot);
        context.store.remove(&profile)?;
        pending::forget(context, Some(&profile));
        role_credentials::forget_kept(context, Some(&profile));
        aws_token_cache::forget(context, Some(&profile));
        leaving.ok_or(StoreError::NoSuchProfile { profile })
    })
    .await?;
    Ok(leaving.revoke(context).await)
}

/// Signs every profile out and destroys the keys: all of it here first, by one stroke, then at the providers, all at once.
/// Where the credential file is damaged, nobody knows who was signed in: then nothing is revoked, and everything here is
/// removed all the same.
///
/// # Errors
/// What writing the file can meet; then nothing is revoked. A key that could not be destroyed: everything else is done then.
pub async fn sign_out_all(context: &Context) -> Result<Vec<Receipt>, Failure> {
    let (leaving, removed) = crate::flow::blocking(context, |context| {
        let leaving: Vec<_> = match context.store.read() {
            Ok(snapshot) => {
                let profiles = snapshot.profiles.keys();
                profiles
                    .filter_map(|profile| Leaving::of(context, profile, &snapshot))
                    .collect()
            }
            Err(StoreError::Damaged { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let removed = match context.store.remove_all() {
            Err(error @ StoreError::Key { .. }) => Err(error), // the files are gone
            removed => Ok(removed?),
        };
        pending::forget(context, None);
        role_credentials::forget_kept(context, None);
        provider::forget_registrations(context);
        aws_token_cache::forget(context, None);
        Ok((leaving, removed))
    })
    .await?;
    let revoking = leaving.into_iter().map(|leaving| {
        let context = context.clone();
        tokio::spawn(async move { leaving.revoke(&context).await })
    });
    let mut receipts = Vec::new();
    for revoking in revoking.collect::<Vec<_>>() {
        let receipt = revoking.await;
        receipts.push(
            receipt
                .map_err(|error| context.failure(Code::Unexpected).because(error.to_string()))?,
        );
    }
    removed.map_err(|error| store_failure(context, &error))?;
    Ok(receipts)
}

/// A profile that is signed out, as it was before.
struct Leaving {
    profile: ProfileName,
    public: Public,
    who: SignedIn,
    /// `None` where it cannot be unsealed: a lost key does not keep anybody signed in.
    session: Option<Session>,
}

impl Leaving {
    fn of(context: &Context, profile: &ProfileName, snapshot: &Snapshot) -> Option<Leaving> {
        let public = snapshot.profiles.get(profile)?.clone();
        Some(Leaving {
            profile: profile.clone(),
            who: crate::account::signed_in(context, profile, &public, snapshot),
            public,
            session: context.store.session(profile).ok().flatten(),
        })
    }

    /// Revokes its tokens, best effort, now that nothing is left of them here.
    async fn revoke(self, context: &Context) -> Receipt {
        let (revoked, end_session) =
            match (&self.session, provider::of_session(context, &self.public)) {
                (Some(session), Ok(idp)) => {
                    let revoked = idp.revoke(&session.tokens, &session.public.client_id).await;
                    let end_session = if revoked == Revoked::Offline {
                        None
                    } else {
                        idp.end_session_url(session).await
                    };
                    (revoked, end_session)
                }
                (None, _) | (_, Err(_)) => (Revoked::Failed, None),
            };
        let organization = context.organization(&self.who.organization);
        Receipt {
            profile: self.profile,
            removed: true,
            revoked,
            provider: self.who.provider,
            host: self.who.host(),
            end_session,
            contact: organization.and_then(|organization| organization.support_contact),
        }
    }
}

pub(crate) fn chosen(
    context: &Context,
    profile: Option<&ProfileName>,
) -> Result<ProfileName, Failure> {
    match profile {
        Some(profile) => Ok(profile.clone()),
        None => Ok(context
            .store
            .read()
            .map_err(|error| store_failure(context, &error))?
            .active),
    }
}

/// The session of the profile that is named, else of the active one: its name, its public part, and the file it stands in.
pub(crate) fn held(
    context: &Context,
    named: Option<&ProfileName>,
) -> Result<(ProfileName, Public, Snapshot), Failure> {
    let snapshot = context
        .store
        .read()
        .map_err(|error| store_failure(context, &error))?;
    let profile = named.unwrap_or(&snapshot.active).clone();
    match snapshot.profiles.get(&profile).cloned() {
        Some(public) => Ok((profile, public, snapshot)),
        None => Err(nobody(context, named)),
    }
}

/// Why a slot without a session has none: nobody is signed in, or there is no such profile.
pub(crate) fn nobody(context: &Context, named: Option<&ProfileName>) -> Failure {
    match account(context, named) {
        Err(failure) if failure.code == Code::UnknownProfile => failure,
        Ok(_) | Err(_) => context.failure(Code::NotSignedIn),
    }
}

/// A store's error as a failure.
pub(crate) fn store_failure(context: &Context, error: &StoreError) -> Failure {
    let code = match error {
        StoreError::File(error) => return file_failure(context, error),
        StoreError::Key { error, .. } => match error {
            KeyError::Locked | KeyError::TimedOut => Code::KeyringLocked,
            KeyError::Unavailable { .. } | KeyError::Failed { .. } => Code::NoKeyring,
            KeyError::Missing => Code::KeyGone,
            KeyError::PassphraseNeeded => Code::PassphraseNeeded,
            KeyError::WrongPassphrase => Code::WrongPassphrase,
        },
        StoreError::KeyGone { .. } => Code::KeyGone,
        StoreError::Tampered { .. } | StoreError::Damaged { .. } => Code::FileDamaged,
        StoreError::Newer { .. } => Code::FileNewer,
        StoreError::NoSuchProfile { profile } => {
            return crate::account::unknown(context, profile);
        }
        StoreError::Busy { lock } => {
            let path = lock.clone();
            return file_failure(context, &FileError::LockTimeout { path });
        }
    };
    let mut failure = context.failure(code).because(error.to_string());
    failure.detail.error = match error {
        StoreError::Tampered { .. } => Some("edited".to_owned()),
        StoreError::Damaged { .. } => Some("unreadable".to_owned()),
        StoreError::File(_)
        | StoreError::Key { .. }
        | StoreError::KeyGone { .. }
        | StoreError::Newer { .. }
        | StoreError::NoSuchProfile { .. }
        | StoreError::Busy { .. } => None,
    };
    failure.facts.path = Some(context.home().credentials_file().display().to_string());
    failure
}

/// A file's error as a failure.
pub(crate) fn file_failure(context: &Context, error: &FileError) -> Failure {
    let (code, word, path) = match error {
        FileError::Full { path } => (Code::CouldNotSave, "disk_full", path),
        FileError::ReadOnly { path } => (Code::CouldNotSave, "read_only", path),
        FileError::Denied { path } => (Code::CouldNotSave, "denied", path),
        FileError::NotPrivate { path, .. } => (Code::NotPrivate, "not_private", path),
        FileError::TooLarge { path } => (Code::FileDamaged, "too_large", path),
        FileError::Exists { path } => (Code::CouldNotSave, "exists", path),
        FileError::LockTimeout { path } => (Code::CouldNotSave, "busy", path),
        FileError::Io { path, .. } => (Code::CouldNotSave, "io", path),
    };
    let mut failure = context.failure(code).error(word).because(error.to_string());
    failure.facts.path = Some(path.display().to_string());
    failure
}
