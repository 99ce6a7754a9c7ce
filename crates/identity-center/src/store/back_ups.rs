//! Back-ups of the store: what is committed, as one file, and when that was last done.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, audit, sqlite, values};
use crate::audit::Deed;

impl Store {
    /// Writes what the SQLite file `from` holds at this moment into `to`, which is empty. A service that is running is not held up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; `to` holds nothing that can be used then.
    pub fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
        sqlite::copy(from, to)
    }

    /// Notes that a back-up was made.
    pub async fn note_back_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO back_up (single, made_at) VALUES (1, $1) \
                           ON CONFLICT (single) DO UPDATE SET made_at = $1";
                tx.execute(sql, values![now]).await?;
                let deed = Deed {
                    action: "store.back_up",
                    organization: None,
                    subject: "store".to_owned(),
                    done: true,
                    detail: json!({}),
                };
                audit::append(tx, deed, now).await
            })
        })
        .await
    }

    /// When the last back-up was made, as far as it was noted.
    pub async fn last_back_up(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let row = tx.row("SELECT made_at FROM back_up", &[]).await?;
                row.as_ref().map(|row: &Row| row.time(0)).transpose()
            })
        })
        .await
    }
}
