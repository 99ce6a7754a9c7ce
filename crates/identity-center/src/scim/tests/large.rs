//! What is large is written piece by piece, and read no faster than it is taken.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use hyper::body::Body as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use kiro_scim::{Page, Paging, Projection, Reference, answer};

use super::super::pieces::PIECE;
use super::super::written::AT_ONCE;
use super::*;
use crate::center;
use crate::id::{GroupId, UserId};
use crate::provisioning::Provisioned;
use crate::store::{Behind, List, MEMBERS, StoreError, values};

/// A piece is no longer than this, whatever there is: what makes one full may be as long as the members that are read at once.
const GREATEST: usize = PIECE + MEMBERS * 200;

/// Makes so many people at once, in no order, and returns their ids in order.
async fn people(endpoint: &Endpoint, count: usize) -> Vec<UserId> {
    let mut ids: Vec<UserId> = (0..count).map(|_| UserId::random()).collect();
    let (by, store) = (endpoint.connection.id, &endpoint.service.center.store);
    for (round, some) in ids.chunks(200).enumerate() {
        let some = some.to_vec();
        let made = store.write(move |tx| {
            let some = some.clone();
            Box::pin(async move {
                for (number, id) in some.into_iter().enumerate() {
                    let name = format!("u{:05}", round * 200 + number);
                    let sql = "INSERT INTO users (id, organization, connection, user_name, user_name_folded, display_name, active, \
                               created_at, modified_at, version) VALUES ($1, 'acme', $2, $3, $3, $3, 1, 5, 5, 1)";
                    tx.execute(sql, values![id, by, name]).await?;
                }
                Ok(())
            })
        });
        made.await.unwrap();
    }
    ids.sort_by_key(|id| *id.bytes());
    ids
}

/// Puts everybody from this one on into a group.
async fn join(endpoint: &Endpoint, group: &Value, first: UserId, last: UserId) {
    let id: GroupId = group["id"].as_str().unwrap().parse().unwrap();
    let joined = endpoint.service.center.store.write(move |tx| {
        Box::pin(async move {
            let sql = "INSERT INTO members (group_id, user_id) SELECT g.id, u.id FROM groups g, users u \
                       WHERE g.id = $1 AND u.id >= $2 AND u.id <= $3 AND u.connection = g.connection";
            tx.execute(sql, values![id, first, last]).await
        })
    });
    joined.await.unwrap();
}

/// An answer whose body is taken piece by piece.
struct Taken {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

impl Taken {
    async fn of(endpoint: &Endpoint, path: &str) -> Taken {
        let request = Request::get(format!("/acme/scim/v2{path}"))
            .header("authorization", format!("Bearer {}", endpoint.token))
            .body(Body::empty());
        let router = center::router(std::sync::Arc::clone(&endpoint.service.center));
        let service = TowerToHyperService::new(router);
        let (head, body) = service.call(request.unwrap()).await.unwrap().into_parts();
        Taken {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    async fn piece(&mut self) -> Option<Result<Bytes, axum::Error>> {
        let mut body = pin!(&mut self.body);
        let frame = poll_fn(|context| body.as_mut().poll_frame(context)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    /// All of it, of which no piece may be great.
    async fn whole(mut self) -> String {
        let mut all = Vec::new();
        while let Some(piece) = self.piece().await {
            let piece = piece.unwrap();
            assert!(piece.len() <= GREATEST, "a piece of {}", piece.len());
            all.extend_from_slice(&piece);
        }
        String::from_utf8(all).unwrap()
    }
}

/// A resource as it is answered, made in one go.
fn document(endpoint: &Endpoint, one: &Provisioned, projection: &Projection) -> Value {
    let base = endpoint.base();
    answer(&one.resource, &one.facts(&base), projection, Manner::Rfc).into()
}

/// The group with all these members, whose names are looked up by the way.
async fn with_all(endpoint: &Endpoint, group: &Value, members: &[UserId]) -> Provisioned {
    let (store, by) = (&endpoint.service.center.store, &endpoint.connection);
    let id: GroupId = group["id"].as_str().unwrap().parse().unwrap();
    let mut whole = store
        .provisioned_group(by, id, false)
        .await
        .unwrap()
        .unwrap();
    let named = store.read(|tx| {
        Box::pin(async move {
            let rows = tx.query("SELECT id, display_name FROM users", &[]).await?;
            let named = rows
                .iter()
                .map(|row| Ok((row.id::<UserId>(0)?.to_string(), row.text(1)?.to_owned())));
            named.collect::<Result<BTreeMap<String, String>, StoreError>>()
        })
    });
    let named = named.await.unwrap();
    let related = members.iter().map(|id| Reference {
        id: id.to_string(),
        display: named[&id.to_string()].clone(),
    });
    whole.related = related.collect();
    whole
}

#[tokio::test]
async fn a_large_group_is_written_piece_by_piece() {
    group(&Endpoint::start(Manner::Rfc).await).await;
}

pub(super) async fn group(endpoint: &Endpoint) {
    let members = people(endpoint, 2 * MEMBERS + 2).await;
    let team = endpoint.group("Team", &[]).await;
    join(endpoint, &team, members[0], *members.last().unwrap()).await;
    let (whole, at) = (with_all(endpoint, &team, &members).await, path(&team));
    for attributes in [
        None,
        Some("members.value"),
        Some("members"),
        Some("displayName,members.display"),
    ] {
        let projection = Projection::new(attributes, None).unwrap();
        let query = attributes.map_or_else(String::new, |names| format!("?attributes={names}"));
        let taken = Taken::of(endpoint, &format!("{at}{query}")).await;
        assert_eq!(
            (taken.status, taken.headers["etag"].to_str().unwrap()),
            (200, "W/\"1\"")
        );
        let expected = document(endpoint, &whole, &projection).to_string();
        assert!(taken.whole().await == expected, "{attributes:?}");
    }
    // What nothing is left of is not there, however many there are.
    let parts = "excludedAttributes=members.value,members.$ref,members.display,members.type";
    let none = endpoint.get(&format!("{at}?{parts}")).await;
    assert_eq!(none.json().get("members"), None);
    // Over the wire, and in the answer to a change.
    let answered = endpoint.get(&at).await.json();
    assert_eq!(answered["members"].as_array().unwrap().len(), members.len());
    let renamed = json!({ "schemas": [GROUP], "displayName": "Crew" });
    let renamed = endpoint.give("PUT", &at, &renamed).await.json();
    assert_eq!(renamed["members"].as_array().unwrap().len(), members.len());

    // As many members as are read at once are all of them.
    let exactly = endpoint.group("Exactly", &[]).await;
    join(endpoint, &exactly, members[0], members[MEMBERS - 1]).await;
    let answered = endpoint.get(&path(&exactly)).await.json();
    assert_eq!(answered["members"].as_array().unwrap().len(), MEMBERS);

    // What is taken slowly is read slowly: who left meanwhile is not in it, and of a group that is gone there is no end.
    let mut taken = Taken::of(endpoint, &at).await;
    let first = String::from_utf8(taken.piece().await.unwrap().unwrap().to_vec()).unwrap();
    let last = members.last().unwrap().to_string();
    let gone = endpoint.delete(&format!("/Users/{last}")).await;
    assert_eq!(gone.status, 204);
    let mut rest = first;
    while let Some(piece) = taken.piece().await {
        rest.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let answered: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(
        answered["members"].as_array().unwrap().len(),
        members.len() - 1
    );
    let mut taken = Taken::of(endpoint, &at).await;
    assert!(taken.piece().await.unwrap().is_ok());
    assert_eq!(endpoint.delete(&at).await.status, 204);
    let mut broken = false;
    while let Some(piece) = taken.piece().await {
        broken |= piece.is_err();
    }
    assert!(broken, "an answer of half a group looks like a whole one");
}

#[tokio::test]
async fn a_long_list_is_written_piece_by_piece() {
    list(&Endpoint::start(Manner::Rfc).await).await;
}

pub(super) async fn list(endpoint: &Endpoint) {
    let members = people(endpoint, 5 * AT_ONCE).await;
    let mut groups = Vec::new();
    for number in 0..5 {
        let group = endpoint.group(&format!("g{number}"), &[]).await;
        // More members than are read at once, and more in all than are read with the groups of one time.
        join(
            endpoint,
            &group,
            members[number * 10],
            *members.last().unwrap(),
        )
        .await;
        groups.push(with_all(endpoint, &group, &members[number * 10..]).await);
    }
    let (store, by) = (&endpoint.service.center.store, &endpoint.connection);
    let read_with_members = List {
        kind: &kiro_scim::GROUP,
        filter: None,
        sort: None,
        from: Behind::Place(0),
        count: 1000,
        at_once: AT_ONCE,
        related: true,
        counted: true,
        patience: kiro_scim::Patience::FILTER,
        base: String::new(),
    };
    let found = store
        .list_provisioned(by, read_with_members)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.page.len(), found.rest.len()), (3, 2), "read at once");
    let everybody = List {
        kind: &kiro_scim::USER,
        filter: None,
        sort: None,
        from: Behind::Place(0),
        count: 1000,
        at_once: 1000,
        related: false,
        counted: true,
        patience: kiro_scim::Patience::FILTER,
        base: String::new(),
    };
    let found = store
        .list_provisioned(by, everybody)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.page.len(), members.len());
    let mut people = found.page;
    for one in &mut people {
        let is_in = |group: &&Provisioned| group.related.iter().any(|member| member.id == one.id);
        let theirs = groups.iter().filter(is_in).map(|group| Reference {
            id: group.id.clone(),
            display: group.resource.text("displayName").unwrap().to_owned(),
        });
        one.related = theirs.collect();
    }
    let check = async |path: &str, expected: &[Provisioned], total: usize| {
        let taken = Taken::of(endpoint, path).await;
        assert_eq!(taken.status, 200, "{path}");
        let documents = expected.iter();
        let documents: Vec<Value> = documents
            .map(|one| document(endpoint, one, &Projection::default()))
            .collect();
        let page = Page {
            paging: &Paging::Index {
                start: 1,
                count: 1000,
            },
            total: Some(total),
            next: None,
        };
        let mut whole = Value::Object(page.around(expected.len()));
        whole["Resources"] = documents.into();
        let whole = whole.to_string();
        assert!(taken.whole().await == whole, "{path}");
    };
    check("/Groups?count=1000", &groups, 5).await;
    check("/Users?count=1000", &people, people.len()).await;
    // What the database cannot ask or sort, and what it can, in another order.
    check(
        "/Users?count=1000&filter=title+ne+%22x%22",
        &people,
        people.len(),
    )
    .await;
    people.sort_by_key(|one| one.resource.text("userName").unwrap().to_owned());
    check("/Users?count=1000&sortBy=userName", &people, people.len()).await;
    people.reverse();
    check(
        "/Users?count=1000&sortBy=nickName&sortOrder=descending&filter=userName+co+%22u%22",
        &found_order(&people),
        people.len(),
    )
    .await;

    // Who goes while the list is read is not in it, and its number is that of those who are.
    let mut taken = Taken::of(endpoint, "/Users?count=1000").await;
    let mut all = taken.piece().await.unwrap().unwrap().to_vec();
    let gone = &found_order(&people)[4 * AT_ONCE].id;
    assert_eq!(endpoint.delete(&format!("/Users/{gone}")).await.status, 204);
    while let Some(piece) = taken.piece().await {
        all.extend_from_slice(&piece.unwrap());
    }
    let list: Value = serde_json::from_slice(&all).unwrap();
    let left = members.len() - 1;
    assert_eq!(list["Resources"].as_array().unwrap().len(), left);
    assert_eq!(
        (&list["itemsPerPage"], &list["totalResults"]),
        (&json!(left), &json!(members.len()))
    );
}

/// The order in which they were made: all in one moment, so by their ids.
fn found_order(people: &[Provisioned]) -> Vec<Provisioned> {
    let mut people = people.to_vec();
    people.sort_by_key(|one| (one.created_at, one.id.clone()));
    people
}
