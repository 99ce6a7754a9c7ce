//! Who provisions the demonstration by SCIM, and a token of theirs: the Okta-like provider where there is one, else a connection that
//! only provisions, to which the people with a password are handed over, the owner excepted.

use jiff::Timestamp;
use kiro_scim::Manner;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{DemonstrationError, ORGANIZATION, OWNER, PEOPLE};
use crate::center::Center;
use crate::provisioning::{Provisioner, issue};
use crate::scim;

const PROVIDER: &str = "okta";
const ALONE: &str = "demonstration";

/// Opens the endpoint, and returns where it is and a token for it. An earlier run's tokens are good no more.
pub(super) async fn open(center: &Center, now: Timestamp) -> Result<Value, DemonstrationError> {
    let store = &center.store;
    let connections = store.connections(Some(ORGANIZATION)).await?;
    let there = connections.iter().any(|known| known.name == PROVIDER);
    let name = if there { PROVIDER } else { ALONE };
    let of = store
        .keep_provisioner(ORGANIZATION, name, Manner::Rfc, now)
        .await?;
    if !there {
        hand_over(center, &of, now).await?;
    }
    for token in store.scim_tokens(of.id).await? {
        store.revoke_scim_token(&of, token.id, now).await??;
    }
    let (token, digest) = issue();
    store.add_scim_token(of.id, digest, now).await??;
    Ok(json!({
        "scim_url": scim::base(center.settings.issuer(), ORGANIZATION),
        "scim_token": token.expose_secret(),
    }))
}

async fn hand_over(
    center: &Center,
    to: &Provisioner,
    now: Timestamp,
) -> Result<(), DemonstrationError> {
    let store = &center.store;
    for (user_name, ..) in PEOPLE.iter().filter(|(name, ..)| *name != OWNER) {
        let found = store.user_by_name(Some(ORGANIZATION), user_name).await?;
        if let Some(user) = found.filter(|user| user.profile.connection.is_none()) {
            store.hand_over_user(to, user.id, now).await??;
        }
    }
    for group in store.groups(ORGANIZATION, "", 10).await? {
        if group.connection.is_none() {
            store.hand_over_group(to, group.id, now).await??;
        }
    }
    Ok(())
}
