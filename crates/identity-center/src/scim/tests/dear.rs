//! What takes long holds nobody up who did not ask for it.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::Notify;

use super::*;

/// A filter that no index answers, as long as one may be.
fn long_filter() -> String {
    let test = "title co \"x\"";
    filtered(&vec![test; 8 * 1024 / (test.len() + 4)].join(" or "))
}

/// A PATCH that is long to read.
fn long_patch() -> Vec<u8> {
    let operation = json!({ "op": "replace", "path": "title", "value": "y".repeat(100) });
    let body = json!({ "schemas": [PATCH], "Operations": vec![operation; 200] });
    body.to_string().into_bytes()
}

/// One thread answers. Whoever asks something simple meanwhile has the answer first.
#[tokio::test]
async fn another_request_is_answered_while_a_dear_one_is_decided() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    for number in 0..25 {
        let said = json!({ "userName": format!("u{number}"), "title": "é".repeat(30) });
        endpoint.user(said).await;
    }
    let path = format!("/Users?{}", long_filter());
    let (mut dear, mut answered) = (pin!(endpoint.get(&path)), 0);
    let decided = loop {
        let other = endpoint.find("/Users", "userName eq \"U7\"");
        tokio::select! {
            decided = &mut dear => break decided,
            other = other => {
                assert_eq!(names(&other), ["u7"]);
                answered += 1;
            }
        }
    };
    assert_eq!(decided.json()["totalResults"], json!(0));
    assert!(answered > 0, "everybody waited for it");
}

#[tokio::test]
async fn so_many_dear_requests_are_done_at_once_and_so_many_wait() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let ben = endpoint.user(json!({ "userName": "ben" })).await;
    let (apart, done) = (&endpoint.service.center.apart, Arc::new(Notify::new()));
    let mut busy = Vec::new();
    for _ in 0..4 {
        let (apart, done) = (apart.clone(), Arc::clone(&done));
        busy.push(tokio::spawn(async move {
            apart
                .run(Box::pin(async move { done.notified().await }))
                .await
        }));
    }
    while apart.running() < 4 {
        tokio::task::yield_now().await;
    }
    // A long filter, a search, a long body, a page far behind: each waits, and nothing else does.
    let search = json!({ "schemas": [SEARCH], "filter": "title pr" });
    let filter = format!("/Users?{}", long_filter());
    let (patch, at) = (long_patch(), path(&ben));
    let mut dear = [
        ("GET", filter.as_str(), Vec::new()),
        ("GET", "/Users?startIndex=5000", Vec::new()),
        ("GET", "/Users?sortBy=userName", Vec::new()),
        ("GET", "/Users?filter=active+eq+true", Vec::new()),
        ("POST", "/Users/.search", search.to_string().into_bytes()),
        ("PATCH", at.as_str(), patch),
    ];
    for (method, path, body) in &mut dear {
        let mut waits = pin!(endpoint.send(method, path, &[FORM], body));
        for cheap in ["/Users", "/Users?filter=externalId+eq+%22e%22", at.as_str()] {
            tokio::select! {
                biased;
                early = &mut waits => panic!("{method} {path}: {}", early.text()),
                other = endpoint.get(cheap) => assert_eq!(other.status, 200, "{cheap}"),
            }
        }
    }
    // More of them than may wait are told to come again.
    let mut waiting = Vec::new();
    while apart.is_open() {
        assert!(waiting.len() < 100, "everybody may wait");
        let apart = apart.clone();
        waiting.push(tokio::spawn(
            async move { apart.run(Box::pin(async {})).await },
        ));
        tokio::task::yield_now().await;
    }
    let refused = endpoint.get("/Users?sortBy=userName").await;
    assert_refused(&refused, 429, None, "busy");
    assert_eq!(refused.header("retry-after"), Some("5"));
    let long = endpoint.send("PATCH", &at, &[FORM], &long_patch()).await;
    assert_refused(&long, 429, None, "busy");
    done.notify_waiters();
    for work in busy.into_iter().chain(waiting) {
        work.await.unwrap().unwrap();
    }
    let again = endpoint.get("/Users?sortBy=userName").await;
    assert_eq!(names(&again.json()), ["ben"]);
    let log = format!(
        "{:?}",
        endpoint
            .service
            .center
            .store
            .audit_entries(0, 100)
            .await
            .unwrap()
    );
    assert!(
        log.contains("scim:okta"),
        "what is done apart is done by the connection: {log}"
    );
    let log = endpoint
        .service
        .center
        .store
        .audit_entries(0, 100)
        .await
        .unwrap();
    let refused = log.iter().filter(|entry| entry.action == "scim.refuse");
    let refused: Vec<_> = refused.map(|entry| entry.subject.as_str()).collect();
    assert_eq!(
        refused,
        ["Users", "ben"],
        "whoever was told to come again is in the log"
    );
}
