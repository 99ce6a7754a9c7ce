//! The file cut at every byte, and changed at every byte: the same session, or a clear word that
//! it is damaged. Never another session, never a crash.

use std::fs;

use kiro_credentials::StoreError;
use secrecy::ExposeSecret as _;

use crate::scratch::{Scratch, name, public, tokens};

/// What a reader makes of the file.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// The session that was written last.
    Same,
    /// The one before it, and the reader is told so.
    Previous,
    /// Damaged or edited, and said so.
    Refused,
    /// The slot or the active profile has another name now.
    Renamed,
}

/// `default` signed in to twice, with the older session in `.bak`.
fn signed_in_twice() -> Scratch {
    let scratch = Scratch::signed_in(&["default"]);
    let store = scratch.store();
    store
        .save(&name("default"), public(), tokens("newer"))
        .unwrap();
    scratch
}

/// Everything in a session that this crate promises, as text.
fn told(scratch: &Scratch) -> Result<Option<String>, StoreError> {
    let session = scratch.store().session(&name("default"))?;
    Ok(session.map(|session| {
        let tokens = [
            Some(&session.tokens.access),
            session.tokens.refresh.as_ref(),
        ];
        let secrets = tokens.map(|token| token.map(|token| token.expose_secret().to_owned()));
        format!(
            "{:?} {secrets:?} {:?}",
            session.public,
            session.tokens.id.is_some()
        )
    }))
}

fn found(scratch: &Scratch, same: &str, previous: &str, what: &str) -> Found {
    let read = scratch.store().read();
    let recovered = read
        .as_ref()
        .is_ok_and(|snapshot| snapshot.recovered.is_some());
    match told(scratch) {
        Ok(Some(session)) if session == same && !recovered => Found::Same,
        Ok(Some(session)) if session == previous && recovered => Found::Previous,
        Ok(Some(session)) => panic!("{what}: another session (recovered: {recovered}): {session}"),
        Ok(None) => {
            let snapshot = read.unwrap();
            assert_eq!(snapshot.profiles.len(), 1, "{what}: nothing is forgotten");
            Found::Renamed
        }
        Err(
            StoreError::Tampered { .. } | StoreError::KeyGone { .. } | StoreError::Newer { .. },
        ) => Found::Refused,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// The two sessions, as [`told`] has them.
fn sessions(scratch: &Scratch) -> (String, String) {
    let newer = told(scratch).unwrap().unwrap();
    let file = scratch.path("credentials.json");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    let older = told(scratch).unwrap().unwrap();
    fs::write(&file, bytes).unwrap();
    assert_ne!(newer, older);
    (newer, older)
}

#[test]
fn cut_anywhere_it_is_the_previous_copy() {
    let scratch = signed_in_twice();
    let (same, previous) = sessions(&scratch);
    let file = scratch.path("credentials.json");
    let bytes = fs::read(&file).unwrap();
    for length in 0..bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let found = found(&scratch, &same, &previous, &format!("cut to {length}"));
        // Only the line end at the very end means nothing.
        let expected = if length + 1 == bytes.len() {
            Found::Same
        } else {
            Found::Previous
        };
        assert_eq!(found, expected, "cut to {length}");
    }
}

#[test]
fn changed_anywhere_it_is_never_another_session() {
    let scratch = signed_in_twice();
    let (same, previous) = sessions(&scratch);
    let file = scratch.path("credentials.json");
    let mut bytes = fs::read(&file).unwrap();
    let all: Vec<u8> = (1..=255).collect();
    let some = [0x01, 0x20, 0x80];
    let changes = if std::env::var_os("KIRO_SOAK").is_some() {
        &all[..]
    } else {
        &some[..]
    };
    let (mut refused, mut recovered) = (0, 0);
    for at in 0..bytes.len() {
        let original = bytes[at];
        for change in changes {
            bytes[at] = original ^ change;
            fs::write(&file, &bytes).unwrap();
            let what = format!("byte {at}: {original:#04x} to {:#04x}", bytes[at]);
            match found(&scratch, &same, &previous, &what) {
                Found::Same => {}
                Found::Previous => recovered += 1,
                Found::Refused => refused += 1,
                Found::Renamed => assert!(original.is_ascii_lowercase(), "{what}"),
            }
        }
        bytes[at] = original;
    }
    assert!(refused > 500 && recovered > 500, "{refused} {recovered}");
}
