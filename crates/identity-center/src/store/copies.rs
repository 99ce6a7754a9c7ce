//! A store that moves from its file to a server: every row of every table, in one transaction. Sessions go on there, if the instances
//! have the same master key.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::json;

use super::sqlite::Offline;
use super::{Row, Store, StoreError, Tx, Value, audit};
use crate::audit::Deed;

/// So many rows are read and written at once.
const TOGETHER: usize = 200;

/// Why a store was not copied. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Something would be mixed with what is there.
    #[error("the database is not empty: there are {0}")]
    NotEmpty(String),
    /// Of either store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A table, and what it has of others.
struct Table {
    name: String,
    columns: Vec<String>,
    refers_to: BTreeSet<String>,
}

impl Store {
    /// Takes every row of the SQLite store in this file, which no service has open. Returns how many rows that were.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn take_file(&self, from: &Path, now: Timestamp) -> Result<u64, CopyError> {
        let mut file = Offline::open(from)?;
        let tables = Arc::new(in_order(tables(&mut file)?)?);
        let file = Arc::new(Mutex::new(file));
        let taken = self.write(move |tx| {
            let (file, tables) = (Arc::clone(&file), Arc::clone(&tables));
            Box::pin(async move {
                for table in tables.iter() {
                    let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
                    if !tx.query(&sql, &[]).await?.is_empty() {
                        return Ok(Err(CopyError::NotEmpty(table.name.clone())));
                    }
                }
                let mut count = 0;
                for table in tables.iter() {
                    count += take(tx, &file, table).await?;
                }
                let deed = Deed {
                    action: "store.copy",
                    organization: None,
                    subject: "store".to_owned(),
                    done: true,
                    detail: json!({ "rows": count }),
                };
                audit::append(tx, deed, now).await?;
                Ok(Ok(count))
            })
        });
        taken.await?
    }
}

/// Every table but that of the version, which both stores have.
fn tables(file: &mut Offline) -> Result<Vec<Table>, StoreError> {
    let texts = |rows: Vec<Row>| -> Result<Vec<String>, StoreError> {
        rows.iter()
            .map(|row| row.text(0).map(str::to_owned))
            .collect()
    };
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'store_version' ORDER BY name";
    let names = texts(file.query(sql, &[])?)?;
    let described = names.into_iter().map(|name| {
        let of = [Value::from(&name)];
        let columns = file.query("SELECT name FROM pragma_table_info($1)", &of)?;
        let others = file.query("SELECT \"table\" FROM pragma_foreign_key_list($1)", &of)?;
        Ok(Table {
            name,
            columns: texts(columns)?,
            refers_to: texts(others)?.into_iter().collect(),
        })
    });
    described.collect()
}

/// What refers to another table comes behind it.
fn in_order(mut left: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let waits = |table: &Table| {
            let there = |name: &String| ordered.iter().any(|table| table.name == *name);
            !table.refers_to.iter().all(there)
        };
        let (later, next): (Vec<Table>, Vec<Table>) = left.into_iter().partition(waits);
        if next.is_empty() {
            return Err(StoreError::Corrupt("tables refer to each other".to_owned()));
        }
        ordered.extend(next);
        left = later;
    }
    Ok(ordered)
}

async fn take(tx: &mut Tx<'_>, file: &Mutex<Offline>, table: &Table) -> Result<u64, StoreError> {
    let (name, columns) = (&table.name, table.columns.join(", "));
    let page = format!("SELECT {columns} FROM {name} LIMIT {TOGETHER} OFFSET $1");
    let mut count = 0;
    loop {
        // Nobody writes there: the rows have one order.
        let at = [Value::Integer(count)];
        let rows = file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .query(&page, &at)?;
        if rows.is_empty() {
            return Ok(count.unsigned_abs());
        }
        count += rows.len() as i64;
        let places: Vec<String> = (0..rows.len())
            .map(|row| places(row * table.columns.len(), table.columns.len()))
            .collect();
        let sql = format!(
            "INSERT INTO {name} ({columns}) VALUES {}",
            places.join(", ")
        );
        let values: Vec<Value> = rows.into_iter().flat_map(|row| row.0).collect();
        tx.execute(&sql, &values).await?;
    }
}

/// `($3, $4)`
fn places(behind: usize, count: usize) -> String {
    let places: Vec<String> = (1..=count)
        .map(|place| format!("${}", behind + place))
        .collect();
    format!("({})", places.join(", "))
}
