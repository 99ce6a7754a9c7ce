//! An identity provider sends people and groups to several instances, some of which are killed meanwhile. Whatever was answered holds,
//! nobody is there twice, and whom one instance has deactivated no other takes.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use kiro_identity_center::id::UserId;
use kiro_identity_center::provisioning::{Provisioner, issue};
use kiro_scim::Manner;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::cluster::{Cluster, INSTANCES, ORGANIZATION};
use super::ended::{gives, is_taken, nothing_is_left};
use super::killed::{Dice, OVER, Tally, killers};
use super::wire::tell;
use worker::Worker;

mod worker;

/// Connections of the identity provider that work at the same time.
const WORKERS: u64 = 6;
const BASE: &str = "/acme/scim/v2";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// So many answers are waited for. Long runs set `KIRO_SOAK`.
fn answers() -> u64 {
    if std::env::var_os("KIRO_SOAK").is_some() {
        30_000
    } else {
        900
    }
}

/// The connection, and a token of it.
async fn connected(cluster: &Cluster) -> (Provisioner, String) {
    let (store, now) = (&cluster.store, Timestamp::now());
    let kept = store.keep_provisioner(ORGANIZATION, "okta", Manner::Rfc, now);
    let (kept, (token, digest)) = (kept.await.unwrap(), issue());
    let added = store.add_scim_token(kept.id, digest, now).await.unwrap();
    added.unwrap();
    (kept, token.expose_secret().to_owned())
}

fn patch(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_are_killed_lose_nothing_of_what_is_provisioned() {
    let seed = u64::from(std::process::id());
    drop(writeln!(io::stderr(), "seed {seed}"));
    let cluster = Arc::new(Cluster::new().await);
    let (_, token) = connected(&cluster).await;
    let (answered, seen) = watch::channel(0);
    let tally = Arc::new(Tally {
        answered,
        unanswered: AtomicU64::new(0),
    });
    let mut killers = killers(&cluster, seed, &seen);
    let mut busy = JoinSet::new();
    for number in 0..WORKERS {
        let dice = Dice::new(seed + 100 + number);
        let worker = Worker::new(
            cluster.balancer,
            token.clone(),
            Arc::clone(&tally),
            number,
            dice,
        );
        busy.spawn(worker.works(answers()));
    }
    let mut workers = Vec::new();
    while workers.len() < WORKERS as usize {
        // An instance that cannot be started ends the test, too.
        tokio::select! {
            Some(done) = busy.join_next() => match done {
                Ok(worker) => workers.push(worker),
                Err(error) => panic!("{error}: {}", cluster.logs()),
            },
            Some(ended) = killers.join_next() => panic!("{ended:?}", ended = ended.map(|(_, kills)| kills)),
        }
    }
    let answers = tally.answered.send_replace(OVER);
    let running = killers.join_all().await;
    let kills: u32 = running.iter().map(|(_, kills)| kills).sum();
    let unanswered = tally.unanswered.load(Ordering::Relaxed);
    drop(writeln!(
        io::stderr(),
        "{answers} answers, {kills} kills, {unanswered} requests without an answer"
    ));
    // Else nothing was tried.
    assert!(
        kills >= 6 && unanswered >= 3,
        "{kills} kills, {unanswered} without an answer"
    );
    let people = everybody(&cluster, &token).await;
    let mut expected = BTreeMap::new();
    for worker in &workers {
        expected.extend(worker.people());
        worker.group_is_as_it_was_told().await;
    }
    assert_eq!(people, expected);
    let whole = cluster.store.verify_audit().await.unwrap();
    assert!(whole.is_ok(), "{whole:?}");
    // Some left because the workers said so: that is told, and nothing else.
    let logs = cluster.logs();
    let mut told = logs.lines();
    assert!(
        told.all(|line| line.contains("unusually many people leave")),
        "{logs}"
    );
}

/// Whoever is there, by name, and whether they are active. Nobody is there twice, whatever the case.
async fn everybody(cluster: &Cluster, token: &str) -> BTreeMap<String, bool> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("GET {BASE}/Users?count=40&cursor={cursor}&attributes=userName,active");
        let page = tell(cluster.instances[0], &path, token, &json!({})).await;
        let (status, page) = page.unwrap();
        assert_eq!(status, 200, "{page}");
        for one in page["Resources"].as_array().unwrap() {
            let name = one["userName"].as_str().unwrap().to_lowercase();
            let twice = all.insert(name, one["active"].as_bool().unwrap());
            assert_eq!(twice, None, "{one}");
        }
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_provisioned_at_one_instance_holds_at_every_other() {
    let cluster = Cluster::new().await;
    let _running: Vec<_> = (0..INSTANCES).map(|number| cluster.start(number)).collect();
    let (okta, token) = connected(&cluster).await;
    let store = &cluster.store;
    let handed = store.hand_over_group(&okta, cluster.group, Timestamp::now());
    handed.await.unwrap().unwrap();
    for how in [
        "deactivated",
        "deleted",
        "left the group",
        "the group deleted",
    ] {
        let user = cluster.joined_by(how).await;
        let handed = store.hand_over_user(&okta, user, Timestamp::now());
        handed.await.unwrap().unwrap();
        let given = gives(&cluster, user).await;
        for at in &cluster.instances {
            assert_eq!(is_taken(*at, &given.access).await, [true; 3], "{how}");
        }
        let begun = Instant::now();
        let (status, said) = leaves(&cluster, &token, user, how).await;
        assert!(status == 200 || status == 204, "{how}: {status} {said}");
        nothing_is_left(&cluster, &given, how, begun).await;
    }
    one_of_several_makes_them(&cluster, &token).await;
}

/// At the second instance, whereas what is taken was given at the first.
async fn leaves(cluster: &Cluster, token: &str, user: UserId, how: &str) -> (u16, Value) {
    let (at, group) = (cluster.instances[1], cluster.group);
    let inactive = patch(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let path = format!("members[value eq \"{user}\"]");
    let out = patch(json!([{ "op": "remove", "path": path }]));
    let (request, body) = match how {
        "deactivated" => (format!("PATCH {BASE}/Users/{user}"), inactive),
        "deleted" => (format!("DELETE {BASE}/Users/{user}"), json!({})),
        "left the group" => (format!("PATCH {BASE}/Groups/{group}"), out),
        _ => (format!("DELETE {BASE}/Groups/{group}"), json!({})),
    };
    tell(at, &request, token, &body).await.unwrap()
}

/// A name is given once, whoever asks for it where, in whatever case.
async fn one_of_several_makes_them(cluster: &Cluster, token: &str) {
    for round in 0..8 {
        let mut asked = JoinSet::new();
        for (place, name) in ["straße", "STRASSE", "Straße"].into_iter().enumerate() {
            let (at, token) = (cluster.instances[place], token.to_owned());
            let said = json!({ "schemas": [USER], "userName": format!("{name}-{round}") });
            asked.spawn(async move {
                let made = tell(at, &format!("POST {BASE}/Users"), &token, &said).await;
                made.unwrap().0
            });
        }
        let mut answers = asked.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers, [201, 409, 409], "{round}");
    }
}
