//! Guesses in the store: each is counted, in one transaction, before it is looked at.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Store, StoreError, Tx, values};
use crate::lockout::{self, Attempts, Verdict};
use crate::secret::Digest;

/// What is guessed at: an organisation's name, and the digest of what was typed; or from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    organization: String,
    name: Digest,
    limit: Limit,
}

/// Which rule counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Name,
    Address,
}

/// Attempts that were counted, each at what it guesses at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted(Vec<(Guess, Attempts)>);

impl Guess {
    /// Of the person whom this folded name calls, whether or not there is one.
    #[must_use]
    pub fn of(organization: Option<&str>, folded: &str) -> Guess {
        Guess {
            organization: organization.unwrap_or_default().to_owned(),
            name: Digest::of(&format!("name/{folded}")),
            limit: Limit::Name,
        }
    }

    /// Of a device's code, by this person.
    #[must_use]
    pub fn of_device_by(organization: &str, user: crate::id::UserId) -> Guess {
        Guess {
            organization: organization.to_owned(),
            name: Digest::of(&format!("device/{user}")),
            limit: Limit::Name,
        }
    }

    /// From this address, at any password. Of IPv6 it is the network of 64 bits that one customer has.
    #[must_use]
    pub fn from(address: IpAddr) -> Guess {
        let from = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{:x}/64", address.to_bits() >> 64),
        };
        Guess {
            organization: String::new(),
            name: Digest::of(&format!("from/{from}")),
            limit: Limit::Address,
        }
    }
}

impl Store {
    /// Counts an attempt, if one may be made at all of these ([`lockout::attempt`], [`lockout::from`]), made durable. `Err`: until when
    /// none may; nothing is counted then.
    pub async fn attempt(
        &self,
        guesses: &[Guess],
        now: Timestamp,
    ) -> Result<Result<Counted, Timestamp>, StoreError> {
        let guesses = guesses.to_vec();
        self.write(move |tx| {
            let guesses = guesses.clone();
            Box::pin(async move {
                let mut counted = Vec::with_capacity(guesses.len());
                let mut locked = None;
                for guess in guesses {
                    let before = known(tx, &guess, now).await?;
                    let verdict = match guess.limit {
                        Limit::Name => lockout::attempt(before, now),
                        Limit::Address => lockout::from(before, now),
                    };
                    match verdict {
                        Verdict::Try(after) => counted.push((guess, after)),
                        Verdict::Locked { until } => locked = locked.max(Some(until)),
                    }
                }
                if let Some(until) = locked {
                    return Ok(Err(until));
                }
                for (guess, after) in &counted {
                    keep(tx, guess, *after).await?;
                }
                Ok(Ok(Counted(counted)))
            })
        })
        .await
    }

    /// The attempt was right, but more is asked ([`lockout::returned`]).
    pub async fn return_attempt(&self, counted: Counted, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let counted = counted.clone();
            Box::pin(async move {
                for (guess, counted) in counted.0 {
                    // Others may have been counted meanwhile: those stay.
                    let sql = "UPDATE attempts SET failures = failures - 1, locked_until = CASE WHEN failures = $3 THEN $4 ELSE locked_until END \
                               WHERE organization = $1 AND name_digest = $2 AND failures > 0";
                    let after = lockout::returned(counted, now);
                    let row = values![guess.organization, guess.name, counted.failures, after.locked_until];
                    tx.execute(sql, row).await?;
                }
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

/// What is remembered of it. The row is there before it is locked, so that two first attempts come one after the other.
async fn known(
    tx: &mut Tx<'_>,
    guess: &Guess,
    now: Timestamp,
) -> Result<Option<Attempts>, StoreError> {
    let sql = "INSERT INTO attempts (organization, name_digest, failures, last_at, locked_until) VALUES ($1, $2, 0, $3, 0) \
               ON CONFLICT DO NOTHING";
    tx.execute(sql, values![&guess.organization, guess.name, now])
        .await?;
    let sql = "SELECT failures, last_at, locked_until FROM attempts a WHERE organization = $1 AND name_digest = $2 FOR UPDATE OF a";
    let row = tx
        .row(sql, values![&guess.organization, guess.name])
        .await?;
    row.map(|row| {
        Ok(Attempts {
            failures: row.count(0)?,
            last_at: row.time(1)?,
            locked_until: row.time(2)?,
        })
    })
    .transpose()
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
