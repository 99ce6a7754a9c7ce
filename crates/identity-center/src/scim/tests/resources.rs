//! One person or group: forms, versions, methods, and what of it is answered.

use super::*;

#[tokio::test]
async fn a_person_is_made_read_replaced_patched_and_removed() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let said = json!({
        "schemas": [USER, ENTERPRISE], "userName": "bjensen@acme.example", "externalId": "b1", "displayName": "Babs",
        "name": { "givenName": "Barbara", "familyName": "Jensen" }, "password": "t1meMa$heen",
        "emails": [{ "value": "bjensen@acme.example", "type": "work", "primary": true }],
        ENTERPRISE: { "department": "Tour", "manager": { "value": "m1" } },
    });
    let made = endpoint.give("POST", "/Users", &said).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.json();
    let id = body["id"].as_str().unwrap();
    let location = format!("{}/Users/{id}", endpoint.base());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    assert_eq!(
        made.header("content-type"),
        Some("application/scim+json; charset=utf-8")
    );
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert!(!made.text().contains("t1meMa$heen") && !made.text().contains("password"));
    assert_eq!(body["meta"]["location"], json!(location));
    assert_eq!(body["meta"]["version"], json!("W/\"1\""));
    assert_eq!(body["meta"]["resourceType"], json!("User"));
    assert_eq!(body["meta"]["created"], body["meta"]["lastModified"]);
    assert_eq!(body["active"], json!(true));
    assert_eq!(body["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(body[ENTERPRISE], said[ENTERPRISE]);

    let read = endpoint.get(&path(&body)).await;
    assert_eq!(
        (read.status, read.header("etag"), read.json()),
        (200, Some("W/\"1\""), body.clone())
    );

    let replaced =
        json!({ "schemas": [USER], "userName": "bjensen@acme.example", "title": "Guide" });
    let replaced = endpoint.give("PUT", &path(&body), &replaced).await;
    assert_eq!(
        (replaced.status, replaced.header("etag")),
        (200, Some("W/\"2\""))
    );
    let now = replaced.json();
    assert_eq!(
        (&now["title"], &now["emails"], &now["externalId"]),
        (&json!("Guide"), &json!(null), &json!("b1"))
    );

    let patched = endpoint
        .patch(
            &path(&body),
            json!([{ "op": "replace", "path": "title", "value": "Boss" }]),
        )
        .await;
    assert_eq!(
        (patched.status, patched.header("etag")),
        (200, Some("W/\"3\""))
    );
    assert_eq!(patched.json()["title"], json!("Boss"));
    assert_eq!(endpoint.get(&path(&body)).await.json(), patched.json());

    let gone = endpoint.delete(&path(&body)).await;
    assert_eq!((gone.status, gone.text().as_str()), (204, ""));
    assert_refused(&endpoint.get(&path(&body)).await, 404, None, "gone");
    assert_refused(&endpoint.delete(&path(&body)).await, 404, None, "gone");
    let entries = endpoint
        .service
        .center
        .store
        .audit_of("acme", i64::MAX, 100)
        .await
        .unwrap();
    let text = format!("{entries:?}");
    assert!(
        text.contains("scim:okta") && !text.contains("t1meMa$heen"),
        "{text}"
    );
}

#[tokio::test]
async fn head_says_what_get_says_without_the_body() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let aiko = endpoint.user(json!({ "userName": "ben" })).await;
    for at in [
        "/Users",
        &path(&aiko),
        "/ServiceProviderConfig",
        "/Schemas",
        "/ResourceTypes",
        "/Groups",
        "/Users/none",
        "/",
    ] {
        let (get, head) = (
            endpoint.get(at).await,
            endpoint.send("HEAD", at, &[], b"").await,
        );
        assert_eq!(
            (head.status, head.text().as_str()),
            (get.status, ""),
            "{at}"
        );
        let told = |answer: &Answer| {
            answer
                .headers
                .iter()
                .filter(|(name, _)| name != "date")
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&head), told(&get), "{at}");
    }
}

#[tokio::test]
async fn every_endpoint_says_which_methods_it_has() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let aiko = endpoint.user(json!({ "userName": "ben" })).await;
    let at = path(&aiko);
    let rows: [(&str, &[&str]); 11] = [
        ("/Users", &["GET", "HEAD", "POST"]),
        ("/Groups", &["GET", "HEAD", "POST"]),
        (&at, &["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/Users/.search", &["POST"]),
        ("/.search", &["POST"]),
        ("/Bulk", &["POST"]),
        ("/ServiceProviderConfig", &["GET", "HEAD"]),
        ("/Schemas", &["GET", "HEAD"]),
        ("/ResourceTypes/User", &["GET", "HEAD"]),
        ("/", &["GET", "HEAD"]),
        ("", &["GET", "HEAD"]),
    ];
    for (path, allowed) in rows {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            if allowed.contains(&method) {
                continue;
            }
            let answer = endpoint.send(method, path, &[FORM], b"{}").await;
            assert_refused(&answer, 405, None, &format!("{method} {path}"));
            assert_eq!(
                answer.header("allow"),
                Some(allowed.join(", ").as_str()),
                "{method} {path}"
            );
        }
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let me = endpoint.send(method, "/Me", &[FORM], b"{}").await;
        assert_refused(&me, 501, None, "Me");
        let nowhere = endpoint.send(method, "/Devices", &[FORM], b"{}").await;
        assert_refused(&nowhere, 404, None, "Devices");
    }
    for named in [
        "/ResourceTypes/Device",
        "/Schemas/urn:x",
        "/Users/a/b",
        "/ServiceProviderConfig/x",
        "/users",
        "/Users/../Groups",
    ] {
        assert_refused(&endpoint.get(named).await, 404, None, named);
    }
    // RFC 7644 §4: a filter is no part of these.
    for fixed in ["/Schemas", "/ResourceTypes"] {
        let answer = endpoint
            .get(&format!("{fixed}?{}", filtered("name eq \"User\"")))
            .await;
        assert_refused(&answer, 403, None, fixed);
    }
}

#[tokio::test]
async fn a_body_says_what_it_is_and_is_not_too_long() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let body = |name: &str| json!({ "schemas": [USER], "userName": name }).to_string();
    for (name, form) in [
        ("a", "application/scim+json"),
        ("b", "application/json"),
        ("c", "APPLICATION/SCIM+JSON; charset=utf-8"),
        ("d", "application/json;charset=UTF-8"),
    ] {
        let answer = endpoint
            .send(
                "POST",
                "/Users",
                &[("content-type", form)],
                body(name).as_bytes(),
            )
            .await;
        assert_eq!(answer.status, 201, "{form}: {}", answer.text());
    }
    let wrong = [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "",
        "json",
    ];
    for form in wrong {
        let answer = endpoint
            .send(
                "POST",
                "/Users",
                &[("content-type", form)],
                body("x").as_bytes(),
            )
            .await;
        assert_refused(&answer, 415, None, form);
    }
    let none = endpoint
        .send("POST", "/Users", &[], body("x").as_bytes())
        .await;
    assert_refused(&none, 415, None, "none");
    let two = [FORM, ("content-type", "text/plain")];
    let two = endpoint
        .send("POST", "/Users", &two, body("x").as_bytes())
        .await;
    assert_refused(&two, 415, None, "two");
    let filler = |length: usize| {
        let said = body("long");
        format!("{said}{}", " ".repeat(length - said.len()))
    };
    let long = endpoint
        .send(
            "POST",
            "/Users",
            &[FORM],
            filler(super::super::LIMIT + 1).as_bytes(),
        )
        .await;
    assert_refused(&long, 413, None, "one byte more");
    let longer = endpoint
        .send(
            "POST",
            "/Users",
            &[FORM],
            filler(super::super::LIMIT + 9).as_bytes(),
        )
        .await;
    assert_refused(&longer, 413, None, "several bytes more");
    let fits = endpoint
        .send(
            "POST",
            "/Users",
            &[FORM],
            filler(super::super::LIMIT).as_bytes(),
        )
        .await;
    assert_eq!(fits.status, 201, "{}", fits.text());
}

#[tokio::test]
async fn what_is_asked_for_is_answered_and_what_is_excluded_is_not() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let said = json!({ "userName": "ben", "title": "Guide", "emails": [{ "value": "b@acme.example", "type": "work" }] });
    let ben = endpoint.user(said).await;
    let team = endpoint.group("Team", &[&ben]).await;
    let ben = endpoint.get(&path(&ben)).await.json();
    assert_eq!(ben["groups"][0]["value"], team["id"]);
    assert_eq!(team["members"][0]["value"], ben["id"]);
    assert_eq!(team["members"][0]["$ref"], ben["meta"]["location"]);
    let asked =
        async |one: &Value, how: &str| endpoint.get(&format!("{}?{how}", path(one))).await.json();
    let keys = |one: &Value| one.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&asked(&ben, "attributes=userName,emails.value").await),
        ["emails", "id", "schemas", "userName"]
    );
    assert_eq!(
        asked(&ben, "attributes=emails.value").await["emails"],
        json!([{ "value": "b@acme.example" }])
    );
    let short = format!("attributes={USER}:userName");
    assert_eq!(
        keys(&asked(&ben, &short).await),
        ["id", "schemas", "userName"]
    );
    let without = asked(&ben, "excludedAttributes=emails,id,groups,title").await;
    assert_eq!(
        keys(&without),
        ["active", "id", "meta", "schemas", "userName"]
    );
    assert_eq!(
        asked(&team, "excludedAttributes=members").await["members"],
        json!(null)
    );
    assert_eq!(
        asked(&team, "aadOptscim062020&attributes=members").await["members"][0]["value"],
        ben["id"]
    );
    let list = endpoint
        .get("/Users?attributes=userName&count=1")
        .await
        .json();
    assert_eq!(keys(&list["Resources"][0]), ["id", "schemas", "userName"]);

    // A PATCH of a group tells of it only who asks.
    let op = json!([{ "op": "replace", "path": "displayName", "value": "Crew" }]);
    let silent = endpoint.patch(&path(&team), op.clone()).await;
    assert_eq!(
        (silent.status, silent.text().as_str(), silent.header("etag")),
        (204, "", Some("W/\"2\""))
    );
    let told = endpoint
        .patch(&format!("{}?attributes=displayName", path(&team)), op)
        .await;
    assert_eq!(
        (told.status, &told.json()["displayName"]),
        (200, &json!("Crew"))
    );
    let made = json!({ "schemas": [USER], "userName": "ada" });
    let made = endpoint.give("POST", "/Users?attributes=id", &made).await;
    assert_eq!(keys(&made.json()), ["id", "schemas"]);
}

#[tokio::test]
async fn the_endpoint_describes_itself() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let config = endpoint.get("/ServiceProviderConfig").await.json();
    for feature in ["patch", "bulk", "filter", "sort", "etag", "pagination"] {
        let supported = &config[feature]["supported"];
        assert!(
            *supported == json!(true) || feature == "pagination",
            "{feature}: {config}"
        );
    }
    assert_eq!(config["bulk"]["maxOperations"], json!(1000));
    assert_eq!(config["filter"]["maxResults"], json!(1000));
    assert_eq!(config["changePassword"]["supported"], json!(false));
    let types = endpoint.get("/ResourceTypes").await.json();
    assert_eq!(
        (&types["schemas"], &types["totalResults"]),
        (&json!([LIST]), &json!(2))
    );
    for one in types["Resources"].as_array().unwrap() {
        assert_eq!(endpoint.get(&path(one)).await.json(), *one);
        let list = endpoint.get(one["endpoint"].as_str().unwrap()).await;
        assert_eq!(list.status, 200);
    }
    let schemas = endpoint.get("/Schemas").await.json();
    for one in schemas["Resources"].as_array().unwrap() {
        assert_eq!(endpoint.get(&path(one)).await.json(), *one);
    }
}

/// What was done is answered as done, also where somebody else removes it in the same moment.
#[tokio::test]
async fn a_change_that_was_made_is_never_answered_as_not_found() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let ben = endpoint.user(json!({ "userName": "ben" })).await;
    let mut made = 0;
    for round in 0..20 {
        let team = endpoint.group(&format!("Team {round}"), &[&ben]).await;
        let at = path(&team);
        let renamed = json!({ "schemas": [GROUP], "displayName": format!("Crew {round}") });
        let (put, delete) = tokio::join!(endpoint.give("PUT", &at, &renamed), endpoint.delete(&at));
        assert_eq!(delete.status, 204);
        let store = &endpoint.service.center.store;
        let entries = store.audit_entries(0, 1000).await.unwrap();
        let is_it = |entry: &&crate::audit::Entry| {
            entry.action == "group.change" && entry.subject == format!("Crew {round}")
        };
        let changed = entries.iter().filter(is_it).count();
        assert_eq!(
            (put.status == 200, changed),
            (changed == 1, usize::from(put.status == 200)),
            "{}",
            put.text()
        );
        if put.status == 200 {
            made += 1;
            assert_eq!(
                put.json()["members"][0]["value"],
                ben["id"],
                "as it was then"
            );
        }
    }
    assert!(made > 0, "nothing was tried");
}
