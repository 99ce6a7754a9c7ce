//! What the page in the window is told. No token, code, `state` or URL of a sign-in has a place in these types.
//!
//! The TypeScript twin, `ui/src/lib/bindings.ts`, is generated from here; a test fails when it differs.

mod checkup;
mod compose;
mod failure;
#[cfg(test)]
pub(crate) mod fixtures;
mod models;

use jiff::Timestamp;
use kiro_sign_in::{KeySource, Provider};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub(crate) use checkup::CheckupView;
pub(crate) use compose::{Known, KnownProfile, compose, step};
pub(crate) use failure::{FailureView, whole_seconds};
pub(crate) use models::{ModelsView, NoModelsView};

use crate::language::Language;
use crate::settings::SettingsView;

/// Everything the page shows. Sent whole whenever anything in it changes.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct View {
    pub(crate) language: Language,
    pub(crate) account: AccountView,
    /// The sign-in server could not be reached the last time; the session is as it was.
    pub(crate) offline: bool,
    pub(crate) organizations: Vec<OrganizationView>,
    /// The organisation that "Sign in" means; `null` when the person must choose.
    pub(crate) chosen: Option<String>,
    #[ts(inline)]
    pub(crate) locks: LocksView,
    pub(crate) attempt: Option<AttemptView>,
    /// What the error screen shows, or the notice beside an attempt.
    pub(crate) failure: Option<FailureView>,
    /// What the last sign-out did.
    pub(crate) receipt: Option<ReceiptView>,
    pub(crate) profiles: Vec<ProfileView>,
    /// Where the signed-in person may ask models; `null` where that cannot be told.
    pub(crate) models: Option<ModelsView>,
    /// Why it cannot, where somebody is signed in.
    #[ts(inline)]
    pub(crate) no_models: Option<NoModelsView>,
    pub(crate) settings: SettingsView,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one value exists at a time")]
pub(crate) enum AccountView {
    SignedOut { reason: Option<FailureView> },
    SignedIn { who: Who },
    NeedsAttention { reason: FailureView, who: Who },
}

/// The public part of a session.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct Who {
    pub(crate) profile: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) organization: String,
    pub(crate) organization_title: String,
    pub(crate) provider: ProviderId,
    pub(crate) host: String,
    /// The access token's; never the end of the session.
    #[ts(type = "string")]
    pub(crate) expires_at: Timestamp,
    #[ts(type = "string")]
    pub(crate) signed_in_at: Timestamp,
    #[ts(type = "string | null")]
    pub(crate) session_expires_at: Option<Timestamp>,
    pub(crate) key_source: KeySourceId,
}

/// One organisation to choose from.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct OrganizationView {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) provider: ProviderId,
    /// What the browser will open.
    pub(crate) host: String,
    pub(crate) region: Option<String>,
    pub(crate) managed: bool,
    pub(crate) redirect_uris: Vec<String>,
    /// The person who would come back to it.
    #[ts(inline)]
    pub(crate) returning: Option<Returning>,
}

/// A person whose session of this organisation is in the file.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct Returning {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// What the administrator has fixed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, TS)]
pub(crate) struct LocksView {
    pub(crate) own_organizations: bool,
    pub(crate) proxy: bool,
    pub(crate) ca: bool,
}

/// A sign-in under way.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct AttemptView {
    pub(crate) id: String,
    pub(crate) organization: String,
    #[ts(inline)]
    pub(crate) step: StepView,
    #[ts(inline)]
    pub(crate) via: ViaView,
    /// The app link could carry the answer.
    pub(crate) app_link: bool,
    pub(crate) host: String,
    #[ts(type = "string")]
    pub(crate) expires_at: Timestamp,
    pub(crate) extensions_left: u8,
    /// Begun by this program: it can be cancelled, extended and pasted into here.
    pub(crate) ours: bool,
    pub(crate) browser_opened: bool,
}

/// What the last sign-out did.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ReceiptView {
    pub(crate) provider: ProviderId,
    pub(crate) host: String,
    #[ts(inline)]
    pub(crate) revoked: RevokedView,
    pub(crate) can_end_session: bool,
    pub(crate) contact: Option<String>,
}

/// A slot of the credential file.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ProfileView {
    pub(crate) name: String,
    /// Whose it is: name or e-mail, and organisation.
    pub(crate) title: String,
    pub(crate) active: bool,
}

/// An organisation as the person types it in.
#[derive(Clone, Debug, Deserialize, PartialEq, TS)]
#[ts(optional_fields)]
pub(crate) struct NewOrganization {
    pub(crate) provider: ProviderId,
    /// Its title; the name in commands is made from it.
    pub(crate) name: String,
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) start_url: Option<String>,
    pub(crate) region: Option<String>,
}

/// What a check of an organisation's settings found.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "CheckedOrganization")]
pub(crate) struct CheckedView {
    pub(crate) host: String,
    pub(crate) redirect_uris: Vec<String>,
}

/// What an organisation file holds, before the person confirms it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "OrganizationFile")]
pub(crate) struct OfferedView {
    #[ts(inline)]
    pub(crate) organizations: Vec<OfferedOrganization>,
}

/// One organisation of such a file.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct OfferedOrganization {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) provider: ProviderId,
    pub(crate) host: String,
}

/// Which account the IdP is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountChoiceView {
    Any,
    Hint,
    Select,
}

/// What became of a pasted address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pasted {
    Accepted,
    NotACallback,
}

/// The way back that the page asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WayView {
    /// Whichever will work.
    Best,
    DeepLink,
    Loopback,
}

/// How the answer comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ViaView {
    DeepLink,
    Loopback,
}

/// How far a sign-in is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepView {
    Waiting,
    Finishing,
}

/// Whether the IdP revoked the session's tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokedView {
    Yes,
    NotOffered,
    Offline,
    Failed,
}

/// The three identity providers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProviderId {
    Okta,
    Entra,
    IdentityCenter,
}

/// Where the sealing key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(rename = "KeySource")]
pub(crate) enum KeySourceId {
    OsKeyring,
    Passphrase,
    Plaintext,
}

impl From<Provider> for ProviderId {
    fn from(provider: Provider) -> ProviderId {
        match provider {
            Provider::Okta => ProviderId::Okta,
            Provider::Entra => ProviderId::Entra,
            Provider::IdentityCenter => ProviderId::IdentityCenter,
        }
    }
}

impl From<KeySource> for KeySourceId {
    fn from(source: KeySource) -> KeySourceId {
        match source {
            KeySource::OsKeyring => KeySourceId::OsKeyring,
            KeySource::Passphrase => KeySourceId::Passphrase,
            KeySource::Plaintext => KeySourceId::Plaintext,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// `UPDATE_BINDINGS=1 cargo test -p kiro-desktop bindings` writes the file; `npm run format` in `ui` gives it its form.
    #[test]
    fn the_committed_bindings_are_the_generated_ones() {
        let config = ts_rs::Config::default().with_large_int("number");
        let declarations = [
            View::decl(&config),
            AccountView::decl(&config),
            Who::decl(&config),
            OrganizationView::decl(&config),
            AttemptView::decl(&config),
            FailureView::decl(&config),
            failure::FactsView::decl(&config),
            failure::DetailView::decl(&config),
            ReceiptView::decl(&config),
            ProfileView::decl(&config),
            ModelsView::decl(&config),
            NewOrganization::decl(&config),
            CheckedView::decl(&config),
            OfferedView::decl(&config),
            crate::browser::BrowserView::decl(&config),
            CheckupView::decl(&config),
            checkup::FindingView::decl(&config),
            checkup::LineView::decl(&config),
            ProviderId::decl(&config),
            KeySourceId::decl(&config),
            Language::decl(&config),
            SettingsView::decl(&config),
            crate::settings::Change::decl(&config),
        ];
        let generated = declarations.into_iter().fold(
            String::from(
                "// Generated from src-tauri/src/view.rs: `UPDATE_BINDINGS=1 cargo test -p kiro-desktop bindings`.\n\
                 // What the shell tells the page. Never in here: a token, a code, a `state`, the authorization address.\n\
                 // Times are RFC 3339 in UTC; hosts are `host[:port]`.\n",
            ),
            |text, declaration| format!("{text}\nexport {declaration}\n"),
        );
        let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let path = format!("{package}/../ui/src/lib/bindings.ts");
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            plain(&committed),
            plain(&generated),
            "ui/src/lib/bindings.ts is not up to date: run with UPDATE_BINDINGS=1"
        );
    }

    /// The words without what a formatter changes: white space, separators, quotes, and a leading `|`.
    fn plain(text: &str) -> String {
        let words: String = text
            .chars()
            .filter(|character| !character.is_whitespace() && !",;\"".contains(*character))
            .collect();
        words.replace("=|", "=")
    }
}
