//! A database file that nobody else has open: a copy that is put back, a store that moves to a server.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use super::{Statements, alone, error};
use crate::audit::By;
use crate::store::{Noted, Row, StoreError, Tx, Value, Work, attributed, migrations};

/// The file, alone: whoever opens it meanwhile is refused. It is one file again when this is dropped.
pub(in crate::store) struct Offline {
    statements: Statements,
}

impl Offline {
    /// The store in this file, brought to the newest version.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while a service has it open; [`StoreError::Corrupt`] if it is damaged or no store of ours.
    pub(in crate::store) fn open(path: &Path) -> Result<Offline, StoreError> {
        let mut statements = Statements::open(path)?;
        statements
            .connection
            .busy_timeout(Duration::ZERO)
            .map_err(error)?;
        // Whoever has a file open in WAL mode has it locked, and it leaves that mode for one who is alone.
        statements.script("PRAGMA locking_mode = EXCLUSIVE")?;
        let sql = "PRAGMA journal_mode = DELETE";
        let left = statements
            .connection
            .query_row(sql, [], |row| row.get::<_, String>(0));
        match left {
            Ok(mode) if mode == "delete" => {}
            Err(why) if why.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                return Err(error(why));
            }
            Ok(_) | Err(_) => return Err(StoreError::InUse),
        }
        statements.script("PRAGMA synchronous = FULL")?;
        let found = statements.query("PRAGMA integrity_check(1)", &[])?;
        if !says(&found, "ok") {
            return Err(StoreError::Corrupt("the file is damaged".to_owned()));
        }
        let ours = "SELECT name FROM sqlite_schema WHERE name = 'store_version'";
        if statements.query(ours, &[])?.is_empty() {
            return Err(StoreError::Corrupt("the file is no store".to_owned()));
        }
        alone(&mut statements, |tx| Box::pin(migrations::migrate(tx)))?;
        Ok(Offline { statements })
    }

    /// Runs `work` in one transaction.
    pub(in crate::store) fn write<T, F>(&mut self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, T> + Send + 'static,
    {
        alone(
            &mut self.statements,
            attributed(By::current(), Noted::default(), work),
        )
    }

    /// The rows of a query.
    pub(in crate::store) fn query(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        self.statements.query(sql, values)
    }
}

fn says(rows: &[Row], expected: &str) -> bool {
    let said = rows.first().map(|row| row.text(0));
    matches!(said, Some(Ok(text)) if text == expected)
}
