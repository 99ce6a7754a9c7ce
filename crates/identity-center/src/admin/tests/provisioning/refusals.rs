//! Whatever a connection is refused is in its log, by the name of whom it was about.

use super::*;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// The refusals in a connection's log, the oldest first: whom they are about, the status, and why.
async fn refusals(service: &Running, owner: &str) -> Vec<(String, i64, String)> {
    let log = ask(
        service,
        owner,
        "GET",
        "/provisioning/okta/log",
        &Value::Null,
    )
    .await;
    let log = log.json();
    let entries = log["items"].as_array().unwrap().iter().rev();
    let refused = entries.filter(|entry| entry["action"] == "scim.refuse");
    let told = refused.map(|entry| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let detail = &entry["detail"];
        assert_eq!(entry["outcome"], "refused");
        (
            text(&entry["subject"]),
            detail["status"].as_i64().unwrap(),
            text(&detail["why"]),
        )
    });
    told.collect()
}

fn patch(operation: Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [operation] })
}

#[tokio::test]
async fn what_is_refused_is_told_by_name_also_within_a_bulk_request() {
    let (service, owner) = looked_after().await;
    let okta = provisioner(&service, &owner, "okta").await;
    let noor = format!("/Users/{}", pushed(&service, &okta, "noor").await);
    let group = json!({ "schemas": [GROUP], "displayName": "Team" });
    let team = scim(&service, &okta, "POST", "/Groups", &group)
        .await
        .json();
    let team = format!("/Groups/{}", team["id"].as_str().unwrap());
    let nobody = format!("/Users/{}", "0".repeat(32));
    let maybe = patch(json!({ "op": "add", "path": "active", "value": "maybe" }));
    let vague = patch(json!({ "op": "remove", "path": "members[value sw \"a\"]" }));
    for (method, path, body, status) in [
        ("PATCH", &noor, &maybe, 400),
        ("PUT", &noor, &json!({ "schemas": [USER] }), 400),
        ("PATCH", &team, &vague, 400),
        ("PATCH", &nobody, &deactivation(), 404),
    ] {
        let refused = scim(&service, &okta, method, path, body).await;
        assert_eq!(
            refused.status,
            status,
            "{method} {path}: {}",
            refused.text()
        );
    }
    let operations = json!([
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "schemas": [USER], "userName": "NOOR" } },
        { "method": "PATCH", "path": noor, "data": maybe },
        { "method": "DELETE", "path": "/Users/bulkId:b" },
        { "method": "PATCH", "path": noor, "data": deactivation() },
    ]);
    let bulk = json!({ "schemas": [BULK], "Operations": operations });
    let done = scim(&service, &okta, "POST", "/Bulk", &bulk).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let told = refusals(&service, &owner).await;
    let of: Vec<_> = told
        .iter()
        .map(|(name, status, _)| (name.as_str(), *status))
        .collect();
    assert_eq!(
        of,
        [
            ("noor", 400),
            ("noor", 400),
            ("Team", 400),
            (&nobody[1..], 404),
            ("NOOR", 409),
            ("noor", 400),
            ("Users/bulkId:b", 400),
        ]
    );
    assert!(told[4].2.contains("taken by noor"), "{told:?}");
}

/// Nothing was read of these requests, and still somebody looks for them.
#[tokio::test]
async fn what_was_too_long_or_too_late_is_told() {
    let service = Running::start().await;
    let (user, owner) = administrator(&service, "acme", Role::Owner).await;
    let okta = provisioner(&service, &owner, "okta").await;
    let bearer = format!("Bearer {okta}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/scim+json"),
    ];
    let long = {
        let body = vec![b' '; 4 * 1024 * 1024 + 1];
        service
            .send("POST", "/acme/scim/v2/Users", &headers, &body)
            .await
            .status
    };
    assert_eq!(long, 413);
    service.pass(crate::provisioning::TOKEN_LIFETIME.as_secs());
    let owner =
        super::super::token(&service, user, &["openid", "admin"], &["pwd", "otp", "mfa"]).await;
    let late = scim(&service, &okta, "GET", "/Users", &Value::Null).await;
    assert_eq!(late.status, 401);
    let wrong = scim(&service, "kscim_wrong", "GET", "/Users", &Value::Null).await;
    assert_eq!(
        (late.status, late.text()),
        (wrong.status, wrong.text()),
        "nobody else is told"
    );
    let elsewhere = service.get("/hinoki/scim/v2/Users", &headers).await;
    assert_eq!(elsewhere.status, 401);
    let told = refusals(&service, &owner).await;
    let of: Vec<_> = told
        .iter()
        .map(|(name, status, _)| (name.as_str(), *status))
        .collect();
    assert_eq!(of, [("Users", 413), ("Users", 401)]);
}
