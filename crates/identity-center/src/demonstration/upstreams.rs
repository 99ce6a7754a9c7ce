//! The demonstration's identity providers, where it is given any: other programs on this computer that answer like Okta and like
//! Entra ID.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{DemonstrationError, ORGANIZATION};
use crate::center::Center;
use crate::directory::Profile;
use crate::federation::saml::{self, ConnectSaml, Ourselves};
use crate::federation::{Connect, Connection, Kind, connect};

/// The variable that names them: a JSON list of [`Upstream`]s. It has their client secrets, which belong in no argument.
pub const VARIABLE: &str = "KIRO_DEMO_UPSTREAMS";

/// One of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Upstream {
    /// By OpenID Connect.
    OpenId(OpenId),
    /// By SAML.
    Saml { kind: Kind, metadata: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenId {
    kind: Kind,
    issuer: Url,
    client_id: String,
    client_secret: String,
    #[serde(default)]
    tenants: Vec<String>,
}

/// Who signs in at which.
const PEOPLE: [(Kind, &str, &str, &str); 2] = [
    (Kind::Okta, "aiko", "Aiko", "Tanaka"),
    (Kind::Entra, "maya", "Maya", "Fischer"),
];

/// Connects them, in place of those of an earlier run, and returns what `serve` says of them.
pub(super) async fn connected(
    center: &Center,
    given: Option<&str>,
) -> Result<Value, DemonstrationError> {
    let given: Vec<Upstream> = match given {
        Some(text) => serde_json::from_str(text).map_err(DemonstrationError::Upstreams)?,
        None => Vec::new(),
    };
    let mut said = Vec::new();
    for upstream in given {
        said.push(one(center, upstream).await?);
    }
    Ok(Value::Array(said))
}

async fn one(center: &Center, upstream: Upstream) -> Result<Value, DemonstrationError> {
    let (store, now) = (&center.store, center.now());
    let kind = match &upstream {
        Upstream::OpenId(upstream) => upstream.kind,
        Upstream::Saml { kind, .. } => *kind,
    };
    let name = match kind {
        Kind::Okta => "okta",
        Kind::Entra => "entra",
        Kind::Oidc => "oidc",
    };
    let domain = format!("{name}.acme.example");
    let connection = match upstream {
        Upstream::OpenId(upstream) => by_openid(center, upstream, name, &domain).await?,
        Upstream::Saml { metadata, .. } => {
            let asked = ConnectSaml {
                organization: ORGANIZATION.to_owned(),
                name: name.to_owned(),
                kind,
                metadata,
                idp_initiated: false,
                domains: vec![domain.clone()],
            };
            saml::connect(center, asked).await?
        }
    };
    store
        .set_connection_active(connection.id, true, now)
        .await?;
    let mut users = Vec::new();
    for (_, user, given_name, family_name) in PEOPLE.iter().filter(|(of, ..)| *of == kind) {
        let user_name = format!("{user}@{domain}");
        added(center, &user_name, given_name, family_name).await?;
        users.push(json!({ "user_name": user_name }));
    }
    let redirect_uri = match connection.details.saml {
        Some(_) => Ourselves::to(&center.settings, ORGANIZATION, name).acs,
        None => center.settings.at(&connection.callback()),
    };
    Ok(json!({
        "kind": kind,
        "issuer": connection.details.issuer,
        "domain": domain,
        "redirect_uri": redirect_uri,
        "users": users,
    }))
}

async fn by_openid(
    center: &Center,
    upstream: OpenId,
    name: &str,
    domain: &str,
) -> Result<Connection, DemonstrationError> {
    let before = center.store.connections(Some(ORGANIZATION)).await?;
    let before = before.iter().find(|known| known.name == name);
    // Its port is another each time.
    if let Some(known) = before
        && known.details.issuer != upstream.issuer
    {
        center
            .store
            .remove_connection(known.id, center.now())
            .await?;
    }
    let asked = Connect {
        organization: ORGANIZATION.to_owned(),
        name: name.to_owned(),
        kind: upstream.kind,
        issuer: upstream.issuer,
        client_id: upstream.client_id,
        client_secret: SecretString::from(upstream.client_secret),
        scopes: Vec::new(),
        tenants: upstream.tenants,
        domains: vec![domain.to_owned()],
    };
    Ok(connect(center, asked).await?)
}

/// Provisions a person who signs in upstream alone, where they are not there yet.
async fn added(
    center: &Center,
    user_name: &str,
    given_name: &str,
    family_name: &str,
) -> Result<(), DemonstrationError> {
    let (store, now) = (&center.store, center.now());
    let found = store.user_by_name(Some(ORGANIZATION), user_name).await?;
    if found.is_some() {
        return Ok(());
    }
    let profile = Profile {
        user_name: user_name.to_owned(),
        display_name: format!("{given_name} {family_name}"),
        given_name: Some(given_name.to_owned()),
        family_name: Some(family_name.to_owned()),
        email: Some(format!("{}@acme.example", given_name.to_lowercase())),
        ..Profile::default()
    };
    let user = store.create_user(ORGANIZATION, profile, now).await??.id;
    // As the other people of the demonstration: whatever groups those have.
    let like = store.user_by_name(Some(ORGANIZATION), "aiko").await?;
    if let Some(like) = like {
        for group in store.groups_of(like.id).await? {
            store.add_member(group, user, now).await??;
        }
    }
    Ok(())
}
