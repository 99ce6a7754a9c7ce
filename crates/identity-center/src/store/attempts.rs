//! Guesses in the store: each is counted, in one transaction, before it is looked at.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Store, StoreError, Tx, values};
use crate::lockout::{self, Allowance, Attempts, Verdict};
use crate::secret::Digest;

/// What is guessed at: a name, in an organisation or in whichever has it; a device's code; or from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    whose: Whose,
    name: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    Organization(String),
    Any,
    Address(Allowance),
}

/// Where it is counted, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counter {
    organization: String,
    name: Digest,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Name,
    Address(Allowance),
}

/// Attempts that were counted, each where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted(Vec<(Counter, Attempts)>);

impl Guess {
    /// Of the person whom this folded name calls, whether or not there is one. Where no organisation is meant it counts at each: it is at
    /// one of them, and which one is not said.
    #[must_use]
    pub fn of(organization: Option<&str>, folded: &str) -> Guess {
        Guess {
            whose: organization.map_or(Whose::Any, |name| Whose::Organization(name.to_owned())),
            name: Digest::of(&format!("name/{folded}")),
        }
    }

    /// Of a device's code, by this person.
    #[must_use]
    pub fn of_device_by(organization: &str, user: crate::id::UserId) -> Guess {
        Guess {
            whose: Whose::Organization(organization.to_owned()),
            name: Digest::of(&format!("device/{user}")),
        }
    }

    /// From this address, at any password. Of IPv6 it is the network of 64 bits that one customer has.
    #[must_use]
    pub fn from(address: IpAddr) -> Guess {
        Guess {
            whose: Whose::Address(lockout::GUESSES),
            name: Digest::of(&format!("from/{}", network(address))),
        }
    }

    /// No guess, but counted as one: a program registers itself from this address.
    #[must_use]
    pub fn registration(address: IpAddr) -> Guess {
        Guess {
            whose: Whose::Address(lockout::REGISTRATIONS),
            name: Digest::of(&format!("registration/{}", network(address))),
        }
    }

    /// Where it is counted. Everybody asks in the same order.
    async fn counters(&self, tx: &mut Tx<'_>) -> Result<Vec<Counter>, StoreError> {
        let counter = |organization: &str, limit| Counter {
            organization: organization.to_owned(),
            name: self.name,
            limit,
        };
        Ok(match &self.whose {
            Whose::Organization(name) => vec![counter(name, Limit::Name)],
            Whose::Address(allowance) => vec![counter("", Limit::Address(*allowance))],
            Whose::Any => {
                let sql = "SELECT name FROM organizations ORDER BY name";
                let rows = tx.query(sql, &[]).await?;
                let all = rows
                    .iter()
                    .map(|row| Ok(counter(row.text(0)?, Limit::Name)));
                all.collect::<Result<_, StoreError>>()?
            }
        })
    }
}

/// What one customer has: of IPv6 a network of 64 bits.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}/64", address.to_bits() >> 64),
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
                    for counter in guess.counters(tx).await? {
                        let before = known(tx, &counter, now).await?;
                        let verdict = match counter.limit {
                            Limit::Name => lockout::attempt(before, now),
                            Limit::Address(allowance) => lockout::from(before, now, allowance),
                        };
                        match verdict {
                            Verdict::Try(after) => counted.push((counter, after)),
                            Verdict::Locked { until } => locked = locked.max(Some(until)),
                        }
                    }
                }
                if let Some(until) = locked {
                    return Ok(Err(until));
                }
                for (counter, after) in &counted {
                    keep(tx, counter, *after).await?;
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
                for (counter, counted) in counted.0 {
                    // Others may have been counted meanwhile: those stay.
                    let sql = "UPDATE attempts SET failures = failures - 1, locked_until = CASE WHEN failures = $3 THEN $4 ELSE locked_until END \
                               WHERE organization = $1 AND name_digest = $2 AND failures > 0";
                    let after = lockout::returned(counted, now);
                    let row = values![counter.organization, counter.name, counted.failures, after.locked_until];
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
                for counter in guess.counters(tx).await? {
                    let sql = "DELETE FROM attempts WHERE organization = $1 AND name_digest = $2";
                    tx.execute(sql, values![counter.organization, counter.name])
                        .await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// What is remembered of it. The row is there before it is locked, so that two first attempts come one after the other.
async fn known(
    tx: &mut Tx<'_>,
    counter: &Counter,
    now: Timestamp,
) -> Result<Option<Attempts>, StoreError> {
    let sql = "INSERT INTO attempts (organization, name_digest, failures, last_at, locked_until) VALUES ($1, $2, 0, $3, 0) \
               ON CONFLICT DO NOTHING";
    tx.execute(sql, values![&counter.organization, counter.name, now])
        .await?;
    let sql = "SELECT failures, last_at, locked_until FROM attempts a WHERE organization = $1 AND name_digest = $2 FOR UPDATE OF a";
    let row = tx
        .row(sql, values![&counter.organization, counter.name])
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

async fn keep(tx: &mut Tx<'_>, counter: &Counter, after: Attempts) -> Result<(), StoreError> {
    let sql = "UPDATE attempts SET failures = $3, last_at = $4, locked_until = $5 WHERE organization = $1 AND name_digest = $2";
    let row = values![
        &counter.organization,
        counter.name,
        after.failures,
        after.last_at,
        after.locked_until,
    ];
    tx.execute(sql, row).await?;
    Ok(())
}
