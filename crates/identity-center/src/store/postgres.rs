//! PostgreSQL: any number of instances, each with a pool of connections. A decision locks the row that it is about.

mod tls;

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::IsolationLevel;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::{Connection, Row, StoreError, Tx, Value, Work, migrations, whole};

use deadpool_postgres::GenericClient;
pub(super) use deadpool_postgres::Transaction;

/// Connections of one instance.
const CONNECTIONS: usize = 16;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a transaction begins anew that the database ended in favour of another.
const TRIES: usize = 4;
/// Held while a version is brought in: two instances that start together do it one after the other.
const MIGRATING: i64 = 0x6b69_726f;

/// A database on a server.
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Postgres, StoreError> {
        let (config, tls) = tls::read(url)?;
        let recycling_method = RecyclingMethod::Fast;
        let pool = Pool::builder(Manager::from_config(
            config,
            tls,
            ManagerConfig { recycling_method },
        ))
        .max_size(CONNECTIONS)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let database = Postgres { pool };
        database
            .write(|tx| {
                Box::pin(async move {
                    tx.query(
                        "SELECT pg_advisory_xact_lock($1)",
                        &[Value::Integer(MIGRATING)],
                    )
                    .await?;
                    migrations::migrate(tx).await
                })
            })
            .await?;
        Ok(database)
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T>,
    {
        let mut client = self.pool.get().await.map_err(unavailable)?;
        for _ in 1..TRIES {
            match attempt(&mut client, &work).await {
                Err(Failed::Again(_)) => {}
                Err(Failed::Final(error)) => return Err(error),
                Ok(done) => return Ok(done),
            }
        }
        attempt(&mut client, &work)
            .await
            .map_err(|failed| match failed {
                Failed::Again(error) | Failed::Final(error) => error,
            })
    }

    pub(super) fn waiting(&self) -> usize {
        self.pool.status().waiting
    }

    /// Reads what was committed when it began, however many statements it takes.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T>,
    {
        let mut client = self.pool.get().await.map_err(unavailable)?;
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(error)?;
        work(&mut Tx::of(Connection::Postgres(&transaction))).await
    }

    /// What one statement finds; it is a transaction by itself.
    pub(super) async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let client = self.pool.get().await.map_err(unavailable)?;
        query(&client, sql, values).await
    }
}

enum Failed {
    Again(StoreError),
    Final(StoreError),
}

/// What a transaction is told apart by that lost against another: it has left nothing behind.
const AGAIN: &str = "the transaction was rolled back in favour of another";

async fn attempt<T>(
    client: &mut deadpool_postgres::Client,
    work: &(impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + ?Sized),
) -> Result<T, Failed> {
    let told = |error: StoreError| {
        let again = matches!(&error, StoreError::Unavailable(why) if why == AGAIN);
        if again {
            Failed::Again(error)
        } else {
            Failed::Final(error)
        }
    };
    let transaction = client.transaction().await.map_err(error).map_err(told)?;
    let mut tx = Tx::of(Connection::Postgres(&transaction));
    let done = whole(&mut tx, work).await.map_err(told)?;
    drop(tx);
    transaction.commit().await.map_err(error).map_err(told)?;
    Ok(done)
}

pub(super) async fn query(
    connection: &impl GenericClient,
    sql: &str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let statement = connection.prepare_cached(sql).await.map_err(error)?;
    asked(connection, &statement, values).await
}

/// The same, and the statement is forgotten.
pub(super) async fn query_once(
    transaction: &Transaction<'_>,
    sql: &str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let statement = transaction.prepare(sql).await.map_err(error)?;
    asked(transaction, &statement, values).await
}

async fn asked(
    connection: &impl GenericClient,
    statement: &tokio_postgres::Statement,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let rows = connection
        .query(statement, &parameters(values))
        .await
        .map_err(error)?;
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|column| row.try_get(column).map_err(error))
                .collect::<Result<_, _>>()
                .map(Row)
        })
        .collect()
}

pub(super) async fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    values: &[Value],
) -> Result<u64, StoreError> {
    let statement = transaction.prepare_cached(sql).await.map_err(error)?;
    transaction
        .execute(&statement, &parameters(values))
        .await
        .map_err(error)
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Value, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::BYTEA => Value::Bytes(Vec::from_sql(kind, raw)?),
            Type::VOID => Value::Null,
            _ => Value::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Value, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA | Type::VOID
        )
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn unavailable(error: deadpool_postgres::PoolError) -> StoreError {
    StoreError::Unavailable(match &error {
        PoolError::Backend(why) => told(why),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => error.to_string(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn error(error: tokio_postgres::Error) -> StoreError {
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => StoreError::Taken,
        // Whom a row refers to was removed since it was read: decided anew, that is seen.
        Some(
            &(SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::FOREIGN_KEY_VIOLATION),
        ) => StoreError::Unavailable(AGAIN.to_owned()),
        _ => StoreError::Unavailable(told(&error)),
    }
}

/// What went wrong, and what stood behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut behind = error.source();
    while let Some(why) = behind {
        let why_said = why.to_string();
        if !said.ends_with(&why_said) {
            said = format!("{said}: {why_said}");
        }
        behind = why.source();
    }
    said
}
