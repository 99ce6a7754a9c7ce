//! What administrators decide about models.

use serde_json::{Value, json};

use super::{administrator, ask, kind};
use crate::administrator::Role;
use crate::inference::{Inference, Residency};
use crate::oidc::tests::running::Running;
use crate::sts::Sts;

#[tokio::test]
async fn a_group_is_given_models_and_loses_them() {
    let service = Running::start().await;
    let (_, operator) = administrator(&service, "acme", Role::Operator).await;
    let (_, owner) = administrator(&service, "acme", Role::Owner).await;
    let said = async |method: &str, path: &str, body: Value| {
        ask(&service, &operator, method, path, &body).await
    };
    let none = json!({ "in_force": false, "items": [] });
    assert_eq!(said("GET", "/plans", Value::Null).await.json(), none);
    let made = said("POST", "/groups", json!({ "display_name": "Authors" })).await;
    let group = made.json()["id"].clone();
    let path = format!("/groups/{}/models", group.as_str().unwrap());
    let many: Vec<String> = (0..101).map(|number| format!("m{number}")).collect();
    for (models, status, expected) in [
        (json!([]), 422, "models"),
        (json!(many), 422, "models"),
        (json!(["Opus 4"]), 400, "body"),
        (json!("opus-4.6"), 400, "body"),
        (json!([1]), 400, "body"),
    ] {
        let answer = said("PUT", &path, json!({ "models": models })).await;
        let found = (answer.status, kind(&answer));
        assert_eq!(found, (status, expected.to_owned()), "{models}");
    }
    let given = said(
        "PUT",
        &path,
        json!({ "models": ["opus-4.6", "haiku", "haiku"] }),
    )
    .await;
    assert_eq!(given.status, 204, "{}", given.text());
    let plan = json!({ "group": group, "models": ["haiku", "opus-4.6"] });
    let one = json!({ "in_force": true, "items": [plan] });
    assert_eq!(said("GET", "/plans", Value::Null).await.json(), one);
    assert_eq!(said("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(kind(&said("DELETE", &path, Value::Null).await), "not-found");
    let left = json!({ "in_force": true, "items": [] });
    assert_eq!(said("GET", "/plans", Value::Null).await.json(), left);
    assert_eq!(kind(&said("DELETE", "/plans", Value::Null).await), "role");
    let ended = ask(&service, &owner, "DELETE", "/plans", &Value::Null).await;
    assert_eq!(ended.status, 204);
    assert_eq!(said("GET", "/plans", Value::Null).await.json(), none);
    let log = ask(&service, &owner, "GET", "/audit?limit=1", &Value::Null).await;
    let last = &log.json()["items"][0];
    assert_eq!(
        (&last["action"], &last["actor"]),
        (&json!("plan.end"), &json!("owner"))
    );
}

#[tokio::test]
async fn what_is_decided_about_models_stands_in_the_clients_file() {
    let service = Running::start().await;
    let (_, owner) = administrator(&service, "acme", Role::Owner).await;
    let home = service.center.settings.region.clone();
    let file = async || {
        let answer = ask(&service, &owner, "GET", "/client-settings", &Value::Null).await;
        toml::from_str::<toml::Table>(&answer.text()).unwrap()
    };
    let before = file().await;
    assert!(before.get("locks").is_none());
    assert!(before["organizations"]["acme"].get("inference").is_none());
    let residency = home.split('-').next().unwrap();
    let decided = json!({
        "residency": residency, "region": home, "region_locked": true,
        "role": { "account": "111122223333", "name": "Kiro" }, "models": ["opus-4.6"],
    });
    let set = ask(&service, &owner, "PUT", "/inference", &decided).await;
    assert_eq!((set.status, set.json()), (200, decided.clone()));
    let read = ask(&service, &owner, "GET", "/inference", &Value::Null).await;
    assert_eq!(read.json(), decided);
    let after = file().await;
    let acme = &after["organizations"]["acme"];
    assert_eq!(acme["residency"].as_str(), Some(residency));
    let expected = format!(
        "region = \"{home}\"\naccount = \"111122223333\"\nrole = \"Kiro\"\nmodels = [\"opus-4.6\"]\n"
    );
    let expected: toml::Table = toml::from_str(&expected).unwrap();
    assert_eq!(acme["inference"].as_table(), Some(&expected));
    let locks = |file: &toml::Table| -> Vec<String> {
        let locks = file.get("locks").and_then(toml::Value::as_table);
        let locks = locks.into_iter().flatten();
        locks.map(|(name, on)| format!("{name} = {on}")).collect()
    };
    let both = ["own_organizations = true", "region = true"];
    assert_eq!(locks(&after), both);
    assert_eq!(
        acme["start_url"],
        before["organizations"]["acme"]["start_url"]
    );
    for unusable in [
        json!({ "region_locked": true }),
        json!({ "region": "moon" }),
        json!({ "residency": "eu", "region": "us-east-1" }),
        json!({ "residency": "eu", "region": "eu-isoe-west-1" }),
        json!({ "role": { "account": "1", "name": "Kiro" } }),
    ] {
        let answer = ask(&service, &owner, "PUT", "/inference", &unusable).await;
        assert_eq!(kind(&answer), "inference", "{unusable}");
    }
    assert_eq!(file().await, after, "nothing was changed");
    let stays = json!({ "residency": residency });
    let preferred = json!({ "region": home });
    for (decided, expected) in [(stays, &both[..1]), (preferred, &[])] {
        let set = ask(&service, &owner, "PUT", "/inference", &decided).await;
        assert_eq!(set.status, 200, "{}", set.text());
        assert_eq!(locks(&file().await), expected, "{decided}");
    }
}

/// The service's own address and its STS are part of what the file says, or of what becomes of it.
#[tokio::test]
async fn a_service_that_is_elsewhere_keeps_nobody_s_data_in_the_eu() {
    let service = Running::start_with(|settings| {
        settings.region = "eu-central-1".to_owned();
        settings.sts = Sts::of_region("us-east-1");
    });
    let service = service.await;
    let (_, owner) = administrator(&service, "acme", Role::Owner).await;
    let eu = json!({ "residency": "eu" });
    let refused = ask(&service, &owner, "PUT", "/inference", &eu).await;
    assert_eq!(
        (refused.status, kind(&refused).as_str()),
        (422, "inference")
    );
    let said = refused.text();
    assert!(
        said.contains("sts.us-east-1.amazonaws.com, an address in this service"),
        "{said}"
    );
    // It was decided before the service moved.
    let decided = Inference {
        residency: Some(Residency::Eu),
        ..Inference::default()
    };
    let (store, now) = (&service.center.store, service.center.now());
    let set = store.set_inference("acme", decided, now).await.unwrap();
    set.unwrap();
    let file = ask(&service, &owner, "GET", "/client-settings", &Value::Null).await;
    assert_eq!((file.status, kind(&file).as_str()), (409, "inference"));
}
