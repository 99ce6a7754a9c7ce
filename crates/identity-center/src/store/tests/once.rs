//! What is taken once: pushed requests, proofs, ends that are told.

use std::collections::BTreeMap;

use super::cases::{at, live, offer, person, session};
use super::directory::{made, organization};
use super::rescoped::{group, held, told};
use super::server::Server;
use crate::authorization::{Purpose, Request};
use crate::client::{Client, Details, Wire};
use crate::id::SessionId;
use crate::secret::{Digest, issue};
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

/// One application's many hold up nobody else's, and take their turns; those of many applications come one by one.
pub(super) async fn logouts_apart(store: Store) {
    let due = async |client: &str, many: usize, second: i64| {
        let client = client.to_owned();
        let noted = store.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = "INSERT INTO logouts (session_id, user_id, client_id, attempts, due_at) VALUES ($1, $1, $2, 0, $3)";
                for _ in 0..many {
                    let row = values![SessionId::random(), &client, at(second)];
                    tx.execute(sql, row).await?;
                }
                Ok(())
            })
        });
        noted.await.unwrap();
    };
    let claimed = async |most: u32, second: i64| {
        let claimed = store.claim_logouts(most, at(second)).await.unwrap();
        let mut by_client = BTreeMap::<String, usize>::new();
        for logout in claimed {
            assert_eq!(logout.attempts, 0);
            *by_client.entry(logout.client).or_default() += 1;
        }
        by_client.into_iter().collect::<Vec<_>>()
    };
    let of = |client: &str, many| (client.to_owned(), many);
    assert_eq!(claimed(16, 9).await, []);
    due("slow", 40, 1).await;
    due("app", 2, 8).await;
    assert_eq!(claimed(16, 9).await, [of("app", 2), of("slow", 8)]);
    assert_eq!(claimed(16, 9).await, [of("slow", 8)], "the next ones");
    for number in 0..16 {
        due(&format!("other{number}"), 3, 9).await;
    }
    let others = claimed(16, 9).await;
    assert_eq!(others.len(), 16, "{others:?}");
    assert!(others.iter().all(|(_, many)| *many == 1), "{others:?}");
    assert_eq!(claimed(1, 9).await, [of("slow", 1)], "the oldest");
}

/// A code that is being redeemed while its session is ended is waited for, and its application told. (On SQLite one writes at a time.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_told_to_who_redeems_meanwhile() {
    let server = Server::start(None);
    let store = Store::postgres(&server.database("redeeming"))
        .await
        .unwrap();
    organization(&store, "acme").await;
    let aiko = made(&store, "acme", "aiko").await.id;
    let team = group(&store, "Team", &[aiko]).await;
    told(&store, "app", vec![team]).await;
    for way in ["one", "several", "all"] {
        let session = session(aiko);
        let (id, (_, code)) = (session.id, issue());
        store.offer_session(session, code, offer()).await.unwrap();
        let ends = async {
            let ended = match way {
                "one" => {
                    let ended = store.end_session(id, Ended::ByPerson, at(3));
                    ended.await.map(|()| 1)
                }
                "several" => store.remove_member(team, aiko, at(3)).await,
                _ => {
                    let all = store.end_sessions_of(aiko, Ended::ByPerson, at(3));
                    all.await
                }
            };
            assert_eq!(ended.unwrap(), 1, "{way}");
        };
        let redeems = held(&store, ends, move |tx| {
            Box::pin(async move {
                let sql = "UPDATE sessions SET state = 'live' WHERE id = $1";
                tx.execute(sql, values![id]).await?;
                Ok(())
            })
        });
        redeems.await;
        let told = store.claim_logouts(9, at(3)).await.unwrap();
        let told: Vec<_> = told.into_iter().map(|it| it.session).collect();
        assert_eq!(told, [id], "{way}");
        store.logout_heard(id).await.unwrap();
    }
}
