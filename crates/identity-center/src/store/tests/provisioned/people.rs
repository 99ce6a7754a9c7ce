//! People come, change, end and go.

use kiro_scim::{Expected, Refusal, USER};
use serde_json::json;

use super::super::administration::link;
use super::super::cases::{at, token};
use super::super::directory::{client, live, organization};
use super::{becomes, comes, connection, found, if_match, patch, read, replacement, user};
use crate::session::{Ended, Session, State};
use crate::store::Store;

/// What came is read again; a change counts, what changes nothing does not; who left is gone.
pub(super) async fn change(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let said = json!({
        "userName": "Aiko@acme.example", "externalId": "00u1", "displayName": "Aiko 愛子",
        "name": { "givenName": "Aiko", "familyName": "Tanaka", "formatted": "田中 愛子" },
        "emails": [
            { "value": "Aiko@acme.example", "type": "work", "primary": true },
            { "value": "aiko@home.example", "type": "home" },
        ],
        "title": "Guide", "active": true, "password": "correct horse",
    });
    let aiko = comes(&store, &okta, said.clone(), 5).await.unwrap();
    assert_eq!(
        (aiko.version, aiko.created_at, aiko.modified_at),
        (1, at(5), at(5))
    );
    assert_eq!(read(&store, &okta, &aiko).await, Ok(aiko.clone()));
    let native = store.user(user(&aiko)).await.unwrap().unwrap();
    assert_eq!(native.profile.display_name, "Aiko 愛子");
    assert_eq!(native.profile.email.as_deref(), Some("Aiko@acme.example"));
    let factors = store.factors(Some(&native)).await.unwrap();
    assert!(
        factors.password.is_none(),
        "nobody signs in by a provisioned password"
    );

    // What changes nothing.
    let nothing = [
        replacement(&USER, said.clone()),
        replacement(
            &USER,
            json!({ "userName": "Aiko@acme.example ", "externalId": "00u1", "displayName": "Aiko 愛子",
            "name": said["name"], "emails": said["emails"], "title": "Guide" }),
        ),
        patch(
            &USER,
            json!([{ "op": "replace", "path": "active", "value": "True" }]),
        ),
        patch(&USER, json!([{ "op": "remove", "path": "nickName" }])),
        patch(
            &USER,
            json!([
                { "op": "replace", "path": "title", "value": "Boss" }, { "op": "replace", "path": "title", "value": "Guide" },
            ]),
        ),
    ];
    for (number, change) in nothing.into_iter().enumerate() {
        let same = becomes(&store, &okta, &aiko, change, 6).await.unwrap();
        assert_eq!((same.version, same.modified_at), (1, at(5)), "{number}");
    }
    assert_eq!(read(&store, &okta, &aiko).await, Ok(aiko.clone()));

    let moved = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "tanaka@acme.example" },
        { "op": "add", "path": "nickName", "value": "Ai" },
    ]);
    let moved = becomes(&store, &okta, &aiko, patch(&USER, moved), 7)
        .await
        .unwrap();
    assert_eq!(
        (moved.version, moved.created_at, moved.modified_at),
        (2, at(5), at(7))
    );
    assert_eq!(read(&store, &okta, &aiko).await, Ok(moved.clone()));
    let by_mail = async |address: &str| {
        found(
            &store,
            &okta,
            &USER,
            &format!("emails.value eq \"{address}\""),
        )
        .await
    };
    assert_eq!(by_mail("TANAKA@acme.example").await, ["Aiko@acme.example"]);
    assert_eq!(by_mail("aiko@acme.example").await, [""; 0]);
    assert_eq!(by_mail("aiko@home.example").await, ["Aiko@acme.example"]);

    let before = if_match("W/\"1\"");
    let refused = store.delete_provisioned_user(&okta, user(&aiko), before, at(8));
    assert_eq!(refused.await.unwrap(), Err(Refusal::VersionMismatch));
    let now = if_match("W/\"2\"");
    let gone = store.delete_provisioned_user(&okta, user(&aiko), now, at(8));
    assert_eq!(gone.await.unwrap(), Ok(()));
    let nobody = Err(Refusal::NotFound("user"));
    assert_eq!(read(&store, &okta, &aiko).await, nobody);
    assert_eq!(
        becomes(
            &store,
            &okta,
            &aiko,
            patch(&USER, json!([{ "op": "remove", "path": "title" }])),
            9
        )
        .await,
        nobody
    );
    let again = store.delete_provisioned_user(&okta, user(&aiko), Expected::default(), at(9));
    assert_eq!(again.await.unwrap(), Err(Refusal::NotFound("user")));
    assert_eq!(by_mail("tanaka@acme.example").await, [""; 0]);
    comes(&store, &okta, said, 9).await.unwrap(); // the name is free
}

/// A name is had once, whatever its case and form, whoever has it.
pub(super) async fn names(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let okta = connection(&store, "acme", "okta").await;
    let entra = connection(&store, "acme", "entra").await;
    let other = connection(&store, "hinoki", "okta").await;
    let taken = |by: &str| Refusal::Taken {
        attribute: "userName",
        by: by.to_owned(),
    };
    let name = |name: &str| json!({ "userName": name });
    comes(&store, &okta, name("Straße"), 1).await.unwrap();
    super::super::directory::made(&store, "acme", "José").await;
    let check = async |by, said: &str, whose: &str| {
        assert_eq!(
            comes(&store, by, name(said), 2).await,
            Err(taken(whose)),
            "{said}"
        );
    };
    check(&okta, "STRASSE", "Straße").await;
    check(&okta, " strasse ", "Straße").await;
    check(&entra, "STRASSE", "Straße, whom okta provisions").await;
    check(&okta, "JOSE\u{301}", "José, whom no connection provisions").await;
    comes(&store, &other, name("STRASSE"), 2).await.unwrap();

    let second = comes(&store, &okta, name("ΣΑΣ"), 2).await.unwrap();
    let renamed = async |to: &str| {
        let change = patch(
            &USER,
            json!([{ "op": "replace", "path": "userName", "value": to }]),
        );
        becomes(&store, &okta, &second, change, 3)
            .await
            .map(|it| it.version)
    };
    assert_eq!(renamed("STRASSE").await, Err(taken("Straße")));
    assert_eq!(
        renamed("josé").await,
        Err(taken("José, whom no connection provisions"))
    );
    assert_eq!(renamed("σας").await, Ok(2), "their own name");
    for (wrong, why) in [("a\u{202e}b", "invisible"), (&"x".repeat(321), "long")] {
        let refused = renamed(wrong).await;
        assert!(
            matches!(refused, Err(Refusal::Value { .. })),
            "{why}: {refused:?}"
        );
    }
    assert_eq!(renamed(&"x".repeat(320)).await, Ok(3));
}

/// The longest texts that are taken, each folded to the longest: an index of either database takes them.
pub(super) async fn texts(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    // No database makes these shorter.
    let mut state: u64 = 1;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + u8::try_from((state >> 33) % 10).unwrap())
    })
    .take(1024)
    .collect();
    // Each is two letters, folded: `եւ`.
    let folded = "\u{587}".repeat(512);
    for (number, text) in [noise, folded].into_iter().enumerate() {
        let said = json!({
            "userName": format!("u{number}"), "externalId": text, "displayName": text, "name": { "givenName": text },
            "emails": [{ "value": text }],
        });
        comes(&store, &okta, said, 1).await.unwrap();
        let group = json!({ "displayName": format!("g{number}"), "externalId": text });
        super::forms(&store, &okta, group, 1).await.unwrap();
        let name = format!("u{number}");
        for attribute in ["externalId", "displayName", "emails.value"] {
            let filter = format!("{attribute} eq \"{text}\"");
            assert_eq!(found(&store, &okta, &USER, &filter).await, [name.as_str()]);
        }
    }
}

/// Whoever is deactivated or removed loses everything with the same commit; who comes back finds nothing of it.
pub(super) async fn ends(store: Store) {
    organization(&store, "acme").await;
    client(&store, "app", vec![]).await;
    let okta = connection(&store, "acme", "okta").await;
    let aiko = comes(&store, &okta, json!({ "userName": "aiko" }), 0)
        .await
        .unwrap();
    let ben = comes(&store, &okta, json!({ "userName": "ben" }), 0)
        .await
        .unwrap();
    let hers = live(&store, user(&aiko), "app").await;
    let his = live(&store, user(&ben), "app").await;
    let active = |value: &str| {
        patch(
            &USER,
            json!([{ "op": "Replace", "path": "active", "value": value }]),
        )
    };
    let good = async |session: &Session, second| {
        let found = store.good_session(token(session, 0), at(second)).await;
        found.unwrap().is_some()
    };
    assert!(good(&hers, 2).await);
    let (waits, offered) = link(Some(user(&aiko)));
    store.offer_setup(offered, at(99)).await.unwrap();

    let off = becomes(&store, &okta, &aiko, active("False"), 100)
        .await
        .unwrap();
    assert!(!off.resource.active());
    let (ended, _) = store.session(hers.id).await.unwrap().unwrap();
    let state = State::Ended {
        at: at(100),
        because: Ended::Deactivated,
    };
    assert_eq!(ended.state, state);
    assert!(!good(&hers, 101).await && good(&his, 101).await);
    assert_eq!(
        found(&store, &okta, &USER, "active eq false").await,
        ["aiko"]
    );

    let on = becomes(&store, &okta, &aiko, active("True"), 200)
        .await
        .unwrap();
    assert!(on.resource.active());
    assert!(!good(&hers, 201).await, "coming back revives nothing");
    assert_eq!(store.setup_link(waits, at(201)).await.unwrap(), None);
    let again = live(&store, user(&aiko), "app").await;
    assert!(good(&again, 202).await);

    // A PUT that does not say so neither ends anything nor brings anybody back.
    let silent = json!({ "userName": "aiko", "title": "Guide" });
    becomes(
        &store,
        &okta,
        &aiko,
        replacement(&USER, silent.clone()),
        203,
    )
    .await
    .unwrap();
    assert!(good(&again, 204).await);
    becomes(&store, &okta, &aiko, active("False"), 205)
        .await
        .unwrap();
    let still = becomes(&store, &okta, &aiko, replacement(&USER, silent), 206)
        .await
        .unwrap();
    assert!(!still.resource.active());

    let gone = store.delete_provisioned_user(&okta, user(&ben), Expected::default(), at(300));
    assert_eq!(gone.await.unwrap(), Ok(()));
    assert!(store.session(his.id).await.unwrap().is_none());
    assert!(store.user(user(&ben)).await.unwrap().is_none());
}
