//! The service's own keys.

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::json;

use super::cases::{at, person};
use crate::id::SessionId;
use crate::master_key::{MasterKeyError, MasterKeys};
use crate::store::Store;
use crate::store::secrets::{Demand, Secrets, SecretsError};
use crate::token::{Kind, Token};

const SESSION: SignedDuration = SignedDuration::from_hours(24 * 7);
const NOTHING: Demand = Demand {
    signing_key: false,
    token_key: false,
};

async fn open(store: &Store, master: &MasterKeys, demand: Demand, now: i64) -> Secrets {
    store
        .secrets(master, SESSION, demand, at(now))
        .await
        .unwrap()
}

/// A token signed before a rotation verifies after it, in every process; a key is published before it signs.
pub(super) async fn service_keys(store: Store) {
    let master = MasterKeys::of([7; 32]);
    let token = Token {
        session: SessionId::from([1; 16]),
        rotation: 0,
        ends: at(100_000),
    };
    let first = open(&store, &master, NOTHING, 0).await;
    let again = open(&store, &master, NOTHING, 1).await;
    assert_eq!(
        first.ring.set(),
        again.ring.set(),
        "a restart changes no key"
    );
    let signed = first.ring.sign("JWT", &json!({"sub": "aiko"})).unwrap();
    let issued = first.token_keys.issue(Kind::Refresh, &token);
    let issued = issued.expose_secret();
    assert_eq!(again.token_keys.read(Kind::Refresh, issued), Some(token));

    let both = Demand {
        signing_key: true,
        token_key: true,
    };
    let hour = 3600;
    let published = open(&store, &master, both, 10).await;
    assert_eq!(
        published.ring.kid(),
        first.ring.kid(),
        "published, not used"
    );
    assert_ne!(published.ring.set(), first.ring.set());
    assert_eq!(
        published
            .token_keys
            .issue(Kind::Refresh, &token)
            .expose_secret(),
        issued
    );
    let active = open(&store, &master, NOTHING, 10 + 2 * hour).await;
    assert_ne!(active.ring.kid(), first.ring.kid());
    assert_eq!(active.ring.verify(&signed), Some(json!({"sub": "aiko"})));
    assert_ne!(
        active
            .token_keys
            .issue(Kind::Refresh, &token)
            .expose_secret(),
        issued
    );
    assert_eq!(active.token_keys.read(Kind::Refresh, issued), Some(token));
    let forgotten = open(&store, &master, NOTHING, 9 * 24 * hour).await;
    assert_eq!(forgotten.ring.kid(), active.ring.kid());
    assert_eq!(forgotten.ring.verify(&signed), None);
    assert_eq!(forgotten.token_keys.read(Kind::Refresh, issued), None);
}

pub(super) async fn master_key(store: Store) {
    let (old, wrong) = (MasterKeys::of([7; 32]), MasterKeys::of([8; 32]));
    let both = old.clone().followed_by([9; 32]);
    let new = MasterKeys::of([9; 32]);
    let before = open(&store, &old, NOTHING, 0).await;
    let refused = store.secrets(&wrong, SESSION, NOTHING, at(1)).await.err();
    assert!(
        matches!(&refused, Some(SecretsError::MasterKey(MasterKeyError::Wrong { store, given }))
            if *store == old.key_id() && *given == wrong.key_id()),
        "{refused:?}"
    );
    let user = person(&store).await;
    let seed = old.seal(&format!("totp/{user}"), b"seed");
    let enrol = move |sealed: Vec<u8>| {
        let store = store.clone();
        async move {
            let work = store.write(move |tx| {
                let sealed = sealed.clone();
                Box::pin(async move {
                    let sql = "INSERT INTO totp (user_id, sealed, last_step, enrolled_at) VALUES ($1, $2, 0, 0) \
                               ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed";
                    tx.execute(sql, values![user, sealed]).await
                })
            });
            work.await.unwrap();
            store
        }
    };
    // One secret that does not open undoes the whole.
    let store = enrol(wrong.seal(&format!("totp/{user}"), b"seed")).await;
    assert!(store.reseal(&both, at(0)).await.is_err());
    assert!(store.secrets(&new, SESSION, NOTHING, at(2)).await.is_err());
    let sql = "UPDATE totp SET sealed = $1";
    let repair = seed.clone();
    let repaired = store.write(move |tx| {
        let repair = repair.clone();
        Box::pin(async move { tx.execute(sql, values![repair]).await })
    });
    repaired.await.unwrap();

    assert_eq!(store.reseal(&both, at(0)).await.unwrap(), 4);
    let after = open(&store, &new, NOTHING, 3).await;
    assert_eq!(after.ring.set(), before.ring.set());
    assert!(store.secrets(&old, SESSION, NOTHING, at(4)).await.is_err());
    let seed = store.read(|tx| {
        Box::pin(async move {
            let row = tx.row("SELECT sealed FROM totp", &[]).await?;
            row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
        })
    });
    let seed = seed.await.unwrap().unwrap();
    let opened = new.open(&format!("totp/{user}"), &seed).unwrap();
    assert_eq!(opened.as_slice(), b"seed");
}

/// Instances that start together on an empty store agree on the keys.
pub(super) async fn at_once(store: Store) {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        running.spawn(async move {
            open(&store, &MasterKeys::of([7; 32]), NOTHING, 0)
                .await
                .ring
                .set()
        });
    }
    let mut sets = running.join_all().await;
    sets.dedup();
    assert_eq!(sets.len(), 1);
}
