//! What people sign in with, guesses at it, and devices that wait.

use super::cases::{at, person, session};
use super::directory::{begun, made, organization};
use crate::authorization::Progress;
use crate::id::GroupId;
use crate::lockout::GUESSES;
use crate::secret::Digest;
use crate::store::{DeviceCode, Granted, Guess, SecondFactor, Store};

pub(super) async fn factors(store: Store) {
    organization(&store, "acme").await;
    let user = made(&store, "acme", "aiko").await;
    let password = async || store.factors(Some(&user)).await.unwrap().password;
    assert_eq!(password().await, None);
    for hash in ["one", "two"] {
        let set = store.set_password(user.id, hash.to_owned(), at(0));
        set.await.unwrap();
        assert_eq!(password().await.as_deref(), Some(hash));
    }
    let codes: Vec<Digest> = ["a", "b"].map(Digest::of).to_vec();
    let enrol = async |sealed: &[u8]| {
        let factor = SecondFactor {
            sealed: sealed.to_vec(),
            last_step: 7,
        };
        let enrolled = store.enrol(user.id, factor, codes.clone(), at(0));
        enrolled.await.unwrap()
    };
    assert!(enrol(b"seed").await);
    assert!(!enrol(b"another").await, "one enrols once");
    let known = store.factors(Some(&user)).await.unwrap();
    let second = known.second.unwrap();
    assert_eq!(
        (
            second.sealed.as_slice(),
            second.last_step,
            known.recovery_codes
        ),
        (&b"seed"[..], 7, 2)
    );
    let step = async |step| store.use_step(user.id, step).await.unwrap();
    for (number, expected) in [
        (7, false),
        (6, false),
        (8, true),
        (8, false),
        (7, false),
        (10, true),
        (9, false),
    ] {
        assert_eq!(step(number).await, expected, "{number}");
    }
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, user) = (store.clone(), user.id);
        running.spawn(async move { store.use_step(user, 20).await.unwrap() });
    }
    let uses = running.join_all().await;
    assert_eq!(uses.iter().filter(|used| **used).count(), 1, "at once");
    let recover = async |code: &str| {
        let used = store.use_recovery_code(user.id, Digest::of(code));
        used.await.unwrap()
    };
    assert!(recover("a").await && !recover("a").await && !recover("c").await);
    assert!(
        !store
            .use_recovery_code(person(&store).await, codes[1])
            .await
            .unwrap(),
        "another's"
    );
    store.forget_second_factor(user.id, at(0)).await.unwrap();
    assert!(!recover("b").await && enrol(b"new").await);
}

pub(super) async fn guesses(store: Store) {
    for name in ["acme", "hinoki"] {
        organization(&store, name).await;
    }
    let (known, other) = (
        Guess::of(Some("acme"), "aiko"),
        Guess::of(Some("hinoki"), "aiko"),
    );
    let attempt = async |guesses: &[&Guess], second| {
        let guesses: Vec<Guess> = guesses.iter().copied().cloned().collect();
        let counted = store.attempt(&guesses, at(second)).await.unwrap();
        counted.map_err(|until| until.duration_since(at(second)).as_secs())
    };
    for _ in 0..5 {
        attempt(&[&known], 0).await.unwrap();
    }
    assert_eq!(attempt(&[&known], 0).await, Err(30));
    let of_another = attempt(&[&other], 0).await;
    assert!(of_another.is_ok(), "another organisation");
    let sixth = attempt(&[&known], 30).await.unwrap();
    store.return_attempt(sixth, at(30)).await.unwrap();
    attempt(&[&known], 30).await.unwrap();
    let again = attempt(&[&known], 30).await;
    assert_eq!(again, Err(60), "what failed before stays");
    store.forget_attempts(&known).await.unwrap();
    for _ in 0..5 {
        attempt(&[&known], 30).await.unwrap();
    }
    addresses(&store).await;

    // Fifty at once get no further than one after the other.
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        running.spawn(async move {
            let guess = Guess::of(None, "many");
            store.attempt(&[guess], at(0)).await.unwrap().is_ok()
        });
    }
    let tried = running.join_all().await;
    assert_eq!(tried.iter().filter(|tried| **tried).count(), 5);
}

/// An address guesses at many names; where one of two rules locks, neither counts.
async fn addresses(store: &Store) {
    let from = |address: &str| Guess::from(address.parse().unwrap());
    let name = |number: u32| Guess::of(Some("acme"), &format!("name-{number}"));
    let sprayed = async |number, address: &str, second| {
        let guesses = [name(number), from(address)];
        let counted = store.attempt(&guesses, at(second)).await.unwrap();
        counted.map_err(|until| until.duration_since(at(second)).as_secs())
    };
    for number in 0..GUESSES.burst {
        sprayed(number, "203.0.113.7", 0).await.unwrap();
    }
    for _ in 0..6 {
        assert_eq!(sprayed(GUESSES.burst, "203.0.113.7", 0).await, Err(30));
        let mapped = sprayed(GUESSES.burst, "::ffff:203.0.113.7", 0).await;
        assert_eq!(mapped, Err(30), "the same address");
    }
    for _ in 0..5 {
        let elsewhere = sprayed(GUESSES.burst, "203.0.113.8", 0).await;
        assert!(elsewhere.is_ok(), "the name was not counted");
    }
    // A locked name is not counted where it comes from either.
    for _ in 0..200 {
        assert_eq!(sprayed(GUESSES.burst, "203.0.113.9", 0).await, Err(30));
    }
    let right = sprayed(GUESSES.burst + 1, "203.0.113.9", 0).await.unwrap();
    store.return_attempt(right, at(0)).await.unwrap();
    for number in 0..GUESSES.burst {
        let number = 2 * GUESSES.burst + number;
        sprayed(number, "203.0.113.9", 0).await.unwrap();
    }
    assert_eq!(sprayed(0, "203.0.113.9", 0).await, Err(30));
    // One customer has a network of 64 bits, and no more.
    for number in 0..GUESSES.burst {
        let address = format!("2001:db8:0:1::{number:x}");
        sprayed(4 * GUESSES.burst + number, &address, 0)
            .await
            .unwrap();
    }
    assert_eq!(sprayed(0, "2001:db8:0:1:ffff::", 0).await, Err(30));
    assert!(sprayed(0, "2001:db8:0:2::1", 0).await.is_ok());
}

pub(super) async fn devices(store: Store) {
    organization(&store, "acme").await;
    let user = made(&store, "acme", "aiko").await;
    let device = |code: &str| DeviceCode {
        code: Digest::of(code),
        user_code: Digest::of(&format!("typed/{code}")),
        client: "app".to_owned(),
        organization: "acme".to_owned(),
        scopes: vec!["openid".to_owned()],
        place: "203.0.113.7".to_owned(),
        created_at: at(0),
        expires_at: at(600),
    };
    for code in ["yes", "no", "late"] {
        store.keep_device_code(device(code), 5).await.unwrap();
    }
    let waiting = async |code: &str, now| {
        let found = store.waiting_device(device(code).user_code, at(now));
        found.await.unwrap()
    };
    assert_eq!(waiting("yes", 599).await, Some(device("yes")));
    assert_eq!(waiting("yes", 600).await, None);
    assert_eq!(waiting("unknown", 1).await, None);
    let approve = async |code: &str, groups: Vec<GroupId>, now| {
        let seen = begun(&store, Progress::Name).await;
        let device = device(code);
        let approved = store.approve_device(&seen, &device, session(user.id), groups, at(now));
        approved.await.unwrap()
    };
    assert_eq!(
        approve("yes", vec![GroupId::random()], 1).await,
        Granted::Refused
    );
    assert_eq!(approve("yes", vec![], 1).await, Granted::Yes);
    assert_eq!(approve("yes", vec![], 1).await, Granted::Overtaken, "twice");
    assert_eq!(waiting("yes", 2).await, None);
    let seen = begun(&store, Progress::Name).await;
    store.deny_device(&seen, &device("no")).await.unwrap();
    assert_eq!(waiting("no", 2).await, None);
    assert_eq!(approve("no", vec![], 2).await, Granted::Overtaken);
    assert_eq!(approve("late", vec![], 600).await, Granted::Overtaken);
}
