//! Values for tests.

use kiro_sign_in::{Code, Failure, KeySource, Provider, SignedIn};

use super::*;
use crate::settings::LinksView;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

pub(crate) fn view(account: AccountView) -> View {
    View {
        language: Language::En,
        account,
        offline: false,
        organizations: Vec::new(),
        chosen: None,
        locks: LocksView {
            own_organizations: false,
            proxy: false,
            ca: false,
        },
        attempt: None,
        failure: None,
        receipt: None,
        profiles: Vec::new(),
        models: None,
        no_models: None,
        settings: settings(),
    }
}

pub(crate) fn settings() -> SettingsView {
    SettingsView {
        language: None,
        notifications: true,
        starts_at_login: false,
        proxy: "system".to_owned(),
        ca_file: None,
        links: LinksView::default(),
        version: "0.1.0".to_owned(),
    }
}

pub(crate) fn signed_out() -> AccountView {
    AccountView::SignedOut { reason: None }
}

pub(crate) fn signed_in(end: Option<&str>) -> AccountView {
    AccountView::SignedIn { who: who(end) }
}

pub(crate) fn attention(code: Code) -> AccountView {
    let reason = FailureView::from(&Failure::new(code, Timestamp::UNIX_EPOCH));
    AccountView::NeedsAttention {
        reason,
        who: who(None),
    }
}

fn who(end: Option<&str>) -> Who {
    Who {
        profile: "default".to_owned(),
        name: Some("Aiko Tanaka".to_owned()),
        email: Some("aiko@acme.com".to_owned()),
        organization: "acme".to_owned(),
        organization_title: "Acme".to_owned(),
        provider: ProviderId::Okta,
        host: "login.acme.com".to_owned(),
        expires_at: time("2026-11-23T19:00:00Z"),
        signed_in_at: time("2026-11-23T09:00:00Z"),
        session_expires_at: end.map(time),
        key_source: KeySourceId::OsKeyring,
    }
}

pub(crate) fn attempt(expires_at: &str) -> AttemptView {
    AttemptView {
        id: "0".repeat(64),
        organization: "acme".to_owned(),
        step: StepView::Waiting,
        via: ViaView::DeepLink,
        app_link: true,
        host: "login.acme.com".to_owned(),
        expires_at: time(expires_at),
        extensions_left: 10,
        ours: true,
        browser_opened: true,
    }
}

/// The same person, signed in at Okta since this second.
pub(crate) fn somebody(since: i64) -> SignedIn {
    SignedIn {
        profile: "default".parse().unwrap_or_default(),
        provider: Provider::Okta,
        organization: "acme".to_owned(),
        organization_title: "Acme".to_owned(),
        issuer: "https://login.acme.com/oauth2/default".to_owned(),
        subject: Some("00u1".to_owned()),
        name: Some("Aiko Tanaka".to_owned()),
        email: Some("aiko@acme.com".to_owned()),
        expires_at: Timestamp::UNIX_EPOCH,
        session_expires_at: None,
        signed_in_at: Timestamp::from_second(since).unwrap_or_default(),
        region: None,
        models: None,
        key_source: KeySource::OsKeyring,
        managed: false,
    }
}
