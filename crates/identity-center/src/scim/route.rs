//! A request's way: who asks, what of, and what is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use kiro_scim::json::{self, Object};
use kiro_scim::{Expected, GROUP, Limits, Manner, Refusal, ResourceType, USER};
use serde_json::json;
use url::form_urlencoded;

use super::admitted::Stranger;
use super::answer::{Answer, Fault, refused};
use super::{LIMIT, admitted, bulk, describe, list, resources};
use crate::audit::{By, Deed};
use crate::center::Center;
use crate::directory::is_invisible;
use crate::provisioning::Provisioner;

/// So much of what a client called something is kept in the log.
const LONGEST: usize = 100;

/// A longer body is read apart, and what it asks for is done there.
const LARGE: usize = 16 * 1024;

/// What is asked for.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Below the base address, as `Users/…`, without a slash at either end.
    pub(super) path: String,
    /// The query, decoded.
    pub(super) query: Vec<(String, String)>,
    /// In AWS's manner nothing: its endpoint has no versions to compare with.
    pub(super) expected: Expected,
    pub(super) body: Body,
}

/// A request's body.
pub(super) enum Body {
    /// As it came.
    Raw { form: Option<String>, bytes: Bytes },
    /// It did not come.
    Unread(Refusal),
    /// One operation's of a bulk request.
    Read(Object),
}

impl Body {
    /// The JSON object that it is.
    pub(super) fn object(&self) -> Result<Object, Refusal> {
        match self {
            Body::Read(object) => Ok(object.clone()),
            Body::Unread(refusal) => Err(refusal.clone()),
            Body::Raw { form, bytes } => {
                let form = form.as_deref().unwrap_or_default();
                let essence = form.split(';').next().unwrap_or_default().trim();
                let known = ["application/scim+json", "application/json"];
                if !known
                    .iter()
                    .any(|known| essence.eq_ignore_ascii_case(known))
                {
                    return Err(Refusal::MediaType);
                }
                json::read(bytes, &LIMITS)
            }
        }
    }
}

/// How much of everything.
pub(super) const LIMITS: Limits = Limits {
    body: LIMIT,
    depth: 16,
    operations: 1000,
    members: 20_000,
    values: 100,
};

impl Asked {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What a list or a resource is asked for.
    pub(super) fn asked(&self, manner: Manner) -> Result<kiro_scim::Query, Refusal> {
        kiro_scim::Query::of_pairs(self.pairs(), &super::PAGES.in_manner(manner), manner)
    }

    /// Whether to read and do it takes long.
    fn is_large(&self) -> bool {
        match &self.body {
            Body::Raw { bytes, .. } => bytes.len() > LARGE,
            Body::Unread(_) | Body::Read(_) => false,
        }
    }

    /// Whether the query has this parameter.
    pub(super) fn names(&self, parameter: &str) -> bool {
        self.pairs()
            .any(|(name, _)| name.eq_ignore_ascii_case(parameter))
    }
}

/// Every request.
pub(super) async fn answer(
    State(center): State<Arc<Center>>,
    parts: Result<Path<BTreeMap<String, String>>, PathRejection>,
    uri: Uri,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    // What is no text in the address is left as it is written, and names nothing.
    let parts = parts.map_or_else(|_| undecoded(&uri), |Path(parts)| parts);
    let organization = parts.get("organization").map_or("", String::as_str);
    let path = parts.get("path").map_or("", |path| path.trim_matches('/'));
    let now = center.now();
    let by = match admitted::provisioner(&center, &headers, organization).await {
        Ok(by) => by,
        Err(refused) => return refused_entry(&center, refused, &method, path, now).await,
    };
    let manner = by.manner;
    let query = query.unwrap_or_default();
    let asked = Arc::new(Asked {
        method,
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        expected: match manner {
            Manner::Rfc => Expected {
                if_match: whole(&headers, header::IF_MATCH),
                if_none_match: whole(&headers, header::IF_NONE_MATCH),
            },
            Manner::Aws => Expected::default(),
        },
        body: match body {
            Ok(bytes) => Body::Raw {
                form: whole(&headers, header::CONTENT_TYPE),
                bytes,
            },
            Err(rejection) => Body::Unread(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge(LIMIT),
                _ => Refusal::NotAnObject,
            }),
        },
    });
    let doing = By {
        actor: Some(by.actor()),
        ..By::current().as_ref().clone()
    };
    let allowed = allowed(&asked.path, manner);
    let done = async {
        if !asked.is_large() {
            return Box::pin(settled(center, by, asked)).await;
        }
        let settled = Box::pin(settled(Arc::clone(&center), by.clone(), Arc::clone(&asked)));
        match center.apart.run(settled).await {
            Ok(done) => done,
            Err(_) => {
                // The body, which is long, is not read for its name.
                let (method, nothing) = (&asked.method, Object::new());
                note(
                    &center,
                    &by,
                    method,
                    &asked.path,
                    &nothing,
                    &Refusal::TooOften,
                )
                .await;
                Err(Refusal::TooOften)
            }
        }
    };
    match doing.doing(done).await {
        Ok(response) => response,
        Err(refusal) => refused(&refusal, manner, now, &allowed),
    }
}

/// The answer to whoever was not let in. Where that is a connection whose token has ended, its log says so; the answer does not.
async fn refused_entry(
    center: &Center,
    stranger: Stranger,
    method: &Method,
    path: &str,
    now: Timestamp,
) -> Response {
    let (fault, ended) = match stranger {
        Stranger::Ended(of) => (Refusal::Unauthorized.into(), Some(of)),
        Stranger::Nobody(fault) => (fault, None),
    };
    let refusal = fault.refusal();
    if let Some(of) = ended {
        let doing = By {
            actor: Some(of.actor()),
            ..By::current().as_ref().clone()
        };
        doing
            .doing(note(center, &of, method, path, &Object::new(), &refusal))
            .await;
    }
    refused(&refusal, Manner::Rfc, now, &[])
}

/// The response, or the refusal, which is noted.
async fn settled(
    center: Arc<Center>,
    by: Provisioner,
    asked: Arc<Asked>,
) -> Result<Response, Refusal> {
    let responded = async { route(&center, &by, &asked).await?.response().await };
    match responded.await {
        Ok(response) => Ok(response),
        Err(fault) => {
            let refusal = fault.refusal();
            let body = asked.body.object().unwrap_or_default();
            note(&center, &by, &asked.method, &asked.path, &body, &refusal).await;
            Err(refusal)
        }
    }
}

/// The parts of an address, as they are written.
fn undecoded(uri: &Uri) -> BTreeMap<String, String> {
    let mut parts = uri.path().splitn(5, '/').skip(1);
    let named = [("organization", parts.next()), ("path", parts.nth(2))];
    let named = named.into_iter();
    named
        .filter_map(|(name, part)| Some((name.to_owned(), part?.to_owned())))
        .collect()
}

/// All that a header says, be it several times or no text: a condition that cannot be read is none that holds.
fn whole(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let all = headers.get_all(name).iter();
    let all: Vec<_> = all
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Which endpoint it is.
pub(super) async fn route(
    center: &Arc<Center>,
    by: &Provisioner,
    asked: &Asked,
) -> Result<Answer, Fault> {
    if let Body::Unread(refusal) = &asked.body {
        return Err(refusal.clone().into());
    }
    let parts: Vec<&str> = asked.path.split('/').collect();
    let reads = matches!(asked.method, Method::GET | Method::HEAD);
    let posts = asked.method == Method::POST;
    match parts.as_slice() {
        ["ServiceProviderConfig"] if reads => Ok(describe::service_provider_config(center, by)),
        ["ResourceTypes" | "Schemas"] if reads && asked.names("filter") => {
            // RFC 7644 §4: so that nobody takes a part for the whole.
            Err(Refusal::Forbidden.into())
        }
        ["ResourceTypes"] if reads => Ok(describe::resource_types(center, by)),
        ["ResourceTypes", name] if reads => Ok(describe::resource_type(center, by, name)?),
        ["openapi.json"] if reads => Ok(describe::itself(center, by)),
        ["Schemas"] if reads => Ok(describe::schemas(center, by)),
        ["Schemas", urn] if reads => Ok(describe::schema(center, by, urn)?),
        [""] if reads => list::everything(center, by, &asked.asked(by.manner)?).await,
        [".search"] if posts => list::everything(center, by, &list::search(by, asked)?).await,
        ["Bulk"] if by.manner == Manner::Aws => Err(Refusal::NotImplemented("`/Bulk`").into()),
        ["Bulk"] if posts => bulk::answer(center, by, &asked.body.object()?).await,
        ["Me"] => Err(Refusal::NotImplemented("`/Me`").into()),
        [endpoint, rest @ ..] => match (kind(endpoint), rest) {
            (Some(kind), []) if reads => {
                list::answer(center, by, kind, &asked.asked(by.manner)?).await
            }
            (Some(kind), []) if posts => resources::create(center, by, kind, asked).await,
            (Some(kind), [".search"]) if posts => {
                list::answer(center, by, kind, &list::search(by, asked)?).await
            }
            (Some(kind), [id]) if *id != ".search" && is_allowed(by, asked) => {
                resources::one(center, by, kind, id, asked).await
            }
            _ if allowed(&asked.path, by.manner).is_empty() => {
                Err(Refusal::NotFound("endpoint").into())
            }
            _ => Err(method(&asked.method).into()),
        },
        [] => Err(Refusal::NotFound("endpoint").into()),
    }
}

/// The type of resource whose endpoint this is.
pub(super) fn kind(endpoint: &str) -> Option<&'static ResourceType> {
    match endpoint {
        "Users" => Some(&USER),
        "Groups" => Some(&GROUP),
        _ => None,
    }
}

fn is_allowed(by: &Provisioner, asked: &Asked) -> bool {
    allowed(&asked.path, by.manner).contains(&asked.method)
}

/// The methods of an endpoint; none where there is no such endpoint.
pub(super) fn allowed(path: &str, manner: Manner) -> Vec<Method> {
    let parts: Vec<&str> = path.split('/').collect();
    let (get, head, post) = (Method::GET, Method::HEAD, Method::POST);
    match parts.as_slice() {
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas" | "openapi.json"]
        | ["ResourceTypes" | "Schemas", _]
        | [""] => vec![get, head],
        [".search" | "Bulk"] | ["Users" | "Groups", ".search"] => vec![post],
        ["Users" | "Groups"] => vec![get, head, post],
        // AWS's has no PUT of a group, which is read without members: whoever sent it back would take everybody out.
        ["Groups", _] if manner == Manner::Aws => vec![get, head, Method::PATCH, Method::DELETE],
        ["Users" | "Groups", _] => {
            vec![get, head, Method::PUT, Method::PATCH, Method::DELETE]
        }
        _ => Vec::new(),
    }
}

pub(super) fn method(method: &Method) -> Refusal {
    Refusal::Method(match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "This method",
    })
}

/// Notes a refusal for whoever looks after the organisation. To ask for somebody who is not there is no news.
pub(super) async fn note(
    center: &Center,
    by: &Provisioner,
    method: &Method,
    path: &str,
    body: &Object,
    refusal: &Refusal,
) {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads && refusal.status() == 404 || refusal.status() >= 500 {
        return;
    }
    let deed = Deed {
        action: "scim.refuse",
        organization: Some(by.organization.clone()),
        subject: subject(center, by, path, body).await,
        done: false,
        detail: json!({
            "method": method.as_str(),
            "status": refusal.status(),
            "scimType": refusal.scim_type().map(kiro_scim::ScimType::word),
            "why": refusal.to_string(),
            "hint": refusal.hint(),
        }),
    };
    if let Err(error) = center.store.record(deed, center.now()).await {
        tracing::error!(%error, "provisioning: a refusal could not be noted");
    }
}

/// What the client calls what it was about: the name in its body, or that of whom the address is, or the address.
async fn subject(center: &Center, by: &Provisioner, path: &str, body: &Object) -> String {
    let mut names = ["userName", "displayName"].iter();
    let text = match names.find_map(|name| json::member(body, name)?.as_str()) {
        Some(name) => name.to_owned(),
        None => resources::name(center, by, path)
            .await
            .unwrap_or_else(|| path.to_owned()),
    };
    let visible = text.chars().filter(|character| !is_invisible(*character));
    visible.take(LONGEST).collect()
}
