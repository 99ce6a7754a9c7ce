//! From what is known to what is shown.

use jiff::Timestamp;
use kiro_sign_in::Code;

use super::*;
use crate::view::fixtures::{attempt, somebody};

fn aiko() -> SignedIn {
    somebody(0)
}

fn failure(code: Code, second: i64) -> Failure {
    Failure::new(code, Timestamp::from_second(second).unwrap_or_default())
}

fn acme() -> Organization {
    Organization {
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        settings: Settings::IdentityCenter {
            #[expect(clippy::unwrap_used, reason = "a constant")]
            start_url: "https://acme.awsapps.com/start".parse().unwrap(),
            region: "eu-central-1".to_owned(),
            endpoint: None,
            scopes: Vec::new(),
        },
        support_contact: None,
        inference: kiro_sign_in::Inference::default(),
        managed: true,
    }
}

fn known(account: Result<Account, Failure>) -> Known {
    let mut organizations = Organizations::default();
    organizations.list.push(acme());
    Known {
        language: Language::En,
        account,
        organizations: Ok(organizations),
        chosen: None,
        under_way: Vec::new(),
        attempt: None,
        failure: None,
        stuck: None,
        offline: false,
        seen: None,
        receipt: None,
        profiles: Vec::new(),
        grounds: Err(failure(Code::NotSignedIn, 0)),
        settings: crate::view::fixtures::settings(),
    }
}

/// A word for the account, and the code of its reason.
fn account_of(known: &Known) -> (&'static str, Option<Code>) {
    match compose(known).account {
        AccountView::SignedOut { reason } => ("out", reason.map(|reason| reason.code)),
        AccountView::SignedIn { who } => {
            assert_eq!(
                (who.name.as_deref(), who.host.as_str()),
                (Some("Aiko Tanaka"), "login.acme.com")
            );
            ("in", None)
        }
        AccountView::NeedsAttention { reason, .. } => ("attention", Some(reason.code)),
    }
}

#[test]
fn each_account_has_its_view() {
    let check = |known: Known, expected: (&str, Option<Code>)| {
        assert_eq!(account_of(&known), expected, "{known:?}")
    };
    let out = |reason| known(Ok(Account::SignedOut { reason }));
    check(out(None), ("out", None));
    check(
        out(Some(failure(Code::Denied, 10))),
        ("out", Some(Code::Denied)),
    );
    // A failure that the person has dismissed does not come back; a later one does.
    let seen = Timestamp::from_second(10).ok();
    check(
        Known {
            seen,
            ..out(Some(failure(Code::Denied, 10)))
        },
        ("out", None),
    );
    check(
        Known {
            seen,
            ..out(Some(failure(Code::Denied, 11)))
        },
        ("out", Some(Code::Denied)),
    );
    check(known(Ok(Account::SignedIn(aiko()))), ("in", None));
    check(
        Known {
            stuck: Some(failure(Code::KeyringLocked, 1)),
            ..known(Ok(Account::SignedIn(aiko())))
        },
        ("attention", Some(Code::KeyringLocked)),
    );
    let attention = Account::NeedsAttention {
        reason: failure(Code::SessionEnded, 1),
        who: aiko(),
    };
    check(
        known(Ok(attention)),
        ("attention", Some(Code::SessionEnded)),
    );
    check(
        known(Err(failure(Code::FileNewer, 1))),
        ("out", Some(Code::FileNewer)),
    );
}

#[test]
fn our_own_attempt_comes_before_another_programs() {
    let mine = attempt("2026-11-23T18:08:00Z");
    let view = compose(&Known {
        attempt: Some(mine.clone()),
        ..known(Ok(Account::SignedOut { reason: None }))
    });
    assert_eq!(view.attempt, Some(mine));
    assert_eq!(
        compose(&known(Ok(Account::SignedOut { reason: None }))).attempt,
        None
    );
}

#[test]
fn an_organisation_tells_what_the_browser_opens_and_who_comes_back() {
    let slot = |name: &str, active| KnownProfile {
        name: name.parse().unwrap_or_default(),
        organization: "acme".to_owned(),
        person: Some(name.to_owned()),
        email: None,
        active,
    };
    let known = Known {
        profiles: vec![slot("ben", false), slot("aiko", true)],
        ..known(Ok(Account::SignedIn(aiko())))
    };
    let view = compose(&known);
    let [organization] = view.organizations.as_slice() else {
        panic!("one organisation: {view:?}")
    };
    assert_eq!(organization.host, "acme.awsapps.com");
    assert_eq!(organization.region.as_deref(), Some("eu-central-1"));
    assert!(organization.managed && organization.redirect_uris.is_empty());
    assert_eq!(
        organization
            .returning
            .as_ref()
            .and_then(|returning| returning.name.as_deref()),
        Some("aiko")
    );
    let titles: Vec<&str> = view
        .profiles
        .iter()
        .map(|profile| profile.title.as_str())
        .collect();
    assert_eq!(titles, ["ben · Acme", "aiko · Acme"]);
}

#[test]
fn broken_organisation_settings_are_said() {
    let known = Known {
        organizations: Err(failure(Code::OrganizationsInvalid, 1)),
        ..known(Ok(Account::SignedOut { reason: None }))
    };
    assert_eq!(
        compose(&known).failure.map(|failure| failure.code),
        Some(Code::OrganizationsInvalid)
    );
}

#[test]
fn a_list_of_models_that_cannot_be_used_is_said_to_who_is_signed_in() {
    let mut broken = failure(Code::OrganizationsInvalid, 1);
    broken.facts.path = Some("/etc/kiro/models.toml".to_owned());
    let told = |account| {
        let grounds = Err(broken.clone());
        let view = compose(&Known {
            grounds,
            ..known(Ok(account))
        });
        view.no_models.map(|why| (why.code, why.path))
    };
    let path = Some("/etc/kiro/models.toml".to_owned());
    assert_eq!(
        told(Account::SignedIn(aiko())),
        Some((Code::OrganizationsInvalid, path))
    );
    assert_eq!(told(Account::SignedOut { reason: None }), None);
}

#[test]
fn the_claims_an_idp_asks_for_stay_in_the_shell() {
    let mut asked = failure(Code::StepUpNeeded, 1);
    asked.facts.claims = Some("canary".to_owned());
    let view = compose(&Known {
        failure: Some(asked),
        ..known(Ok(Account::SignedIn(aiko())))
    });
    let sent = serde_json::to_string(&view).unwrap_or_default();
    assert!(
        sent.contains("step_up_needed") && !sent.contains("canary"),
        "{sent}"
    );
}
