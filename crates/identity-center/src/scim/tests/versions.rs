//! Versions (RFC 7644 §3.14): what is compared, and when it is another one.

use super::*;

#[tokio::test]
async fn versions_are_compared_before_anything_changes() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let aiko = endpoint.user(json!({ "userName": "ben" })).await;
    let team = endpoint.group("Team", &[]).await;
    for one in [&aiko, &team] {
        let at = path(one);
        let (name, urn) = if one == &aiko {
            ("userName", USER)
        } else {
            ("displayName", GROUP)
        };
        let put = json!({ "schemas": [urn], name: "Another" }).to_string();
        let patch = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": name, "value": "Another" }] });
        let patch = patch.to_string();
        for wrong in [
            "W/\"2\"",
            "\"0\"",
            "1",
            "W/1",
            "",
            "\u{e9}",
            "W/\"2\", \"3\"",
        ] {
            for (method, body) in [("PUT", &put), ("PATCH", &patch), ("DELETE", &String::new())] {
                let headers = [FORM, ("if-match", wrong)];
                let answer = endpoint.send(method, &at, &headers, body.as_bytes()).await;
                assert_refused(&answer, 412, None, &format!("{method} {at} {wrong}"));
            }
        }
        assert_eq!(endpoint.get(&at).await.header("etag"), Some("W/\"1\""));
        let headers = [FORM, ("if-match", "W/\"7\", W/\"1\"")];
        let answer = endpoint
            .send("PATCH", &at, &headers, patch.as_bytes())
            .await;
        assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
        assert_eq!(answer.header("etag"), Some("W/\"2\""));
        let stale = endpoint
            .send("DELETE", &at, &[("if-match", "W/\"1\"")], b"")
            .await;
        assert_refused(&stale, 412, None, "stale");
        let twice = [("if-match", "W/\"9\""), ("if-match", "W/\"2\"")];
        let read = endpoint
            .send("GET", &at, &[("if-none-match", "W/\"2\"")], b"")
            .await;
        assert_eq!(
            (read.status, read.text().as_str(), read.header("etag")),
            (304, "", Some("W/\"2\""))
        );
        let any = endpoint
            .send("GET", &at, &[("if-none-match", "*")], b"")
            .await;
        assert_eq!(any.status, 304);
        let other = endpoint
            .send("GET", &at, &[("if-none-match", "W/\"1\"")], b"")
            .await;
        assert_eq!(other.status, 200);
        let gone = endpoint.send("DELETE", &at, &twice, b"").await;
        assert_eq!(gone.status, 204, "a list in two headers is one list");
    }
}

/// Whoever asks whether what they have read is still so is told when it is not: who is in a group, and what somebody is in, too.
#[tokio::test]
async fn a_version_is_another_one_once_somebody_comes_or_goes() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let ben = endpoint.user(json!({ "userName": "ben" })).await;
    let ada = endpoint.user(json!({ "userName": "ada" })).await;
    let team = endpoint.group("Team", &[&ada]).await;
    let tag = async |one: &Value, how: &str| {
        let read = endpoint.get(&format!("{}{how}", path(one))).await;
        let tag = read.header("etag").unwrap().to_owned();
        if how.is_empty() {
            assert_eq!(read.json()["meta"]["version"], json!(tag), "RFC 7643 §3.1");
        }
        tag
    };
    let is_known = async |one: &Value, how: &str, tag: &str| {
        let at = format!("{}{how}", path(one));
        let read = endpoint
            .send("GET", &at, &[("if-none-match", tag)], b"")
            .await;
        assert!(matches!(read.status, 200 | 304), "{}", read.text());
        read.status == 304
    };
    let outside = tag(&ben, "").await;
    let without = tag(&ben, "?excludedAttributes=groups").await;
    assert_eq!((outside.as_str(), &without), ("W/\"1\"", &outside));
    let two = tag(&team, "").await;
    let joins = json!([{ "op": "add", "path": "members", "value": [{ "value": ben["id"] }] }]);
    assert_eq!(endpoint.patch(&path(&team), joins).await.status, 204);
    assert!(!is_known(&team, "", &two).await && !is_known(&ben, "", &outside).await);
    let inside = tag(&ben, "").await;
    assert!(is_known(&ben, "", &inside).await);
    assert!(
        is_known(&ben, "?excludedAttributes=groups", &without).await,
        "their groups are not told"
    );
    let listed = format!("/Users?{}", filtered("userName eq \"ben\""));
    let listed = endpoint.get(&listed).await.json()["Resources"][0]["meta"]["version"].clone();
    assert_eq!(listed, json!(inside));
    let found = endpoint
        .find(
            "/Users",
            &format!(
                "userName eq \"ben\" and meta.version eq \"{}\"",
                inside.replace('"', "\\\"")
            ),
        )
        .await;
    assert_eq!(names(&found), ["ben"]);

    // What a client can change is as it was: each of the tags will do for that.
    let patch = |title: &str| {
        let title = json!({ "op": "replace", "path": "title", "value": title });
        json!({ "schemas": [PATCH], "Operations": [title] }).to_string()
    };
    let expects = async |tag: &str, title: &str| {
        let headers = [FORM, ("if-match", tag)];
        endpoint
            .send("PATCH", &path(&ben), &headers, patch(title).as_bytes())
            .await
    };
    let patched = expects(&inside, "Guide").await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(patched.header("etag"), Some(tag(&ben, "").await.as_str()));
    assert_refused(&expects(&inside, "Boss").await, 412, None, "stale");
    assert_eq!(expects("W/\"2\"", "Boss").await.status, 200);

    // The group's name is told with the person; whoever is removed is in no group any more.
    let (before, team_before) = (tag(&ben, "").await, tag(&team, "").await);
    let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Crew" }]);
    assert_eq!(endpoint.patch(&path(&team), renamed).await.status, 204);
    assert!(!is_known(&ben, "", &before).await);
    let team_now = tag(&team, "").await;
    assert_ne!(team_now, team_before);
    assert_eq!(endpoint.delete(&path(&ben)).await.status, 204);
    assert!(!is_known(&team, "", &team_now).await);
    let stale = endpoint
        .send("DELETE", &path(&team), &[("if-match", &team_now)], b"")
        .await;
    assert_refused(&stale, 412, None, "a member is gone");
}

/// RFC 9110 §13.1.2: where it names the version that is there, nothing is done.
#[tokio::test]
async fn what_if_none_match_names_is_not_changed() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let ben = endpoint.user(json!({ "userName": "ben" })).await;
    let team = endpoint.group("Team", &[&ben]).await;
    for (one, urn, name) in [(&team, GROUP, "displayName"), (&ben, USER, "userName")] {
        let at = path(one);
        let put = json!({ "schemas": [urn], name: "Another" }).to_string();
        let patch = json!({ "op": "replace", "path": name, "value": "Another" });
        let patch = json!({ "schemas": [PATCH], "Operations": [patch] }).to_string();
        for known in ["*", "W/\"1\"", "\"7\", \"1\""] {
            for (method, body) in [("PUT", &put), ("PATCH", &patch), ("DELETE", &String::new())] {
                let headers = [FORM, ("if-none-match", known)];
                let answer = endpoint.send(method, &at, &headers, body.as_bytes()).await;
                assert_refused(&answer, 412, None, &format!("{method} {known}"));
            }
        }
        assert!(
            endpoint
                .get(&at)
                .await
                .header("etag")
                .unwrap()
                .starts_with("W/\"1")
        );
        let headers = [FORM, ("if-none-match", "W/\"2\"")];
        let done = endpoint
            .send("PATCH", &at, &headers, patch.as_bytes())
            .await;
        assert!(matches!(done.status, 200 | 204), "{}", done.text());
    }
}
