//! Who comes into a group and who leaves it, however many: some statements for each [`TOGETHER`] of them, none for each one, since
//! nobody else writes meanwhile (docs/decisions/0029).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use super::audit::Listed;
use super::value::among;
use super::{StoreError, Tx, Value, audit, sessions, values};
use crate::client::Details;
use crate::id::{ConnectionId, GroupId, SessionId, UserId};
use crate::session::Ended;

/// So many are in one statement.
pub(super) const TOGETHER: usize = 500;

const JOIN: Listed = ("group.join", "group.join.list");
const LEAVE: Listed = ("group.leave", "group.leave.list");

/// The group, as the audit log names it.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) id: GroupId,
    pub(super) organization: &'a str,
    pub(super) name: &'a str,
}

/// People by their ids, and their names.
type People = BTreeMap<UserId, String>;

/// Everybody who is in a group.
pub(super) async fn all(tx: &mut Tx<'_>, group: GroupId) -> Result<BTreeSet<UserId>, StoreError> {
    let sql = "SELECT user_id FROM members WHERE group_id = $1 ORDER BY user_id";
    let rows = tx.query(sql, values![group]).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

/// Puts people of this connection into a group, and returns how many were not in it; `None` where one is none of its people.
pub(super) async fn join(
    tx: &mut Tx<'_>,
    group: Of<'_>,
    who: &BTreeSet<UserId>,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<Option<usize>, StoreError> {
    let who: Vec<UserId> = who.iter().copied().collect();
    let mut came = People::new();
    for some in who.chunks(TOGETHER) {
        let mut people = named(tx, some, Some(connection), "").await?;
        if people.len() < some.len() {
            return Ok(None);
        }
        let mut values = values![group.id].to_vec();
        let these = among(&mut values, "u.id", some, TOGETHER);
        let sql = format!(
            "INSERT INTO members (group_id, user_id) SELECT g.id, u.id FROM groups g, users u WHERE g.id = $1 AND {these} \
             ORDER BY u.id ON CONFLICT DO NOTHING RETURNING user_id"
        );
        for row in tx.query(&sql, &values).await? {
            came.extend(people.remove_entry(&row.id(0)?));
        }
    }
    let detail = json!({ "group": group.id });
    record(tx, group, JOIN, &came, detail, now).await?;
    Ok(Some(came.len()))
}

/// Takes people out of a group, and with it what an application gave them because of it alone. Returns how many sessions that were;
/// `None` where nobody of them was in it. Of a connection's people alone, if one is named.
///
/// Their rows are locked first, as whoever grants something does: so nothing is granted by a group that is being lost.
pub(super) async fn leave(
    tx: &mut Tx<'_>,
    group: Of<'_>,
    who: &BTreeSet<UserId>,
    connection: Option<ConnectionId>,
    now: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let who: Vec<UserId> = who.iter().copied().collect();
    let (mut left, mut closed) = (People::new(), Vec::new());
    for some in who.chunks(TOGETHER) {
        let mut people = named(tx, some, connection, " FOR UPDATE OF u").await?;
        let theirs: Vec<UserId> = people.keys().copied().collect();
        let mut values = values![group.id].to_vec();
        let these = among(&mut values, "user_id", &theirs, TOGETHER);
        let sql = format!("DELETE FROM members WHERE group_id = $1 AND {these} RETURNING user_id");
        let mut gone = Vec::new();
        for row in tx.query(&sql, &values).await? {
            gone.push(row.id(0)?);
        }
        left.extend(gone.iter().filter_map(|user| people.remove_entry(user)));
        closed.extend(close(tx, group.id, &gone, now).await?);
    }
    if left.is_empty() {
        return Ok(None);
    }
    let ended = closed.len() as u64;
    if left.len() == 1 {
        sessions::record_ends(tx, &closed, Ended::GroupLost, now).await?;
    } else {
        let of = json!({ "group": group.id });
        let closed = (closed, Ended::GroupLost);
        sessions::record_closed(tx, group.organization, group.name, closed, &of, now).await?;
    }
    let detail = json!({ "group": group.id, "sessions": ended });
    record(tx, group, LEAVE, &left, detail, now).await?;
    Ok(Some(ended))
}

/// Those of these people who are there, and the connection's if one is named.
async fn named(
    tx: &mut Tx<'_>,
    some: &[UserId],
    connection: Option<ConnectionId>,
    lock: &str,
) -> Result<People, StoreError> {
    let mut values = Vec::new();
    let these = among(&mut values, "u.id", some, TOGETHER);
    let sql = format!(
        "SELECT u.id, u.user_name, u.connection FROM users u WHERE {these} ORDER BY u.id{lock}"
    );
    let mut people = People::new();
    for row in tx.query(&sql, &values).await? {
        let of = row.optional(2, super::Row::id)?;
        if connection.is_none() || connection == of {
            people.insert(row.id(0)?, row.text(1)?.to_owned());
        }
    }
    Ok(people)
}

/// Ends what these people, who are in the group no more, had by it alone. Their applications' rows are held first, and read by a
/// statement of its own: one that is being opened to this group instead of others waits, or is seen as it becomes.
async fn close(
    tx: &mut Tx<'_>,
    group: GroupId,
    gone: &[UserId],
    now: Timestamp,
) -> Result<Vec<sessions::Closed>, StoreError> {
    let mut values = Vec::new();
    let these = among(&mut values, "s.user_id", gone, TOGETHER);
    let sql = format!(
        "SELECT c.id FROM clients c WHERE c.id IN (SELECT s.client_id FROM sessions s WHERE {these} AND s.state <> 'ended') \
         ORDER BY c.id FOR SHARE OF c"
    );
    tx.query(&sql, &values).await?;
    let mut values = vec![Value::Text(format!("%\"{group}\"%"))];
    let these = among(&mut values, "s.user_id", gone, TOGETHER);
    let sql = format!(
        "SELECT s.id, s.user_id, s.client_id, c.details FROM sessions s JOIN clients c ON c.id = s.client_id \
         WHERE {these} AND s.state <> 'ended' AND c.details LIKE $1"
    );
    let (mut opened, mut clients) = (Vec::new(), BTreeMap::new());
    for row in tx.query(&sql, &values).await? {
        let client = row.text(2)?.to_owned();
        if !clients.contains_key(&client) {
            clients.insert(client.clone(), row.json::<Details>(3)?);
        }
        opened.push((row.id::<SessionId>(0)?, row.id::<UserId>(1)?, client));
    }
    if opened.is_empty() {
        return Ok(opened);
    }
    let left = groups_of(tx, gone).await?;
    opened.retain(|(_, user, client)| {
        let left = left.get(user).map_or(&[][..], Vec::as_slice);
        let details = clients.get(client);
        details.is_some_and(|it| it.groups.contains(&group) && !it.open_to(left))
    });
    let all: Vec<SessionId> = opened.iter().map(|(session, ..)| *session).collect();
    let ended = sessions::end_several(tx, &all, Ended::GroupLost, now).await?;
    opened.retain(|(session, ..)| ended.contains(session));
    Ok(opened)
}

/// The groups of these people.
async fn groups_of(
    tx: &mut Tx<'_>,
    some: &[UserId],
) -> Result<BTreeMap<UserId, Vec<GroupId>>, StoreError> {
    let mut values = Vec::new();
    let these = among(&mut values, "user_id", some, TOGETHER);
    let sql = format!("SELECT user_id, group_id FROM members WHERE {these}");
    let mut groups = BTreeMap::<UserId, Vec<GroupId>>::new();
    for row in tx.query(&sql, &values).await? {
        groups.entry(row.id(0)?).or_default().push(row.id(1)?);
    }
    Ok(groups)
}

/// One is recorded as a person, several as a list.
async fn record(
    tx: &mut Tx<'_>,
    group: Of<'_>,
    action: Listed,
    people: &People,
    mut detail: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    if people.len() == 1
        && let Some(one) = people.keys().next()
    {
        return audit::of_person(tx, *one, action.0, detail, now).await;
    }
    if people.is_empty() {
        return Ok(());
    }
    detail["members"] = people.len().into();
    let list: Vec<_> = people.iter().map(told).collect();
    let Of {
        organization, name, ..
    } = group;
    audit::of_many(
        tx,
        organization,
        action,
        name,
        detail,
        ("users", &list),
        now,
    )
    .await
}

/// As the audit log lists them.
pub(super) fn told<K: ToString, V: ToString>((key, value): (&K, &V)) -> (String, String) {
    (key.to_string(), value.to_string())
}
