//! A store that was put back from a copy: what lived when the copy was made has ended (docs/decisions/0021). It cannot be told what of
//! it had been ended since.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::sqlite::Offline;
use super::{Store, StoreError, Tx, audit, logouts, passwords, secrets, sessions, values};
use crate::audit::Deed;
use crate::figures::Happened;
use crate::master_key::MasterKeys;
use crate::session::Ended;
use secrets::SecretsError;

/// What lets somebody in, or goes on to, without a session: codes of devices, browsers that are signed in, sign-ins under way, links.
const LOOSE: &[&str] = &[
    "UPDATE device_codes SET state = 'denied' WHERE state IN ('pending', 'approved')",
    "DELETE FROM browser_sessions",
    "DELETE FROM authorizations",
    "DELETE FROM pushed_requests",
    "DELETE FROM setup_links",
    "DELETE FROM trials WHERE outcome IS NULL",
];

/// What ended when a store was put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// So many sessions.
    pub sessions: u64,
    /// So many tokens of connections that provision. Which of them had been revoked since, nobody can tell.
    pub scim_tokens: u64,
    /// So many people's recovery codes. Which of them had been used since, nobody can tell.
    pub recovery_codes: u64,
}

impl Store {
    /// Ends everything that lives: the store was just put back.
    pub async fn restored(&self, now: Timestamp) -> Result<Restored, StoreError> {
        self.write(move |tx| Box::pin(end_everything(tx, now)))
            .await
    }

    /// The same in a SQLite file that no service has open, whose master key this must be.
    ///
    /// # Errors
    /// See [`SecretsError`]. Nothing was changed then, but that the file may be of the newest version.
    pub fn restored_file(
        path: &Path,
        master: &MasterKeys,
        now: Timestamp,
    ) -> Result<Restored, SecretsError> {
        let master = master.clone();
        let mut file = Offline::open(path)?;
        let ended = file.write(move |tx| {
            let master = master.clone();
            Box::pin(async move {
                if let Err(wrong) = secrets::unlock(tx, &master).await? {
                    return Ok(Err(wrong));
                }
                Ok(Ok(end_everything(tx, now).await?))
            })
        });
        Ok(ended??)
    }
}

async fn end_everything(tx: &mut Tx<'_>, now: Timestamp) -> Result<Restored, StoreError> {
    logouts::note_everybodys(tx, now).await?;
    for sql in LOOSE {
        tx.execute(sql, &[]).await?;
    }
    let sql = "UPDATE sessions SET state = 'ended', ended_at = $1, ended_because = $2 WHERE state <> 'ended'";
    let because = sessions::word(Ended::Restored);
    let sessions = tx.execute(sql, values![now, because]).await?;
    tx.happened(Happened::Ended(Ended::Restored, sessions));
    let scim_tokens = tx.execute("DELETE FROM scim_tokens", &[]).await?;
    let recovery_codes = passwords::void_recovery_codes(tx).await?;
    let deed = Deed {
        action: "store.restore",
        organization: None,
        subject: "store".to_owned(),
        done: true,
        detail: json!({ "sessions": sessions, "scim_tokens": scim_tokens, "recovery_codes": recovery_codes }),
    };
    audit::append(tx, deed, now).await?;
    Ok(Restored {
        sessions,
        scim_tokens,
        recovery_codes,
    })
}
