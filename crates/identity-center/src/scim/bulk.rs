//! Bulk requests (RFC 7644 §3.7): each operation is a request of its own; what one refers to is done before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use kiro_scim::json::Object;
use kiro_scim::{
    Bulk, BulkMethod, BulkOperation, BulkOutcome, Expected, Refusal, Tally, bulk_response,
};

use super::answer::{Answer, Fault};
use super::route::{Asked, Body, kind, note};
use super::{OPERATIONS, base, resources};
use crate::center::Center;
use crate::provisioning::Provisioner;

pub(super) async fn answer(
    center: &Arc<Center>,
    by: &Provisioner,
    body: &Object,
) -> Result<Answer, Fault> {
    let bulk = Bulk::of(body, OPERATIONS)?;
    let (order, impossible) = bulk.order();
    let mut outcomes = BTreeMap::new();
    let mut ids = BTreeMap::new();
    let mut tally = Tally::of(&bulk);
    let mut goes_on = true;
    for index in order {
        let Some(operation) = bulk.operations.get(index) else {
            continue;
        };
        if !goes_on {
            break;
        }
        let resolved = operation.resolved(&ids);
        let asked = resolved.as_ref().unwrap_or(operation);
        let answered = match &resolved {
            Ok(resolved) => done(center, by, resolved).await,
            Err(refusal) => Err(refusal.clone().into()),
        };
        let outcome = match answered {
            Ok(answer) => {
                let location = answer.location;
                let made = location.as_deref().and_then(|at| at.rsplit('/').next());
                if let (Some(name), Some(id)) = (&operation.bulk_id, made) {
                    ids.insert(name.clone(), id.to_owned());
                }
                BulkOutcome {
                    status: answer.status.as_u16(),
                    location: location.or_else(|| at(center, by, asked)),
                    version: answer.version.map(|version| version.to_string()),
                    response: None,
                }
            }
            Err(fault) => refused(center, by, asked, &fault.refusal()).await,
        };
        goes_on = tally.goes_on(outcome.status >= 400);
        outcomes.insert(index, outcome);
    }
    for (index, refusal) in impossible {
        if !goes_on {
            break;
        }
        if let Some(operation) = bulk.operations.get(index) {
            outcomes.insert(index, refused(center, by, operation, &refusal).await);
            goes_on = tally.goes_on(true);
        }
    }
    Ok(Answer::of(StatusCode::OK, bulk_response(&bulk, &outcomes)))
}

async fn done(
    center: &Arc<Center>,
    by: &Provisioner,
    operation: &BulkOperation,
) -> Result<Answer, Fault> {
    let asked = Asked {
        method: method(operation),
        path: operation.path.trim_matches('/').to_owned(),
        query: Vec::new(),
        expected: Expected {
            if_match: operation.version.clone(),
            if_none_match: None,
        },
        body: Body::Read(operation.data.clone()),
    };
    let parts: Vec<&str> = asked.path.split('/').collect();
    match (operation.method, parts.as_slice()) {
        (BulkMethod::Post, [endpoint]) => match kind(endpoint) {
            Some(kind) => resources::create(center, by, kind, &asked).await,
            None => Err(Refusal::NotFound("endpoint").into()),
        },
        (BulkMethod::Put | BulkMethod::Patch | BulkMethod::Delete, [endpoint, id]) => {
            match kind(endpoint) {
                Some(kind) => resources::one(center, by, kind, id, &asked).await,
                None => Err(Refusal::NotFound("endpoint").into()),
            }
        }
        _ => Err(Refusal::NotFound("endpoint").into()),
    }
}

fn method(operation: &BulkOperation) -> Method {
    match operation.method {
        BulkMethod::Post => Method::POST,
        BulkMethod::Put => Method::PUT,
        BulkMethod::Patch => Method::PATCH,
        BulkMethod::Delete => Method::DELETE,
    }
}

/// The address of what an operation is about; of what was never made there is none.
fn at(center: &Center, by: &Provisioner, operation: &BulkOperation) -> Option<String> {
    let base = base(center.settings.issuer(), &by.organization);
    let path = operation.path.trim_matches('/');
    let is_there = operation.method != BulkMethod::Post && !operation.is_unresolved();
    is_there.then(|| format!("{base}/{path}"))
}

/// What is answered of an operation that is refused; the connection's log has it as well.
async fn refused(
    center: &Center,
    by: &Provisioner,
    operation: &BulkOperation,
    refusal: &Refusal,
) -> BulkOutcome {
    let path = operation.path.trim_matches('/');
    note(
        center,
        by,
        &method(operation),
        path,
        &operation.data,
        refusal,
    )
    .await;
    let request = crate::id::AuthorizationId::random().to_string();
    BulkOutcome {
        status: refusal.status(),
        location: at(center, by, operation),
        version: None,
        response: Some(refusal.body(by.manner, &request, center.now())),
    }
}
