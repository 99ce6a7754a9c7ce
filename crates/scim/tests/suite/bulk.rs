//! Bulk requests (RFC 7644 §3.7).

use std::collections::BTreeMap;

use kiro_scim::{Bulk, BulkOutcome, Refusal, Tally, bulk_response, json::Object};
use proptest::prelude::*;
use serde_json::{Value, json};

const URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn bulk(operations: Value) -> Result<Bulk, Refusal> {
    let body = json!({ "schemas": [URN], "failOnErrors": 1, "Operations": operations });
    Bulk::of(body.as_object().unwrap(), 10)
}

fn post(name: &str, data: Value) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": data })
}

#[test]
fn what_refers_to_another_comes_after_it() {
    let check = |operations: Value, order: &[usize], refused: &[usize]| {
        let (found, refusals) = bulk(operations.clone()).unwrap().order();
        let found_refused: Vec<usize> = refusals.iter().map(|(index, _)| *index).collect();
        assert_eq!(
            (found.as_slice(), found_refused.as_slice()),
            (order, refused),
            "{operations}"
        );
    };
    let member =
        |name: &str| json!({ "members": [{ "type": "User", "value": format!("bulkId:{name}") }] });
    check(
        json!([post("a", json!({})), post("b", json!({}))]),
        &[0, 1],
        &[],
    );
    check(
        json!([post("g", member("u")), post("u", json!({}))]),
        &[1, 0],
        &[],
    );
    check(
        json!([
            post("g", member("u")),
            post("x", json!({})),
            post("u", json!({}))
        ]),
        &[1, 2, 0],
        &[],
    );
    // What changes somebody makes nobody.
    let changes = json!({ "method": "PATCH", "bulkId": "p", "path": "/Users/1", "data": {} });
    check(json!([changes, post("g", member("p"))]), &[0], &[1]);
    // As near to the client's order as can be.
    check(
        json!([
            post("g", member("u")),
            post("u", json!({})),
            post("x", json!({}))
        ]),
        &[1, 0, 2],
        &[],
    );
    let patch = json!({ "method": "patch", "path": "/Users/bulkId:u", "data": {} });
    check(json!([patch, post("u", json!({}))]), &[1, 0], &[]);
    // In a circle, and to nothing.
    check(
        json!([
            post("a", member("b")),
            post("b", member("a")),
            post("c", json!({}))
        ]),
        &[2],
        &[0, 1],
    );
    check(json!([post("a", member("x"))]), &[], &[0]);
    check(json!([post("a", member("a"))]), &[], &[0]);
    let (_, refusals) = bulk(json!([post("a", member("a")), post("b", member("x"))]))
        .unwrap()
        .order();
    let statuses: Vec<u16> = refusals
        .iter()
        .map(|(_, refusal)| refusal.status())
        .collect();
    assert_eq!(statuses, [409, 400]);
}

#[test]
fn names_become_ids() {
    let operations = json!([
        { "method": "PUT", "path": "/Groups/bulkId:g", "version": "W/\"3\"", "data": {
            "members": [{ "value": "bulkId:u" }, { "value": "plain bulkId:u" }], "displayName": "bulkId" } },
    ]);
    let bulk = bulk(operations).unwrap();
    let ids = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, id)| ((*name).to_owned(), (*id).to_owned()))
            .collect()
    };
    let resolved = bulk.operations[0]
        .resolved(&ids(&[("g", "1"), ("u", "2")]))
        .unwrap();
    assert_eq!(resolved.path, "/Groups/1");
    assert_eq!(
        Value::Object(resolved.data),
        json!({ "members": [{ "value": "2" }, { "value": "plain bulkId:u" }], "displayName": "bulkId" })
    );
    let missing = bulk.operations[0].resolved(&ids(&[("g", "1")]));
    assert_eq!(missing, Err(Refusal::Unresolved("u".into())));
}

#[test]
fn errors_are_counted() {
    let mut bulk = bulk(json!([])).unwrap();
    let mut tally = Tally::of(&bulk);
    assert!(tally.goes_on(false));
    assert!(!tally.goes_on(true));
    bulk.fail_on_errors = None;
    let mut tally = Tally::of(&bulk);
    assert!((0..100).all(|_| tally.goes_on(true)));
}

#[test]
fn what_is_refused_and_how() {
    let check = |operations: Value, member: &str| match bulk(operations.clone()) {
        Err(Refusal::Message { member: found, .. }) => assert_eq!(found, member, "{operations}"),
        other => panic!("{operations}: {other:?}"),
    };
    check(json!({}), "Operations");
    check(json!([1]), "Operations");
    check(json!([{ "path": "/Users", "bulkId": "a" }]), "method");
    check(json!([{ "method": "GET", "path": "/Users" }]), "method");
    check(json!([{ "method": "POST", "bulkId": "a" }]), "path");
    check(json!([{ "method": "POST", "path": "/Users" }]), "bulkId");
    check(
        json!([{ "method": "POST", "path": "/Users", "bulkId": 7 }]),
        "bulkId",
    );
    check(
        json!([{ "method": "POST", "path": "/Users", "bulkId": "a", "data": [] }]),
        "data",
    );
    check(
        json!([post("a", json!({})), post("a", json!({}))]),
        "bulkId",
    );
    let many: Vec<Value> = (0..11).map(|n| post(&n.to_string(), json!({}))).collect();
    assert!(bulk(many[..10].to_vec().into()).is_ok());
    assert_eq!(bulk(many.into()), Err(Refusal::BulkTooLong(10)));
    for wrong in [json!(0), json!(-1), json!("1"), json!(1.5)] {
        let body = json!({ "schemas": [URN], "failOnErrors": wrong, "Operations": [] });
        assert!(Bulk::of(body.as_object().unwrap(), 10).is_err());
    }
    assert_eq!(Bulk::of(&Object::new(), 10), Err(Refusal::Schemas(URN)));
}

#[test]
fn the_answer_is_in_the_client_s_order() {
    let bulk =
        bulk(json!([post("a", json!({})), { "method": "DELETE", "path": "/Users/1" }])).unwrap();
    let outcome = |status, location: Option<&str>, response| BulkOutcome {
        status,
        location: location.map(str::to_owned),
        version: None,
        response,
    };
    let outcomes = BTreeMap::from([
        (1, outcome(204, Some("https://id.example/Users/1"), None)),
        (0, outcome(409, None, Some(json!({ "status": "409" })))),
    ]);
    assert_eq!(
        bulk_response(&bulk, &outcomes),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": [
                { "method": "POST", "bulkId": "a", "status": "409", "response": { "status": "409" } },
                { "method": "DELETE", "location": "https://id.example/Users/1", "status": "204" },
            ],
        })
    );
}

proptest! {
    #[test]
    fn every_operation_is_ordered_after_what_it_needs_or_refused(
        needs in prop::collection::vec(prop::collection::vec(0usize..8, 0..3), 1..8)
    ) {
        let operations: Vec<Value> = needs.iter().enumerate().map(|(index, needs)| {
            let members: Vec<Value> = needs.iter().map(|name| json!({ "value": format!("bulkId:{name}") })).collect();
            post(&index.to_string(), json!({ "members": members }))
        }).collect();
        let (order, refused) = bulk(operations.into()).unwrap().order();
        prop_assert_eq!(order.len() + refused.len(), needs.len());
        for (position, index) in order.iter().enumerate() {
            for needed in &needs[*index] {
                prop_assert!(order[..position].contains(needed));
            }
        }
        for (index, _) in &refused {
            prop_assert!(needs[*index].iter().any(|needed| !order.contains(needed)));
        }
    }
}
