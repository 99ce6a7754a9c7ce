//! What went wrong, in a form that every shell can put into its own words.
//!
//! A [`Failure`] has one small [`Code`], the facts its sentence needs, and protocol words for the details. It never
//! holds a token, a code or a `state`.

use jiff::Timestamp;
use kiro_credentials::Refusal;
use serde::{Deserialize, Serialize};

use crate::Context;
use crate::account::SignedIn;
use crate::organizations::{Organization, Provider};

/// Why a sign-in, a refresh or a command did not succeed. Serialised in snake_case; stable.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The IdP knows the person, but Kiro is not assigned to them.
    NotAssigned,
    /// The device must be registered or compliant.
    PolicyDevice,
    /// Conditional access, risk or another policy refused.
    PolicyBlocked,
    /// The account is locked or disabled, or its password has expired.
    AccountProblem,
    /// The account is not in this organisation's directory.
    WrongTenant,
    /// The IdP asks for one more check (RFC 6749 `interaction_required`, with `claims` in the facts).
    StepUpNeeded,
    /// The IdP wants the person to sign in anew (OIDC Core §3.1.2.6 `login_required`).
    LoginRequired,
    /// An administrator must consent first.
    ConsentMissing,
    /// The application is set up wrongly at the IdP; with an AWS role as its subject, the service gets no credentials for it.
    ClientSetup,
    /// The redirect URI is not registered; it is in the facts.
    RedirectUri,
    /// The person cancelled in the browser or in the program.
    Cancelled,
    /// The IdP refused without a reason that we know.
    Denied,
    /// The IdP had an error of its own; trying again later may help.
    ServerError,
    /// No callback came back in time.
    NoAnswer,
    /// The system browser could not be started.
    BrowserNotOpened,
    /// Another program opens `kiro://` links.
    SchemeTaken,
    /// None of the registered loopback ports is free; they are in the facts.
    PortsTaken,
    /// The answer does not check out: issuer, nonce, signature or claims.
    UntrustedAnswer,
    /// The answer cannot be read.
    MalformedAnswer,
    /// Identity Center does not know this start URL in this region.
    WrongRegion,
    /// The provider offers no device flow, or the organisation forbids it.
    DeviceFlowNotOffered,
    /// The code was not entered in time.
    DeviceCodeExpired,
    /// The system keyring is locked.
    KeyringLocked,
    /// There is no system keyring.
    NoKeyring,
    /// The key that sealed the session is gone.
    KeyGone,
    /// The store is sealed by a passphrase and none was given.
    PassphraseNeeded,
    /// The passphrase is not the one.
    WrongPassphrase,
    /// Signed in, but the session could not be written; `facts.path`, and `detail.error` = `disk_full`, `read_only`, `denied`, or `busy`
    /// where another program holds a lock.
    CouldNotSave,
    /// The credential file is damaged: `detail.error` = `edited` (its seal does not open), `unreadable` (and so is its
    /// copy), both mended by a new sign-in, or `too_large`.
    FileDamaged,
    /// The credential file was written by a newer version.
    FileNewer,
    /// A file is readable by others, or belongs to somebody else.
    NotPrivate,
    /// The host did not answer; `detail.error` = `unresolved` where its name could not be looked up.
    Unreachable,
    /// A program or gateway between us and the host inspects the connection.
    Intercepted,
    /// The certificate is not good for this host and this time, or TLS failed otherwise; `detail.error` says which.
    UnsafeConnection,
    /// The proxy asks for a user name and a password; it is in the facts.
    ProxyPassword,
    /// The added CA file cannot be used; `facts.path`.
    CaFileUnusable,
    /// This computer's clock is off.
    Clock,
    /// The discovery document names another issuer.
    WrongIssuer,
    /// There is no discovery document at this address, or it cannot be used.
    NotAnIdentityProvider,
    /// The address is not `https`.
    InsecureUrl,
    /// Nobody is signed in.
    NotSignedIn,
    /// The IdP ended the session (`invalid_grant`).
    SessionEnded,
    /// The organisation removed access.
    EndedByOrg,
    /// The session could not be renewed now; it is kept.
    RefreshFailed,
    /// There is no such profile.
    UnknownProfile,
    /// No organisation is set up.
    NoOrganization,
    /// There is no organisation of this name.
    UnknownOrganization,
    /// There are several organisations and none was named.
    ChooseOrganization,
    /// An organisation of this name exists.
    OrganizationExists,
    /// `organizations.toml` cannot be read.
    OrganizationsInvalid,
    /// The organisation's administrator has fixed this.
    ManagedByOrganization,
    /// Only a session of IAM Identity Center can do this; the profile is the subject.
    NotIdentityCenter,
    /// The person may not ask this model there; `model (region)` is the subject, and `kiro-models` has the reasons.
    ModelBlocked,
    /// Nothing was sent to this host: what is sent has to stay elsewhere.
    OutsideResidency,
    /// The AWS account does not have the model; `model (region)` is the subject.
    ModelNotEnabled,
    /// AWS does not let this role ask models, or does not give it to the person; the role is the subject.
    RoleRefused,
    /// The model cannot take the question; its own words are in the details.
    QuestionRefused,
    /// The model could not answer now; trying again later may help.
    ModelBusy,
    /// The answer ended before its end.
    AnswerCut,
    /// Interrupted by a signal.
    Interrupted,
    /// Anything else: a defect.
    Unexpected,
}

impl Code {
    /// The stable word of this code, such as `session_ended`.
    pub fn word(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => word,
            Ok(_) | Err(_) => "unexpected".to_owned(),
        }
    }

    /// The code of this word.
    pub(crate) fn of_word(word: &str) -> Option<Code> {
        serde_json::from_value(word.into()).ok()
    }
}

/// Protocol words for the details: never translated, never a secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Detail {
    /// RFC 6749 `error`, or a word of ours of the same shape.
    pub error: Option<String>,
    /// The IdP's own text, cut to 512 bytes, without control characters.
    pub description: Option<String>,
    /// Microsoft's AADSTS number.
    pub aadsts: Option<u32>,
    /// The IdP's correlation or request id.
    pub correlation_id: Option<String>,
    /// When it happened.
    pub time: Timestamp,
}

/// What a sentence may have to name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Facts {
    /// The redirect URI that was used, to be registered.
    pub redirect_uri: Option<String>,
    /// The proxy the connection went through, `host:port`.
    pub proxy: Option<String>,
    /// The issuer of the certificate that intercepted the connection.
    pub inspector: Option<String>,
    /// The program that owns `kiro://`.
    pub other_app: Option<String>,
    /// This computer's clock minus the server's, in seconds.
    pub skew_seconds: Option<i64>,
    /// The file concerned.
    pub path: Option<String>,
    /// The loopback ports that were tried.
    pub ports: Vec<u16>,
    /// The claims the IdP asks for (JSON), to be sent with the next sign-in.
    pub claims: Option<String>,
    /// Seconds a sign-in is still kept for.
    pub seconds_left: Option<u32>,
    /// Seconds the server asks us to wait (RFC 9110 §10.2.3).
    pub retry_after: Option<u32>,
    /// The setting, address or name that was wrong.
    pub subject: Option<String>,
}

/// What failed, with everything its sentence and its details need.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, thiserror::Error)]
#[error("{code:?}")]
pub struct Failure {
    /// Which sentence.
    pub code: Code,
    /// The organisation's name in commands.
    pub organization: Option<String>,
    /// The organisation's name in sentences.
    pub organization_title: Option<String>,
    /// Its provider.
    pub provider: Option<Provider>,
    /// The host concerned.
    pub host: Option<String>,
    /// The account concerned: e-mail or name.
    pub account: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// What the sentence names.
    pub facts: Facts,
    /// What the details show.
    pub detail: Detail,
}

impl Failure {
    /// A failure of this code at this time, with nothing else known.
    pub fn new(code: Code, now: Timestamp) -> Failure {
        Failure {
            code,
            organization: None,
            organization_title: None,
            provider: None,
            host: None,
            account: None,
            contact: None,
            facts: Facts::default(),
            detail: Detail {
                error: None,
                description: None,
                aadsts: None,
                correlation_id: None,
                time: now,
            },
        }
    }

    /// The same, of this organisation: its names, provider, host and contact.
    #[must_use]
    pub fn of(mut self, organization: &Organization) -> Failure {
        self.organization = Some(organization.name.clone());
        self.organization_title = Some(organization.display_name.clone());
        self.provider = Some(organization.provider());
        self.host.get_or_insert_with(|| organization.sign_in_host());
        self.contact = organization.support_contact.clone();
        self
    }

    /// The same, of this session: its organisation, provider, account and contact, and its host where no other is concerned.
    pub(crate) fn of_session(mut self, context: &Context, who: &SignedIn) -> Failure {
        self.organization = Some(who.organization.clone());
        self.organization_title = Some(who.organization_title.clone());
        self.provider = Some(who.provider);
        self.host.get_or_insert_with(|| who.host());
        self.account = who.display_name().map(str::to_owned);
        self.contact = context
            .organization(&who.organization)
            .and_then(|organization| organization.support_contact);
        self
    }

    /// The same, in the words of the IdP that refused to renew a session, and of the program that had asked it.
    pub(crate) fn refused(mut self, refusal: Refusal) -> Failure {
        let told = Told::by(&refusal).unwrap_or_default();
        self.host = told.host;
        self.detail.error = Some(refusal.error);
        self.detail.description = refusal.description;
        self.detail.aadsts = told.aadsts;
        self.detail.correlation_id = refusal.correlation_id;
        self.facts = Facts {
            claims: refusal.claims,
            retry_after: refusal.retry_after,
            ..told.facts
        };
        self
    }

    pub(crate) fn error(mut self, error: impl Into<String>) -> Failure {
        self.detail.error = Some(error.into());
        self
    }

    pub(crate) fn because(mut self, why: impl Into<String>) -> Failure {
        self.detail.description = Some(why.into());
        self
    }

    pub(crate) fn about(mut self, subject: impl Into<String>) -> Failure {
        self.facts.subject = Some(subject.into());
        self
    }

    pub(crate) fn at(mut self, host: impl Into<String>) -> Failure {
        self.host = Some(host.into());
        self
    }
}

/// What a refusal beside the lock keeps of a failure, besides what stands there anyway: whoever adopts it says the same.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Told {
    pub(crate) code: Option<Code>,
    host: Option<String>,
    aadsts: Option<u32>,
    facts: Facts,
}

impl Told {
    pub(crate) fn of(failure: &Failure) -> Option<serde_json::Value> {
        let told = Told {
            code: Some(failure.code),
            host: failure.host.clone(),
            aadsts: failure.detail.aadsts,
            facts: Facts {
                claims: None,
                retry_after: None,
                ..failure.facts.clone()
            },
        };
        serde_json::to_value(told).ok()
    }

    /// `None` where another program, or an older one, was refused.
    pub(crate) fn by(refusal: &Refusal) -> Option<Told> {
        serde_json::from_value(refusal.told.clone()?).ok()
    }
}
