//! Lists: what a filter finds, in a stable order, one page of it (RFC 7644 §3.4.2, RFC 9865).
//!
//! What the database can ask, it decides; the rest memory does, row by row. Without `sortBy` the order is that in which they were made,
//! so that whoever walks through it meets everybody once, whoever comes meanwhile.

use std::sync::Arc;

use jiff::Timestamp;
use kiro_scim::{
    Bound, Column, Condition, Patience, Refusal, ResourceType, SortKey, SortValue, USER, present,
};

use super::super::{Row, Store, StoreError, Tx, Value, values};
use super::cost::{READ, RELATED, SCANS, scans};
use super::where_clause::{COLUMNS, Clause, clause};
use super::{Decided, exact, groups, related, users};
use crate::id::UserId;
use crate::provisioning::{Provisioned, Provisioner};

/// Rows that memory looks at are read so many at once.
const TOGETHER: usize = 500;
/// So many are sorted in memory at most.
const SORTED: usize = 20_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct List {
    /// Of which type.
    pub kind: &'static ResourceType,
    /// Which of them.
    pub filter: Option<Bound>,
    /// In which order.
    pub sort: Option<SortKey>,
    /// From where.
    pub from: From,
    /// How many at most.
    pub count: usize,
    /// How many of them are read at once; where the rest of the page is, is told.
    pub at_once: usize,
    /// Whether it shall be told how many there are in all.
    pub counted: bool,
    /// Whether with a person's groups or a group's members.
    pub related: bool,
    /// What a filter may take that memory asks of one after the other.
    pub patience: Patience,
    /// The address of the endpoint, for filters that ask for addresses.
    pub base: String,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Behind so many.
    Place(usize),
    /// Behind the one that was made then and has this id. Without `sort` alone.
    Behind(Timestamp, Vec<u8>),
}

/// Where one of them is: when it was made, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Timestamp, pub Vec<u8>);

impl Place {
    pub(super) fn of(one: &Provisioned) -> Place {
        let id = exact::<UserId>(&one.id).map(|id| id.bytes().to_vec());
        Place(one.created_at, id.unwrap_or_default())
    }

    /// Of a row that begins with an id and when it was made.
    fn read(row: &Row) -> Result<Place, StoreError> {
        Ok(Place(row.time(1)?, row.bytes(0)?.to_vec()))
    }
}

/// What is found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many there are in all, if that was asked.
    pub total: Option<usize>,
    /// This page of them, as far as it is read.
    pub page: Vec<Provisioned>,
    /// Where the rest of the page is: see [`Store::provisioned_at`].
    pub rest: Vec<Place>,
    /// Whether there are more behind it.
    pub more: bool,
}

impl Found {
    /// How many are on the page.
    #[must_use]
    pub fn len(&self) -> usize {
        self.page.len() + self.rest.len()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the page ends.
    #[must_use]
    pub fn last(&self) -> Option<Place> {
        let rest = self.rest.last().cloned();
        rest.or_else(|| self.page.last().map(Place::of))
    }
}

impl Store {
    /// A page of what a connection has provisioned. Refused where more would have to be compared or sorted than is.
    pub async fn list_provisioned(&self, by: &Provisioner, list: List) -> Decided<Found> {
        let (by, list) = (by.clone(), Arc::new(list));
        self.read(move |tx| {
            let (by, list) = (by.clone(), Arc::clone(&list));
            Box::pin(async move { find(tx, &by, &list).await })
        })
        .await
    }
}

pub(in crate::store) async fn find(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    list: &List,
) -> Decided<Found> {
    let lowered = list.filter.as_ref().map(|filter| filter.lower(&COLUMNS));
    let everybody = Condition::All(Vec::new());
    let condition = lowered.as_ref().map_or(&everybody, |it| &it.condition);
    let own = || values![&by.organization, by.id].to_vec();
    let code_points = tx.by_code_points();
    let write = |condition| clause(condition, list.kind, by.id, code_points, own());
    let written = write(condition).filter(|_| scans(condition) <= SCANS);
    let exact = written.is_some() && lowered.as_ref().is_none_or(|it| it.exact);
    let clause = match written.or_else(|| write(&everybody)) {
        Some(clause) => clause,
        None => return Err(StoreError::Corrupt("a clause without words".to_owned())),
    };
    let column = match &list.sort {
        None => Some("r.created_at, r.id".to_owned()),
        Some(sort) => sort.column(list.kind).and_then(|column| {
            let name = column_name(column, code_points)?;
            let (way, nulls) = match sort.descending {
                false => ("ASC", "LAST"),
                true => ("DESC", "FIRST"),
            };
            Some(format!("{name} {way} NULLS {nulls}, r.created_at, r.id"))
        }),
    };
    let mut found = match (exact, column) {
        (true, Some(order)) => by_database(tx, list, clause, &order).await?,
        (_, column) => match by_memory(tx, by, list, clause, column.is_none()).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    if list.related {
        let together = related::relate_some(tx, by, &mut found.page).await?;
        let later = found.page.drain(together..);
        drop(found.rest.splice(..0, later.map(|one| Place::of(&one))));
    }
    Ok(Ok(found))
}

/// The page and the total, of which the database knows everything.
async fn by_database(
    tx: &mut Tx<'_>,
    list: &List,
    clause: Clause,
    order: &str,
) -> Result<Found, StoreError> {
    let Clause {
        sql,
        mut values,
        common,
    } = clause;
    let table = table(list.kind);
    let own = values.len();
    let mut place = |value: i64| {
        values.push(value.into());
        format!("${}", values.len())
    };
    let read_at_once = list.count.min(list.at_once);
    let limit = place(number(read_at_once + 1));
    let from = match &list.from {
        From::Place(behind) => format!(
            "ORDER BY {order} LIMIT {limit} OFFSET {}",
            place(number(*behind))
        ),
        From::Behind(made, id) => {
            let made = place(made.as_millisecond());
            values.push(Value::Bytes(id.clone()));
            let id = format!("${}", values.len());
            format!("AND (r.created_at, r.id) > ({made}, {id}) ORDER BY {order} LIMIT {limit}")
        }
    };
    let asked = |columns| format!("SELECT {columns} FROM {table} r WHERE {OWN} AND ({sql}) {from}");
    let rows = tx.rows(&asked(columns(list.kind)), &values, common).await?;
    let mut page: Vec<Provisioned> = rows
        .iter()
        .map(|row| read(list.kind, row))
        .collect::<Result<_, _>>()?;
    let mut more = page.len() > read_at_once;
    page.truncate(read_at_once);
    let mut rest = Vec::new();
    if more && read_at_once < list.count {
        // The limit is the first of the page's own values.
        values[own] = number(list.count + 1).into();
        let rows = tx
            .rows(&asked("r.id, r.created_at"), &values, common)
            .await?;
        let places = rows.iter().skip(read_at_once).map(Place::read);
        rest = places.collect::<Result<_, _>>()?;
        more = rest.len() > list.count - read_at_once;
        rest.truncate(list.count - read_at_once);
    }
    let found = page.len() + rest.len();
    // The last page tells how many there are; before it they are counted.
    let total = match list.from {
        _ if !list.counted => None,
        From::Place(behind) if !more && (behind == 0 || found > 0) => Some(behind + found),
        From::Place(_) | From::Behind(..) => {
            let count = format!("SELECT COUNT(*) FROM {table} r WHERE {OWN} AND ({sql})");
            let counted = tx.rows(&count, &values[..own], common).await?;
            let total = counted.first().map_or(Ok(0), |row| row.integer(0))?;
            Some(usize::try_from(total).unwrap_or(0))
        }
    };
    Ok(Found {
        total,
        page,
        rest,
        more,
    })
}

/// The same, where each row is asked in memory, or sorted there.
async fn by_memory(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    list: &List,
    clause: Clause,
    sorts: bool,
) -> Decided<Found> {
    // Sorted by a column or not: a filter of memory's goes through all rows in the order in which they were made.
    let sorts = sorts || list.sort.is_some();
    let (mut all, mut keys): (Vec<Place>, Vec<SortValue>) = (Vec::new(), Vec::new());
    let (mut total, mut more, mut patience) = (0, false, list.patience.clone());
    let theirs = if *list.kind == USER {
        "groups"
    } else {
        "members"
    };
    let filter = list.filter.as_ref();
    // A person's version tells of their groups.
    let asks = filter.is_some_and(|filter| {
        filter.asks_for(theirs) || *list.kind == USER && filter.asks_for("meta")
    });
    let mut last: Option<(Timestamp, Vec<u8>)> = None;
    'all: loop {
        let rows = batch(tx, list.kind, &clause, last.as_ref()).await?;
        let Some(end) = rows.last() else { break };
        last = Some((end.time(1)?, end.bytes(0)?.to_vec()));
        for row in &rows {
            let mut one = read(list.kind, row)?;
            if let Some(filter) = &list.filter {
                if asks {
                    related::whole(tx, by, &mut one).await?;
                }
                patience.spend(READ + RELATED * one.related.len() as u64);
                let holds = filter.matches_within(&document(&one, &list.base), &mut patience);
                if patience.is_over() {
                    return Ok(Err(Refusal::FilterTooDear));
                }
                if !holds {
                    continue;
                }
            }
            total += 1;
            let before = match &list.from {
                _ if sorts => false,
                From::Place(behind) => total <= *behind,
                From::Behind(made, id) => {
                    let place = (row.time(1)?, row.bytes(0)?);
                    place <= (*made, id.as_slice())
                }
            };
            if before {
                continue;
            }
            if !sorts && all.len() == list.count {
                more = true;
                if !list.counted {
                    break 'all;
                }
                continue;
            }
            all.push(Place::read(row)?);
            if let Some(sort) = &list.sort {
                keys.push(sort.value(list.kind, &document(&one, &list.base)));
            }
            if all.len() > SORTED {
                return Ok(Err(Refusal::TooManyResults(SORTED)));
            }
        }
        if rows.len() < TOGETHER {
            break;
        }
    }
    if sorts {
        let mut keyed: Vec<_> = keys.into_iter().zip(all).collect();
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        let behind = match &list.from {
            From::Place(behind) => *behind,
            From::Behind(..) => 0,
        };
        let mut rest = keyed.into_iter().map(|(_, place)| place).skip(behind);
        all = rest.by_ref().take(list.count).collect();
        more = rest.next().is_some();
    }
    let rest = all.split_off(all.len().min(list.at_once));
    Ok(Ok(Found {
        total: list.counted.then_some(total),
        page: at(tx, by, list.kind, &all).await?,
        rest,
        more,
    }))
}

/// Those at these places, in this order; who is gone is left out.
pub(super) async fn at(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    kind: &'static ResourceType,
    places: &[Place],
) -> Result<Vec<Provisioned>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = values![&by.organization, by.id].to_vec();
    let mut ids = Vec::new();
    for Place(_, id) in places {
        values.push(Value::Bytes(id.clone()));
        ids.push(format!("${}", values.len()));
    }
    let (table, columns, ids) = (table(kind), columns(kind), ids.join(", "));
    let sql = format!("SELECT {columns} FROM {table} r WHERE r.id IN ({ids}) AND {OWN_BY_ID}");
    let mut found = Vec::new();
    for row in tx.rows(&sql, &values, false).await? {
        let is_here = |place: &Place| row.bytes(0).is_ok_and(|id| id == place.1);
        found.push((places.iter().position(is_here), read(kind, &row)?));
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, one)| one).collect())
}

async fn batch(
    tx: &mut Tx<'_>,
    kind: &'static ResourceType,
    clause: &Clause,
    last: Option<&(Timestamp, Vec<u8>)>,
) -> Result<Vec<Row>, StoreError> {
    let (table, columns, sql) = (table(kind), columns(kind), &clause.sql);
    let mut values = clause.values.clone();
    let behind = match last {
        None => String::new(),
        Some((made, id)) => {
            values.extend(values![*made, id.clone()].iter().cloned());
            let at = values.len();
            format!("AND (r.created_at, r.id) > (${}, ${at}) ", at - 1)
        }
    };
    let sql = format!(
        "SELECT {columns} FROM {table} r WHERE {OWN} AND ({sql}) {behind}ORDER BY r.created_at, r.id LIMIT {TOGETHER}"
    );
    tx.rows(&sql, &values, clause.common).await
}

const OWN: &str = "r.organization = $1 AND r.connection = $2";
/// The same of those whom ids name, as expressions, which no index answers. SQLite takes an organisation for smaller than a hundred ids,
/// PostgreSQL a connection for smaller than one where its tables were empty when it was asked first: they would go through all of it.
pub(super) const OWN_BY_ID: &str =
    "r.organization || '' = $1 AND COALESCE(r.connection, r.id) = $2";

fn table(kind: &'static ResourceType) -> &'static str {
    if *kind == USER { "users" } else { "groups" }
}

fn columns(kind: &'static ResourceType) -> &'static str {
    if *kind == USER {
        users::COLUMNS
    } else {
        groups::COLUMNS
    }
}

fn read(kind: &'static ResourceType, row: &Row) -> Result<Provisioned, StoreError> {
    if *kind == USER {
        users::read(row)
    } else {
        groups::read(row)
    }
}

/// What text or number is sorted by.
fn column_name(column: Column, code_points: &str) -> Option<String> {
    let text = |name: &str| Some(format!("{name}{code_points}"));
    match column {
        Column::ExternalId => text("r.external_id"),
        Column::UserName => text("r.user_name_folded"),
        Column::DisplayName => text("r.display_name_folded"),
        Column::Active => Some("r.active".to_owned()),
        Column::Created => Some("r.created_at".to_owned()),
        Column::LastModified => Some("r.modified_at".to_owned()),
        Column::Id => Some("r.id".to_owned()),
        Column::GivenName | Column::FamilyName | Column::Email | Column::Group | Column::Member => {
            None
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The whole of it, for filters and sorting.
fn document(one: &Provisioned, base: &str) -> kiro_scim::json::Object {
    present(&one.resource, &one.facts(base))
}
