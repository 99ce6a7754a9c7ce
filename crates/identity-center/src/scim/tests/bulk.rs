//! Several requests in one (RFC 7644 §3.7).

use super::*;

async fn bulk(endpoint: &Endpoint, operations: Value, fail_on_errors: Option<u32>) -> Answer {
    let mut body = json!({ "schemas": [BULK], "Operations": operations });
    if let Some(number) = fail_on_errors {
        body["failOnErrors"] = json!(number);
    }
    endpoint.give("POST", "/Bulk", &body).await
}

fn statuses(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let all = body["Operations"].as_array().unwrap().iter();
    all.map(|one| one["status"].as_str().unwrap().to_owned())
        .collect()
}

fn makes(id: &str, name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "schemas": [USER], "userName": name } })
}

fn forms(id: &str, name: &str, members: &[&str]) -> Value {
    let members: Value = members
        .iter()
        .map(|id| json!({ "value": format!("bulkId:{id}") }))
        .collect();
    json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": { "schemas": [GROUP], "displayName": name, "members": members } })
}

#[tokio::test]
async fn operations_refer_to_what_others_make_before_or_behind_them() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let operations = json!([
        forms("g1", "Before", &["u1"]), makes("u1", "ben"), forms("g2", "Behind", &["u1", "u2"]), makes("u2", "ada"),
        { "method": "PATCH", "path": "/Users/bulkId:u1", "data": { "schemas": [PATCH], "Operations": [{ "op": "add", "path": "title", "value": "Guide" }] } },
    ]);
    let answer = bulk(&endpoint, operations, None).await;
    assert_eq!(statuses(&answer), ["201", "201", "201", "201", "200"]);
    let done = answer.json()["Operations"].clone();
    assert_eq!(
        (&done[1]["bulkId"], &done[1]["version"]),
        (&json!("u1"), &json!("W/\"1\""))
    );
    let patched = done[4]["version"].as_str().unwrap();
    assert!(patched.starts_with("W/\"2."), "in groups: {patched}");
    for (index, members) in [(0, 1), (2, 2)] {
        let location = done[index]["location"].as_str().unwrap();
        let group = endpoint
            .get(&location[endpoint.base().len()..])
            .await
            .json();
        assert_eq!(group["members"].as_array().unwrap().len(), members);
    }
    assert_eq!(
        names(&endpoint.find("/Users", "title eq \"guide\"").await),
        ["ben"]
    );

    let at = done[1]["location"].as_str().unwrap()[endpoint.base().len()..].to_owned();
    let operations = json!([
        { "method": "DELETE", "path": at, "version": "W/\"1\"" }, { "method": "PUT", "path": at, "data": { "schemas": [USER], "userName": "benjamin" } },
        { "method": "delete", "path": at, "version": "W/\"3\"" }, { "method": "DELETE", "path": at },
    ]);
    let answer = bulk(&endpoint, operations, None).await;
    assert_eq!(statuses(&answer), ["412", "200", "204", "404"]);
    let refused = &answer.json()["Operations"][0];
    assert_eq!(
        (&refused["response"]["status"], &refused["location"]),
        (&json!("412"), &json!(format!("{}{at}", endpoint.base())))
    );
}

/// RFC 7644 §3.7: `location` is where the resource is; of one that was never made there is none.
#[tokio::test]
async fn what_is_referred_to_by_a_name_is_answered_with_its_address() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let title = json!({ "op": "add", "path": "active", "value": "maybe" });
    let operations = json!([
        makes("a", "ada"),
        { "method": "PATCH", "path": "/Users/bulkId:a", "data": { "schemas": [PATCH], "Operations": [title] } },
        { "method": "DELETE", "path": "/Users/bulkId:a" },
        { "method": "DELETE", "path": "/Users/bulkId:b" },
        makes("c", " "),
        { "method": "DELETE", "path": "/Users/bulkId:c" },
    ]);
    let answer = bulk(&endpoint, operations, None).await;
    assert_eq!(
        statuses(&answer),
        ["201", "400", "204", "400", "400", "409"]
    );
    let done = &answer.json()["Operations"];
    let made = done[0]["location"].as_str().unwrap();
    assert!(made.starts_with(&format!("{}/Users/", endpoint.base())));
    for (index, at) in [
        (1, json!(made)),
        (2, json!(made)),
        (3, json!(null)),
        (4, json!(null)),
        (5, json!(null)),
    ] {
        assert_eq!(done[index]["location"], at, "{}", done[index]);
    }
}

#[tokio::test]
async fn what_can_never_be_done_is_refused_and_the_rest_is_done() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let refers = |id: &str, to: &str| {
        let data = json!({ "schemas": [USER], "userName": id, ENTERPRISE: { "manager": { "value": format!("bulkId:{to}") } } });
        json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": data })
    };
    let operations = json!([
        refers("a", "b"),
        refers("b", "a"),
        makes("c", "carl"),
        forms("d", "Team", &["nobody"]),
        makes("e", "CARL"),
        forms("f", "Crew", &["e"])
    ]);
    let answer = bulk(&endpoint, operations, None).await;
    assert_eq!(
        statuses(&answer),
        ["409", "409", "201", "400", "409", "409"]
    );
    let circle = json!([refers("a", "b"), refers("b", "a")]);
    let first = bulk(&endpoint, circle, Some(1)).await;
    assert_eq!(statuses(&first), ["409"], "so many errors and no more");
    assert_eq!(
        endpoint.get("/Users").await.json()["totalResults"],
        json!(1)
    );
    assert_eq!(
        endpoint.get("/Groups").await.json()["totalResults"],
        json!(0)
    );
}

#[tokio::test]
async fn after_so_many_errors_nothing_more_is_done() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let nothing =
        |number: u32| json!({ "method": "DELETE", "path": format!("/Users/{number:032}") });
    let operations = json!([
        makes("a", "ada"),
        nothing(1),
        makes("b", "ben"),
        nothing(2),
        makes("c", "carl")
    ]);
    let answer = bulk(&endpoint, operations.clone(), Some(2)).await;
    assert_eq!(statuses(&answer), ["201", "404", "201", "404"]);
    assert_eq!(
        names(&endpoint.get("/Users?sortBy=userName").await.json()),
        ["ada", "ben"]
    );
    let again = bulk(&endpoint, operations, None).await;
    assert_eq!(statuses(&again), ["409", "404", "409", "404", "201"]);
    let elsewhere = json!([
        { "method": "POST", "path": "/Bulk", "bulkId": "x", "data": {} }, { "method": "DELETE", "path": "/Users" },
        { "method": "POST", "path": "/Users/.search", "bulkId": "y", "data": {} }, { "method": "PATCH", "path": "/../../admin" },
    ]);
    assert_eq!(
        statuses(&bulk(&endpoint, elsewhere, None).await),
        ["404", "404", "404", "404"]
    );
}

#[tokio::test]
async fn a_bulk_request_has_a_thousand_operations_at_most() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let nothing =
        |count: usize| vec![json!({ "method": "DELETE", "path": "/Users/x" }); count].into();
    assert_eq!(
        statuses(&bulk(&endpoint, nothing(1000), Some(1)).await),
        ["404"]
    );
    let long = bulk(&endpoint, nothing(1001), None).await;
    assert_refused(&long, 413, None, "1,001");
    assert_eq!(statuses(&bulk(&endpoint, nothing(0), None).await), [""; 0]);
}
