//! What an edit of the file is noticed by: the seal over the public part.

use kiro_credentials::{KeyError, KeySource, NewPublic, StoreError};
use serde_json::{Value, json};

use crate::scratch::{Scratch, access, name, public, tokens};

/// `tampered`, `key gone`, `damaged`, or the access token.
fn opened(scratch: &Scratch, profile: &str) -> String {
    match scratch.store().session(&name(profile)) {
        Ok(Some(session)) => access(&session.tokens).to_owned(),
        Ok(None) => "none".to_owned(),
        Err(StoreError::Tampered { .. }) => "tampered".to_owned(),
        Err(StoreError::KeyGone { .. }) => "key gone".to_owned(),
        Err(StoreError::Damaged { .. }) => "damaged".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_public_field_is_authenticated() {
    let scratch = Scratch::signed_in(&["default"]);
    let fields = scratch.json()["profiles"]["default"]["public"].clone();
    let fields: Vec<String> = fields.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields.len(), 15, "{fields:?}");
    for field in fields {
        let scratch = Scratch::signed_in(&["default"]);
        scratch.edit(|json| {
            let key = json["profiles"]["default"]["public"]["key"].clone();
            let value = &mut json["profiles"]["default"]["public"][&field];
            *value = match field.as_str() {
                "revision" => json!(2),
                // Another name for the very same key, as far as the file goes.
                "key" => json!("k-11111111"),
                "scopes" => json!(["openid"]),
                "expires_at" | "signed_in_at" | "session_expires_at" => {
                    json!("2030-01-01T00:00:00Z")
                }
                _ => json!("edited"),
            };
            json["keys"]["k-11111111"] = json["keys"][key.as_str().unwrap()].clone();
        });
        let expected = if field == "key" {
            "key gone"
        } else {
            "tampered"
        };
        assert_eq!(opened(&scratch, "default"), expected, "{field}");
    }
}

#[test]
fn nobody_gives_themselves_models() {
    let scratch = Scratch::signed_in(&["default"]);
    let given = NewPublic {
        models: Some(vec!["haiku".to_owned()]),
        ..public()
    };
    let (slot, store) = (name("default"), scratch.store());
    store.save(&slot, given, tokens("default")).unwrap();
    assert_eq!(opened(&scratch, "default"), "access-default");
    for models in [json!(["haiku", "opus-4.6"]), json!(null)] {
        scratch.edit(|json| json["profiles"]["default"]["public"]["models"] = models.clone());
        assert_eq!(opened(&scratch, "default"), "tampered", "{models}");
    }
}

fn check(edit: impl FnOnce(&mut Value), expected: &str) {
    let scratch = Scratch::signed_in(&["default", "work"]);
    scratch.edit(edit);
    let before = scratch.bytes("credentials.json");
    assert_eq!(opened(&scratch, "default"), expected);
    assert_eq!(
        scratch.bytes("credentials.json"),
        before,
        "reading changes nothing"
    );
}

#[test]
fn moved_and_edited_parts_do_not_open() {
    // What is not about this profile may change freely.
    check(|_| {}, "access-default");
    check(|json| json["active"] = json!("work"), "access-default");
    check(|json| json["later"] = json!({"x": 1}), "access-default");
    check(
        |json| json["profiles"]["work"]["public"]["email"] = json!("eve@x"),
        "access-default",
    );
    // Order and white space are not what is authenticated.
    check(
        |json| {
            let public = &mut json["profiles"]["default"]["public"];
            let reversed: Vec<_> = public
                .as_object()
                .unwrap()
                .clone()
                .into_iter()
                .rev()
                .collect();
            *public = Value::Object(reversed.into_iter().collect());
        },
        "access-default",
    );
    check(|json| json["version"] = json!(2), "tampered");
    check(
        |json| json["profiles"]["default"]["public"]["later"] = json!(1),
        "tampered",
    );
    check(
        |json| {
            json["profiles"]["default"]["public"]
                .as_object_mut()
                .unwrap()
                .remove("endpoint");
        },
        "tampered",
    );
    check(
        |json| {
            let work = json["profiles"]["work"].clone();
            json["profiles"]["default"] = work;
        },
        "tampered",
    );
    check(
        |json| {
            let sealed = json["profiles"]["work"]["sealed"].clone();
            json["profiles"]["default"]["sealed"] = sealed;
        },
        "tampered",
    );
    check(
        |json| json["profiles"]["default"]["sealed"]["alg"] = json!("none"),
        "tampered",
    );
    check(
        |json| json["profiles"]["default"]["sealed"]["nonce"] = json!("AAAA"),
        "tampered",
    );
    check(
        |json| json["profiles"]["default"]["sealed"]["ciphertext"] = json!(""),
        "tampered",
    );
    check(
        |json| {
            let text = &mut json["profiles"]["default"]["sealed"]["ciphertext"];
            let other = if text.as_str().unwrap().starts_with('A') {
                "B"
            } else {
                "A"
            };
            *text = json!(format!("{other}{}", &text.as_str().unwrap()[1..]));
        },
        "tampered",
    );
    check(|json| json["keys"] = json!({}), "key gone");
}

#[test]
fn tokens_are_nowhere_in_the_file_and_nonces_never_repeat() {
    let scratch = Scratch::signed_in(&["default"]);
    let nonce =
        |scratch: &Scratch| scratch.json()["profiles"]["default"]["sealed"]["nonce"].clone();
    let first = nonce(&scratch);
    let text = String::from_utf8(scratch.bytes("credentials.json")).unwrap();
    for secret in ["access-default", "refresh-default", "id-default"] {
        assert!(!text.contains(secret));
    }
    scratch.sign_in("default");
    assert_ne!(nonce(&scratch), first);
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    assert!(!format!("{session:?}").contains("access-default"));
    assert_eq!(session.public.revision, 2);
}

#[test]
fn a_lost_key_is_told_and_a_new_sign_in_makes_a_new_one() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    let before = scratch.bytes("credentials.json");
    scratch.keyring.forget_all();
    assert_eq!(opened(&scratch, "default"), "key gone");
    assert_eq!(scratch.bytes("credentials.json"), before);
    scratch.sign_in("default");
    assert_eq!(opened(&scratch, "default"), "access-default");
    assert_eq!(opened(&scratch, "work"), "key gone");
    assert_eq!(scratch.json()["keys"].as_object().unwrap().len(), 2);
}

#[test]
fn a_locked_keyring_is_not_a_lost_key() {
    let scratch = Scratch::signed_in(&["default"]);
    scratch.keyring.refuse(KeyError::Locked);
    let before = scratch.bytes("credentials.json");
    let error = scratch.store().session(&name("default")).unwrap_err();
    let locked = |error: &StoreError| {
        matches!(
            error,
            StoreError::Key {
                source: KeySource::OsKeyring,
                error: KeyError::Locked
            }
        )
    };
    assert!(locked(&error), "{error:?}");
    let error = scratch.store().ensure_key(None).unwrap_err();
    assert!(locked(&error), "{error:?}");
    let error = scratch
        .store()
        .save(&name("default"), public(), tokens("new"))
        .unwrap_err();
    assert!(locked(&error), "{error:?}");
    assert_eq!(scratch.bytes("credentials.json"), before);
    assert!(
        scratch.store().read().is_ok(),
        "the public part needs no key"
    );
}

#[test]
fn a_source_is_kept_until_another_is_asked_for() {
    let scratch = Scratch::new();
    let store = scratch.store();
    assert_eq!(
        store.ensure_key(Some(KeySource::Plaintext)).unwrap(),
        KeySource::Plaintext
    );
    store.save(&name("default"), public(), tokens("a")).unwrap();
    let source = |scratch: &Scratch| scratch.store().read().unwrap().key_source(&name("default"));
    assert_eq!(source(&scratch), Some(KeySource::Plaintext));
    // Another process signs out of everything: this one keeps the source it was told.
    scratch.store().remove_all().unwrap();
    assert!(!scratch.path("key").exists());
    store.save(&name("default"), public(), tokens("b")).unwrap();
    assert_eq!(source(&scratch), Some(KeySource::Plaintext));
    assert_eq!(scratch.keyring.len(), 0);
    // Another process keeps to what is in use; only a word of the person changes it.
    assert_eq!(
        scratch.store().ensure_key(None).unwrap(),
        KeySource::Plaintext
    );
    assert_eq!(scratch.keyring.len(), 0);
    let keyring = scratch
        .store()
        .ensure_key(Some(KeySource::OsKeyring))
        .unwrap();
    assert_eq!(keyring, KeySource::OsKeyring);
    assert_eq!(scratch.keyring.len(), 1);
}

#[test]
fn a_key_that_no_session_uses_decides_nothing() {
    // A sign-in that asked for insecure storage and was given up, and one that ended.
    let begun = |_: &Scratch| {};
    let ended = |scratch: &Scratch| {
        let store = scratch.store();
        store.ensure_key(Some(KeySource::Plaintext)).unwrap();
        store.save(&name("default"), public(), tokens("a")).unwrap();
        assert!(store.remove(&name("default")).unwrap());
    };
    for before in [begun as fn(&Scratch), ended] {
        let scratch = Scratch::new();
        let first = scratch.store();
        first.ensure_key(Some(KeySource::Plaintext)).unwrap();
        before(&scratch);
        let next = scratch.store();
        assert_eq!(next.ensure_key(None).unwrap(), KeySource::OsKeyring);
        next.save(&name("default"), public(), tokens("b")).unwrap();
        let source = |profile| next.read().unwrap().key_source(&name(profile));
        assert_eq!(source("default"), Some(KeySource::OsKeyring));
        // The process itself goes on, and so does whoever finishes its sign-in.
        let blob = first.seal("a sign-in", b"secret").unwrap();
        first.save(&name("work"), public(), tokens("c")).unwrap();
        assert_eq!(source("work"), Some(KeySource::Plaintext));
        let other = scratch.store();
        other.seal_as(&blob).unwrap();
        other.save(&name("other"), public(), tokens("d")).unwrap();
        assert_eq!(source("other"), Some(KeySource::Plaintext));
    }
}

#[test]
fn no_key_is_left_behind_by_a_failed_write() {
    let scratch = Scratch::new();
    scratch.home().ensure().unwrap();
    // The temporary's place is taken by something that cannot be removed as a file.
    std::fs::create_dir(scratch.path("credentials.json.tmp")).unwrap();
    assert!(scratch.store().ensure_key(None).is_err());
    assert!(
        scratch
            .store()
            .save(&name("default"), public(), tokens("a"))
            .is_err()
    );
    assert_eq!(scratch.keyring.len(), 0);
}

#[test]
fn blobs_open_at_their_own_place_only() {
    let scratch = Scratch::signed_in(&["default"]);
    let store = scratch.store();
    let blob = store.seal("sign-ins/1", b"verifier").unwrap();
    assert_eq!(
        scratch
            .store()
            .unseal("sign-ins/1", &blob)
            .unwrap()
            .as_slice(),
        b"verifier"
    );
    let tampered = |purpose: &str, blob| {
        let result = store.unseal(purpose, blob);
        assert!(
            matches!(result, Err(StoreError::Tampered { .. })),
            "{result:?}"
        );
    };
    tampered("sign-ins/2", &blob);
    let mut edited = blob.clone();
    edited.ciphertext.insert(0, 'A');
    tampered("sign-ins/1", &edited);
    let mut edited = blob.clone();
    edited.alg = "none".to_owned();
    tampered("sign-ins/1", &edited);

    // Another process destroys all keys: what is sealed next is sealed with a key that exists.
    scratch.store().remove_all().unwrap();
    let fresh = store.seal("sign-ins/3", b"verifier").unwrap();
    assert_ne!(fresh.key, blob.key);
    assert_eq!(
        scratch
            .store()
            .unseal("sign-ins/3", &fresh)
            .unwrap()
            .as_slice(),
        b"verifier"
    );
    let gone = scratch.store().unseal("sign-ins/1", &blob);
    assert!(
        matches!(
            gone,
            Err(StoreError::Key {
                error: KeyError::Missing,
                ..
            })
        ),
        "{gone:?}"
    );
}

#[test]
fn first_sign_ins_at_once_share_one_key_and_lose_nothing() {
    let scratch = Scratch::new();
    let together = std::sync::Barrier::new(12);
    std::thread::scope(|scope| {
        for index in 0..12 {
            let (scratch, together) = (&scratch, &together);
            scope.spawn(move || {
                together.wait();
                scratch.sign_in(&format!("p{index}"));
            });
        }
    });
    assert_eq!(scratch.keyring.len(), 1);
    let snapshot = scratch.store().read().unwrap();
    assert_eq!((snapshot.profiles.len(), snapshot.generation), (12, 12));
    for index in 0..12 {
        let profile = format!("p{index}");
        assert_eq!(opened(&scratch, &profile), format!("access-{profile}"));
    }
}
