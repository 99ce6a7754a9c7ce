//! AWS's manner: its documented limits, and the shape of its answers.

use super::*;

fn complete(name: &str) -> Value {
    json!({
        "userName": name, "displayName": name, "name": { "givenName": "Babs", "familyName": "Jensen" },
        "emails": [{ "value": "b@acme.example", "type": "work", "primary": true }],
    })
}

#[track_caller]
fn refused(answer: &Answer, status: u16, what: &str) {
    assert_refused(answer, status, None, what);
    let body = answer.json();
    assert_eq!(body["schema"], json!([ERROR]), "{what}");
    assert_eq!(
        body["exceptionRequestId"].as_str().map(str::len),
        Some(32),
        "{what}"
    );
    let time = body["timeStamp"].as_str().unwrap();
    assert!(
        time.len() == 23 && time.as_bytes()[10] == b' ',
        "{what}: {time}"
    );
}

#[tokio::test]
async fn people_are_answered_as_aws_answers() {
    let endpoint = Endpoint::start(Manner::Aws).await;
    let ben = endpoint.user(complete("ben")).await;
    let meta: Vec<&String> = ben["meta"].as_object().unwrap().keys().collect();
    assert_eq!(meta, ["created", "lastModified", "resourceType"]);
    let at = format!("/Users/{}", ben["id"].as_str().unwrap());
    let read = endpoint.get(&at).await;
    assert_eq!((read.status, read.header("etag")), (200, None));
    let known = [("if-none-match", "W/\"1\"")];
    let again = endpoint.send("GET", &at, &known, b"").await;
    assert_eq!(again.status, 200, "there are no versions");
    let guide = json!({ "op": "replace", "path": "title", "value": "Guide" });
    let guide = json!({ "schemas": [PATCH], "Operations": [guide] }).to_string();
    let other = [FORM, ("if-match", "W/\"0\""), ("if-none-match", "*")];
    let patched = endpoint.send("PATCH", &at, &other, guide.as_bytes()).await;
    assert_eq!(
        (patched.status, &patched.json()["title"]),
        (200, &json!("Guide"))
    );
    let projected = endpoint.get(&format!("{at}?attributes=userName")).await;
    assert_eq!(
        projected.json()["title"],
        json!("Guide"),
        "projections are not known"
    );

    let mut nameless = complete("carl");
    nameless["name"] = json!({ "familyName": "x" });
    let mut two = complete("carl");
    two["emails"] = json!([{ "value": "a", "primary": true }, { "value": "b" }]);
    let mut unknown = complete("carl");
    unknown["shoeSize"] = json!(44);
    let mut password = complete("carl");
    password["password"] = json!("t1meMa$heen");
    for mut said in [nameless, two, unknown, password] {
        said["schemas"] = json!([USER]);
        let answer = endpoint.give("POST", "/Users", &said).await;
        refused(&answer, 400, &said.to_string());
        assert!(!answer.text().contains("t1meMa$heen"));
    }
    let mut taken = complete("BEN");
    taken["schemas"] = json!([USER]);
    refused(&endpoint.give("POST", "/Users", &taken).await, 409, "taken");
    refused(&endpoint.get("/Users/x").await, 404, "nobody");
    refused(
        &endpoint.give("POST", "/Bulk", &json!({})).await,
        501,
        "bulk",
    );
    refused(&endpoint.get("/Me").await, 501, "me");
    refused(&endpoint.get("/").await, 404, "root");
}

#[tokio::test]
async fn groups_take_a_hundred_members_at_once_and_list_none() {
    let endpoint = Endpoint::start(Manner::Aws).await;
    let mut people = Vec::new();
    for number in 0..101 {
        people.push(endpoint.user(complete(&format!("u{number}"))).await);
    }
    let all: Vec<&Value> = people.iter().collect();
    let team = endpoint.group("Team", &all[..2]).await;
    assert_eq!(team["members"], json!([]));
    let at = format!("/Groups/{}", team["id"].as_str().unwrap());
    assert_eq!(endpoint.get(&at).await.json()["members"], json!([]));
    let values = |some: &[&Value]| {
        some.iter()
            .map(|one| json!({ "value": one["id"] }))
            .collect::<Value>()
    };
    let joins =
        |some: &[&Value]| json!([{ "op": "add", "path": "members", "value": values(some) }]);
    let done = endpoint.patch(&at, joins(&all[..100])).await;
    assert_eq!(
        (done.status, done.text().as_str(), done.header("etag")),
        (204, "", None)
    );
    refused(&endpoint.patch(&at, joins(&all)).await, 400, "101");
    let made = json!({ "schemas": [GROUP], "displayName": "Crew", "members": values(&all) });
    refused(&endpoint.give("POST", "/Groups", &made).await, 400, "101");
    let asked = endpoint
        .patch(&format!("{at}?attributes=displayName"), joins(&all[100..]))
        .await;
    assert_eq!(asked.status, 204);
    for vague in [
        json!([{ "op": "remove", "path": "members" }]),
        json!([{ "op": "replace", "path": "members", "value": [] }]),
    ] {
        refused(
            &endpoint.patch(&at, vague.clone()).await,
            400,
            &vague.to_string(),
        );
    }
    let is_in = async |who: &Value| {
        let filter = format!(
            "id eq \"{}\" and members eq \"{}\"",
            team["id"].as_str().unwrap(),
            who["id"].as_str().unwrap()
        );
        endpoint.find("/Groups", &filter).await["totalResults"] == json!(1)
    };
    assert!(is_in(all[0]).await && is_in(all[100]).await);
    let leaves = json!([{ "op": "remove", "path": "members", "value": values(&all[..1]) }]);
    assert_eq!(endpoint.patch(&at, leaves).await.status, 204);
    assert!(!is_in(all[0]).await && is_in(all[1]).await);

    // Pages have a hundred at most, by cursor without a total.
    let page = endpoint.get("/Users?count=500").await.json();
    assert_eq!(
        (names(&page).len(), &page["totalResults"]),
        (100, &json!(101))
    );
    let page = endpoint.get("/Users?cursor&count=60").await.json();
    assert_eq!(
        (names(&page).len(), &page["totalResults"]),
        (60, &json!(null))
    );
    let next = page["nextCursor"].as_str().unwrap();
    let page = endpoint
        .get(&format!("/Users?cursor={next}&count=60"))
        .await
        .json();
    assert_eq!(
        (names(&page).len(), &page["nextCursor"]),
        (41, &json!(null))
    );
    for filter in [
        "userName co \"u\"",
        "userName eq \"a\" or userName eq \"b\"",
        "emails.value eq \"x\"",
        "userName pr",
    ] {
        refused(
            &endpoint.get(&format!("/Users?{}", filtered(filter))).await,
            400,
            filter,
        );
    }
}

/// A group is read without its members: whoever sends back what they have read must not take everybody out (THREATS.md T22).
#[tokio::test]
async fn a_group_is_not_replaced_by_what_was_read_of_it() {
    let endpoint = Endpoint::start(Manner::Aws).await;
    let ben = endpoint.user(complete("ben")).await;
    let team = endpoint.group("Team", &[&ben]).await;
    let id = team["id"].as_str().unwrap();
    let at = format!("/Groups/{id}");
    let read = endpoint.get(&at).await.json();
    assert_eq!(read["members"], json!([]));
    refused(&endpoint.give("PUT", &at, &read).await, 405, "PUT");
    let filter = format!(
        "id eq \"{id}\" and members eq \"{}\"",
        ben["id"].as_str().unwrap()
    );
    assert_eq!(
        endpoint.find("/Groups", &filter).await["totalResults"],
        json!(1)
    );
    let wrong = endpoint.send("POST", &at, &[FORM], b"{}").await;
    refused(&wrong, 405, "POST");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, PATCH, DELETE"));
}
