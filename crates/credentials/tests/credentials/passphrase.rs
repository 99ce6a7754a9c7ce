//! A passphrase is asked for before anybody else has to wait for the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kiro_credentials::{Cost, FileLock, Home, KeySource, Keys, Passphrase, Store};
use secrecy::SecretString;

use crate::scratch::{Scratch, access, name, public, tokens};

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

/// A store whose person does this before they answer; and how often they were asked.
fn asked(
    home: &Home,
    meanwhile: impl Fn(usize) + Send + Sync + 'static,
) -> (Store, Arc<AtomicUsize>) {
    let times = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&times);
    let ask = Box::new(move || {
        meanwhile(count.fetch_add(1, Ordering::SeqCst) + 1);
        Some(SecretString::from("words"))
    });
    let passphrase = Passphrase::from_env().asking(ask).at_cost(CHEAP);
    let keys = Keys::new(home).with(Box::new(passphrase));
    (Store::new(home.clone(), keys, "test/1.0"), times)
}

/// Nobody has the lock of writers.
fn is_free(home: &Home) {
    let path = home.root().join("credentials.lock");
    let lock = FileLock::try_acquire(&path).unwrap();
    assert!(lock.is_some(), "the lock is held while a person is asked");
}

#[test]
fn nobody_waits_for_the_lock_while_a_passphrase_is_asked_for() {
    let scratch = Scratch::new();
    let home = scratch.home();
    home.ensure().unwrap();
    let free = {
        let home = home.clone();
        move |_| is_free(&home)
    };
    // A new key, and its passphrase for the first time.
    let (store, times) = asked(&home, free.clone());
    store.ensure_key(Some(KeySource::Passphrase)).unwrap();
    store.save(&name("default"), public(), tokens("a")).unwrap();
    assert_eq!(times.load(Ordering::SeqCst), 1);
    // Another process, which has the key not yet.
    let (store, times) = asked(&home, free.clone());
    store.save(&name("work"), public(), tokens("b")).unwrap();
    assert_eq!(times.load(Ordering::SeqCst), 1);
    let (store, times) = asked(&home, free);
    let session = store.session(&name("work")).unwrap().unwrap();
    assert_eq!(access(&session.tokens), "access-b");
    assert_eq!(times.load(Ordering::SeqCst), 1);
    assert_eq!(store.read().unwrap().keys.len(), 1);
}

#[test]
fn who_made_a_key_while_another_was_asked_keeps_it_and_the_other_seals_with_it() {
    let scratch = Scratch::new();
    let home = scratch.home();
    home.ensure().unwrap();
    let first = home.clone();
    let (store, times) = asked(&home, move |time| {
        is_free(&first);
        if time == 1 {
            let (store, _) = asked(&first, |_| {});
            store.ensure_key(Some(KeySource::Passphrase)).unwrap();
            store.save(&name("work"), public(), tokens("b")).unwrap();
        }
    });
    store.ensure_key(Some(KeySource::Passphrase)).unwrap();
    store.save(&name("default"), public(), tokens("a")).unwrap();
    let snapshot = store.read().unwrap();
    assert_eq!((snapshot.keys.len(), snapshot.profiles.len()), (1, 2));
    assert_eq!(
        times.load(Ordering::SeqCst),
        2,
        "the second key is another: its passphrase is asked for too"
    );
}
