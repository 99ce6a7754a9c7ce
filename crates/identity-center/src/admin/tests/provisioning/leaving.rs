//! People leave through a connection, more of them than leave a company: told, and taken back as one.

use super::*;

async fn undo(service: &Running, owner: &str) -> Answer {
    let path = "/provisioning/okta/undo";
    ask(service, owner, "POST", path, &Value::Null).await
}

#[tokio::test]
async fn when_unusually_many_leave_it_is_told_once_and_taken_back_as_one() {
    let service = Running::start().await;
    let (user, owner) = administrator(&service, "acme", Role::Owner).await;
    let okta = provisioner(&service, &owner, "okta").await;
    let mut people = Vec::new();
    for number in 0..14 {
        people.push(pushed(&service, &okta, &format!("p{number}")).await);
    }
    let leave = async |id: &str| {
        let path = format!("/Users/{id}");
        let left = scim(&service, &okta, "PATCH", &path, &deactivation()).await;
        assert_eq!(left.status, 200, "{}", left.text());
    };
    // Long ago, and not of the event.
    leave(&people[0]).await;
    service.pass(60 * 60 + 1);
    let owner =
        super::super::token(&service, user, &["openid", "admin"], &["pwd", "otp", "mfa"]).await;
    let alert = async || {
        let status = ask(&service, &owner, "GET", "/status", &Value::Null)
            .await
            .json();
        assert_eq!(status["provisioning"][0]["name"], "okta", "{status}");
        status["provisioning"][0]["alert"].clone()
    };
    for id in &people[1..10] {
        leave(id).await;
    }
    assert_eq!(alert().await, Value::Null, "nine are not unusual");
    leave(&people[10]).await;
    let path = format!("/Users/{}", people[11]);
    let deleted = scim(&service, &okta, "DELETE", &path, &Value::Null);
    assert_eq!(deleted.await.status, 204);
    assert_eq!(alert().await["people"], 11);
    assert_eq!(alert().await["of"], 13);
    // Whoever has left does not leave again.
    leave(&people[12]).await;
    let path = format!("/Users/{}", people[12]);
    let deleted = scim(&service, &okta, "DELETE", &path, &Value::Null);
    assert_eq!(deleted.await.status, 204);
    assert_eq!(alert().await["people"], 12);
    let alerts = log(&service, &owner, "okta").await;
    let alerts = alerts.iter().filter(|(action, _)| action == "scim.alert");
    assert_eq!(alerts.count(), 1, "told once");

    // Whom an administrator keeps out, no undoing lets in.
    let kept_out = format!("/users/{}", people[9]);
    for (verb, status) in [("reactivate", 204), ("deactivate", 200)] {
        let path = format!("{kept_out}/{verb}");
        let answer = ask(&service, &owner, "POST", &path, &Value::Null).await;
        assert_eq!(answer.status, status, "{verb}: {}", answer.text());
    }

    let undone = undo(&service, &owner).await;
    assert_eq!(undone.json(), json!({ "reactivated": 9, "gone": 3 }));
    assert_eq!(alert().await, Value::Null);
    let active = async |id: &str| {
        let path = format!("/Users/{id}");
        scim(&service, &okta, "GET", &path, &Value::Null)
            .await
            .json()["active"]
            .clone()
    };
    assert_eq!(active(&people[10]).await, true);
    assert_eq!(active(&people[9]).await, false);
    assert_eq!(
        active(&people[0]).await,
        false,
        "who left long ago stays away"
    );
    let again = undo(&service, &owner).await;
    assert_eq!((again.status, kind(&again).as_str()), (409, "no-event"));
    leave(&people[13]).await;
    assert_eq!(alert().await, Value::Null, "counting begins anew");
}

/// Whatever hour it is counted from: nine before it and nine after it are eighteen, and all of them come back as one. Who leaves later is
/// none of them, and does not take their place.
#[tokio::test]
async fn an_event_has_no_boundary() {
    let service = Running::start().await;
    let (user, owner) = administrator(&service, "acme", Role::Owner).await;
    let okta = provisioner(&service, &owner, "okta").await;
    let mut people = Vec::new();
    for number in 0..40 {
        people.push(pushed(&service, &okta, &format!("p{number}")).await);
    }
    let mut leaving = people.iter();
    let mut leave = async |count: usize| {
        for id in leaving.by_ref().take(count) {
            let path = format!("/Users/{id}");
            let left = scim(&service, &okta, "PATCH", &path, &deactivation()).await;
            assert_eq!(left.status, 200, "{}", left.text());
        }
    };
    let alert = async || {
        let owner =
            super::super::token(&service, user, &["openid", "admin"], &["pwd", "otp", "mfa"]).await;
        let status = ask(&service, &owner, "GET", "/status", &Value::Null)
            .await
            .json();
        (status["provisioning"][0]["alert"].clone(), owner)
    };
    let minutes = |minutes: i64| service.pass(60 * minutes);
    leave(1).await; // somebody, at nine
    minutes(51);
    leave(9).await;
    assert_eq!(alert().await.0["people"], 10);
    minutes(10); // more than an hour after the first one
    leave(9).await;
    minutes(50); // a long one: still the same
    leave(9).await;
    let told = alert().await.0;
    assert_eq!((&told["people"], &told["of"]), (&json!(28), &json!(40)));
    minutes(61);
    leave(1).await; // somebody else, on another day
    let (still, owner) = alert().await;
    assert_eq!(still, told);
    let entries = log(&service, &owner, "okta").await;
    let alerts = entries.iter().filter(|(action, _)| action == "scim.alert");
    assert_eq!(alerts.count(), 1, "told once");
    let undone = undo(&service, &owner).await;
    assert_eq!(undone.json(), json!({ "reactivated": 28, "gone": 0 }));
    let filter = "/Users?filter=active%20eq%20false";
    let away = scim(&service, &okta, "GET", filter, &Value::Null)
        .await
        .json();
    assert_eq!(away["totalResults"], 1);
    assert_eq!(away["Resources"][0]["userName"], "p28");
    assert_eq!(alert().await.0, Value::Null);
}
