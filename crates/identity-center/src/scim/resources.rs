//! One person or group (RFC 7644 §3.3–3.6).

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use kiro_scim::{EntityTag, Manner, Patch, Projection, Received, Refusal, ResourceType, USER};

use super::answer::{Answer, Fault};
use super::base;
use super::pieces::Pieces;
use super::route::{Asked, LIMITS, kind, method};
use super::written::Reader;
use crate::center::Center;
use crate::id::{GroupId, UserId};
use crate::provisioning::{Provisioned, Provisioner};
use crate::store::Changing;

/// Which one.
#[derive(Clone, Copy)]
enum Id {
    User(UserId),
    Group(GroupId),
}

impl Id {
    /// What cannot be an id is nobody's.
    fn of(kind: &ResourceType, text: &str) -> Result<Id, Refusal> {
        let parsed = match *kind == USER {
            true => text.parse().ok().map(Id::User),
            false => text.parse().ok().map(Id::Group),
        };
        let exact = parsed.filter(|_| !text.bytes().any(|byte| byte.is_ascii_uppercase()));
        exact.ok_or(Refusal::NotFound(called(kind)))
    }
}

fn called(kind: &ResourceType) -> &'static str {
    if *kind == USER { "user" } else { "group" }
}

/// POST to the endpoint of its type.
pub(super) async fn create(
    center: &Arc<Center>,
    by: &Provisioner,
    kind: &'static ResourceType,
    asked: &Asked,
) -> Result<Answer, Fault> {
    let projection = asked.asked(by.manner)?.projection;
    let body = asked.body.object()?;
    let made = Received::of(&body, kind, by.manner, &LIMITS)?.create()?;
    let (store, now) = (&center.store, center.now());
    let made = match *kind == USER {
        true => store.provision_user(by, made.resource, now).await??,
        false => {
            let related = relates(by, kind, &projection);
            let group = store.provision_group(by, made.resource, made.members, related, now);
            group.await??
        }
    };
    Ok(shown(center, by, made, &projection, StatusCode::CREATED))
}

/// Whatever is done with one that is there.
pub(super) async fn one(
    center: &Arc<Center>,
    by: &Provisioner,
    kind: &'static ResourceType,
    id: &str,
    asked: &Asked,
) -> Result<Answer, Fault> {
    let projection = asked.asked(by.manner)?.projection;
    let manner = by.manner;
    match asked.method {
        Method::GET | Method::HEAD => {
            let found = read(
                center,
                by,
                Id::of(kind, id)?,
                relates(by, kind, &projection),
            )
            .await?;
            let known = asked.expected.if_none_match.as_deref();
            if known.is_some_and(|known| found.tag().is_in(known)) {
                return Ok(Answer {
                    version: Some(found.tag()),
                    ..Answer::nothing(StatusCode::NOT_MODIFIED)
                });
            }
            Ok(shown(center, by, found, &projection, StatusCode::OK))
        }
        Method::PUT => {
            let received = Received::of(&asked.body.object()?, kind, manner, &LIMITS)?;
            let change: Changing = Arc::new(move |stored| received.clone().replace(stored));
            let related = relates(by, kind, &projection);
            let changed = change_to(center, by, Id::of(kind, id)?, asked, change, related).await?;
            Ok(shown(center, by, changed, &projection, StatusCode::OK))
        }
        Method::PATCH => {
            let patch = Patch::of(&asked.body.object()?, kind, manner, &LIMITS)?;
            let change: Changing = Arc::new(move |stored| patch.apply(stored));
            // RFC 7644 §3.5.2: who asks for nothing is told nothing of a group, whose members may be many.
            let wanted = asked.names("attributes") || asked.names("excludedAttributes");
            let silent = *kind != USER && (manner == Manner::Aws || !wanted);
            let related = !silent && relates(by, kind, &projection);
            let changed = change_to(center, by, Id::of(kind, id)?, asked, change, related).await?;
            if silent {
                return Ok(Answer {
                    version: tag(by, &changed),
                    ..Answer::nothing(StatusCode::NO_CONTENT)
                });
            }
            Ok(shown(center, by, changed, &projection, StatusCode::OK))
        }
        Method::DELETE => {
            let (store, now, expected) = (&center.store, center.now(), asked.expected.clone());
            match Id::of(kind, id)? {
                Id::User(id) => {
                    store
                        .delete_provisioned_user(by, id, expected, now)
                        .await??
                }
                Id::Group(id) => {
                    store
                        .delete_provisioned_group(by, id, expected, now)
                        .await??
                }
            }
            Ok(Answer::nothing(StatusCode::NO_CONTENT))
        }
        _ => Err(method(&asked.method).into()),
    }
}

/// The name of whom or what an address is, if the connection sees them.
pub(super) async fn name(center: &Center, by: &Provisioner, path: &str) -> Option<String> {
    let (endpoint, id) = path.split_once('/')?;
    let found = read(center, by, Id::of(kind(endpoint)?, id).ok()?, false);
    let resource = found.await.ok()?.resource;
    let name = resource.text("userName").or(resource.text("displayName"));
    name.map(str::to_owned)
}

async fn read(
    center: &Center,
    by: &Provisioner,
    id: Id,
    related: bool,
) -> Result<Provisioned, Fault> {
    let store = &center.store;
    Ok(match id {
        Id::User(id) => store.provisioned_user(by, id, related).await??,
        Id::Group(id) => store.provisioned_group(by, id, related).await??,
    })
}

async fn change_to(
    center: &Center,
    by: &Provisioner,
    id: Id,
    asked: &Asked,
    change: Changing,
    related: bool,
) -> Result<Provisioned, Fault> {
    let (store, now, expected) = (&center.store, center.now(), asked.expected.clone());
    Ok(match id {
        Id::User(id) => {
            store
                .change_provisioned_user(by, id, expected, change, related, now)
                .await??
        }
        Id::Group(id) => {
            store
                .change_provisioned_group(by, id, expected, change, related, now)
                .await??
        }
    })
}

/// Whether an answer tells who is in a group, or what somebody is in. In AWS's manner none does.
pub(super) fn relates(by: &Provisioner, kind: &ResourceType, projection: &Projection) -> bool {
    let name = if *kind == USER { "groups" } else { "members" };
    by.manner == Manner::Rfc && projection.wants(kind, name)
}

fn tag(by: &Provisioner, one: &Provisioned) -> Option<EntityTag> {
    (by.manner == Manner::Rfc).then(|| one.tag())
}

fn shown(
    center: &Arc<Center>,
    by: &Provisioner,
    one: Provisioned,
    projection: &Projection,
    status: StatusCode,
) -> Answer {
    let base = base(center.settings.issuer(), &by.organization);
    let endpoint = one.resource.kind().endpoint;
    let reader = Reader::of(center, by, projection);
    Answer {
        location: Some(format!("{base}{endpoint}/{}", one.id)),
        version: tag(by, &one),
        ..Answer::pieces(status, Pieces::of(|pen| reader.one(one, pen)))
    }
}

/// What of a resource is answered.
pub(super) fn document(
    base: &str,
    by: &Provisioner,
    one: &Provisioned,
    projection: &Projection,
) -> kiro_scim::json::Object {
    kiro_scim::answer(&one.resource, &one.facts(base), projection, by.manner)
}
