//! What Okta's and Entra ID's clients send, in the order in which they send it.

use super::*;

/// Look-up before create, GET and PUT, a PATCH of `active` without a path, group push.
#[tokio::test]
async fn okta_makes_changes_pushes_and_deactivates() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let name = "test.user@okta.local";
    let look_up = format!(
        "/Users?{}&startIndex=1&count=100",
        filtered(&format!("userName eq \"{name}\""))
    );
    let none = endpoint.get(&look_up).await.json();
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&json!(0), &json!([]))
    );
    let said = json!({
        "schemas": [USER], "userName": name, "name": { "givenName": "Test", "familyName": "User", "middleName": "" },
        "emails": [{ "primary": true, "value": name, "type": "work" }], "displayName": "Test User", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
    });
    let made = endpoint.give("POST", "/Users", &said).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let at = path(&made.json());
    assert_eq!(
        endpoint.get(&look_up).await.json()["totalResults"],
        json!(1)
    );
    let twice = endpoint.give("POST", "/Users", &said).await;
    assert_refused(&twice, 409, Some("uniqueness"), "twice");

    // It reads, changes, and writes the whole back.
    let mut whole = endpoint.get(&at).await.json();
    let same = endpoint.give("PUT", &at, &whole).await;
    assert_eq!(
        (same.status, same.json()),
        (200, whole.clone()),
        "nothing changed"
    );
    whole["displayName"] = json!("Tess User");
    let renamed = endpoint.give("PUT", &at, &whole).await;
    assert_eq!(
        (renamed.status, renamed.header("etag")),
        (200, Some("W/\"2\""))
    );

    let active = |active: bool| json!([{ "op": "replace", "value": { "active": active } }]);
    let off = endpoint.patch(&at, active(false)).await;
    assert_eq!((off.status, &off.json()["active"]), (200, &json!(false)));
    assert_eq!(
        endpoint.get(&look_up).await.json()["Resources"][0]["active"],
        json!(false),
        "still readable"
    );
    assert_eq!(
        endpoint.patch(&at, active(true)).await.json()["active"],
        json!(true)
    );

    // Group push.
    let none = endpoint
        .find("/Groups", "displayName eq \"Test SCIMv2\"")
        .await;
    assert_eq!(none["totalResults"], json!(0));
    let user = made.json();
    let pushed = json!({ "schemas": [GROUP], "displayName": "Test SCIMv2", "members": [{ "value": user["id"], "display": name }] });
    let pushed = endpoint.give("POST", "/Groups", &pushed).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let (group, of) = (pushed.json(), path(&pushed.json()));
    let renamed =
        json!([{ "op": "replace", "value": { "id": group["id"], "displayName": "Test SCIMv0" } }]);
    assert_eq!(endpoint.patch(&of, renamed).await.status, 204);
    let other = endpoint
        .user(json!({ "userName": "other@okta.local" }))
        .await;
    let moved = json!([
        { "op": "remove", "path": format!("members[value eq \"{}\"]", user["id"].as_str().unwrap()) },
        { "op": "add", "path": "members", "value": [{ "value": other["id"], "display": "other@okta.local" }] },
    ]);
    assert_eq!(endpoint.patch(&of, moved).await.status, 204);
    let members = async || {
        let group = endpoint.get(&of).await.json();
        let all = group["members"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|one| one["value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(members().await, [other["id"].as_str().unwrap()]);
    let all = json!([{ "op": "replace", "path": "members", "value": [{ "value": user["id"] }, { "value": other["id"] }] }]);
    assert_eq!(endpoint.patch(&of, all).await.status, 204);
    assert_eq!(members().await.len(), 2);
    assert_eq!(endpoint.delete(&of).await.status, 204);
    let page = endpoint.get("/Users?startIndex=1&count=2").await.json();
    assert_eq!(
        (&page["totalResults"], &page["itemsPerPage"]),
        (&json!(2), &json!(2))
    );
}

/// With and without `aadOptscim062020`.
#[tokio::test]
async fn entra_id_makes_changes_and_removes() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let none = format!(
        "/Users?aadOptscim062020&{}",
        filtered("externalId eq \"0a21f0f2\"")
    );
    assert_eq!(endpoint.get(&none).await.json()["totalResults"], json!(0));
    let said = json!({
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2", "userName": "Test_User_ab6490ee", "active": "True",
        "emails": [{ "primary": "True", "type": "work", "value": "Test_User_fd0ea19b@testuser.com" }], "meta": { "resourceType": "User" },
        "name": { "formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName" }, "roles": [],
        "urn:ietf:params:scim:schemas:extension:custom:2.0:User": { "worksiteId": "180" },
        ENTERPRISE: { "manager": "00aa00bb", "department": "Sales" },
    });
    let made = endpoint
        .give("POST", "/Users?aadOptscim062020", &said)
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (user, at) = (made.json(), path(&made.json()));
    assert_eq!(
        (&user["active"], &user[ENTERPRISE]["manager"]["value"]),
        (&json!(true), &json!("00aa00bb"))
    );
    for filter in [
        "emails[type eq \"work\"].value eq \"test_user_FD0EA19B@testuser.com\"",
        "userName eq \"test_user_AB6490EE\"",
    ] {
        assert_eq!(
            endpoint.find("/Users", filter).await["totalResults"],
            json!(1),
            "{filter}"
        );
    }

    let changed = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updated@microsoft.com" },
        { "op": "Replace", "path": "name.familyName", "value": "updatedFamilyName" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+81 90" },
        { "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": "m2" },
        { "op": "Replace", "value": { "name.givenName": "Kjetil", format!("{ENTERPRISE}:employeeNumber"): "20200202", "shoeSize": 44 } },
    ]);
    let changed = endpoint
        .patch(&format!("{at}?aadOptscim062020"), changed)
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let now = changed.json();
    assert_eq!(
        now["emails"],
        json!([{ "value": "updated@microsoft.com", "type": "work", "primary": true }])
    );
    assert_eq!(
        (&now["name"]["familyName"], &now["name"]["givenName"]),
        (&json!("updatedFamilyName"), &json!("Kjetil"))
    );
    assert_eq!(
        now[ENTERPRISE],
        json!({ "manager": { "value": "m2" }, "department": "Sales", "employeeNumber": "20200202" })
    );
    let off = endpoint
        .patch(
            &at,
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .await;
    assert_eq!(off.json()["active"], json!(false));
    let again = endpoint
        .patch(
            &at,
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .await;
    assert_eq!(again.json()["meta"], off.json()["meta"], "nothing changed");

    let group = json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"], "externalId": "8aa1a0c0",
        "displayName": "displayName", "members": [], "meta": { "resourceType": "Group" },
    });
    let group = endpoint.give("POST", "/Groups", &group).await;
    assert_eq!(group.status, 201, "{}", group.text());
    let of = path(&group.json());
    let second = endpoint.user(json!({ "userName": "second" })).await;
    let joins = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": user["id"] }, { "$ref": null, "value": second["id"] }] }]);
    assert_eq!(endpoint.patch(&of, joins).await.status, 204);
    let look = format!(
        "/Groups?excludedAttributes=members&{}",
        filtered("displayName eq \"displayName\"")
    );
    let found = endpoint.get(&look).await.json();
    assert_eq!(
        (&found["totalResults"], &found["Resources"][0]["members"]),
        (&json!(1), &json!(null))
    );
    let is_in = async |who: &Value| {
        let (group, who) = (
            group.json()["id"].as_str().unwrap().to_owned(),
            who["id"].as_str().unwrap(),
        );
        let filter = format!("id eq \"{group}\" and members eq \"{who}\"");
        endpoint.find("/Groups", &filter).await["totalResults"] == json!(1)
    };
    assert!(is_in(&user).await && is_in(&second).await);
    let leaves = json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": user["id"] }] }]);
    assert_eq!(endpoint.patch(&of, leaves).await.status, 204);
    assert!(
        !is_in(&user).await && is_in(&second).await,
        "one leaves, one stays"
    );
    assert_eq!(endpoint.delete(&at).await.status, 204);
    assert_eq!(endpoint.delete(&of).await.status, 204);
}
