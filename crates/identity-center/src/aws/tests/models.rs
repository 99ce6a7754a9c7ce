//! The models that a person's groups give them: a member of the token answer that AWS does not have.

use super::device::{decide, legacy, start};
use super::*;
use crate::id::GroupId;
use crate::plan::Plan;

async fn give(service: &Running, group: GroupId, models: &[&str]) {
    let plan = Plan {
        group,
        models: models.iter().map(|model| (*model).to_owned()).collect(),
    };
    let (store, now) = (&service.center.store, service.center.now());
    store.set_plan(plan, now).await.unwrap().unwrap();
}

#[tokio::test]
async fn each_token_answer_tells_the_models_of_the_person_s_groups_by_then() {
    let service = Running::start().await;
    let group = portal::furnish(&service).await;
    let client = register(&service).await;
    let code = code(&service, &client).await;
    let mut last = create_token(&service, &client, redemption(&code))
        .await
        .json();
    assert_eq!(last.get("models"), None, "nobody has given anything");
    let mut renewed = async || {
        let next = create_token(&service, &client, refresh(&last["refreshToken"])).await;
        assert_eq!(next.status, 200, "{}", next.text());
        last = next.json();
        last.get("models").cloned()
    };
    assert_eq!(renewed().await, None);
    give(&service, group, &["opus-4.6", "haiku"]).await;
    assert_eq!(renewed().await, Some(json!(["haiku", "opus-4.6"])));
    let (store, now) = (&service.center.store, service.center.now());
    store.remove_member(group, service.user, now).await.unwrap();
    assert_eq!(renewed().await, Some(json!([])));
    store.end_plans("acme", now).await.unwrap();
    assert_eq!(renewed().await, None);
}

#[tokio::test]
async fn whoever_signs_in_is_told_with_the_first_tokens() {
    let service = Running::start().await;
    let group = portal::furnish(&service).await;
    give(&service, group, &["opus-4.6"]).await;
    let client = register(&service).await;
    let code = code(&service, &client).await;
    let first = create_token(&service, &client, redemption(&code)).await;
    assert_eq!(first.json()["models"], json!(["opus-4.6"]));

    let client = legacy(&service).await;
    let start_url = crate::start_url::of(&service.center.settings, "acme");
    let started = start(&service, &client, &start_url).await.json();
    let user_code = started["userCode"].as_str().unwrap();
    assert!(decide(&service, user_code, service.user, true).await);
    let ask = json!({ "grantType": crate::device::GRANT, "deviceCode": started["deviceCode"] });
    let granted = create_token(&service, &client, ask).await;
    assert_eq!(granted.json()["models"], json!(["opus-4.6"]));
}
