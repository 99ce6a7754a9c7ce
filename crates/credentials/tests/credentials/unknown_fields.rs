//! What a newer program wrote survives a write by this one, on every level.

use kiro_credentials::{RefreshWhen, Renewal};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::scratch::{Scratch, name, noon};

/// Adds `later` wherever nothing authenticates it.
fn add(json: &mut Value) {
    let key = json["profiles"]["default"]["public"]["key"].clone();
    for pointer in [
        String::new(),
        format!("/keys/{}", key.as_str().unwrap()),
        "/profiles/default".to_owned(),
        "/profiles/default/sealed".to_owned(),
    ] {
        json.pointer_mut(&pointer).unwrap()["later"] = json!({"deep": [1, null, "ä"]});
    }
}

fn count(json: &Value) -> usize {
    json.to_string()
        .matches(r#""later":{"deep":[1,null,"ä"]}"#)
        .count()
}

#[test]
fn they_survive_every_kind_of_write() {
    let check = |write: &dyn Fn(&Scratch), expected: usize| {
        let scratch = Scratch::signed_in(&["default", "work"]);
        scratch.edit(add);
        write(&scratch);
        assert_eq!(count(&scratch.json()), expected, "{}", scratch.json());
    };
    check(&|_| {}, 4);
    check(&|scratch| scratch.sign_in("default"), 4);
    check(&|scratch| scratch.sign_in("other"), 4);
    check(&|scratch| scratch.store().switch(&name("work")).unwrap(), 4);
    check(
        &|scratch| assert!(scratch.store().remove(&name("work")).unwrap()),
        4,
    );
    // Signing in elsewhere keeps the key; the profile's own two go with the profile.
    check(
        &|scratch| assert!(scratch.store().remove(&name("default")).unwrap()),
        2,
    );
    check(&|scratch| refresh(scratch), 4);
}

fn refresh(scratch: &Scratch) {
    let clock = crate::refresh::At(noon());
    let session = scratch
        .store()
        .refresh(&name("default"), RefreshWhen::Always, &clock, &mut |_| {
            Ok(Renewal {
                access: SecretString::from("new"),
                refresh: None,
                id: None,
                expires_at: noon(),
                session_expires_at: None,
                scopes: None,
                models: None,
            })
        })
        .unwrap()
        .session;
    assert_eq!(session.public.revision, 2);
}
