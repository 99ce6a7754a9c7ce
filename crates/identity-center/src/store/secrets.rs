//! The service's own keys in the store, each sealed under the master key: read, renewed when due, sealed anew.
//!
//! The purpose of everything sealed in the store is `<table>/<key of the row>`: what was moved to another row does not open there.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::{Row, Store, StoreError, Tx, Value, audit, values};
use crate::audit::Deed;
use crate::jws::{PrivateKey, PublicKey};
use crate::master_key::{MasterKeyError, MasterKeys};
use crate::secret;
use crate::signing::{self, Life, POLICY, Ring, Stage, Step};
use crate::token::{self, TokenKeys};

/// The service's keys, opened.
pub struct Secrets {
    /// For ID tokens.
    pub ring: Ring,
    /// For access and refresh tokens.
    pub token_keys: TokenKeys,
}

/// Why the service's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key is not the store's.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
}

/// What an administrator wants renewed, beyond what is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// A new key for ID tokens.
    pub signing_key: bool,
    /// A new key for access and refresh tokens.
    pub token_key: bool,
}

/// What may be told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// `kid`.
    pub id: String,
    /// `alg`.
    pub algorithm: String,
    /// `published`, `active` or `retired`.
    pub state: String,
    /// Since when it is known.
    pub published_at: Timestamp,
    /// When it is first used.
    pub active_at: Timestamp,
}

/// What is sealed: a table, its key, and the column that says under which master key (where there is one).
struct Sealed {
    table: &'static str,
    key: &'static str,
    under: bool,
}

/// Everything that [`Store::reseal`] seals anew. A table with a column `sealed` that is not here keeps the old master key alive.
const SEALED: &[Sealed] = &[
    Sealed {
        table: "master_key",
        key: "single",
        under: true,
    },
    Sealed {
        table: "signing_keys",
        key: "id",
        under: true,
    },
    Sealed {
        table: "token_keys",
        key: "number",
        under: true,
    },
    Sealed {
        table: "totp",
        key: "user_id",
        under: false,
    },
    Sealed {
        table: "connections",
        key: "id",
        under: false,
    },
];

/// What a row's secret is sealed for.
#[must_use]
pub fn purpose(table: &str, key: &Value) -> String {
    let key = match key {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    format!("{table}/{key}")
}

/// Key material that is used where a new key is due.
#[derive(Clone)]
struct Fresh {
    signing: Zeroizing<Vec<u8>>,
    token: Zeroizing<[u8; 32]>,
}

impl Store {
    /// The service's keys, after doing what is due for them (see [`signing::plan`] and [`token::plan`]). Called when an instance
    /// starts, and once a minute by each: that is how one learns what another changed.
    ///
    /// # Errors
    /// See [`SecretsError`]. A store that has never been used adopts the master key given.
    pub async fn secrets(
        &self,
        master: &MasterKeys,
        session_lifetime: SignedDuration,
        demand: Demand,
        now: Timestamp,
    ) -> Result<Secrets, SecretsError> {
        let master = master.clone();
        let fresh = Fresh {
            signing: PrivateKey::generate().map_err(corrupt)?,
            token: Zeroizing::new(secret::random()),
        };
        let tended = self.write(move |tx| {
            let (master, fresh) = (master.clone(), fresh.clone());
            Box::pin(async move {
                if let Err(wrong) = unlock(tx, &master).await? {
                    return Ok(Err(wrong));
                }
                let ring = tend_signing_keys(tx, &master, &fresh, demand, now).await?;
                let token_keys =
                    tend_token_keys(tx, &master, &fresh, session_lifetime, demand, now).await?;
                Ok(Ok(Secrets { ring, token_keys }))
            })
        });
        Ok(tended.await??)
    }

    /// Whether some master key is this store's: its secrets are sealed under it.
    pub async fn has_master_key(&self) -> Result<bool, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let row = tx.row("SELECT single FROM master_key", &[]).await?;
                Ok(row.is_some())
            })
        })
        .await
    }

    /// The keys of ID tokens, the oldest first.
    pub async fn signing_keys(&self) -> Result<Vec<Described>, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let sql = "SELECT id, algorithm, state, published_at, active_at FROM signing_keys ORDER BY published_at, id";
                let rows = tx.query(sql, &[]).await?;
                let read = |row: &super::Row| {
                    Ok(Described {
                        id: row.text(0)?.to_owned(),
                        algorithm: row.text(1)?.to_owned(),
                        state: row.text(2)?.to_owned(),
                        published_at: row.time(3)?,
                        active_at: row.time(4)?,
                    })
                };
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// Whether there is a key to sign with and one to make tokens with.
    pub async fn has_keys(&self) -> Result<bool, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let sql = "SELECT id FROM signing_keys WHERE state = 'active'";
                let signing = tx.row(sql, &[]).await?;
                let tokens = tx.row("SELECT number FROM token_keys", &[]).await?;
                Ok(signing.is_some() && tokens.is_some())
            })
        })
        .await
    }

    /// Under which master key something is sealed that these do not open; `None` where they open everything.
    pub async fn sealed_otherwise(
        &self,
        master: &MasterKeys,
    ) -> Result<Option<String>, StoreError> {
        let master = master.clone();
        self.read(move |tx| {
            let master = master.clone();
            Box::pin(async move {
                for Sealed { table, key, under } in SEALED {
                    let under = if *under { "sealed_under" } else { "''" };
                    let sql = format!("SELECT {key}, sealed, {under} FROM {table}");
                    for row in tx.query(&sql, &[]).await? {
                        let key = row.0.first().cloned().unwrap_or(Value::Null);
                        if master.open(&purpose(table, &key), row.bytes(1)?).is_none() {
                            let under = row.text(2)?;
                            let told = if under.is_empty() {
                                "another master key"
                            } else {
                                under
                            };
                            return Ok(Some(told.to_owned()));
                        }
                    }
                }
                Ok(None)
            })
        })
        .await
    }

    /// Seals everything anew under the newest of these master keys, in one transaction, and returns how many secrets that were.
    /// When it has returned, the older keys open nothing in this store.
    ///
    /// # Errors
    /// [`SecretsError::MasterKey`] if none of them is the store's; [`StoreError::Corrupt`] if something does not open. Nothing was
    /// changed then.
    pub async fn reseal(&self, master: &MasterKeys, now: Timestamp) -> Result<u64, SecretsError> {
        let master = master.clone();
        let resealed = self.write(move |tx| {
            let master = master.clone();
            Box::pin(async move {
                if let Err(wrong) = unlock(tx, &master).await? {
                    return Ok(Err(wrong));
                }
                let mut count = 0;
                for sealed in SEALED {
                    count += reseal(tx, &master, sealed).await?;
                }
                let deed = Deed {
                    action: "master_key.reseal",
                    organization: None,
                    subject: master.key_id(),
                    done: true,
                    detail: serde_json::json!({ "secrets": count }),
                };
                audit::append(tx, deed, now).await?;
                Ok(Ok(count))
            })
        });
        Ok(resealed.await??)
    }
}

/// Locks the keys for this transaction, once it is sure that the master key is the store's.
pub(super) async fn unlock(
    tx: &mut Tx<'_>,
    master: &MasterKeys,
) -> Result<Result<(), MasterKeyError>, StoreError> {
    let place = purpose("master_key", &Value::Integer(1));
    let sql = "INSERT INTO master_key (single, sealed, sealed_under) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    let row = values![master.seal(&place, b"right"), master.key_id()];
    tx.execute(sql, row).await?;
    let sql = "SELECT sealed, sealed_under FROM master_key m WHERE single = 1 FOR UPDATE OF m";
    let row = tx.row(sql, &[]).await?;
    let row = row.ok_or_else(|| corrupt("the master key's row is gone"))?;
    Ok(match master.open(&place, row.bytes(0)?) {
        Some(_) => Ok(()),
        None => Err(MasterKeyError::Wrong {
            store: row.text(1)?.to_owned(),
            given: master.key_ids().join(", "),
        }),
    })
}

async fn reseal(
    tx: &mut Tx<'_>,
    master: &MasterKeys,
    Sealed { table, key, under }: &Sealed,
) -> Result<u64, StoreError> {
    let sql = format!("SELECT {key}, sealed FROM {table}");
    let mut count = 0;
    for row in tx.query(&sql, &[]).await? {
        let key_of_row = row.0.first().cloned().unwrap_or(Value::Null);
        let purpose = purpose(table, &key_of_row);
        let plain = open(master, &purpose, row.bytes(1)?)?;
        let sealed = master.seal(&purpose, &plain);
        if *under {
            let sql = format!("UPDATE {table} SET sealed = $2, sealed_under = $3 WHERE {key} = $1");
            tx.execute(&sql, &[key_of_row, sealed.into(), master.key_id().into()])
                .await?;
        } else {
            let sql = format!("UPDATE {table} SET sealed = $2 WHERE {key} = $1");
            tx.execute(&sql, &[key_of_row, sealed.into()]).await?;
        }
        count += 1;
    }
    Ok(count)
}

async fn tend_signing_keys(
    tx: &mut Tx<'_>,
    master: &MasterKeys,
    fresh: &Fresh,
    demand: Demand,
    now: Timestamp,
) -> Result<Ring, StoreError> {
    for step in signing::plan(&lives(tx).await?, POLICY, demand.signing_key, now) {
        let (action, subject) = match &step {
            Step::Publish { .. } => ("signing_key.publish", String::new()),
            Step::Activate(id) => ("signing_key.activate", id.clone()),
            Step::Forget(id) => ("signing_key.forget", id.clone()),
        };
        note(tx, action, subject, demand.signing_key, now).await?;
        match step {
            Step::Publish { active_at } => {
                let key = PrivateKey::read(&fresh.signing).map_err(corrupt)?;
                let id = key.public.thumbprint();
                let sealed = master.seal(&format!("signing_keys/{id}"), &fresh.signing);
                let stage = if active_at <= now {
                    "active"
                } else {
                    "published"
                };
                let public = serde_json::to_string(&key.public).map_err(corrupt)?;
                let sql = "INSERT INTO signing_keys (id, algorithm, public_jwk, sealed, sealed_under, state, published_at, active_at) \
                           VALUES ($1, 'ES256', $2, $3, $4, $5, $6, $7)";
                let row = values![id, public, sealed, master.key_id(), stage, now, active_at];
                tx.execute(sql, row).await?;
            }
            Step::Activate(id) => {
                let sql = "UPDATE signing_keys SET state = 'retired', retired_at = $1 WHERE state = 'active'";
                tx.execute(sql, values![now]).await?;
                let sql = "UPDATE signing_keys SET state = 'active', active_at = $2 WHERE id = $1";
                tx.execute(sql, values![id, now]).await?;
            }
            Step::Forget(id) => {
                tx.execute("DELETE FROM signing_keys WHERE id = $1", values![id])
                    .await?;
            }
        }
    }
    ring(tx, master).await
}

/// Records a step in a key's life.
async fn note(
    tx: &mut Tx<'_>,
    action: &'static str,
    subject: String,
    demanded: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let deed = Deed {
        action,
        organization: None,
        subject,
        done: true,
        detail: serde_json::json!({ "demanded": demanded }),
    };
    audit::append(tx, deed, now).await
}

async fn lives(tx: &mut Tx<'_>) -> Result<Vec<Life>, StoreError> {
    let sql = "SELECT id, state, published_at, active_at, retired_at FROM signing_keys ORDER BY published_at";
    let rows = tx.query(sql, &[]).await?;
    let life = |row: &Row| {
        let stage = match row.text(1)? {
            "published" => Stage::Published,
            "active" => Stage::Active,
            "retired" => Stage::Retired { at: row.time(4)? },
            other => return Err(corrupt(format!("a signing key is {other}"))),
        };
        Ok(Life {
            id: row.text(0)?.to_owned(),
            stage,
            published_at: row.time(2)?,
            active_at: row.time(3)?,
        })
    };
    rows.iter().map(life).collect()
}

async fn ring(tx: &mut Tx<'_>, master: &MasterKeys) -> Result<Ring, StoreError> {
    let rows = tx
        .query(
            "SELECT id, public_jwk, state, sealed FROM signing_keys",
            &[],
        )
        .await?;
    let mut known = BTreeMap::new();
    let mut active = None;
    for row in &rows {
        let id = row.text(0)?.to_owned();
        known.insert(id.clone(), row.json::<PublicKey>(1)?);
        if row.text(2)? == "active" {
            let key = open(master, &format!("signing_keys/{id}"), row.bytes(3)?)?;
            active = Some((id, PrivateKey::read(&key).map_err(corrupt)?));
        }
    }
    let (id, key) = active.ok_or_else(|| corrupt("no signing key is active"))?;
    Ok(Ring::new(id, key, known))
}

async fn tend_token_keys(
    tx: &mut Tx<'_>,
    master: &MasterKeys,
    fresh: &Fresh,
    session_lifetime: SignedDuration,
    demand: Demand,
    now: Timestamp,
) -> Result<TokenKeys, StoreError> {
    let (before, _) = token_keys(tx, master).await?;
    for step in token::plan(&before, session_lifetime, demand.token_key, now) {
        let (action, number) = match step {
            token::Step::Make(number) => ("token_key.make", number),
            token::Step::Forget(number) => ("token_key.forget", number),
        };
        note(tx, action, number.to_string(), demand.token_key, now).await?;
        match step {
            token::Step::Make(number) => {
                let sealed = master.seal(&format!("token_keys/{number}"), &*fresh.token);
                let sql = "INSERT INTO token_keys (number, sealed, sealed_under, created_at) VALUES ($1, $2, $3, $4)";
                let row = values![u32::from(number), sealed, master.key_id(), now];
                tx.execute(sql, row).await?;
            }
            token::Step::Forget(number) => {
                let sql = "DELETE FROM token_keys WHERE number = $1";
                tx.execute(sql, values![u32::from(number)]).await?;
            }
        }
    }
    let (lives, keys) = token_keys(tx, master).await?;
    token::issuing(&lives, now)
        .and_then(|number| TokenKeys::issuing_with(&keys, number))
        .ok_or_else(|| corrupt("no token key"))
}

type OpenedKeys = Zeroizing<Vec<(u8, [u8; 32])>>;

async fn token_keys(
    tx: &mut Tx<'_>,
    master: &MasterKeys,
) -> Result<(Vec<token::Life>, OpenedKeys), StoreError> {
    let sql = "SELECT number, created_at, sealed FROM token_keys ORDER BY created_at, number";
    let rows = tx.query(sql, &[]).await?;
    let (mut lives, mut keys) = (Vec::new(), Zeroizing::new(Vec::new()));
    for row in &rows {
        let number = u8::try_from(row.count(0)?).map_err(|_| corrupt("a token key's number"))?;
        let key = open(master, &format!("token_keys/{number}"), row.bytes(2)?)?;
        let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| corrupt("a token key"))?;
        keys.push((number, key));
        lives.push(token::Life {
            number,
            created_at: row.time(1)?,
        });
    }
    Ok((lives, keys))
}

fn open(
    master: &MasterKeys,
    purpose: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    master
        .open(purpose, sealed)
        .ok_or_else(|| corrupt(format!("{purpose} does not open under the master key")))
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn corrupt(why: impl ToString) -> StoreError {
    StoreError::Corrupt(why.to_string())
}
