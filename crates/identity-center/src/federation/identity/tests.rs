#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use kiro_relying_party::IdTokenClaims;

use super::*;
use crate::federation::Details;

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn connection(kind: Kind) -> Connection {
    Connection {
        id: ConnectionId::from([1; 16]),
        organization: "acme".to_owned(),
        name: "idp".to_owned(),
        details: Details {
            kind,
            issuer: "https://idp.example".parse().unwrap(),
            client_id: "kiro".to_owned(),
            scopes: vec![],
            tenants: vec![],
            origin: "https://idp.example".to_owned(),
            saml: None,
        },
        domains: vec!["acme.example".to_owned()],
        active: true,
        sealed: vec![],
    }
}

fn claims() -> IdTokenClaims {
    IdTokenClaims {
        issuer: "https://idp.example".to_owned(),
        subject: "00u1".to_owned(),
        name: Some("Aiko".to_owned()),
        email: Some("ceo@acme.example".to_owned()),
        preferred_username: Some("aiko@acme.example".to_owned()),
        user_name: Some("aiko@acme.example".to_owned()),
        tenant: Some("T-1".to_owned()),
        object: Some("O-1".to_owned()),
        authenticated_at: None,
        context: None,
        methods: vec![],
        session: None,
        expires_at: at(2000),
        issued_at: at(1000),
    }
}

#[test]
fn each_provider_has_its_own_name_that_is_for_ever() {
    let of = |kind| identity(&connection(kind), &claims()).unwrap();
    for kind in [Kind::Okta, Kind::Oidc] {
        assert_eq!(of(kind).subject, "00u1");
        assert_eq!(of(kind).external_id, "00u1");
    }
    assert_eq!(of(Kind::Entra).subject, "t-1/o-1");
    assert_eq!(of(Kind::Entra).external_id, "o-1");
    let refused = |change: fn(&mut IdTokenClaims)| {
        let mut claims = claims();
        change(&mut claims);
        identity(&connection(Kind::Entra), &claims).err()
    };
    assert!(matches!(
        refused(|c| c.object = None),
        Some(Fault::SetUp(_))
    ));
    assert!(matches!(
        refused(|c| c.tenant = None),
        Some(Fault::SetUp(_))
    ));
    let long = refused(|c| c.object = Some("o".repeat(256)));
    assert!(matches!(long, Some(Fault::Untrusted(_))), "{long:?}");
}

#[test]
fn a_name_counts_where_it_belongs_to_the_connection_and_never_an_e_mail_address() {
    let check = |said: Option<&str>, expected: Option<&str>| {
        let claims = IdTokenClaims {
            user_name: said.map(str::to_owned),
            ..claims()
        };
        let found = identity(&connection(Kind::Okta), &claims).unwrap();
        assert_eq!(found.user_name.as_deref(), expected, "{said:?}");
    };
    check(Some("aiko@acme.example"), Some("aiko@acme.example"));
    check(Some("Aiko@ACME.example"), Some("Aiko@ACME.example"));
    check(None, None);
    check(Some(""), None);
    check(Some("admin"), None); // the directory's own people are never claimed from outside
    check(Some("aiko@hinoki.example"), None);
    check(Some("aiko@acme.example.evil.example"), None);
    check(Some("aiko\u{202e}@acme.example"), None);
    check(Some("aiko\u{200b}@acme.example"), None);
    check(Some(" aiko@acme.example"), None);
    check(Some(&format!("{}@acme.example", "a".repeat(400))), None);
}

#[test]
fn an_external_id_contradicts_where_it_is_the_provider_s_own() {
    let of = |kind| identity(&connection(kind), &claims()).unwrap();
    let mut entra = of(Kind::Entra);
    entra.external_id = "0b1e0000-0000-4000-8000-00000000000f".to_owned();
    assert!(of(Kind::Okta).contradicts(Kind::Okta, "00u2"));
    assert!(!of(Kind::Okta).contradicts(Kind::Okta, "00u1"));
    assert!(entra.contradicts(Kind::Entra, "0b1e0000-0000-4000-8000-00000000000e"));
    assert!(!entra.contradicts(Kind::Entra, "0B1E0000-0000-4000-8000-00000000000F"));
    assert!(!entra.contradicts(Kind::Entra, "aiko"), "a mail nickname");
    assert!(!of(Kind::Oidc).contradicts(Kind::Oidc, "anything"));
}

#[test]
fn how_old_an_authentication_is_is_what_the_provider_says() {
    const BEGAN: i64 = 10_000;
    let check = |said: Option<i64>, anew, max_age, expected: Result<Option<i64>, &str>| {
        let claims = IdTokenClaims {
            authenticated_at: said.map(at),
            methods: vec!["pwd".to_owned()],
            ..claims()
        };
        let asked = Asked {
            anew,
            max_age,
            began: at(BEGAN),
        };
        let now = at(BEGAN + 30);
        let found = authentication(ConnectionId::from([1; 16]), Said::of(&claims), asked, now);
        let found = match found {
            Ok(found) => {
                assert_eq!(found.at, now);
                assert_eq!(found.methods, ["pwd"]);
                Ok(found.upstream_at.map(Timestamp::as_second))
            }
            Err(Fault::Untrusted(_)) => Err("untrusted"),
            Err(Fault::SetUp(_)) => Err("set-up"),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{said:?} {anew} {max_age:?}");
    };
    check(Some(2000), false, None, Ok(Some(2000)));
    check(None, false, None, Ok(None));
    check(Some(BEGAN + 40), false, None, Ok(Some(BEGAN + 30))); // their clock is ahead
    check(Some(BEGAN - 300), false, Some(300), Ok(Some(BEGAN - 300)));
    check(Some(BEGAN - 360), false, Some(300), Ok(Some(BEGAN - 360)));
    check(Some(BEGAN - 361), false, Some(300), Err("untrusted"));
    check(None, false, Some(300), Err("set-up"));
    check(Some(BEGAN + 10), true, None, Ok(Some(BEGAN + 10)));
    check(Some(BEGAN - 61), true, None, Err("untrusted"));
    check(Some(BEGAN - 61), true, Some(3600), Err("untrusted"));
    check(None, true, Some(0), Ok(Some(BEGAN + 30)));
}
