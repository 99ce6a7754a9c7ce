//! SCIM under load: people who are pushed and looked up, a member more or less of a small and of a huge group, and an organisation of
//! 100,000 that arrives by plain calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kiro_tests::{Peer, checkout, http};
use serde_json::{Value, json};

use crate::identity_center::{FEW, Limits, Load, NONE, load, tell};
use crate::processes::{memory, peak};
use crate::wire::Wire;
use crate::{Figure, median, postgresql};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An organisation that arrives: its people, its groups, and how many of them are in each.
struct Organization {
    people: usize,
    groups: usize,
    members: usize,
}

const WHOLE: Organization = Organization {
    people: 100_000,
    groups: 1_000,
    members: 1_000,
};
const TENTH: Organization = Organization {
    people: 10_000,
    groups: 100,
    members: 1_000,
};
/// So many members come with one request.
const TOGETHER: usize = 100;
/// So often a member comes and goes; at scim2-server, which takes longer, less often.
const TIMES: usize = 100;
const PEERS_TIMES: usize = 10;

/// A group is small with so many members.
const SMALL: usize = 100;
/// What scim2-server is asked among: so many people, and so many members of its group.
const PEERS_PEOPLE: usize = 1_000;
/// A list's page.
const PAGE: usize = 1_000;

pub(crate) async fn measure(figures: &mut Vec<Figure>) {
    let limits = Asked {
        arrival: Some(180.0),
        memory: Some(60.0),
        look_up: Limits(Some(20_000.0), None, None),
        growth: Some(1.2),
        member: Some(1.0),
        flat: Some(1.5),
        push: Limits(Some(4_000.0), None, None),
    };
    arrival(Peer::identity_center(), "SCIM", &WHOLE, &limits, figures).await;
    // The database's own processes are not counted.
    let server = postgresql::Server::start(None);
    let peer = Peer::identity_center_on(&server.database("kiro"));
    let name = "SCIM on PostgreSQL";
    arrival(peer, name, &TENTH, &Asked::NOTHING, figures).await;
    peer_in_memory(figures).await;
}

/// What is asked for: seconds, MiB, and milliseconds at the most, answers a second at the least, and how much more at most where
/// there is more.
struct Asked {
    arrival: Option<f64>,
    memory: Option<f64>,
    look_up: Limits,
    growth: Option<f64>,
    member: Option<f64>,
    flat: Option<f64>,
    push: Limits,
}

impl Asked {
    const NOTHING: Asked = Asked {
        arrival: None,
        memory: None,
        look_up: NONE,
        growth: None,
        member: None,
        flat: None,
        push: NONE,
    };
}

async fn arrival(
    peer: Peer,
    name: &str,
    organization: &Organization,
    asked: &Asked,
    figures: &mut Vec<Figure>,
) {
    let endpoint = Endpoint::of(&peer);
    let Organization {
        people: all,
        groups,
        members,
    } = *organization;
    let begun = Instant::now();
    let mut people = created(&endpoint, 0..PEERS_PEOPLE).await;
    let first = begun.elapsed();
    let few = by_name(&peer, &endpoint, PEERS_PEOPLE / 2);
    let begun = Instant::now();
    people.extend(created(&endpoint, PEERS_PEOPLE..all).await);
    let people = Arc::new(people);
    grouped(&endpoint, &people, organization).await;
    let took = first + begun.elapsed();
    figures.push(Figure::new(
        &format!("{name}, {all} people, {groups} groups and {} memberships by plain calls, 16 connections", groups * members),
        took.as_secs_f64(),
        "s",
        asked.arrival,
    ));
    figures.push(Figure::new(
        &format!("{name}: the most memory in that time"),
        peak(peer.process()),
        "MiB",
        asked.memory,
    ));
    // In the middle everybody is in ten groups; the last are in none.
    let (joined, lonely) = (all / 2, all - 1);
    let seen = by_id(&peer, &endpoint, &people[joined]);
    let what = format!("{name}, somebody in ten groups by id, 16 connections");
    tell(figures, &what, &seen, &asked.look_up);
    let seen = by_name(&peer, &endpoint, joined);
    let what = format!("{name}, the same by `userName eq`, among {all}");
    tell(figures, &what, &seen, &asked.look_up);
    figures.push(Figure::new(
        &format!("{name}, somebody in no group by `userName eq`: the cost among {all} people to that among {PEERS_PEOPLE}"),
        by_name(&peer, &endpoint, lonely).cost / few.cost,
        "×",
        asked.growth,
    ));
    walk(&endpoint, name, all, figures).await;
    figures.push(Figure::new(
        &format!("{name}: the most memory until the end of that walk"),
        peak(peer.process()),
        "MiB",
        asked.memory,
    ));
    let small = group(&endpoint, "a few", &people[..SMALL]).await;
    let huge = group(&endpoint, "everybody", &people).await;
    let few = joins_and_leaves(&endpoint, &small, &people[0], TIMES).await;
    let many = joins_and_leaves(&endpoint, &huge, &people[0], TIMES).await;
    for (members, took) in [(SMALL, few), (all, many)] {
        let what = format!("{name}, a member more or less of a group of {members} (median)");
        figures.push(Figure::new(&what, took, "ms", asked.member));
    }
    let what = format!("{name}, the one to the other");
    figures.push(Figure::new(&what, many / few, "×", asked.flat));
    let pushed = pushed(&peer, "n");
    let what = format!("{name}, somebody new, 16 connections, durable");
    tell(figures, &what, &pushed, &asked.push);
    // For so long nobody else's change is made.
    let begun = Instant::now();
    let path = format!("/Groups/{huge}");
    let (status, answer) = endpoint.send("DELETE", &path, String::new()).await;
    assert_eq!(status, 204, "{answer}");
    let took = begun.elapsed().as_secs_f64();
    let what = format!("{name}, a group of {all} is deleted");
    figures.push(Figure::new(&what, took, "s", None));
}

/// Everybody, page by page.
async fn walk(endpoint: &Endpoint, name: &str, all: usize, figures: &mut Vec<Figure>) {
    let (begun, mut cursor, mut seen) = (Instant::now(), String::new(), 0);
    loop {
        let path = format!("/Users?count={PAGE}&excludedAttributes=groups&cursor={cursor}");
        let (status, page) = endpoint.send("GET", &path, String::new()).await;
        assert_eq!(status, 200, "{page}");
        seen += page["Resources"].as_array().unwrap().len();
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert!(seen >= all);
    let took = begun.elapsed().as_secs_f64();
    let what = format!("{name}, everybody of {all}, page by page, one connection");
    figures.push(Figure::new(&what, took, "s", None));
}

/// The same questions to scim2-server, which keeps nothing.
async fn peer_in_memory(figures: &mut Vec<Figure>) {
    let peer = Peer::scim();
    let endpoint = Endpoint::of(&peer);
    let people = created(&endpoint, 0..PEERS_PEOPLE).await;
    let group = group(&endpoint, "everybody", &people).await;
    let theirs = |what: &str| format!("scim2-server in memory, {what}");
    let seen = by_id(&peer, &endpoint, &people[0]);
    tell(
        figures,
        &theirs("somebody by id, 16 connections"),
        &seen,
        &NONE,
    );
    let seen = by_name(&peer, &endpoint, 500);
    tell(figures, &theirs("`userName eq` among 1,000"), &seen, &NONE);
    let took = joins_and_leaves(&endpoint, &group, &people[0], PEERS_TIMES).await;
    let what = theirs("a member more or less of a group of 1,000 (median)");
    figures.push(Figure::new(&what, took, "ms", None));
    let seen = pushed(&peer, "n");
    tell(
        figures,
        &theirs("somebody new, 16 connections"),
        &seen,
        &NONE,
    );
    let held = memory(peer.process());
    figures.push(Figure::new(
        &theirs("memory under that load"),
        held,
        "MiB",
        None,
    ));
}

/// Where people are sent.
#[derive(Clone)]
struct Endpoint {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Endpoint {
    fn of(peer: &Peer) -> Endpoint {
        Endpoint {
            http: http(),
            url: peer.word("scim_url").to_owned(),
            token: peer.word("scim_token").to_owned(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: String) -> (u16, Value) {
        let answer = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "application/scim+json")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// Makes the people of these numbers on sixteen connections, and returns their ids in order.
async fn created(endpoint: &Endpoint, numbers: std::ops::Range<usize>) -> Vec<String> {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..FEW {
        let (next, endpoint, end) = (Arc::clone(&next), endpoint.clone(), numbers.end);
        tasks.spawn(async move {
            let mut made = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return made;
                }
                let body = json!({
                    "schemas": [USER], "userName": format!("p{number}@acme.example"), "externalId": number.to_string(), "active": true,
                    "displayName": format!("Person {number}"), "name": { "givenName": "Person", "familyName": number.to_string() },
                    "emails": [{ "value": format!("p{number}@acme.example"), "type": "work", "primary": true }],
                });
                let (status, answer) = endpoint.send("POST", "/Users", body.to_string()).await;
                assert_eq!(status, 201, "{answer}");
                made.push((number, answer["id"].as_str().unwrap().to_owned()));
            }
        });
    }
    let mut all: Vec<(usize, String)> = tasks.join_all().await.into_iter().flatten().collect();
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id).collect()
}

/// Makes the groups, and fills each, a hundred members with a request. Everybody but the last few is in as many as anybody.
async fn grouped(endpoint: &Endpoint, people: &Arc<Vec<String>>, organization: &Organization) {
    let Organization {
        groups, members, ..
    } = *organization;
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..FEW {
        let (next, endpoint, people) = (Arc::clone(&next), endpoint.clone(), Arc::clone(people));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= groups {
                    return;
                }
                let from = number * 97 % (people.len() - members);
                let members = &people[from..from + members];
                group(&endpoint, &format!("group {number}"), members).await;
            }
        });
    }
    tasks.join_all().await;
}

/// Makes a group and fills it.
async fn group(endpoint: &Endpoint, name: &str, members: &[String]) -> String {
    let body = json!({ "schemas": [GROUP], "displayName": name });
    let (status, answer) = endpoint.send("POST", "/Groups", body.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let group = answer["id"].as_str().unwrap().to_owned();
    for members in members.chunks(TOGETHER) {
        join(endpoint, &group, members).await;
    }
    group
}

async fn join(endpoint: &Endpoint, group: &str, members: &[String]) {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let operations = json!([{ "op": "add", "path": "members", "value": members }]);
    patch(endpoint, group, operations).await;
}

async fn patch(endpoint: &Endpoint, group: &str, operations: Value) {
    let body = json!({ "schemas": [PATCH], "Operations": operations });
    let path = format!("/Groups/{group}");
    let (status, answer) = endpoint.send("PATCH", &path, body.to_string()).await;
    assert!(matches!(status, 200 | 204), "{answer}");
}

/// What it takes to take a member out and to put them in again, each by itself, in milliseconds.
async fn joins_and_leaves(endpoint: &Endpoint, group: &str, person: &str, times: usize) -> f64 {
    join(endpoint, group, &[person.to_owned()]).await;
    let mut wire = Wire::new(&endpoint.url, &endpoint.token);
    let path = format!("/Groups/{group}");
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{person}\"]") }]);
    let joins = json!([{ "op": "add", "path": "members", "value": [{ "value": person }] }]);
    let bodies = [leaves, joins]
        .map(|operations| json!({ "schemas": [PATCH], "Operations": operations }).to_string());
    let mut took = Vec::new();
    for body in bodies.iter().cycle().take(2 * times) {
        let (status, lasted) = wire.send("PATCH", &path, body);
        assert!(matches!(status, 200 | 204), "{status}");
        took.push(lasted.as_secs_f64() * 1000.0);
    }
    median(took)
}

fn by_id(peer: &Peer, endpoint: &Endpoint, id: &str) -> Load {
    looked_up(peer, endpoint, &format!("/Users/{id}"))
}

fn by_name(peer: &Peer, endpoint: &Endpoint, number: usize) -> Load {
    let name = format!("p{number}@acme.example");
    looked_up(
        peer,
        endpoint,
        &format!("/Users?filter=userName%20eq%20%22{name}%22"),
    )
}

fn looked_up(peer: &Peer, endpoint: &Endpoint, path: &str) -> Load {
    let bearer = format!("authorization: Bearer {}", endpoint.token);
    let address = format!("{}{path}", endpoint.url);
    load(peer.process(), FEW, &address, &["-H", &bearer])
}

fn pushed(peer: &Peer, prefix: &str) -> Load {
    let script = checkout().join("scripts/speed/users.lua");
    let bearer = format!("authorization: Bearer {}", peer.word("scim_token"));
    let url: url::Url = peer.word("scim_url").parse().unwrap();
    let path = format!("{}/Users", url.path());
    let words = [
        "-s",
        script.to_str().unwrap(),
        "-H",
        &bearer,
        "-H",
        "content-type: application/scim+json",
        "--",
        &path,
        prefix,
    ];
    load(peer.process(), FEW, peer.word("endpoint"), &words)
}
