//! Switching and signing out: without a key, and completely; and which session is the active one.

use std::fs;

use kiro_credentials::{KeyError, StoreError};

use crate::scratch::{Scratch, name};

fn files_that_name(scratch: &Scratch, text: &str) -> Vec<String> {
    let entries = fs::read_dir(scratch.home().root())
        .unwrap()
        .map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let named = files.filter(|entry| {
        let bytes = fs::read(entry.path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    });
    named
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn neither_switching_nor_signing_out_needs_a_key() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    scratch.keyring.refuse(KeyError::Locked);
    let store = scratch.store();
    assert_eq!(store.read().unwrap().active, name("default"));
    store.switch(&name("work")).unwrap();
    assert_eq!(store.read().unwrap().active, name("work"));
    let error = store.switch(&name("nobody")).unwrap_err();
    assert!(
        matches!(error, StoreError::NoSuchProfile { .. }),
        "{error:?}"
    );
    assert!(store.remove(&name("work")).unwrap());
    assert!(!store.remove(&name("work")).unwrap());
    assert_eq!(
        store.read().unwrap().active,
        name("default"),
        "what is left becomes active"
    );
}

#[test]
fn a_session_is_the_active_one_by_the_write_that_saves_it() {
    let scratch = Scratch::signed_in(&["default"]);
    let generation = scratch.json()["generation"].as_u64().unwrap();
    scratch.sign_in("work");
    let after = scratch.json();
    assert_eq!(
        (&after["active"], after["generation"].as_u64()),
        (&"work".into(), Some(generation + 1))
    );
}

#[test]
fn a_profile_signed_out_is_in_no_file() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    // Once more, so that `.bak` has both; and a damaged file that has both.
    scratch.sign_in("default");
    let mut damaged = scratch.bytes("credentials.json");
    damaged.truncate(damaged.len() - 3);
    fs::write(scratch.path("credentials.json"), &damaged).unwrap();
    scratch.store().switch(&name("work")).unwrap();
    fs::write(scratch.path("credentials.json.bak.tmp"), &damaged).unwrap();
    fs::write(scratch.path("credentials.json.tmp"), &damaged).unwrap();
    let record = scratch.home().locks().join("work.json");
    fs::write(&record, "{}").unwrap();
    assert_eq!(files_that_name(&scratch, "\"work\"").len(), 5);

    assert!(scratch.store().remove(&name("work")).unwrap());
    assert_eq!(files_that_name(&scratch, "\"work\""), Vec::<String>::new());
    assert!(!record.exists());
    assert_eq!(
        scratch
            .store()
            .session(&name("default"))
            .unwrap()
            .unwrap()
            .public
            .revision,
        1
    );
}

#[test]
fn a_readable_file_set_aside_loses_that_profile_only() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    let place = scratch.path("credentials.json.damaged-0123456789abcdef");
    fs::copy(scratch.path("credentials.json"), &place).unwrap();
    assert!(scratch.store().remove(&name("work")).unwrap());
    let kept = fs::read_to_string(&place).unwrap();
    assert!(
        kept.contains("\"default\": {") && !kept.contains("\"work\""),
        "{kept}"
    );
}

#[test]
fn a_profile_only_in_the_previous_copy_is_signed_out_as_well() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    fs::copy(
        scratch.path("credentials.json"),
        scratch.path("credentials.json.bak"),
    )
    .unwrap();
    scratch.edit(|json| {
        json["profiles"].as_object_mut().unwrap().remove("work");
    });
    assert!(!scratch.store().remove(&name("work")).unwrap());
    assert_eq!(files_that_name(&scratch, "\"work\""), Vec::<String>::new());
    assert!(scratch.path("credentials.json.bak").exists());

    fs::write(scratch.path("credentials.json.bak"), "{ \"work\"").unwrap();
    assert!(!scratch.store().remove(&name("work")).unwrap());
    assert!(
        !scratch.path("credentials.json.bak").exists(),
        "it cannot be edited, so it goes"
    );
}

#[test]
fn signing_out_of_everything_leaves_nothing() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    fs::write(scratch.home().locks().join("gone.json"), "{}").unwrap();
    fs::write(scratch.path("credentials.json.damaged-00"), "x").unwrap();
    fs::write(scratch.path("credentials.json.tmp"), "x").unwrap();
    assert_eq!(scratch.keyring.len(), 1);
    scratch.store().remove_all().unwrap();
    assert_eq!(scratch.keyring.len(), 0);
    let entries = fs::read_dir(scratch.home().root())
        .unwrap()
        .map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let names: Vec<_> = files.map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["credentials.lock"]);
    assert_eq!(fs::read_dir(scratch.home().locks()).unwrap().count(), 0);
    scratch.store().remove_all().unwrap();
}

#[test]
fn files_go_even_when_the_keyring_does_not_answer() {
    let scratch = Scratch::signed_in(&["default"]);
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
    assert!(!scratch.path("credentials.json").exists());
    assert!(!scratch.path("credentials.json.bak").exists());
}

#[test]
fn the_only_profile_is_the_active_one() {
    let active = |scratch: &Scratch| scratch.store().read().unwrap().active;
    let scratch = Scratch::signed_in(&["work", "home"]);
    assert_eq!(active(&scratch), name("work"));
    scratch.store().remove(&name("work")).unwrap();
    assert_eq!(active(&scratch), name("home"));
    scratch.store().remove(&name("home")).unwrap();
    scratch.sign_in("other");
    assert_eq!(active(&scratch), name("other"));
}
