//! Which models a person has by their groups, and what is decided about models at all.

use super::cases::{Case, at};
use super::directory::{made, organization};
use crate::directory::DirectoryRefusal;
use crate::id::{GroupId, UserId};
use crate::inference::{AskedBy, Inference, Residency};
use crate::plan::Plan;
use crate::store::Store;

pub(super) const ALL: &[(&str, Case)] = &[
    ("plans", |store| Box::pin(plans(store))),
    ("plans_audit", |store| Box::pin(records(store))),
    ("inference", |store| Box::pin(inference(store))),
];

async fn group(store: &Store, organization: &str, name: &str) -> GroupId {
    let group = store.create_group(organization, name, None, at(0));
    group.await.unwrap().unwrap().id
}

fn plan(group: GroupId, models: &[&str]) -> Plan {
    Plan {
        group,
        models: models.iter().map(|model| (*model).to_owned()).collect(),
    }
}

async fn set(store: &Store, group: GroupId, models: &[&str]) {
    let set = store.set_plan(plan(group, models), at(1));
    set.await.unwrap().unwrap();
}

/// `-` where models do not depend on groups.
async fn of(store: &Store, user: UserId) -> String {
    let told = store.told_of(user).await.unwrap();
    let models = told.and_then(|told| told.models);
    models.map_or_else(|| "-".to_owned(), |models| Vec::from_iter(models).join(" "))
}

async fn plans(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "other").await;
    let aiko = made(&store, "acme", "aiko").await.id;
    let ben = made(&store, "acme", "ben").await.id;
    let elsewhere = made(&store, "other", "elsewhere").await.id;
    let engineers = group(&store, "acme", "Engineers").await;
    let authors = group(&store, "acme", "authors").await;
    for joined in [engineers, authors] {
        let added = store.add_member(joined, aiko, at(1)).await.unwrap();
        assert_eq!(added, Ok(true));
    }
    assert_eq!(store.plans("acme").await.unwrap(), None);
    for user in [aiko, ben, elsewhere, UserId::random()] {
        assert_eq!(of(&store, user).await, "-", "nobody has said anything");
    }
    assert!(!store.end_plans("acme", at(1)).await.unwrap());

    set(&store, engineers, &["opus-4.6", "haiku"]).await;
    set(&store, authors, &["opus-4.6", "sonnet"]).await;
    assert_eq!(of(&store, aiko).await, "haiku opus-4.6 sonnet", "each once");
    assert_eq!(of(&store, ben).await, "", "in none of these groups");
    assert_eq!(of(&store, elsewhere).await, "-");
    set(&store, engineers, &["haiku"]).await;
    let all = store.plans("acme").await.unwrap();
    let both = vec![
        plan(authors, &["opus-4.6", "sonnet"]),
        plan(engineers, &["haiku"]),
    ];
    assert_eq!(all, Some(both), "by the groups' names");
    assert_eq!(store.plans("other").await.unwrap(), None);

    // Whoever joins or leaves a group has more or less with the same commit.
    store
        .add_member(engineers, ben, at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(of(&store, ben).await, "haiku");
    store.remove_member(authors, aiko, at(2)).await.unwrap();
    assert_eq!(of(&store, aiko).await, "haiku");

    // A group that goes gives nobody anything, the last one neither.
    store.delete_group(engineers, at(3)).await.unwrap().unwrap();
    assert_eq!(of(&store, aiko).await, "");
    assert_eq!(store.remove_plan(authors, at(3)).await.unwrap(), Ok(true));
    assert_eq!(store.remove_plan(authors, at(3)).await.unwrap(), Ok(false));
    assert_eq!(of(&store, ben).await, "");
    assert_eq!(store.plans("acme").await.unwrap(), Some(vec![]));
    let gone = Err(DirectoryRefusal::NoGroup);
    let set_gone = store.set_plan(plan(engineers, &["haiku"]), at(3));
    assert_eq!(set_gone.await.unwrap(), gone);
    let removed = store.remove_plan(engineers, at(3)).await.unwrap();
    assert_eq!(removed.map(drop), gone);

    // An administrator alone ends it, for their own organisation.
    let theirs = group(&store, "other", "Theirs").await;
    set(&store, theirs, &["haiku"]).await;
    set(&store, authors, &["haiku"]).await;
    assert!(store.end_plans("acme", at(4)).await.unwrap());
    assert_eq!(of(&store, aiko).await, "-");
    let others = store.plans("other").await.unwrap();
    assert_eq!(others, Some(vec![plan(theirs, &["haiku"])]));
    assert_eq!(of(&store, elsewhere).await, "");
    set(&store, authors, &["sonnet"]).await;
    let all = store.plans("acme").await.unwrap();
    assert_eq!(
        all,
        Some(vec![plan(authors, &["sonnet"])]),
        "nothing comes back"
    );
}

async fn records(store: Store) {
    organization(&store, "acme").await;
    let since = store.audit_entries(0, 99).await.unwrap().len();
    let authors = group(&store, "acme", "Authors").await;
    set(&store, authors, &["opus-4.6"]).await;
    store.remove_plan(authors, at(1)).await.unwrap().unwrap();
    store.remove_plan(authors, at(1)).await.unwrap().unwrap();
    store.end_plans("acme", at(1)).await.unwrap();
    store.end_plans("acme", at(1)).await.unwrap();
    let entries = store.audit_entries(0, 99).await.unwrap();
    let found: Vec<_> = entries[since..]
        .iter()
        .map(|entry| (entry.action.as_str(), entry.subject.as_str()))
        .collect();
    let expected = [
        ("group.create", "Authors"),
        ("plan.set", "Authors"),
        ("plan.remove", "Authors"),
        ("plan.end", "plans"),
    ];
    assert_eq!(found, expected);
    let detail = &entries[since + 1].detail;
    assert!(detail.contains("\"models\":[\"opus-4.6\"]"), "{detail}");
    assert!(store.verify_audit().await.unwrap().is_ok());
}

async fn inference(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "other").await;
    let of = async |name: &str| store.inference(name).await.unwrap();
    assert_eq!(of("acme").await, Inference::default());
    assert_eq!(of("nobody").await, Inference::default());
    let decided = Inference {
        residency: Some(Residency::Eu),
        region: Some("eu-central-1".to_owned()),
        region_locked: true,
        role: Some(AskedBy {
            account: "111122223333".to_owned(),
            name: "Kiro".to_owned(),
        }),
        models: Some(["opus-4.6".to_owned()].into()),
    };
    let set = store.set_inference("acme", decided.clone(), at(1));
    assert_eq!(set.await.unwrap(), Ok(()));
    assert_eq!(of("acme").await, decided);
    assert_eq!(of("other").await, Inference::default());
    let nobody = store.set_inference("nobody", decided, at(1)).await.unwrap();
    assert_eq!(nobody, Err(DirectoryRefusal::NoOrganization));
    let last = &store.audit_of("acme", i64::MAX, 1).await.unwrap()[0];
    assert_eq!(last.action, "inference.set");
    assert!(
        last.detail.contains("\"residency\":\"eu\""),
        "{}",
        last.detail
    );
}
