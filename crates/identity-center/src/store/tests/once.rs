//! What is taken once: pushed requests, proofs, ends that are told.

use super::cases::{at, live, person};
use crate::authorization::{Purpose, Request};
use crate::client::{Client, Details, Wire};
use crate::secret::Digest;
use crate::session::Ended;
use crate::store::Store;

pub(super) async fn pushed_requests(store: Store) {
    let request = Request {
        purpose: Purpose::OwnSessions,
        organization: None,
        scopes: vec!["openid".to_owned()],
        prompt: vec![],
        max_age: None,
        login_hint: None,
        hinted: None,
        acr_values: vec![],
        claims: None,
        ui_locales: vec!["ja".to_owned()],
    };
    let name = Digest::of("name");
    let keep = async |until| {
        let kept = store.keep_pushed_request(name, "app".to_owned(), request.clone(), at(until));
        kept.await.unwrap();
    };
    let take = async |client: &str, now| {
        let taken = store.take_pushed_request(name, client, at(now));
        taken.await.unwrap()
    };
    keep(90).await;
    assert_eq!(take("other", 1).await, None);
    assert_eq!(take("app", 89).await, Some(request.clone()));
    assert_eq!(take("app", 89).await, None, "twice");
    keep(90).await;
    assert_eq!(take("app", 90).await, None, "late");

    let first = async |text: &str| {
        let first = store.first_use_of_proof(Digest::of(text), at(10));
        first.await.unwrap()
    };
    assert!(first("a").await && first("b").await);
    assert!(!first("a").await);
    store.forget_sessions(at(11)).await.unwrap();
    assert!(first("a").await, "its nonce is worth nothing any more");
}

/// Two instances tell each end once between them; an application that asked for nothing is told nothing.
pub(super) async fn logouts(store: Store) {
    let client = |id: &str, uri: Option<&str>| Client {
        id: id.to_owned(),
        organization: None,
        wire: Wire::Oidc,
        secret: None,
        name: id.to_owned(),
        details: Details {
            backchannel_logout_uri: uri.map(str::to_owned),
            ..Details::default()
        },
        issued_at: at(0),
        expires_at: None,
    };
    store.add_client(client("quiet", None)).await.unwrap();
    let told = client("app", Some("https://app.example/logout"));
    store.add_client(told).await.unwrap();
    let (one, two) = (live(&store).await, live(&store).await);
    let ended = store.end_session(one.id, Ended::SignedOut, at(20));
    ended.await.unwrap();
    let again = store.end_session(one.id, Ended::ByPerson, at(30));
    again.await.unwrap();
    let all = store.end_sessions_of(two.user, Ended::Deactivated, at(20));
    assert_eq!(all.await.unwrap(), 1);
    let nobody = store.end_sessions_of(person(&store).await, Ended::Deactivated, at(20));
    assert_eq!(nobody.await.unwrap(), 0);
    let claim = |now| {
        let store = store.clone();
        async move { store.claim_logouts(10, at(now)).await.unwrap() }
    };
    let (first, second) = tokio::join!(tokio::spawn(claim(20)), tokio::spawn(claim(20)));
    let mut claimed = [first.unwrap(), second.unwrap()].concat();
    claimed.sort_by_key(|logout| logout.session);
    let mut expected = [one.id, two.id];
    expected.sort();
    let found: Vec<_> = claimed.iter().map(|logout| logout.session).collect();
    assert_eq!(found, expected);
    store.logout_heard(one.id).await.unwrap();
    let later: Vec<_> = claim(40)
        .await
        .into_iter()
        .map(|logout| (logout.session, logout.attempts))
        .collect();
    assert_eq!(later, [(two.id, 1)]);
}
