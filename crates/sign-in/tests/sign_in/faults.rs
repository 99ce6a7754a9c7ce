//! Every fault of the network at every call: one clear code, the old session untouched, nothing lost, no secret told.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use kiro_relying_party::{CertificateFault, HttpError};
use kiro_sign_in::{
    Account, Code, Failure, Organization, Receipt, Request, Revoked, Settings, SignedIn, Via,
    access_token, account, begin, begin_device, sign_out,
};
use secrecy::ExposeSecret;

use crate::wire::{Fault, Wire};
use crate::world::{World, okta};

/// Whom we speak to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Peer {
    Okta,
    IdentityCenter,
}

pub(crate) fn organization(peer: Peer) -> Organization {
    match peer {
        Peer::Okta => okta(),
        Peer::IdentityCenter => Organization {
            settings: Settings::IdentityCenter {
                start_url: "https://acme.awsapps.test/start".parse().unwrap(),
                region: "eu-central-1".into(),
                endpoint: None,
                scopes: Vec::new(),
            },
            ..okta()
        },
    }
}

/// The faults, and what each is to a call that is answered with JSON.
fn faults() -> Vec<(&'static str, Fault, Code)> {
    let host = || "login.acme.test".to_owned();
    let certificate = |fault| {
        Fault::Error(HttpError::Certificate {
            host: host(),
            fault,
        })
    };
    vec![
        (
            "nobody there",
            Fault::Error(HttpError::Unreachable {
                host: host(),
                proxy: None,
                why: "refused".into(),
                unresolved: false,
            }),
            Code::Unreachable,
        ),
        ("closed at once", Fault::Bytes(""), Code::Unreachable),
        (
            "closed in the head",
            Fault::Bytes("HTTP/1.1 200 OK\r\ncontent-"),
            Code::Unreachable,
        ),
        (
            "truncated",
            Fault::Bytes(
                "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"access_token\":\"CANARY",
            ),
            Code::Unreachable,
        ),
        ("a byte at a time", Fault::Drip, Code::Unreachable),
        ("ten gigabytes", Fault::Flood, Code::MalformedAnswer),
        (
            "compressed",
            Fault::Bytes(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nxxxx",
            ),
            Code::MalformedAnswer,
        ),
        (
            "redirected",
            Fault::Bytes(
                "HTTP/1.1 302 Found\r\nlocation: https://evil.test/?CANARY\r\ncontent-length: 0\r\n\r\n",
            ),
            Code::MalformedAnswer,
        ),
        (
            "500",
            Fault::Bytes("HTTP/1.1 500 No\r\ncontent-length: 19\r\n\r\n<html>CANARY</html>"),
            Code::ServerError,
        ),
        (
            "503",
            Fault::Bytes("HTTP/1.1 503 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"),
            Code::ServerError,
        ),
        (
            "429",
            Fault::Bytes("HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}"),
            Code::ServerError,
        ),
        (
            "inspected",
            Fault::Error(HttpError::Intercepted {
                host: host(),
                issuer: Some("Acme Web Gateway".into()),
            }),
            Code::Intercepted,
        ),
        (
            "an expired certificate",
            certificate(CertificateFault::Expired { at: None }),
            Code::UnsafeConnection,
        ),
        (
            "another host's certificate",
            certificate(CertificateFault::AnotherHost),
            Code::UnsafeConnection,
        ),
        (
            "a certificate of the future",
            certificate(CertificateFault::NotYetValid { from: None }),
            Code::Clock,
        ),
        (
            "a proxy's password",
            Fault::Error(HttpError::ProxyPassword {
                host: host(),
                proxy: "10.1.1.1:3128".into(),
            }),
            Code::ProxyPassword,
        ),
    ]
}

/// A page in the place of an answer, as a hotel's network shows it.
const PAGE: Fault = Fault::Bytes(
    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 19\r\n\r\n<html>CANARY</html>",
);

/// One signed-in person on a wire that works.
pub(crate) async fn signed_in(peer: Peer) -> (World, std::sync::Arc<Wire>) {
    let mut world = World::new();
    world.behave(|behaviour| behaviour.device = true);
    let wire = Wire::lay(&mut world).await;
    sign_in(&world, peer).await.unwrap();
    (world, wire)
}

fn request(world: &World, peer: Peer) -> Request {
    Request {
        organization: organization(peer),
        ..world.request(Via::DeepLink)
    }
}

pub(crate) async fn sign_in(world: &World, peer: Peer) -> Result<SignedIn, Failure> {
    let attempt = begin(&world.context, request(world, peer)).await?;
    let callback = match peer {
        Peer::Okta => world.callback(attempt.url(), "code=code-canary"),
        Peer::IdentityCenter => {
            let mut url = attempt.url().query_pairs();
            let state = url
                .find(|(name, _)| name == "state")
                .unwrap()
                .1
                .into_owned();
            format!("{}?state={state}&code=code-canary", attempt.redirect_uri())
        }
    };
    attempt.handle().offer(&callback).unwrap();
    attempt.wait(&world.context).await
}

pub(crate) async fn sign_in_by_device(world: &World, peer: Peer) -> Result<SignedIn, Failure> {
    let attempt = begin_device(&world.context, request(world, peer)).await?;
    attempt.wait(&world.context).await
}

pub(crate) async fn token(world: &World) -> Result<String, Failure> {
    let token = access_token(&world.context, None).await?;
    Ok(token.expose_secret().to_owned())
}

fn tells_no_secret(failure: &Failure, row: &str) {
    let told = format!("{failure:?} {}", serde_json::to_string(failure).unwrap());
    for secret in ["CANARY", "canary", "access-", "refresh-"] {
        assert!(!told.contains(secret), "{row}: {told}");
    }
}

fn still_signed_in(world: &World, row: &str) {
    let account = account(&world.another_process(), None).unwrap();
    assert!(
        matches!(account, Account::SignedIn(_)),
        "{row}: {account:?}"
    );
}

/// Runs each row in a world of its own, all at once.
async fn each<F: Future<Output = ()> + Send + 'static>(rows: impl IntoIterator<Item = F>) {
    let mut running: tokio::task::JoinSet<()> = rows.into_iter().collect();
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_a_fault_ends_leaves_the_older_session_in_use() {
    let oidc = |page| {
        [
            ("/.well-known/openid-configuration", page),
            ("/v1/token", Code::MalformedAnswer),
            ("/v1/keys", Code::MalformedAnswer),
        ]
    };
    let mut rows = Vec::new();
    for (name, fault, code) in faults() {
        for (path, _) in oidc(code) {
            rows.push((Peer::Okta, name, path, fault.clone(), code));
        }
        for path in ["/client/register", "/token"] {
            rows.push((Peer::IdentityCenter, name, path, fault.clone(), code));
        }
    }
    for (path, code) in oidc(Code::NotAnIdentityProvider) {
        rows.push((Peer::Okta, "a page", path, PAGE, code));
    }
    for path in ["/client/register", "/token"] {
        rows.push((
            Peer::IdentityCenter,
            "a page",
            path,
            PAGE,
            Code::MalformedAnswer,
        ));
    }
    assert!(rows.len() > 80);
    each(
        rows.into_iter()
            .map(|(peer, name, path, fault, expected)| async move {
                let row = format!("{peer:?} {path} {name}");
                let (world, wire) = signed_in(Peer::Okta).await;
                let before = token(&world).await.unwrap();
                world.clock.advance(SignedDuration::from_mins(6)); // what was learnt of the provider is no longer fresh
                wire.cut(path, &fault, usize::MAX);
                let failure = sign_in(&world, peer).await.unwrap_err();
                assert_eq!(failure.code, expected, "{row}: {failure:?}");
                tells_no_secret(&failure, &row);
                still_signed_in(&world, &row);
                wire.mend();
                assert_eq!(token(&world).await.unwrap(), before, "{row}");
                let left = world
                    .files("sign-ins")
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|end| end == "callback"));
                assert_eq!(left.count(), 0, "{row}");
                world.clock.advance(SignedDuration::from_mins(2)); // a failing key set is left alone for a minute
                sign_in(&world, peer).await.unwrap();
            }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_a_fault_ends_loses_no_session_and_the_next_one_works() {
    let mut rows = Vec::new();
    for (name, fault, code) in faults()
        .into_iter()
        .chain([("a page", PAGE, Code::MalformedAnswer)])
    {
        let discovery = if name == "a page" {
            Code::NotAnIdentityProvider
        } else {
            code
        };
        rows.push((
            Peer::Okta,
            name,
            "/.well-known/openid-configuration",
            fault.clone(),
            discovery,
        ));
        rows.push((Peer::Okta, name, "/v1/token", fault.clone(), code));
        rows.push((Peer::IdentityCenter, name, "/token", fault, code));
    }
    each(
        rows.into_iter()
            .map(|(peer, name, path, fault, expected)| async move {
                let row = format!("{peer:?} {path} {name}");
                let (world, wire) = signed_in(peer).await;
                world.clock.advance(SignedDuration::from_mins(61));
                wire.cut(path, &fault, usize::MAX);
                let failure = token(&world).await.unwrap_err();
                assert_eq!(failure.code, expected, "{row}: {failure:?}");
                tells_no_secret(&failure, &row);
                still_signed_in(&world, &row);
                let mut told = token(&world).await.unwrap_err();
                told.detail.time = failure.detail.time;
                assert_eq!(
                    told, failure,
                    "{row}: the next caller is told the same, and nobody is asked"
                );
                wire.mend();
                world.clock.advance(SignedDuration::from_secs(31));
                assert!(token(&world).await.is_ok(), "{row}");
            }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_session_is_kept_though_its_keys_cannot_be_had() {
    each(faults().into_iter().map(|(name, fault, _)| async move {
        let (world, wire) = signed_in(Peer::Okta).await;
        world.clock.advance(SignedDuration::from_mins(61));
        wire.cut("/v1/keys", &fault, usize::MAX);
        assert_eq!(token(&world).await.unwrap(), "access-2", "{name}");
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(token(&world).await.unwrap(), "access-3", "{name}");
        let sent = world
            .provider
            .token_requests
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert!(
            sent.contains("refresh_token=refresh-2"),
            "{name}: the successor was kept: {sent}"
        );
        still_signed_in(&world, name);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_outlives_a_poll_that_is_lost() {
    let mut rows = Vec::new();
    for (name, fault, code) in faults() {
        for (peer, path) in [(Peer::Okta, "/v1/token"), (Peer::IdentityCenter, "/token")] {
            let passing = matches!(code, Code::Unreachable | Code::ServerError);
            rows.push((peer, path, name, fault.clone(), (!passing).then_some(code)));
        }
        rows.push((Peer::Okta, "/v1/device", name, fault.clone(), Some(code)));
        rows.push((
            Peer::IdentityCenter,
            "/device_authorization",
            name,
            fault,
            Some(code),
        ));
    }
    each(
        rows.into_iter()
            .map(|(peer, path, name, fault, expected)| async move {
                let row = format!("{peer:?} {path} {name}");
                let (world, wire) = signed_in(peer).await;
                wire.cut(path, &fault, 1);
                match (sign_in_by_device(&world, peer).await, expected) {
                    (Ok(_), None) => {}
                    (Err(failure), Some(expected)) => {
                        assert_eq!(failure.code, expected, "{row}: {failure:?}");
                        tells_no_secret(&failure, &row);
                    }
                    (outcome, expected) => panic!("{row}: {outcome:?}, not {expected:?}"),
                }
                still_signed_in(&world, &row);
            }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_waits_as_long_as_the_server_asks() {
    let (world, wire) = signed_in(Peer::Okta).await;
    let busy = "HTTP/1.1 503 No\r\nretry-after: 4\r\ncontent-length: 0\r\n\r\n";
    wire.cut("/v1/token", &Fault::Bytes(busy), 1);
    let begun = Instant::now();
    sign_in_by_device(&world, Peer::Okta).await.unwrap();
    // A second before the first poll; without the server's wish two before the next.
    assert!(begun.elapsed() >= Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_works_under_every_fault_and_says_what_was_not_revoked() {
    let mut rows = Vec::new();
    for (name, fault, code) in faults() {
        rows.push((Peer::Okta, "/v1/revoke", name, fault.clone(), code));
        rows.push((Peer::IdentityCenter, "/logout", name, fault, code));
    }
    each(
        rows.into_iter()
            .map(|(peer, path, name, fault, code)| async move {
                let row = format!("{peer:?} {path} {name}");
                let (world, wire) = signed_in(peer).await;
                wire.cut(path, &fault, usize::MAX);
                let Receipt {
                    removed, revoked, ..
                } = sign_out(&world.context, None).await.unwrap();
                let expected = if code == Code::ServerError {
                    Revoked::Failed
                } else {
                    Revoked::Offline
                };
                assert_eq!((removed, revoked), (true, expected), "{row}");
                assert!(
                    matches!(
                        account(&world.context, None).unwrap(),
                        Account::SignedOut { .. }
                    ),
                    "{row}"
                );
            }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_can_act_on_is_in_the_facts() {
    let (world, wire) = signed_in(Peer::Okta).await;
    world.clock.advance(SignedDuration::from_mins(61));
    let mut facts = Vec::new();
    for wanted in ["429", "inspected", "a proxy's password"] {
        let (_, fault, _) = faults()
            .into_iter()
            .find(|(name, ..)| *name == wanted)
            .unwrap();
        wire.cut("/v1/token", &fault, usize::MAX);
        facts.push(token(&world).await.unwrap_err().facts);
        world.clock.advance(SignedDuration::from_secs(31));
    }
    assert_eq!(facts[0].retry_after, Some(7));
    assert_eq!(facts[1].inspector.as_deref(), Some("Acme Web Gateway"));
    assert_eq!(facts[2].proxy.as_deref(), Some("10.1.1.1:3128"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_patience_is_left_alone_by_every_process() {
    for (peer, path) in [
        (Peer::Okta, "/token"),
        (Peer::Okta, "/.well-known/openid-configuration"),
        (Peer::IdentityCenter, "/token"),
    ] {
        let (world, wire) = signed_in(peer).await;
        world.clock.advance(SignedDuration::from_mins(61));
        let busy = "HTTP/1.1 503 No\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n";
        wire.cut(path, &Fault::Bytes(busy), 1);
        let told = |failure: Failure| (failure.code, failure.facts.retry_after);
        let failure = token(&world).await.unwrap_err();
        assert_eq!(
            told(failure),
            (Code::ServerError, Some(600)),
            "{peer:?} {path}"
        );
        let asked = wire.asked(path);
        world.clock.advance(SignedDuration::from_secs(599));
        let mut another = world.another_process();
        another.http = world.context.http.clone();
        let failure = access_token(&another, None).await.unwrap_err();
        assert_eq!(told(failure), (Code::ServerError, Some(1)), "{peer:?}");
        assert_eq!(wire.asked(path), asked, "{peer:?} {path}: nobody was asked");
        still_signed_in(&world, "left alone");
        world.clock.advance(SignedDuration::from_secs(1));
        assert!(access_token(&another, None).await.is_ok(), "{peer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_the_clock_of_identity_center_stops_only_what_could_not_go_on() {
    each(faults().into_iter().map(|(name, fault, code)| async move {
        let (world, wire) = signed_in(Peer::IdentityCenter).await;
        world.clock.advance(SignedDuration::from_mins(61));
        wire.cut("/", &fault, usize::MAX);
        // It is there, and has no page for us: the request itself will tell.
        let passes = matches!(code, Code::MalformedAnswer | Code::ServerError);
        match token(&world).await {
            Ok(_) => assert!(passes, "{name}"),
            Err(failure) => assert_eq!((failure.code, passes), (code, false), "{name}"),
        }
        still_signed_in(&world, name);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_network_after_a_long_sleep_is_a_state_and_no_error() {
    let (world, wire) = signed_in(Peer::Okta).await;
    world.clock.advance(SignedDuration::from_hours(72));
    let (_, fault, _) = faults().swap_remove(0);
    wire.cut("", &fault, usize::MAX);
    for _ in 0..10 {
        assert_eq!(token(&world).await.unwrap_err().code, Code::Unreachable);
        still_signed_in(&world, "offline");
        world.clock.advance(SignedDuration::from_mins(10));
    }
    wire.mend();
    assert_eq!(token(&world).await.unwrap(), "access-2");
}
