//! What a list is asked for (RFC 7644 §3.4.2, §3.4.3; RFC 9865): the query of a GET, or the body of a POST to `/.search`.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::Refusal;
use crate::filter::{Bound, Column, Filter, time, values};
use crate::fold::fold;
use crate::json::{self, Object, names_schema, shown};
use crate::manner::{Manner, aws};
use crate::page::{PageLimits, Paging};
use crate::path::AttributePath;
use crate::projection::Projection;
use crate::resource::normal::is_primary;
use crate::schema::{Place, ResourceType, Type};

const SEARCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What a list is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which resources.
    pub filter: Option<Filter>,
    /// In which order; none is the store's own, which must be stable.
    pub sort: Option<SortKey>,
    /// Which part of them.
    pub paging: Paging,
    /// What of each.
    pub projection: Projection,
    manner: Manner,
}

impl Query {
    /// Reads the pairs of a query, decoded. What is unknown, as Entra ID's `aadOptscim062020`, is passed over.
    ///
    /// # Errors
    /// `Filter`, `Count`, `Unsupported`, `Twice`.
    pub fn of_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        limits: &PageLimits,
        manner: Manner,
    ) -> Result<Query, Refusal> {
        let mut object = Object::new();
        for (name, value) in pairs {
            let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
            if let Some(known) = known
                && object.insert((*known).to_owned(), value.into()).is_some()
            {
                return Err(Refusal::Twice(shown(name)));
            }
        }
        Query::of(&object, limits, manner)
    }

    /// Reads the body of a search request (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// As [`Query::of_pairs`], and `Schemas`, `Message`.
    pub fn of_search(body: &Object, limits: &PageLimits, manner: Manner) -> Result<Query, Refusal> {
        names_schema(body, SEARCH_SCHEMA)?;
        Query::of(body, limits, manner)
    }

    fn of(object: &Object, limits: &PageLimits, manner: Manner) -> Result<Query, Refusal> {
        let text = |name: &'static str| match json::member(object, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            // A list of names, as a search request has it; a number, as it has that.
            Some(Value::Array(names)) => {
                let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                let wrong = Refusal::Message {
                    member: name,
                    expected: "a list of names",
                };
                Ok(Some(names.ok_or(wrong)?.join(",")))
            }
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Object(_)) => Err(Refusal::Message {
                member: name,
                expected: "text, a list of names or a number",
            }),
        };
        let filter = text("filter")?.filter(|filter| !filter.trim().is_empty());
        let sort_by = text("sortBy")?;
        let descending = text("sortOrder")?.is_some_and(|it| it.eq_ignore_ascii_case("descending"));
        let paging = Paging::of(
            text("startIndex")?.as_deref(),
            text("count")?.as_deref(),
            text("cursor")?.as_deref(),
            limits,
        )?;
        let attributes = text("attributes")?;
        let excluded = text("excludedAttributes")?;
        let projection = match manner {
            Manner::Rfc => Projection::new(attributes.as_deref(), excluded.as_deref())?,
            Manner::Aws => Projection::default(),
        };
        Ok(Query {
            filter: filter.map(|filter| Filter::parse(&filter)).transpose()?,
            sort: sort_by
                .filter(|_| manner == Manner::Rfc)
                .map(|path| SortKey::of(&path, descending))
                .transpose()?,
            paging,
            projection,
            manner,
        })
    }

    /// The filter for one type, where the manner allows it.
    ///
    /// # Errors
    /// As [`Filter::bind`]; in AWS's manner `FilterUnsupported`.
    pub fn bound(&self, kind: &'static ResourceType) -> Result<Option<Bound>, Refusal> {
        let Some(filter) = &self.filter else {
            return Ok(None);
        };
        let bound = filter.bind(kind)?;
        if self.manner == Manner::Aws {
            aws::answers(&bound)?;
        }
        Ok(Some(bound))
    }
}

const NAMES: [&str; 8] = [
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
    "attributes",
    "excludedAttributes",
];

/// `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3).
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    path: AttributePath,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl SortKey {
    fn of(path: &str, descending: bool) -> Result<SortKey, Refusal> {
        let parsed = AttributePath::parse(path.trim());
        let path = parsed.ok_or_else(|| Refusal::UnknownAttribute(shown(path)))?;
        Ok(SortKey { path, descending })
    }

    /// Where the key is in resources of this type: nowhere, and the order is the store's own.
    fn place(&self, kind: &ResourceType) -> Option<Place> {
        let mut place = kind.place(&self.path)?;
        if place.leaf().kind == Type::Complex && place.sub.is_none() {
            place.sub = Some(place.attribute.value()?);
        }
        Some(place)
    }

    /// The column to sort by, where a store may have one: null is greatest.
    #[must_use]
    pub fn column(&self, kind: &ResourceType) -> Option<Column> {
        let column = Column::at(kind, self.place(kind)?);
        column.filter(|column| !column.is_relation())
    }

    /// What a resource, as [`present`](crate::present) gives it, is sorted by: of a list the primary value, or the first.
    #[must_use]
    pub fn value(&self, kind: &ResourceType, resource: &Object) -> SortValue {
        SortValue {
            key: self.place(kind).and_then(|place| key(place, resource)),
            descending: self.descending,
        }
    }
}

/// What one of the resources that are sorted together is sorted by. Who has no such value comes last, or first where the greatest does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortValue {
    key: Option<Key>,
    descending: bool,
}

impl Ord for SortValue {
    fn cmp(&self, other: &SortValue) -> Ordering {
        let order = match (&self.key, &other.key) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        match self.descending {
            true => order.reverse(),
            false => order,
        }
    }
}

impl PartialOrd for SortValue {
    fn partial_cmp(&self, other: &SortValue) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is compared, smallest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Time(Timestamp),
    Text(String),
}

fn key(place: Place, object: &Object) -> Option<Key> {
    let whole = Place { sub: None, ..place };
    let primary = values(whole, object).find(|value| is_primary(value));
    let value = match (primary, place.sub) {
        (Some(primary), Some(sub)) => primary.get(sub.name),
        _ => values(place, object).next(),
    }?;
    let text = match value {
        Value::String(text) if place.leaf().kind == Type::DateTime => {
            return time(text).map(Key::Time);
        }
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    Some(Key::Text(match place.leaf().case_exact {
        true => text,
        false => fold(&text),
    }))
}
