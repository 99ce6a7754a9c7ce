//! What the service knows: SQLite in a file, or PostgreSQL by a URL, through one set of whole decisions.
//!
//! [`Store`] has methods such as `redeem_code` or `rotate`, not create-read-update-delete: each is one transaction, and what it
//! decides is a function beside it. The SQL stands once, in what both databases understand; [`Tx`] runs it on either. On SQLite one
//! thread writes, many requests to a commit (full sync: an answer is durable before it is given); on PostgreSQL any number of
//! instances write, and a row that is decided upon is locked (`FOR UPDATE`).

mod accounts;
mod administrators;
mod attempts;
mod audit;
mod authorizations;
mod back_ups;
mod browser_sessions;
mod clients;
mod connections;
mod copies;
mod device_codes;
mod device_polls;
mod directory;
mod groups;
pub mod holders;
mod inference;
mod links;
mod logouts;
mod members;
mod migrations;
mod passwords;
mod plans;
mod postgres;
mod provisioned;
mod provisioning;
mod pushed_requests;
mod restored;
pub mod secrets;
mod sessions;
mod setup_links;
mod sqlite;
mod trials;
mod value;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;

use crate::audit::{By, Deed};
use crate::figures::{self, Happened};

pub use attempts::{Counted, Guess};
pub use authorizations::Granted;
pub use browser_sessions::BrowserSession;
pub use copies::CopyError;
pub use device_codes::DeviceCode;
pub use device_polls::Polled;
pub use directory::Counts;
pub use passwords::{Factors, PasswordChange, SecondFactor};
pub use provisioned::{Changing, Found, From as Behind, List, MEMBERS, Place};
pub use restored::Restored;
pub use sessions::Redeemed;
pub use value::{Row, Value};

/// Why the store gave no answer. Nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is full, or refuses to write.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Its URL is none that can be used. Nothing of it is repeated.
    #[error("the store's URL cannot be used: {0}")]
    Address(String),
    /// Something with this name is there already.
    #[error("it is there already")]
    Taken,
    /// It holds what no version of ours wrote.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
    /// Somebody else has it open, where one must be alone with it.
    #[error("a running service has the store open")]
    InUse,
    /// What was asked for is refused, and what the transaction had done of it is undone.
    #[error("refused: {0}")]
    Refused(Box<kiro_scim::Refusal>),
    /// A newer version has written it.
    #[error("the store is of a newer version ({found}, this program knows {known})")]
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
}

/// A transaction's body: run once, and once more where the database asks for it (PostgreSQL, after a deadlock).
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

#[derive(Clone)]
enum Database {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

impl Store {
    /// The SQLite file of this name, made and brought to the newest version where needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Newer`].
    pub fn sqlite(path: &Path) -> Result<Store, StoreError> {
        Ok(Store {
            database: Database::Sqlite(Arc::new(sqlite::Sqlite::open(path)?)),
        })
    }

    /// The PostgreSQL database of this URL, brought to the newest version where needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Newer`].
    pub async fn postgres(url: &str) -> Result<Store, StoreError> {
        Ok(Store {
            database: Database::Postgres(Arc::new(postgres::Postgres::open(url).await?)),
        })
    }

    /// Which database it is: `sqlite` or `postgresql`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.database {
            Database::Sqlite(_) => "sqlite",
            Database::Postgres(_) => "postgresql",
        }
    }

    /// Runs `work` in one transaction that is durable when this returns. `Err` undoes it; a refusal that shall leave a trace is
    /// part of `T`. `work` may be called again after the database gave up on it: it must change nothing but the store.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static,
    {
        let noted = Noted::default();
        let work = attributed(By::current(), Arc::clone(&noted), work);
        let begun = Instant::now();
        let outcome = match &self.database {
            Database::Sqlite(database) => database.write(work).await,
            Database::Postgres(database) => database.write(work).await,
        };
        figures::written(begun.elapsed());
        if outcome.is_ok() {
            let noted = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
            noted.into_iter().for_each(figures::happened);
        }
        outcome
    }

    /// How many transactions wait for their turn.
    pub(crate) fn waiting_writes(&self) -> usize {
        match &self.database {
            Database::Sqlite(database) => database.waiting(),
            Database::Postgres(database) => database.waiting(),
        }
    }

    /// The first row that one statement finds in what is committed, without the transaction that several need.
    pub(crate) async fn look_up(
        &self,
        sql: &str,
        values: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        let rows = self.look_up_all(sql, values).await?;
        Ok(rows.into_iter().next())
    }

    /// All rows of one statement, in the same way.
    pub(crate) async fn look_up_all(
        &self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match &self.database {
            Database::Sqlite(database) => database.query(sql, values),
            Database::Postgres(database) => database.query(sql, values).await,
        }
    }

    /// Runs `work` on what is committed. It must not write.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static,
    {
        match &self.database {
            Database::Sqlite(database) => database.read(work),
            Database::Postgres(database) => database.read(work).await,
        }
    }
}

/// A transaction that writes, to its end.
async fn whole<T>(
    tx: &mut Tx<'_>,
    work: &(impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + ?Sized),
) -> Result<T, StoreError> {
    let done = work(tx).await?;
    audit::write(tx).await?;
    Ok(done)
}

/// What a transaction did, to be counted; begun anew when it is.
type Noted = Arc<Mutex<Vec<Happened>>>;

/// The same work, done by this one.
fn attributed<T, F>(
    by: Arc<By>,
    noted: Noted,
    work: F,
) -> impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static
where
    F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static,
{
    move |tx: &mut Tx<'_>| {
        tx.by = Some(Arc::clone(&by));
        noted.lock().unwrap_or_else(PoisonError::into_inner).clear();
        tx.noted = Some(Arc::clone(&noted));
        work(tx)
    }
}

/// A transaction on either database, and who has it done.
pub(crate) struct Tx<'a> {
    connection: Connection<'a>,
    by: Option<Arc<By>>,
    noted: Option<Noted>,
    /// What the audit log is to have of it.
    deeds: Vec<(Deed, Timestamp)>,
    /// Every statement so far.
    #[cfg(test)]
    asked: Vec<String>,
}

enum Connection<'a> {
    Sqlite(&'a mut sqlite::Statements),
    Postgres(&'a postgres::Transaction<'a>),
}

impl<'c> Tx<'c> {
    fn of(connection: Connection<'c>) -> Tx<'c> {
        Tx {
            connection,
            by: None,
            noted: None,
            deeds: Vec::new(),
            #[cfg(test)]
            asked: Vec::new(),
        }
    }

    /// Who has it done, for the audit log.
    fn by(&self) -> Arc<By> {
        self.by.clone().unwrap_or_default()
    }

    /// Counts this, if the transaction comes about.
    fn happened(&self, what: Happened) {
        if let Some(noted) = &self.noted {
            noted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(what);
        }
    }

    /// A statement of the schema in this database's words.
    fn spelled(&self, sql: &str) -> String {
        let (bytes, keyed) = match self.connection {
            Connection::Sqlite(_) => ("BLOB", "WITHOUT ROWID"),
            Connection::Postgres(_) => ("BYTEA", ""),
        };
        sql.replace(" BYTES", &format!(" {bytes}"))
            .replace(" KEYED", &format!(" {keyed}"))
    }

    /// The rows of a query. `$1` … stand for the values; `FOR UPDATE` at its end locks them until the transaction's end.
    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        #[cfg(test)]
        self.asked.push(sql.to_owned());
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.query(sql, values),
            Connection::Postgres(transaction) => postgres::query(*transaction, sql, values).await,
        }
    }

    /// The same for a text that may be one of many, unless it is a `common` one: it is not kept prepared.
    pub(crate) async fn rows(
        &mut self,
        sql: &str,
        values: &[Value],
        common: bool,
    ) -> Result<Vec<Row>, StoreError> {
        if common {
            return self.query(sql, values).await;
        }
        #[cfg(test)]
        self.asked.push(sql.to_owned());
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.query_once(sql, values),
            Connection::Postgres(transaction) => {
                postgres::query_once(transaction, sql, values).await
            }
        }
    }

    /// What orders text by its code points, behind a column: SQLite always does.
    pub(crate) fn by_code_points(&self) -> &'static str {
        match self.connection {
            Connection::Sqlite(_) => "",
            Connection::Postgres(_) => " COLLATE \"C\"",
        }
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn row(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Changes rows, and returns how many.
    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        #[cfg(test)]
        self.asked.push(sql.to_owned());
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute(sql, values),
            Connection::Postgres(transaction) => postgres::execute(transaction, sql, values).await,
        }
    }
}

/// The values of a statement: `values![id, name, None::<i64>]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
pub(crate) use values;

#[cfg(test)]
pub(crate) mod tests;
