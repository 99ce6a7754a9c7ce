//! SQLite: one thread writes, as many requests to a commit as are waiting; readers stand beside it (WAL).

mod offline;

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, ErrorCode, OpenFlags, Statement};
use tokio::sync::oneshot;

use super::{Connection, Row, StoreError, Tx, Value, Work, migrations, whole};

pub(super) use offline::Offline;

/// So many requests share a commit at most: what one commit takes bounds what the last of them waits.
const TOGETHER: usize = 256;
/// Statements that stay prepared on each connection.
const PREPARED: usize = 256;

/// A database in a file.
pub(super) struct Sqlite {
    path: PathBuf,
    writer: mpsc::Sender<Job>,
    readers: Mutex<Vec<Statements>>,
    /// Jobs that the writer has not begun.
    waiting: Arc<AtomicUsize>,
}

/// One request's part in a commit: runs now, and gives its answer once the commit has succeeded or failed.
type Job = Box<dyn FnOnce(&mut Statements) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Sqlite, StoreError> {
        let mut statements = Statements::open(path)?;
        // What a transaction changes is on the disk before anybody is told (SQLite, PRAGMA synchronous).
        statements.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;")?;
        alone(&mut statements, |tx| Box::pin(migrations::migrate(tx)))?;
        let (writer, jobs) = mpsc::channel();
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write(statements, &jobs))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Sqlite {
            path: path.to_owned(),
            writer,
            readers: Mutex::new(Vec::new()),
            waiting: Arc::default(),
        })
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let waiting = Arc::clone(&self.waiting);
        waiting.fetch_add(1, Ordering::Relaxed);
        let job: Job = Box::new(move |statements| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            let outcome = in_savepoint(statements, &work);
            Box::new(move |committed| {
                drop(tell.send(committed.and(outcome)));
            })
        });
        let gone = |_| StoreError::Unavailable("the store is closed".to_owned());
        self.writer
            .send(job)
            .map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))?;
        told.await.map_err(gone)?
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Reads on the caller's own thread: a look-up takes microseconds, less than handing it to another.
    pub(super) fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T>,
    {
        self.with_reader(|reader| {
            reader.execute("BEGIN", &[])?;
            let outcome = now(work(&mut Tx::of(Connection::Sqlite(reader))));
            reader.execute("ROLLBACK", &[])?;
            outcome
        })
    }

    /// What one statement finds; it is a transaction by itself.
    pub(super) fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.with_reader(|reader| reader.query(sql, values))
    }

    /// A reader that fails is not used again.
    fn with_reader<T>(
        &self,
        read: impl FnOnce(&mut Statements) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let pooled = readers().pop();
        let mut reader = pooled.map_or_else(|| Statements::open(&self.path), Ok)?;
        let found = read(&mut reader)?;
        readers().push(reader);
        Ok(found)
    }
}

/// Writes what is committed now into another file, which is empty or not there. Whoever reads or writes meanwhile is not held up; the
/// other file is not yet on the disk when this returns.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let to = to
        .to_str()
        .ok_or_else(|| StoreError::Unavailable("the file's name is no text in UTF-8".to_owned()))?;
    let mut statements = Statements::open(from)?;
    statements.execute("VACUUM INTO $1", &[Value::from(to)])?;
    Ok(())
}

/// The writer's life: it ends when the last [`Sqlite`] is gone, after the last job.
fn write(mut statements: Statements, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let begun = statements.execute("BEGIN IMMEDIATE", &[]);
        let mut answers = Vec::new();
        for job in std::iter::once(first).chain(jobs.try_iter()).take(TOGETHER) {
            answers.push(job(&mut statements));
        }
        let committed = begun.and_then(|_| statements.execute("COMMIT", &[]));
        if committed.is_err() {
            drop(statements.execute("ROLLBACK", &[]));
        }
        for answer in answers {
            answer(committed.clone().map(drop));
        }
    }
}

/// One job among several in a commit: its failure undoes its own part alone. Where the transaction was not begun, or SQLite has ended it
/// (a full disk), nothing is done: a savepoint outside one is a transaction of its own, and would be committed.
fn in_savepoint<T>(
    statements: &mut Statements,
    work: &(impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + ?Sized),
) -> Result<T, StoreError> {
    if statements.connection.is_autocommit() {
        return Err(StoreError::Unavailable(
            "there is no transaction".to_owned(),
        ));
    }
    statements.execute("SAVEPOINT job", &[])?;
    let run = AssertUnwindSafe(|| {
        let mut tx = Tx::of(Connection::Sqlite(statements));
        now(whole(&mut tx, work))
    });
    let outcome = catch_unwind(run)
        .unwrap_or_else(|_| Err(StoreError::Corrupt("a decision panicked".to_owned())));
    if outcome.is_err() {
        statements.execute("ROLLBACK TO job", &[])?;
    }
    statements.execute("RELEASE job", &[])?;
    outcome
}

fn alone<T>(
    statements: &mut Statements,
    work: impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T>,
) -> Result<T, StoreError> {
    statements.execute("BEGIN IMMEDIATE", &[])?;
    let outcome = in_savepoint(statements, &work);
    let end = if outcome.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    statements.execute(end, &[])?;
    outcome
}

/// Nothing on SQLite waits: the future is ready when it is first asked.
fn now<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(StoreError::Corrupt(
            "a decision waited inside a transaction".to_owned(),
        )),
    }
}

/// A connection, with the statements in SQLite's own spelling.
pub(super) struct Statements {
    connection: rusqlite::Connection,
    spelled: HashMap<String, String>,
}

impl Statements {
    fn open(path: &Path) -> Result<Statements, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags).map_err(error)?;
        connection
            .busy_timeout(Duration::from_secs(5))
            .map_err(error)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // Else a prepared statement is compiled anew for each value that it is given: half of all that a look-up takes.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(error)?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .map_err(error)?;
        Ok(Statements {
            connection,
            spelled: HashMap::new(),
        })
    }

    /// Statements without values.
    pub(super) fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(error)
    }

    pub(super) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        rows(&mut *self.prepared(sql, values)?)
    }

    /// The same, and the statement is forgotten.
    pub(super) fn query_once(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare(&spell(sql)).map_err(error)?;
        bind(&mut statement, values)?;
        rows(&mut statement)
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let changed = self.prepared(sql, values)?.raw_execute().map_err(error)?;
        Ok(changed as u64)
    }

    fn prepared(&mut self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        let spelled = match self.spelled.get(sql) {
            Some(spelled) => spelled,
            None => self.spelled.entry(sql.to_owned()).or_insert(spell(sql)),
        };
        let mut statement = self.connection.prepare_cached(spelled).map_err(error)?;
        bind(&mut statement, values)?;
        Ok(statement)
    }
}

fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<(), StoreError> {
    for (index, value) in values.iter().enumerate() {
        let index = index + 1;
        match value {
            Value::Null => statement.raw_bind_parameter(index, rusqlite::types::Null),
            Value::Integer(number) => statement.raw_bind_parameter(index, number),
            Value::Text(text) => statement.raw_bind_parameter(index, text.as_str()),
            Value::Bytes(bytes) => statement.raw_bind_parameter(index, bytes.as_slice()),
        }
        .map_err(error)?;
    }
    Ok(())
}

fn rows(statement: &mut Statement<'_>) -> Result<Vec<Row>, StoreError> {
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(error)? {
        let read = |column| row.get_ref(column).map_err(error).and_then(value);
        all.push(Row((0..columns).map(read).collect::<Result<_, _>>()?));
    }
    Ok(all)
}

/// `$1` is `?1` here, and a transaction that writes has the whole file locked anyway.
fn spell(sql: &str) -> String {
    let sql = sql.split(" FOR UPDATE").next().unwrap_or(sql);
    let sql = sql.split(" FOR SHARE").next().unwrap_or(sql);
    sql.replace('$', "?")
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(
            String::from_utf8(text.to_vec())
                .map_err(|_| StoreError::Corrupt("text is not UTF-8".to_owned()))?,
        ),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::Corrupt("a fraction".to_owned())),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => StoreError::Taken,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}
