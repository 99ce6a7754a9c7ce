//! Exit codes. Scripts rely on them: a number never changes its meaning.

use std::process::ExitCode;

use kiro_sign_in::Code;

/// How the command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A defect, or something nobody foresaw.
    Unexpected = 1,
    /// The command line could not be understood.
    Usage = 2,
    /// Nobody is signed in, or must sign in again.
    NotSignedIn = 3,
    /// The sign-in was denied or failed.
    Denied = 4,
    /// The IdP cannot be reached.
    Unreachable = 5,
    /// The credential store is locked or unavailable.
    Store = 6,
    /// The configuration is wrong or missing.
    Configuration = 7,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl From<Code> for Exit {
    fn from(code: Code) -> Exit {
        match code {
            Code::NotSignedIn
            | Code::SessionEnded
            | Code::EndedByOrg
            | Code::KeyGone
            | Code::UnknownProfile => Exit::NotSignedIn,
            Code::NotAssigned
            | Code::PolicyDevice
            | Code::PolicyBlocked
            | Code::AccountProblem
            | Code::WrongTenant
            | Code::StepUpNeeded
            | Code::LoginRequired
            | Code::ConsentMissing
            | Code::RedirectUri
            | Code::Cancelled
            | Code::Denied
            | Code::NoAnswer
            | Code::BrowserNotOpened
            | Code::SchemeTaken
            | Code::PortsTaken
            | Code::UntrustedAnswer
            | Code::MalformedAnswer
            | Code::DeviceFlowNotOffered
            | Code::DeviceCodeExpired
            | Code::ModelBlocked
            | Code::OutsideResidency
            | Code::ModelNotEnabled
            | Code::RoleRefused
            | Code::QuestionRefused => Exit::Denied,
            Code::ServerError
            | Code::Unreachable
            | Code::Intercepted
            | Code::UnsafeConnection
            | Code::ProxyPassword
            | Code::Clock
            | Code::RefreshFailed
            | Code::ModelBusy
            | Code::AnswerCut => Exit::Unreachable,
            Code::KeyringLocked
            | Code::NoKeyring
            | Code::PassphraseNeeded
            | Code::WrongPassphrase
            | Code::CouldNotSave
            | Code::FileDamaged
            | Code::FileNewer
            | Code::NotPrivate => Exit::Store,
            Code::ClientSetup
            | Code::WrongRegion
            | Code::WrongIssuer
            | Code::NotAnIdentityProvider
            | Code::InsecureUrl
            | Code::NoOrganization
            | Code::UnknownOrganization
            | Code::ChooseOrganization
            | Code::OrganizationExists
            | Code::OrganizationsInvalid
            | Code::CaFileUnusable
            | Code::ManagedByOrganization
            | Code::NotIdentityCenter => Exit::Configuration,
            Code::Interrupted => Exit::Interrupted,
            Code::Unexpected => Exit::Unexpected,
        }
    }
}
