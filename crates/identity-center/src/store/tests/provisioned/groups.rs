//! Groups form, change and go, and with them what they give.

use kiro_scim::{Expected, GROUP, Refusal, USER};
use serde_json::{Value, json};

use super::super::cases::{at, token};
use super::super::directory::{client, live, organization};
use super::{
    assert_same, becomes, comes, connection, everything, forms, found, group, if_match, patch,
    read, replacement, user,
};
use crate::id::UserId;
use crate::provisioning::{Provisioned, Provisioner};
use crate::session::{Ended, Session, State};
use crate::store::Store;

/// An organisation, its connection, and people of these names.
async fn given<const N: usize>(store: &Store, names: [&str; N]) -> (Provisioner, [Provisioned; N]) {
    organization(store, "acme").await;
    let okta = connection(store, "acme", "okta").await;
    let mut people = Vec::new();
    for (second, name) in (0..).zip(names) {
        let made = comes(store, &okta, json!({ "userName": name }), second);
        people.push(made.await.unwrap());
    }
    (okta, people.try_into().unwrap())
}

fn values(people: &[&Provisioned]) -> Value {
    people
        .iter()
        .map(|one| json!({ "value": one.id }))
        .collect()
}

async fn members_of(store: &Store, by: &Provisioner, one: &Provisioned) -> Vec<String> {
    let mut names: Vec<String> = read(store, by, one)
        .await
        .unwrap()
        .related
        .into_iter()
        .map(|it| it.display)
        .collect();
    names.sort();
    names
}

pub(super) async fn change(store: Store) {
    let (okta, [aiko, ben]) = given(&store, ["aiko", "ben"]).await;
    let said = json!({ "displayName": "Développeurs", "externalId": "g1", "members": values(&[&aiko, &ben, &aiko]) });
    let team = forms(&store, &okta, said.clone(), 5).await.unwrap();
    assert_eq!(
        (team.version, team.created_at, team.modified_at),
        (1, at(5), at(5))
    );
    assert_eq!(members_of(&store, &okta, &team).await, ["aiko", "ben"]);
    let groups = read(&store, &okta, &aiko).await.unwrap().related;
    assert_eq!(
        (groups.len(), &groups[0].display),
        (1, &"Développeurs".to_owned())
    );
    let taken = |by: &str| Refusal::Taken {
        attribute: "displayName",
        by: by.to_owned(),
    };
    let again = forms(
        &store,
        &okta,
        json!({ "displayName": "DE\u{301}VELOPPEURS" }),
        6,
    )
    .await;
    assert_eq!(again, Err(taken("another group")));

    for (number, change) in [
        replacement(&GROUP, said),
        replacement(&GROUP, json!({ "displayName": "Développeurs" })),
        patch(&GROUP, json!([{ "op": "add", "path": "members", "value": values(&[&ben]) }])),
        patch(&GROUP, json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", UserId::random()) }])),
        patch(&GROUP, json!([{ "op": "replace", "path": "displayName", "value": "Développeurs" }])),
    ].into_iter().enumerate() {
        let same = becomes(&store, &okta, &team, change, 6).await.unwrap();
        assert_eq!((same.version, same.modified_at), (1, at(5)), "{number}");
    }
    let renamed = patch(
        &GROUP,
        json!([{ "op": "replace", "value": { "displayName": "Développeuses" } }]),
    );
    let renamed = becomes(&store, &okta, &team, renamed, 7).await.unwrap();
    assert_eq!((renamed.version, renamed.modified_at), (2, at(7)));
    assert_eq!(
        found(&store, &okta, &GROUP, "displayName eq \"DÉVELOPPEUSES\"").await,
        ["Développeuses"]
    );
    assert_eq!(
        found(
            &store,
            &okta,
            &USER,
            &format!("groups.value eq \"{}\"", team.id)
        )
        .await,
        ["aiko", "ben"]
    );

    let old = store.delete_provisioned_group(&okta, group(&team), if_match("W/\"1\""), at(8));
    assert_eq!(old.await.unwrap(), Err(Refusal::VersionMismatch));
    let gone = store.delete_provisioned_group(&okta, group(&team), if_match("W/\"2\""), at(8));
    assert_eq!(gone.await.unwrap(), Ok(()));
    let none = Err(Refusal::NotFound("group"));
    assert_eq!(read(&store, &okta, &team).await, none);
    assert_eq!(read(&store, &okta, &aiko).await.unwrap().related, []);
    let again = store.delete_provisioned_group(&okta, group(&team), Expected::default(), at(9));
    assert_eq!(again.await.unwrap(), Err(Refusal::NotFound("group")));
}

/// Who leaves is named; nobody else leaves.
pub(super) async fn members(store: Store) {
    let (okta, [aiko, ben, carl]) = given(&store, ["aiko", "ben", "carl"]).await;
    let all = values(&[&aiko, &ben, &carl]);
    let team = forms(
        &store,
        &okta,
        json!({ "displayName": "Team", "members": all }),
        1,
    )
    .await
    .unwrap();
    let mut second = 2;
    let mut check = async |operations: Value, left: &[&str]| {
        let restored = patch(
            &GROUP,
            json!([{ "op": "add", "path": "members", "value": all }]),
        );
        becomes(&store, &okta, &team, restored, second)
            .await
            .unwrap();
        let before = members_of(&store, &okta, &team).await;
        assert_eq!(before, ["aiko", "ben", "carl"]);
        becomes(
            &store,
            &okta,
            &team,
            patch(&GROUP, operations.clone()),
            second + 1,
        )
        .await
        .unwrap();
        assert_eq!(members_of(&store, &okta, &team).await, left, "{operations}");
        second += 2;
    };
    let one = |id: &str| format!("members[value eq \"{id}\"]");
    check(
        json!([{ "op": "remove", "path": one(&aiko.id) }]),
        &["ben", "carl"],
    )
    .await;
    check(
        json!([{ "op": "Remove", "path": "members", "value": [{ "value": aiko.id }] }]),
        &["ben", "carl"],
    )
    .await;
    check(
        json!([{ "op": "remove", "path": "members", "value": [] }]),
        &["aiko", "ben", "carl"],
    )
    .await;
    check(
        json!([{ "op": "remove", "path": one(&UserId::random().to_string()) }]),
        &["aiko", "ben", "carl"],
    )
    .await;
    check(
        json!([{ "op": "remove", "path": one("nobody") }]),
        &["aiko", "ben", "carl"],
    )
    .await;
    check(
        json!([{ "op": "replace", "path": "members", "value": [{ "value": ben.id }] }]),
        &["ben"],
    )
    .await;
    check(json!([{ "op": "remove", "path": "members" }]), &[]).await;
    // An id is written in one way; in another it is nobody's, and takes nobody out.
    let shouted = aiko.id.to_uppercase();
    if shouted != aiko.id {
        check(
            json!([{ "op": "remove", "path": one(&shouted) }]),
            &["aiko", "ben", "carl"],
        )
        .await;
        let put = json!({ "displayName": "Team", "members": [{ "value": shouted }] });
        let refused = becomes(&store, &okta, &team, replacement(&GROUP, put), second).await;
        assert!(matches!(refused, Err(Refusal::Value { .. })), "{refused:?}");
        assert_eq!(
            members_of(&store, &okta, &team).await,
            ["aiko", "ben", "carl"]
        );
    }
}

/// Whatever is wrong at the end undoes what was right before it.
pub(super) async fn all_or_nothing(store: Store) {
    let (okta, [aiko, ben]) = given(&store, ["aiko", "ben"]).await;
    let team = forms(
        &store,
        &okta,
        json!({ "displayName": "Team", "members": values(&[&aiko]) }),
        1,
    )
    .await
    .unwrap();
    forms(&store, &okta, json!({ "displayName": "Taken" }), 1)
        .await
        .unwrap();
    let before = everything(&store).await;
    let unknown = UserId::random().to_string();

    let made = forms(
        &store,
        &okta,
        json!({ "displayName": "New", "members": [{ "value": ben.id }, { "value": unknown }] }),
        2,
    )
    .await;
    assert!(matches!(made, Err(Refusal::Value { .. })), "{made:?}");
    let changes = [
        (
            "an unknown member",
            json!([
                { "op": "replace", "path": "displayName", "value": "Renamed" },
                { "op": "remove", "path": format!("members[value eq \"{}\"]", aiko.id) },
                { "op": "add", "path": "members", "value": [{ "value": ben.id }, { "value": unknown }] },
            ]),
        ),
        (
            "no id at all",
            json!([
                { "op": "replace", "path": "displayName", "value": "Renamed" },
                { "op": "add", "path": "members", "value": [{ "value": ben.id }, { "value": "../../Users" }] },
            ]),
        ),
        (
            "a name that is taken",
            json!([
                { "op": "replace", "path": "members", "value": [{ "value": ben.id }] },
                { "op": "replace", "path": "displayName", "value": "TAKEN" },
            ]),
        ),
        (
            "no name",
            json!([
                { "op": "replace", "path": "members", "value": [{ "value": ben.id }] },
                { "op": "replace", "path": "displayName", "value": "a\u{200b}b" },
            ]),
        ),
    ];
    for (what, operations) in changes {
        let refused = becomes(&store, &okta, &team, patch(&GROUP, operations), 3).await;
        assert!(refused.is_err(), "{what}: {refused:?}");
        assert_same(&before, &everything(&store).await, what);
    }
    let person = json!([
        { "op": "replace", "path": "title", "value": "Boss" },
        { "op": "replace", "path": "emails[type eq \"work\"]", "value": { "value": "a@b" } },
    ]);
    let refused = becomes(&store, &okta, &aiko, patch(&USER, person), 3).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_same(&before, &everything(&store).await, "a person");
}

/// Who loses a group loses what it gave, in each way of losing it.
pub(super) async fn lost(store: Store) {
    let (okta, [aiko, ben]) = given(&store, ["aiko", "ben"]).await;
    let team = forms(
        &store,
        &okta,
        json!({ "displayName": "Team", "members": values(&[&aiko, &ben]) }),
        1,
    )
    .await
    .unwrap();
    client(&store, "open", vec![]).await;
    client(&store, "team", vec![group(&team)]).await;
    let good = async |session: &Session, second| {
        let found = store.good_session(token(session, 0), at(second)).await;
        found.unwrap().is_some()
    };
    let ways = [
        patch(
            &GROUP,
            json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", aiko.id) }]),
        ),
        patch(
            &GROUP,
            json!([{ "op": "remove", "path": "members", "value": [{ "value": aiko.id }] }]),
        ),
        patch(
            &GROUP,
            json!([{ "op": "replace", "path": "members", "value": [{ "value": ben.id }] }]),
        ),
        replacement(
            &GROUP,
            json!({ "displayName": "Team", "members": [{ "value": ben.id }] }),
        ),
    ];
    for (number, way) in (0..).zip(ways) {
        let second = 10 + number * 10;
        let back = patch(
            &GROUP,
            json!([{ "op": "add", "path": "members", "value": values(&[&aiko]) }]),
        );
        becomes(&store, &okta, &team, back, second).await.unwrap();
        let (open, closed) = (
            live(&store, user(&aiko), "open").await,
            live(&store, user(&aiko), "team").await,
        );
        let his = live(&store, user(&ben), "team").await;
        assert!(good(&closed, second).await, "{number}");
        becomes(&store, &okta, &team, way, second + 1)
            .await
            .unwrap();
        let (ended, _) = store.session(closed.id).await.unwrap().unwrap();
        let state = State::Ended {
            at: at(second + 1),
            because: Ended::GroupLost,
        };
        assert_eq!(ended.state, state, "{number}");
        assert!(
            good(&open, second + 2).await && good(&his, second + 2).await,
            "{number}"
        );
    }
    let his = live(&store, user(&ben), "team").await;
    let gone = store.delete_provisioned_group(&okta, group(&team), Expected::default(), at(90));
    assert_eq!(gone.await.unwrap(), Ok(()));
    assert!(!good(&his, 91).await);
}
