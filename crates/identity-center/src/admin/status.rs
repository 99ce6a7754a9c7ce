//! How things stand, at a glance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::organization;
use super::problem::Problem;
use super::provisioning::{self, Provisioner};
use crate::center::Center;
use crate::federation::saml::Saml;
use crate::signing::POLICY;
use crate::store::secrets::Described;

/// How things stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Status {
    /// What the organisation is called.
    pub(crate) title: String,
    /// The service's address.
    pub(crate) issuer: String,
    /// The service's version.
    pub(crate) version: String,
    /// `sqlite` or `postgresql`.
    pub(crate) store: String,
    /// People who may sign in.
    pub(crate) users: u64,
    pub(crate) groups: u64,
    /// Sessions that live.
    pub(crate) sessions: u64,
    /// Owners who could sign in without an identity provider.
    pub(crate) local_owners: u64,
    /// When ID tokens are signed with the next key, unless keys are changed before; published two hours earlier.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) next_signing_key_at: Option<Timestamp>,
    /// When the service's store was last backed up by `backup`. On PostgreSQL back-ups are the database's own affair, and this is never
    /// told.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_back_up_at: Option<Timestamp>,
    pub(crate) connections: Vec<ConnectionStatus>,
    pub(crate) provisioning: Vec<Provisioner>,
}

/// How an identity provider stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConnectionStatus {
    pub(crate) name: String,
    pub(crate) active: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_sign_in_at: Option<Timestamp>,
    /// By SAML: when each of its signing certificates ends.
    #[schema(value_type = Vec<String>, format = DateTime)]
    pub(crate) certificates_end_at: Vec<Timestamp>,
}

/// How things stand
#[utoipa::path(get, path = "/status", tag = "organisation", responses((status = 200, body = Status), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Status>, Problem> {
    let (store, of) = (&center.store, who.organization());
    let organization = organization::found(&center, &who).await?;
    let counts = store.counts(of, center.now()).await?;
    let last = store.last_sign_ins(of).await?;
    let connections = store.connections(Some(of)).await?.into_iter();
    let connections = connections.map(|connection| ConnectionStatus {
        last_sign_in_at: last.get(&connection.id).copied(),
        certificates_end_at: connection
            .details
            .saml
            .as_ref()
            .map(Saml::certificates)
            .unwrap_or_default(),
        name: connection.name,
        active: connection.active,
    });
    let owners = store.administrators(of).await?.into_iter();
    let owners = owners.filter(|one| one.local && one.role == crate::administrator::Role::Owner);
    Ok(Json(Status {
        title: organization.title,
        issuer: center.settings.issuer().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: store.kind().to_owned(),
        users: counts.users,
        groups: counts.groups,
        sessions: counts.sessions,
        local_owners: owners.count() as u64,
        next_signing_key_at: next_key(&store.signing_keys().await?),
        last_back_up_at: store.last_back_up().await?,
        connections: connections.collect(),
        provisioning: provisioning::every(&center, of).await?,
    }))
}

/// When the first of these algorithms' next keys begins to sign: it is known, or follows from the one that signs now.
fn next_key(keys: &[Described]) -> Option<Timestamp> {
    let active = keys.iter().filter(|key| key.state == "active");
    let next = active.map(|active| {
        let published = keys
            .iter()
            .find(|key| key.state == "published" && key.algorithm == active.algorithm);
        published.map_or(active.active_at + POLICY.active, |next| next.active_at)
    });
    next.min()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_next_key_is_the_published_one_or_follows_the_active_one() {
        let at = |day: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let key = |state: &str, day| Described {
            id: state.to_owned(),
            algorithm: "ES256".to_owned(),
            state: state.to_owned(),
            published_at: at(day),
            active_at: at(day),
        };
        let (old, now, next) = (key("retired", 0), key("active", 90), key("published", 180));
        assert_eq!(next_key(&[old.clone(), now.clone()]), Some(at(180)));
        let early = Described {
            active_at: at(100),
            ..next
        };
        assert_eq!(next_key(&[now.clone(), early]), Some(at(100)));
        let other = Described {
            algorithm: "RS256".to_owned(),
            ..key("active", 10)
        };
        assert_eq!(next_key(&[now, other]), Some(at(100)));
        assert_eq!(next_key(&[old]), None);
    }
}
