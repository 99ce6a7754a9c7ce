//! The audit log in the store.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, values};
use crate::audit::{Broken, Deed, Entry, Head, follow};
use crate::figures::Happened;
use crate::id::UserId;
use crate::secret::Digest;

/// Counted, too.
const SIGN_IN: &str = "sign_in";
const COLUMNS: &str = "number, at, organization, actor, action, subject, outcome, address, user_agent, detail, digest";
/// So many entries are read at once.
const PAGE: u32 = 500;
/// So many are listed in an entry.
const LISTED: usize = 200;

impl Store {
    /// Records what changed nothing else: a sign-in that was refused.
    pub async fn record(&self, deed: Deed, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let deed = deed.clone();
            Box::pin(async move { append(tx, deed, now).await })
        })
        .await
    }

    /// The entries behind the one of this number, at most `most`.
    pub async fn audit_entries(&self, after: i64, most: u32) -> Result<Vec<Entry>, StoreError> {
        let found = self.read(move |tx| Box::pin(page(tx, after, most))).await?;
        Ok(found.into_iter().map(|(entry, _)| entry).collect())
    }

    /// An organisation's entries before the one of this number, the newest first, at most `most`.
    pub async fn audit_of(
        &self,
        organization: &str,
        before: i64,
        most: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM audit WHERE organization = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
                );
                let rows = tx.query(&sql, values![organization, before, most]).await?;
                rows.iter().map(|row| read(row).map(|(entry, _)| entry)).collect()
            })
        })
        .await
    }

    /// Checks the whole chain, and returns where it ends.
    pub async fn verify_audit(&self) -> Result<Result<Head, Broken>, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let Some((end, forgotten)) = chain(tx, "").await? else {
                    let first = page(tx, 0, 1).await?;
                    let nothing = Head {
                        number: 0,
                        digest: Digest::from([0; 32]),
                    };
                    return Ok(first
                        .first()
                        .map_or(Ok(nothing), |(entry, _)| Err(Broken::Added(entry.number))));
                };
                let before = "SELECT number FROM audit WHERE number <= $1 ORDER BY number";
                if let Some(row) = tx.row(before, values![forgotten.number]).await? {
                    return Ok(Err(Broken::Added(row.integer(0)?)));
                }
                let mut head = forgotten;
                loop {
                    let entries = page(tx, head.number, PAGE).await?;
                    if entries.is_empty() {
                        break;
                    }
                    head = match follow(head, &entries) {
                        Ok(head) => head,
                        Err(broken) => return Ok(Err(broken)),
                    };
                }
                Ok(match head.number.cmp(&end.number) {
                    std::cmp::Ordering::Less => Err(Broken::Missing(head.number + 1)),
                    std::cmp::Ordering::Greater => Err(Broken::Added(end.number + 1)),
                    std::cmp::Ordering::Equal if head == end => Ok(head),
                    std::cmp::Ordering::Equal => Err(Broken::Changed(head.number)),
                })
            })
        })
        .await
    }

    /// Forgets the entries before `before`, and returns how many. What is left is still a chain that can be checked.
    pub async fn forget_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                if chain(tx, "FOR UPDATE OF c").await?.is_none() {
                    return Ok(0);
                }
                // Numbers, not times, are in order: two instances' clocks differ.
                let sql = "SELECT MIN(number) FROM audit WHERE at >= $1";
                let kept = tx.row(sql, values![before]).await?;
                let kept = kept.map(|row| row.optional(0, Row::integer)).transpose()?.flatten();
                let sql = "SELECT number, digest FROM audit WHERE number < $1 ORDER BY number DESC LIMIT 1";
                let last = tx.row(sql, values![kept.unwrap_or(i64::MAX)]).await?;
                let Some(last) = last else {
                    return Ok(0);
                };
                let sql = "UPDATE audit_chain SET forgotten_number = $1, forgotten_digest = $2";
                tx.execute(sql, values![last.integer(0)?, last.digest(1)?]).await?;
                let sql = "DELETE FROM audit WHERE number <= $1";
                tx.execute(sql, values![last.integer(0)?]).await
            })
        })
        .await
    }
}

/// An actor's entries in an organisation, lists excepted: behind the one of this number the oldest first, or without the newest first.
pub(super) async fn of_actor(
    tx: &mut Tx<'_>,
    organization: &str,
    actor: &str,
    after: Option<i64>,
    most: u32,
) -> Result<Vec<Entry>, StoreError> {
    let order = if after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE organization = $1 AND actor = $2 AND number > $3 AND action NOT LIKE '%.list' ORDER BY number {order} LIMIT $4"
    );
    let key = values![organization, actor, after.unwrap_or(0), most];
    let rows = tx.query(&sql, key).await?;
    rows.iter()
        .map(|row| read(row).map(|(entry, _)| entry))
        .collect()
}

/// Adds an entry in this transaction, when everything else in it is done.
pub(super) fn append(tx: &mut Tx<'_>, deed: Deed, now: Timestamp) -> Ready<Result<(), StoreError>> {
    tx.deeds.push((deed, now));
    ready(Ok(()))
}

/// Writes what was added. It is the last thing that a transaction does: who holds the chain's end waits for nobody any more, and nobody
/// waits for them but the others who end.
pub(super) async fn write(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let deeds = std::mem::take(&mut tx.deeds);
    if deeds.is_empty() {
        return Ok(());
    }
    let nothing = Digest::from([0; 32]);
    let sql = "INSERT INTO audit_chain (single, last_number, last_digest, forgotten_number, forgotten_digest) VALUES (1, 0, $1, 0, $1) \
               ON CONFLICT DO NOTHING";
    tx.execute(sql, values![nothing]).await?;
    let found = chain(tx, "FOR UPDATE OF c").await?;
    let (mut last, _) =
        found.ok_or_else(|| StoreError::Corrupt("the audit log's chain".to_owned()))?;
    for (deed, now) in deeds {
        last = entry(tx, last, deed, now).await?;
    }
    let sql = "UPDATE audit_chain SET last_number = $1, last_digest = $2";
    tx.execute(sql, values![last.number, last.digest]).await?;
    Ok(())
}

/// Writes an entry behind the last one, and returns where the chain ends with it.
async fn entry(
    tx: &mut Tx<'_>,
    last: Head,
    deed: Deed,
    now: Timestamp,
) -> Result<Head, StoreError> {
    let by = tx.by();
    let entry = Entry {
        number: last.number + 1,
        at: now,
        organization: deed.organization,
        actor: by.actor.clone().unwrap_or_else(|| deed.subject.clone()),
        action: deed.action.to_owned(),
        subject: deed.subject,
        outcome: if deed.done { "done" } else { "refused" }.to_owned(),
        address: by.address.clone(),
        user_agent: by.user_agent.clone(),
        detail: deed.detail.to_string(),
    };
    if entry.action == SIGN_IN {
        tx.happened(Happened::SignIn { done: deed.done });
    }
    let digest = entry.digest(&last.digest);
    let sql = format!(
        "INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    let row = values![
        entry.number,
        entry.at,
        entry.organization,
        entry.actor,
        entry.action,
        entry.subject,
        entry.outcome,
        entry.address,
        entry.user_agent,
        entry.detail,
        digest,
    ];
    tx.execute(&sql, row).await?;
    Ok(Head {
        number: entry.number,
        digest,
    })
}

/// The same about a person.
pub(super) async fn of_person(
    tx: &mut Tx<'_>,
    user: UserId,
    action: &'static str,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT organization, user_name FROM users WHERE id = $1";
    let row = tx.row(sql, values![user]).await?;
    let row = row.as_ref();
    let deed = Deed {
        action,
        organization: row.map(|row| row.text(0).map(str::to_owned)).transpose()?,
        subject: row.map_or_else(
            || Ok(user.to_string()),
            |row| row.text(1).map(str::to_owned),
        )?,
        done: true,
        detail,
    };
    append(tx, deed, now).await
}

/// The same about what an organisation has.
pub(super) async fn of_organization(
    tx: &mut Tx<'_>,
    organization: &str,
    action: &'static str,
    subject: &str,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let deed = Deed {
        action,
        organization: Some(organization.to_owned()),
        subject: subject.to_owned(),
        done: true,
        detail,
    };
    append(tx, deed, now).await
}

/// An action, and that of the lists that belong to it.
pub(super) type Listed = (&'static str, &'static str);

/// The same about many: what was done, and then whom it concerns, a list of names and values in parts.
pub(super) async fn of_many(
    tx: &mut Tx<'_>,
    organization: &str,
    (action, list_action): Listed,
    subject: &str,
    detail: serde_json::Value,
    (name, list): (&'static str, &[(String, String)]),
    now: Timestamp,
) -> Result<(), StoreError> {
    of_organization(tx, organization, action, subject, detail.clone(), now).await?;
    let parts = list.len().div_ceil(LISTED);
    for (part, listed) in (1..).zip(list.chunks(LISTED)) {
        let listed = listed.iter().cloned();
        let listed: BTreeMap<String, String> = listed.collect();
        let mut detail = detail.clone();
        (detail["part"], detail["parts"]) = (json!(part), json!(parts));
        detail[name] = json!(listed);
        of_organization(tx, organization, list_action, subject, detail, now).await?;
    }
    Ok(())
}

/// The chain's end, and what was forgotten last.
async fn chain(tx: &mut Tx<'_>, lock: &str) -> Result<Option<(Head, Head)>, StoreError> {
    let sql = format!(
        "SELECT last_number, last_digest, forgotten_number, forgotten_digest FROM audit_chain c WHERE single = 1 {lock}"
    );
    let row = tx.row(sql.trim_end(), &[]).await?;
    row.map(|row| {
        let head = |at| {
            Ok(Head {
                number: row.integer(at)?,
                digest: row.digest(at + 1)?,
            })
        };
        Ok((head(0)?, head(2)?))
    })
    .transpose()
}

async fn page(tx: &mut Tx<'_>, after: i64, most: u32) -> Result<Vec<(Entry, Digest)>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE number > $1 ORDER BY number LIMIT $2");
    let rows = tx.query(&sql, values![after, most]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<(Entry, Digest), StoreError> {
    let text = |column: usize| row.text(column).map(str::to_owned);
    let optional = |column: usize| {
        row.optional(column, Row::text)
            .map(|text| text.map(str::to_owned))
    };
    let entry = Entry {
        number: row.integer(0)?,
        at: row.time(1)?,
        organization: optional(2)?,
        actor: text(3)?,
        action: text(4)?,
        subject: text(5)?,
        outcome: text(6)?,
        address: optional(7)?,
        user_agent: optional(8)?,
        detail: text(9)?,
    };
    Ok((entry, row.digest(10)?))
}
