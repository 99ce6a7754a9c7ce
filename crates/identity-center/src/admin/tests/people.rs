//! What administrators do with people, and with each other.

use serde_json::{Value, json};

use super::{administrator, ask, kind, person};
use crate::administrator::Role;
use crate::oidc::tests::running::Running;

#[tokio::test]
async fn nobody_takes_over_somebody_who_may_do_more() {
    let service = Running::start().await;
    let (owner, owners) = administrator(&service, "acme", Role::Owner).await;
    let (operator, operators) = administrator(&service, "acme", Role::Operator).await;
    let said = json!({ "user_name": "renamed" });
    let ways = [
        ("POST", "/setup-link", Value::Null),
        ("DELETE", "/second-factor", Value::Null),
        ("POST", "/deactivate", Value::Null),
        ("POST", "/reactivate", Value::Null),
        ("DELETE", "/sessions", Value::Null),
        ("DELETE", "/links/okta", Value::Null),
        ("PUT", "", said),
        ("DELETE", "", Value::Null),
    ];
    for (method, way, body) in &ways {
        let path = format!("/users/{owner}{way}");
        let answer = ask(&service, &operators, method, &path, body).await;
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (403, "above-you"),
            "{method} {way}"
        );
    }
    let token = service
        .center
        .token_keys
        .read(crate::token::Kind::Access, &owners);
    let path = format!("/sessions/{}", token.unwrap().session);
    let answer = ask(&service, &operators, "DELETE", &path, &Value::Null).await;
    assert_eq!(kind(&answer), "above-you");
    let me = ask(&service, &owners, "GET", "/me", &Value::Null).await;
    assert_eq!(me.status, 200, "nothing of it was done");
    let path = format!("/users/{operator}/setup-link");
    let answer = ask(&service, &owners, "POST", &path, &Value::Null).await;
    assert_eq!(answer.status, 201);
    let last = ask(
        &service,
        &owners,
        "POST",
        &format!("/users/{owner}/deactivate"),
        &Value::Null,
    )
    .await;
    assert_eq!((last.status, kind(&last).as_str()), (409, "last-owner"));
}

#[tokio::test]
async fn a_person_is_added_changed_found_and_removed_under_the_administrator_s_name() {
    let service = Running::start().await;
    let (_, token) = administrator(&service, "acme", Role::Operator).await;
    let ask = async |method: &str, path: &str, body: Value| {
        ask(&service, &token, method, path, &body).await
    };
    let said =
        json!({ "user_name": "Noa", "display_name": "Noa Levi", "email": "noa@acme.example" });
    let made = ask("POST", "/users", said).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let user = format!("/users/{id}");
    let changed = ask(
        "PUT",
        &user,
        json!({ "user_name": "noa", "given_name": "Noa" }),
    )
    .await
    .json();
    assert_eq!(changed["display_name"], "noa");
    assert_eq!(
        (&changed["given_name"], &changed["email"]),
        (&json!("Noa"), &Value::Null)
    );
    assert_eq!(ask("GET", &user, Value::Null).await.json(), changed);
    let found = ask("GET", "/users?user_name=NOA", Value::Null).await.json();
    assert_eq!(found["items"], json!([changed]));

    // As long as the document says, in characters.
    for (length, status) in [(200, 201), (320, 201), (321, 400)] {
        let name = "愛".repeat(length);
        let said = json!({ "user_name": name, "display_name": name, "given_name": name });
        let made = ask("POST", "/users", said).await;
        assert_eq!(made.status, status, "{length}: {}", made.text());
        if status == 201 {
            let gone = format!("/users/{}", made.json()["id"].as_str().unwrap());
            assert_eq!(ask("DELETE", &gone, Value::Null).await.status, 204);
        }
    }

    // Every person once, page by page.
    for number in 0..5 {
        person(&service, "acme", &format!("Person {number}")).await;
    }
    let mut names = Vec::new();
    let mut after = String::new();
    loop {
        let page = ask("GET", &format!("/users?limit=2{after}"), Value::Null)
            .await
            .json();
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 2);
        names.extend(
            items
                .iter()
                .map(|user| user["user_name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={}", next.replace(' ', "+"));
    }
    let known = [
        "native", "noa", "operator", "Person 0", "Person 1", "Person 2", "Person 3", "Person 4",
    ];
    for name in &known[1..] {
        assert_eq!(
            names.iter().filter(|found| found == name).count(),
            1,
            "{names:?}"
        );
    }

    let group = ask("POST", "/groups", json!({ "display_name": "Engineers" })).await;
    let group = format!("/groups/{}", group.json()["id"].as_str().unwrap());
    let member = format!("{group}/members/{id}");
    assert_eq!(ask("PUT", &member, Value::Null).await.status, 204);
    let members = ask("GET", &format!("{group}/members"), Value::Null)
        .await
        .json();
    assert_eq!(members["items"][0]["id"], id);
    assert_eq!(
        ask("DELETE", &member, Value::Null).await.json(),
        json!({ "sessions": 0 })
    );
    assert_eq!(ask("DELETE", &group, Value::Null).await.status, 204);
    assert_eq!(ask("GET", &group, Value::Null).await.status, 404);

    let off = ask("POST", &format!("{user}/deactivate"), Value::Null).await;
    assert_eq!(off.json(), json!({ "sessions": 0 }));
    assert_eq!(ask("GET", &user, Value::Null).await.json()["active"], false);
    assert_eq!(
        ask("POST", &format!("{user}/reactivate"), Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(ask("DELETE", &user, Value::Null).await.status, 204);
    assert_eq!(ask("GET", &user, Value::Null).await.status, 404);
    let log = ask("GET", "/audit?limit=2", Value::Null).await.json();
    let newest = &log["items"][0];
    let said = ["actor", "action", "subject", "address"].map(|name| newest[name].clone());
    assert_eq!(
        json!(said),
        json!(["operator", "user.delete", "noa", "127.0.0.1"])
    );
    let before = log["next"].as_str().unwrap();
    let older = ask(
        "GET",
        &format!("/audit?limit=1&before={before}"),
        Value::Null,
    )
    .await
    .json();
    let numbers = [&log["items"][1]["number"], &older["items"][0]["number"]];
    assert_eq!(
        numbers[0].as_i64().unwrap() - 1,
        numbers[1].as_i64().unwrap()
    );
}
