//! Guesses in the store: each is counted, in one transaction, before it is looked at.

use jiff::Timestamp;

use super::{Store, StoreError, Tx, values};
use crate::lockout::{self, Attempts, Verdict};
use crate::secret::Digest;

/// What is guessed at: an organisation's name, and the digest of what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    organization: String,
    name: Digest,
}

impl Guess {
    /// Of the person whom this folded name calls, whether or not there is one.
    #[must_use]
    pub fn of(organization: Option<&str>, folded: &str) -> Guess {
        Guess {
            organization: organization.unwrap_or_default().to_owned(),
            name: Digest::of(&format!("name/{folded}")),
        }
    }

    /// Of a device's code, by this person.
    #[must_use]
    pub fn of_device_by(organization: &str, user: crate::id::UserId) -> Guess {
        Guess {
            organization: organization.to_owned(),
            name: Digest::of(&format!("device/{user}")),
        }
    }
}

impl Store {
    /// Counts an attempt, if one may be made: [`lockout::attempt`], made durable.
    pub async fn attempt(&self, guess: &Guess, now: Timestamp) -> Result<Verdict, StoreError> {
        let guess = guess.clone();
        self.write(move |tx| {
            let guess = guess.clone();
            Box::pin(async move {
                // The row is there before it is locked, so that two first attempts come one after the other.
                let sql = "INSERT INTO attempts (organization, name_digest, failures, last_at, locked_until) VALUES ($1, $2, 0, $3, 0) \
                           ON CONFLICT DO NOTHING";
                tx.execute(sql, values![&guess.organization, guess.name, now]).await?;
                let sql = "SELECT failures, last_at, locked_until FROM attempts a WHERE organization = $1 AND name_digest = $2 FOR UPDATE OF a";
                let row = tx.row(sql, values![&guess.organization, guess.name]).await?;
                let before = row.map(|row| -> Result<_, StoreError> {
                    Ok(Attempts {
                        failures: row.count(0)?,
                        last_at: row.time(1)?,
                        locked_until: row.time(2)?,
                    })
                });
                let verdict = lockout::attempt(before.transpose()?, now);
                match verdict {
                    Verdict::Try(after) => keep(tx, &guess, after).await?,
                    Verdict::Locked { .. } => {}
                }
                Ok(verdict)
            })
        })
        .await
    }

    /// The attempt was right, but more is asked ([`lockout::returned`]).
    pub async fn return_attempt(
        &self,
        guess: &Guess,
        counted: Attempts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let guess = guess.clone();
        self.write(move |tx| {
            let guess = guess.clone();
            Box::pin(async move {
                // Others may have been counted meanwhile: those stay.
                let sql = "UPDATE attempts SET failures = failures - 1, locked_until = CASE WHEN failures = $3 THEN $4 ELSE locked_until END \
                           WHERE organization = $1 AND name_digest = $2 AND failures > 0";
                let after = lockout::returned(counted, now);
                let row = values![guess.organization, guess.name, counted.failures, after.locked_until];
                tx.execute(sql, row).await?;
                Ok(())
            })
        })
        .await
    }

    /// The person has proved who they are: what failed before is forgotten.
    pub async fn forget_attempts(&self, guess: &Guess) -> Result<(), StoreError> {
        let guess = guess.clone();
        self.write(move |tx| {
            let guess = guess.clone();
            Box::pin(async move {
                let sql = "DELETE FROM attempts WHERE organization = $1 AND name_digest = $2";
                tx.execute(sql, values![guess.organization, guess.name])
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn keep(tx: &mut Tx<'_>, guess: &Guess, after: Attempts) -> Result<(), StoreError> {
    let sql = "UPDATE attempts SET failures = $3, last_at = $4, locked_until = $5 WHERE organization = $1 AND name_digest = $2";
    let row = values![
        &guess.organization,
        guess.name,
        after.failures,
        after.last_at,
        after.locked_until,
    ];
    tx.execute(sql, row).await?;
    Ok(())
}
