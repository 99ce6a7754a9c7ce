//! Keys that a killed process left, and keys that only a damaged file names: the next writer or sign-out destroys them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kiro_credentials::{KeyError, KeySource, StoreError};
use serde_json::json;

use crate::scratch::{Scratch, name, public, tokens};

const LIST: &str = "unsettled-keys.json";

fn key_of(scratch: &Scratch) -> String {
    let json = scratch.json();
    let names: Vec<_> = json["keys"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 1);
    names[0].clone()
}

type Act = (&'static str, fn(&Scratch));

/// What the next process may do; each finishes what the killed one began.
const NEXT: [Act; 3] = [
    ("a sign-in", |scratch| scratch.sign_in("default")),
    ("a sign-out", |scratch| {
        scratch.store().remove(&name("nobody")).map(drop).unwrap();
    }),
    ("a sign-out of everything", |scratch| {
        scratch.store().remove_all().unwrap();
    }),
];

#[test]
fn a_sign_out_of_everything_that_dies_before_a_key_went_is_finished_by_the_next_one() {
    for (next, act) in NEXT {
        let scratch = Scratch::signed_in(&["default", "work"]);
        let old = key_of(&scratch);
        scratch.keyring.die_at_destroy();
        let died = catch_unwind(AssertUnwindSafe(|| scratch.store().remove_all()));
        assert!(died.is_err());
        assert!(!scratch.path("credentials.json").exists());
        assert!(scratch.keyring.has(&old), "its key is still there");
        act(&scratch);
        assert!(!scratch.keyring.has(&old), "{next}");
        assert!(!scratch.path(LIST).exists(), "{next}");
    }
}

#[test]
fn a_sign_out_of_everything_that_dies_before_the_file_went_leaves_the_session_and_its_key() {
    for (next, act) in &NEXT[..2] {
        let scratch = Scratch::signed_in(&["default"]);
        let old = key_of(&scratch);
        let noted = json!({ &old: "os-keyring" }).to_string();
        kiro_credentials::replace(&scratch.path(LIST), noted.as_bytes()).unwrap();
        act(&scratch);
        assert!(scratch.keyring.has(&old), "{next}");
        let session = scratch.store().session(&name("default"));
        assert!(session.unwrap().is_some(), "{next}");
        assert!(!scratch.path(LIST).exists(), "{next}");
    }
}

#[test]
fn a_key_whose_maker_died_before_the_file_named_it_goes_with_the_next_write() {
    for (next, act) in NEXT {
        let scratch = Scratch::new();
        scratch.keyring.die_after_create();
        let store = scratch.store();
        let died = catch_unwind(AssertUnwindSafe(|| {
            store.ensure_key(Some(KeySource::OsKeyring))
        }));
        assert!(died.is_err());
        assert_eq!(scratch.keyring.len(), 1);
        act(&scratch);
        let left = usize::from(next == "a sign-in");
        assert_eq!(scratch.keyring.len(), left, "{next}");
        assert!(!scratch.path(LIST).exists(), "{next}");
    }
}

#[test]
fn a_key_that_could_not_be_destroyed_is_tried_again() {
    let scratch = Scratch::signed_in(&["default"]);
    let old = key_of(&scratch);
    scratch.keyring.refuse(KeyError::Locked);
    let error = scratch.store().remove_all().unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Key {
                error: KeyError::Locked,
                ..
            }
        ),
        "{error:?}"
    );
    // Still locked: signing out of a profile is not held up by it.
    assert!(!scratch.store().remove(&name("default")).unwrap());
    assert!(scratch.path(LIST).exists());
    scratch.keyring.answer();
    assert!(scratch.keyring.has(&old));
    scratch.store().remove_all().unwrap();
    assert_eq!(scratch.keyring.len(), 0);
    assert!(!scratch.path(LIST).exists());
}

#[test]
fn a_key_that_only_a_damaged_file_names_goes_with_the_sign_out_that_removes_the_file() {
    for everything in [true, false] {
        let scratch = Scratch::signed_in(&["default"]);
        let old = key_of(&scratch);
        // Damaged beyond its copy: the next sign-in sets it aside and makes a new key.
        let mut damaged = scratch.bytes("credentials.json");
        damaged.truncate(damaged.len() - 3);
        fs::write(scratch.path("credentials.json"), &damaged).unwrap();
        scratch.sign_in("work");
        assert!(scratch.keyring.has(&old));
        assert_eq!(scratch.keyring.len(), 2);
        let store = scratch.store();
        if everything {
            store.remove_all().unwrap();
        } else {
            store.remove(&name("nobody")).unwrap();
        }
        assert!(!scratch.keyring.has(&old), "{everything}");
        assert_eq!(scratch.keyring.len(), usize::from(!everything));
        assert!(!scratch.path(LIST).exists());
    }
}

#[test]
fn a_list_that_is_no_list_is_in_nobody_s_way() {
    for content in ["", "{", "[]", "{\"k-0\":\"os-keyring\"}"] {
        let scratch = Scratch::signed_in(&["default"]);
        kiro_credentials::replace(&scratch.path(LIST), content.as_bytes()).unwrap();
        scratch.sign_in("default");
        let session = scratch.store().session(&name("default"));
        assert!(session.unwrap().is_some(), "{content}");
        scratch.store().remove_all().unwrap();
        assert_eq!(scratch.keyring.len(), 0, "{content}");
    }
}

#[test]
fn a_new_session_is_sealed_with_no_key_that_is_to_go() {
    let scratch = Scratch::signed_in(&["default"]);
    let running = scratch.store();
    running.session(&name("default")).unwrap();
    scratch.keyring.die_at_destroy();
    let died = catch_unwind(AssertUnwindSafe(|| scratch.store().remove_all()));
    assert!(died.is_err());
    // A process that still has the key in memory signs in again.
    running
        .save(&name("default"), public(), tokens("x"))
        .unwrap();
    assert_eq!(scratch.keyring.len(), 1);
    assert!(scratch.keyring.has(&key_of(&scratch)));
    let session = scratch.store().session(&name("default"));
    assert!(session.unwrap().is_some());
}
