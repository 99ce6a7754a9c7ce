//! Who is signed in? One answer for every shell, from files alone: no key, no lock, no network.

use jiff::Timestamp;
use kiro_credentials::{
    KeySource, ProfileName, Public, RefreshRecord, Refusal, RefusalKind, Snapshot,
};
use serde::Serialize;

use crate::organizations::{Organizations, Provider};
use crate::pending::{self, AttemptId, Files, Outcome, Step};
use crate::provider::took_access;
use crate::session::store_failure;
use crate::{Code, Context, Failure};

/// The `error` of a session that ended because a renewal was cut off before its answer was saved.
const INTERRUPTED: &str = "interrupted";

/// The account of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one exists at a time, and shells match on it"
)]
pub enum Account {
    /// Nobody is signed in.
    SignedOut {
        /// How the last sign-in failed, if it did a moment ago.
        reason: Option<Failure>,
    },
    /// Nobody is signed in, and a sign-in is under way.
    SigningIn(UnderWay),
    /// Somebody is signed in.
    SignedIn(SignedIn),
    /// Somebody was, and something must be done first.
    NeedsAttention {
        /// What happened.
        reason: Failure,
        /// Who it concerns.
        who: SignedIn,
    },
}

/// The public part of a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignedIn {
    /// The slot of the credential file.
    pub profile: ProfileName,
    /// The provider.
    pub provider: Provider,
    /// The organisation's name in commands.
    pub organization: String,
    /// The organisation's name in sentences.
    pub organization_title: String,
    /// The issuer, byte for byte as in its tokens; Identity Center's start URL.
    pub issuer: String,
    /// The subject; `None` where no ID token exists (Identity Center).
    pub subject: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The person's e-mail address. It never authenticates.
    pub email: Option<String>,
    /// When the access token expires. Never the end of the session.
    pub expires_at: Timestamp,
    /// When the session ends, where that is known.
    pub session_expires_at: Option<Timestamp>,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
    /// Identity Center's region.
    pub region: Option<String>,
    /// The models that the person's groups give them, where the provider tells it.
    #[serde(skip)]
    pub models: Option<Vec<String>>,
    /// Where the sealing key is.
    pub key_source: KeySource,
    /// Whether the organisation is the administrator's.
    pub managed: bool,
}

impl SignedIn {
    /// The person's name, else e-mail, else subject; `None` where the provider tells none of them.
    pub fn display_name(&self) -> Option<&str> {
        [&self.name, &self.email, &self.subject]
            .into_iter()
            .find_map(|field| field.as_deref())
    }

    /// The host of the issuer, with its port if it has one of its own.
    pub fn host(&self) -> String {
        url::Url::parse(&self.issuer).map_or_else(
            |_| self.issuer.clone(),
            |url| kiro_relying_party::display_host(&url),
        )
    }
}

/// A sign-in that is under way in some process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnderWay {
    /// Which one.
    pub attempt: AttemptId,
    /// The organisation's name.
    pub organization: String,
    /// The profile it will fill.
    pub profile: ProfileName,
    /// How far it is.
    pub step: Step,
    /// When it gives up.
    pub expires_at: Timestamp,
}

/// The account of this profile, or of the active one.
///
/// # Errors
/// `unknown_profile` for a profile that was named and does not exist; else what reading the file can meet.
pub fn account(context: &Context, profile: Option<&ProfileName>) -> Result<Account, Failure> {
    let snapshot = context
        .store
        .read()
        .map_err(|error| store_failure(context, &error))?;
    let named = profile;
    let profile = named.unwrap_or(&snapshot.active);
    let Some(public) = snapshot.profiles.get(profile) else {
        let nobody = nobody(context, profile);
        return match (named, nobody) {
            // A profile that somebody has signed in to, or tries to, is known.
            (Some(named), Account::SignedOut { reason: None }) if named != &snapshot.active => {
                Err(unknown(context, named))
            }
            (_, nobody) => Ok(nobody),
        };
    };
    let who = signed_in(context, profile, public, &snapshot);
    let record = context.store.refresh_record(profile).unwrap_or_default();
    Ok(match ended(context, public, record.as_ref(), &who) {
        Some(reason) => Account::NeedsAttention { reason, who },
        None => Account::SignedIn(who),
    })
}

/// The sign-ins that some living process works on, the newest first.
pub fn under_way(context: &Context) -> Vec<UnderWay> {
    let now = context.now();
    let mut open: Vec<UnderWay> = pending::all(context)
        .into_iter()
        .filter(|record| record.outcome.is_none() && record.expires_at > now)
        .filter(|record| Files::of(context, &record.attempt).is_alive())
        .map(|record| UnderWay {
            attempt: record.attempt,
            organization: record.organization,
            profile: record.profile,
            step: record.step,
            expires_at: record.expires_at,
        })
        .collect();
    open.sort_by_key(|under_way| std::cmp::Reverse(under_way.expires_at));
    open
}

/// The failure of a profile that was named and is nobody's.
pub(crate) fn unknown(context: &Context, profile: &ProfileName) -> Failure {
    context
        .failure(Code::UnknownProfile)
        .about(profile.to_string())
}

fn nobody(context: &Context, profile: &ProfileName) -> Account {
    if let Some(open) = under_way(context)
        .into_iter()
        .find(|open| &open.profile == profile)
    {
        return Account::SigningIn(open);
    }
    let last = pending::all(context)
        .into_iter()
        .filter(|record| &record.profile == profile)
        .max_by_key(|record| record.expires_at)
        .and_then(|record| record.outcome);
    match last {
        Some(Outcome::Failed(failure)) => Account::SignedOut {
            reason: Some(*failure),
        },
        Some(Outcome::SignedIn) | None => Account::SignedOut { reason: None },
    }
}

pub(crate) fn signed_in(
    context: &Context,
    profile: &ProfileName,
    public: &Public,
    snapshot: &Snapshot,
) -> SignedIn {
    let organization = Organizations::load(context).ok().and_then(|all| {
        all.list
            .into_iter()
            .find(|organization| organization.name == public.organization)
    });
    SignedIn {
        profile: profile.clone(),
        provider: Provider::parse(&public.provider).unwrap_or(Provider::Okta),
        organization_title: organization.as_ref().map_or_else(
            || public.organization.clone(),
            |organization| organization.display_name.clone(),
        ),
        managed: organization.is_some_and(|organization| organization.managed),
        organization: public.organization.clone(),
        issuer: public.issuer.clone(),
        subject: public.subject.clone(),
        name: public.name.clone(),
        email: public.email.clone(),
        expires_at: public.expires_at,
        session_expires_at: public.session_expires_at,
        signed_in_at: public.signed_in_at,
        region: public.region.clone(),
        models: public.models.clone(),
        key_source: snapshot.key_source(profile).unwrap_or(KeySource::OsKeyring),
    }
}

/// Why a session is over, if the last refresh of this very revision said so.
fn ended(
    context: &Context,
    public: &Public,
    record: Option<&RefreshRecord>,
    who: &SignedIn,
) -> Option<Failure> {
    let record = record.filter(|record| record.revision == public.revision)?;
    let refusal = record.refusal.as_ref()?;
    let end = end(who.provider, refusal, Some(record))?;
    let at = record.finished_at.unwrap_or(record.started_at);
    let failure = Failure::new(end.code, at).refused(refusal.clone());
    Some(end.told_by(failure.of_session(context, who)))
}

/// The end of a session.
pub(crate) struct End {
    pub(crate) code: Code,
    /// An earlier renewal died between the provider's answer and the file.
    interrupted: bool,
}

impl End {
    /// The failure, with the word of its reason where the provider does not have it.
    pub(crate) fn told_by(&self, failure: Failure) -> Failure {
        if self.interrupted {
            failure.error(INTERRUPTED)
        } else {
            failure
        }
    }
}

/// What this refusal, and the record that it stands in, say about the session; `None`: it is not over.
pub(crate) fn end(
    provider: Provider,
    refusal: &Refusal,
    record: Option<&RefreshRecord>,
) -> Option<End> {
    let code = match refusal.kind {
        RefusalKind::Temporary | RefusalKind::Other => return None,
        RefusalKind::Ended | RefusalKind::Interaction if took_access(provider, refusal) => {
            Code::EndedByOrg
        }
        RefusalKind::Ended => Code::SessionEnded,
        RefusalKind::Interaction => Code::StepUpNeeded,
    };
    let interrupted = code == Code::SessionEnded && record.is_some_and(|record| record.interrupted);
    Some(End { code, interrupted })
}
