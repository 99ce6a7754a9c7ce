//! A connection's tokens.

use kiro_scim::Manner;
use secrecy::ExposeSecret;

use super::super::cases::at;
use super::super::directory::organization;
use super::connection;
use crate::id::{ConnectionId, ScimTokenId};
use crate::provisioning::{
    Admitted, Provisioner, ProvisioningRefusal, ScimToken, TOKEN_LIFETIME, TOKEN_PREFIX, issue,
};
use crate::secret::Digest;
use crate::store::Store;

async fn add(
    store: &Store,
    to: ConnectionId,
    second: i64,
) -> Result<(ScimToken, Digest), ProvisioningRefusal> {
    let (secret, digest) = issue();
    assert!(secret.expose_secret().starts_with(TOKEN_PREFIX));
    assert_eq!(Digest::of(secret.expose_secret()), digest);
    let added = store.add_scim_token(to, digest, at(second)).await.unwrap();
    added.map(|token| (token, digest))
}

async fn admitted(store: &Store, digest: Digest, second: i64) -> Option<Provisioner> {
    match store.admit_provisioner(digest, at(second)).await.unwrap() {
        Admitted::Yes(of) => Some(of),
        Admitted::Ended(_) | Admitted::No => None,
    }
}

/// Two at most; each ends after a year or when it is revoked; when it was used is kept to the minute.
pub(super) async fn life(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let entra = connection(&store, "acme", "entra").await;
    assert_eq!(
        add(&store, ConnectionId::random(), 0).await.err(),
        Some(ProvisioningRefusal::NoConnection)
    );
    let (first, old) = add(&store, okta.id, 0).await.unwrap();
    assert_eq!(first.expires_at, at(0) + TOKEN_LIFETIME);
    let (second, new) = add(&store, okta.id, 100).await.unwrap();
    assert_eq!(
        add(&store, okta.id, 101).await.err(),
        Some(ProvisioningRefusal::TwoTokens)
    );
    let (others, others_secret) = add(&store, entra.id, 101).await.unwrap();
    assert_eq!(store.scim_tokens(okta.id).await.unwrap(), [first, second]);

    // Both are good while one takes the other's place.
    assert_eq!(admitted(&store, old, 200).await, Some(okta.clone()));
    assert_eq!(admitted(&store, new, 200).await, Some(okta.clone()));
    assert_eq!(
        admitted(&store, others_secret, 200).await,
        Some(entra.clone())
    );
    assert_eq!(admitted(&store, Digest::of("kscim_x"), 200).await, None);
    let used = async |of: usize| store.scim_tokens(okta.id).await.unwrap()[of].last_used_at;
    assert_eq!(used(0).await, Some(at(200)));
    assert!(admitted(&store, old, 259).await.is_some());
    assert_eq!(used(0).await, Some(at(200)), "to the minute");
    assert!(admitted(&store, old, 260).await.is_some());
    assert_eq!(used(0).await, Some(at(260)));

    // Another connection's, and one that is none, cannot be revoked.
    let revoked = async |token: ScimTokenId| {
        store
            .revoke_scim_token(&okta, token, at(300))
            .await
            .unwrap()
    };
    assert_eq!(revoked(others.id).await, Err(ProvisioningRefusal::NoToken));
    assert_eq!(
        revoked(ScimTokenId::random()).await,
        Err(ProvisioningRefusal::NoToken)
    );
    assert_eq!(revoked(first.id).await, Ok(()));
    assert_eq!(revoked(first.id).await, Err(ProvisioningRefusal::NoToken));
    assert_eq!(admitted(&store, old, 301).await, None);
    assert!(admitted(&store, new, 301).await.is_some());

    let year = TOKEN_LIFETIME.as_secs();
    assert!(admitted(&store, new, 100 + year - 1).await.is_some());
    assert_eq!(admitted(&store, new, 100 + year).await, None, "its end");
    // What has ended takes no place.
    add(&store, okta.id, 50 + year).await.unwrap();
    assert_eq!(
        add(&store, okta.id, 51 + year).await.err(),
        Some(ProvisioningRefusal::TwoTokens)
    );
    add(&store, okta.id, 100 + year).await.unwrap();
    assert_eq!(store.scim_tokens(okta.id).await.unwrap().len(), 2);

    // The manner may change; the connection and its tokens stay.
    let again = store
        .keep_provisioner("acme", "okta", Manner::Aws, at(400))
        .await
        .unwrap();
    assert_eq!((again.id, again.manner), (okta.id, Manner::Aws));
    assert_eq!(store.scim_tokens(okta.id).await.unwrap().len(), 2);
}

/// Several administrators do not make a third one together.
pub(super) async fn at_once(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        running.spawn(async move { add(&store, okta.id, 1).await.map(|_| ()) });
    }
    let outcomes = running.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        2,
        "{outcomes:?}"
    );
    assert_eq!(store.scim_tokens(okta.id).await.unwrap().len(), 2);
}
