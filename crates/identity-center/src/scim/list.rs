//! Lists (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kiro_scim::{Bound, GROUP, Manner, Paging, Query, Refusal, ResourceType, USER, Unknown};

use super::answer::{Answer, Fault};
use super::pieces::Pieces;
use super::resources::relates;
use super::route::Asked;
use super::written::{AT_ONCE, Frame, Part, Reader};
use super::{PAGES, base};
use crate::center::Center;
use crate::provisioning::Provisioner;
use crate::secret::Digest;
use crate::store::{Behind, Found, List, Place};

/// The body of a search request.
pub(super) fn search(by: &Provisioner, asked: &Asked) -> Result<Query, Refusal> {
    let body = asked.body.object()?;
    Query::of_search(&body, &PAGES.in_manner(by.manner), by.manner)
}

/// A page of one type.
pub(super) async fn answer(
    center: &Arc<Center>,
    by: &Provisioner,
    kind: &'static ResourceType,
    query: &Query,
) -> Result<Answer, Fault> {
    let filter = query.bound(kind)?;
    let (from, count) = match &query.paging {
        Paging::Index { start, count } => (Behind::Place(start - 1), *count),
        Paging::Cursor { after: None, count } => (Behind::Place(0), *count),
        Paging::Cursor {
            after: Some(cursor),
            count,
        } => (read(cursor, kind, query)?, *count),
    };
    let place = match from {
        Behind::Place(place) => place,
        Behind::Behind(..) => 0,
    };
    let found = find(center, by, kind, query, filter, from, count).await?;
    let next = match (&query.paging, found.last()) {
        (Paging::Cursor { .. }, Some(last)) if found.more => {
            Some(write(place + found.len(), &last, kind, query))
        }
        _ => None,
    };
    let total = found.total;
    let part = part(by, kind, query, found);
    Ok(page(center, by, query, vec![part], total, next))
}

/// A page of people and then groups.
pub(super) async fn everything(
    center: &Arc<Center>,
    by: &Provisioner,
    query: &Query,
) -> Result<Answer, Fault> {
    let Paging::Index { start, count } = query.paging else {
        return Err(Refusal::Unsupported("a cursor over several types").into());
    };
    if by.manner == Manner::Aws {
        return Err(Refusal::NotFound("endpoint").into());
    }
    let bound = |kind| {
        let filter = query.filter.as_ref();
        filter
            .map(|filter| filter.bind_with(kind, Unknown::Absent))
            .transpose()
    };
    let behind = start - 1;
    let users = find(
        center,
        by,
        &USER,
        query,
        bound(&USER)?,
        Behind::Place(behind),
        count,
    )
    .await?;
    let left = count - users.len();
    let total = users.total.unwrap_or(0);
    let behind = Behind::Place(behind.saturating_sub(total));
    let groups = find(center, by, &GROUP, query, bound(&GROUP)?, behind, left).await?;
    let total = groups.total.map(|groups| total + groups);
    let parts = vec![
        part(by, &USER, query, users),
        part(by, &GROUP, query, groups),
    ];
    Ok(page(center, by, query, parts, total, None))
}

async fn find(
    center: &Arc<Center>,
    by: &Provisioner,
    kind: &'static ResourceType,
    query: &Query,
    filter: Option<Bound>,
    from: Behind,
    count: usize,
) -> Result<Found, Fault> {
    let list = List {
        kind,
        filter,
        sort: query.sort.clone(),
        from,
        count,
        at_once: AT_ONCE,
        counted: query.paging.tells_total(by.manner),
        related: relates(by, kind, &query.projection),
        patience: kiro_scim::Patience::FILTER,
        base: base(center.settings.issuer(), &by.organization),
    };
    if list.is_looked_up() {
        return Ok(center.store.list_provisioned(by, list).await??);
    }
    let (store, by) = (center.store.clone(), by.clone());
    let found = Box::pin(async move { store.list_provisioned(&by, list).await });
    let found = center.apart.run(found).await;
    Ok(found.map_err(|_| Refusal::TooOften)???)
}

fn part(by: &Provisioner, kind: &'static ResourceType, query: &Query, found: Found) -> Part {
    Part {
        found,
        kind,
        related: relates(by, kind, &query.projection),
    }
}

fn page(
    center: &Arc<Center>,
    by: &Provisioner,
    query: &Query,
    parts: Vec<Part>,
    total: Option<usize>,
    next: Option<String>,
) -> Answer {
    let reader = Reader::of(center, by, &query.projection);
    let frame = Frame {
        paging: query.paging.clone(),
        total,
        next,
    };
    let written = Pieces::of(|pen| reader.list(parts, frame, pen));
    Answer::pieces(StatusCode::OK, written)
}

/// The place behind `last`, good for this question alone: a number where the list is sorted, else when it was made and its id.
fn write(place: usize, last: &Place, kind: &ResourceType, query: &Query) -> String {
    let Place(made, id) = last;
    let at = match query.sort {
        Some(_) => place.to_string(),
        None => {
            let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}.{id}", made.as_millisecond())
        }
    };
    URL_SAFE_NO_PAD.encode(format!("{}.{at}", question(kind, query)))
}

fn read(cursor: &str, kind: &ResourceType, query: &Query) -> Result<Behind, Refusal> {
    let known = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let at = text
            .strip_prefix(&question(kind, query))?
            .strip_prefix('.')?;
        if query.sort.is_some() {
            return Some(Behind::Place(at.parse().ok()?));
        }
        let (made, id) = at.split_once('.')?;
        let made = Timestamp::from_millisecond(made.parse().ok()?).ok()?;
        let id: crate::id::UserId = id.parse().ok()?;
        Some(Behind::Behind(made, id.bytes().to_vec()))
    };
    known().ok_or(Refusal::Cursor)
}

/// What tells one question from another.
fn question(kind: &ResourceType, query: &Query) -> String {
    let filter = query.filter.as_ref().map(ToString::to_string);
    let asked = format!("{}\n{filter:?}\n{:?}", kind.name, query.sort);
    let digest = Digest::of(&asked);
    let bytes = digest.bytes().iter().take(6);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
