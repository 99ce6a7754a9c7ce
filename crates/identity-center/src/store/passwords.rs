//! What a person of the directory signs in with, in the store: the password's hash, the sealed seed, the recovery codes' digests.

use jiff::Timestamp;

use serde_json::json;

use super::{
    Row, Store, StoreError, Tx, audit, authorizations, browser_sessions, directory, sessions,
    values,
};
use crate::directory::{User, fold};
use crate::id::UserId;
use crate::secret::Digest;
use crate::session::{Authentication, Ended};

/// What is kept to check somebody by.
#[derive(Clone)]
pub struct Factors {
    /// The password's hash (see [`crate::password`]). Somebody who was provisioned has none.
    pub password: Option<String>,
    /// The second factor, if they have enrolled one.
    pub second: Option<SecondFactor>,
    /// Recovery codes that were not used.
    pub recovery_codes: u32,
    /// A restoration made them void, and no others were given since.
    pub recovery_due: bool,
}

/// A second factor.
#[derive(Clone)]
pub struct SecondFactor {
    /// Sealed for `totp/<user>`.
    pub sealed: Vec<u8>,
    /// The step whose code was used last.
    pub last_step: i64,
}

/// A password that its own person changes.
#[derive(Clone)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The hash of the one that they have proved.
    pub from: String,
    /// The new one's.
    pub to: String,
    /// Of the browser that goes on.
    pub cookie: Digest,
    /// What it has proved, in a second that is later than now: the proofs until now end with the rest.
    pub authentication: Authentication,
    /// Its end.
    pub ends: Timestamp,
}

/// No more organisations' people are looked through for one name: each costs a password's work.
const SAME_NAME: i64 = 8;

impl Store {
    /// Who has this name, whatever its case, and a password: of the organisation, or of all where none is named, who was there first
    /// before all.
    pub async fn people_with_password(
        &self,
        organization: Option<&str>,
        user_name: &str,
    ) -> Result<Vec<User>, StoreError> {
        let (organization, folded) = (organization.map(str::to_owned), fold(user_name));
        self.read(move |tx| {
            let (organization, folded) = (organization.clone(), folded.clone());
            Box::pin(async move {
                let sql = format!(
                    "SELECT {} FROM users u JOIN passwords p ON p.user_id = u.id WHERE u.user_name_folded = $1",
                    directory::COLUMNS
                );
                let rows = match organization {
                    Some(name) => {
                        let sql = format!("{sql} AND u.organization = $2");
                        tx.query(&sql, values![folded, name]).await?
                    }
                    None => {
                        let sql = format!("{sql} ORDER BY u.created_at, u.id LIMIT {SAME_NAME}");
                        tx.query(&sql, values![folded]).await?
                    }
                };
                rows.iter().map(directory::read).collect()
            })
        })
        .await
    }

    /// What there is to check this person by. Without a person as much is read.
    pub async fn factors(&self, user: Option<&User>) -> Result<Factors, StoreError> {
        let user = user.map_or_else(|| UserId::from([0; 16]), |user| user.id);
        self.read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT hash FROM passwords WHERE user_id = $1";
                let password = tx.row(sql, values![user]).await?;
                let sql = "SELECT sealed, last_step, recovery_due FROM totp WHERE user_id = $1";
                let second = tx.row(sql, values![user]).await?;
                let sql = "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1";
                let left = tx.row(sql, values![user]).await?;
                Ok(Factors {
                    password: password
                        .map(|row| row.text(0).map(str::to_owned))
                        .transpose()?,
                    recovery_due: second
                        .as_ref()
                        .is_some_and(|row| row.truth(2).unwrap_or_default()),
                    second: second
                        .map(|row| -> Result<_, StoreError> {
                            Ok(SecondFactor {
                                sealed: row.bytes(0)?.to_vec(),
                                last_step: row.integer(1)?,
                            })
                        })
                        .transpose()?,
                    recovery_codes: left.map_or(Ok(0), |row: Row| row.count(0))?,
                })
            })
        })
        .await
    }

    /// Gives a person this password (its hash), in place of any before.
    pub async fn set_password(
        &self,
        user: UserId,
        hash: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let hash = hash.clone();
            Box::pin(set(tx, user, hash, now))
        })
        .await
    }

    /// Puts a password of the person's own choice in the place of the one that they have proved. What they have open ends, and so does
    /// every browser's sign-in; the browser that proved it has a new one. `false` where the password is another by now, or they may
    /// not sign in: nothing is changed then.
    pub async fn change_password(
        &self,
        change: PasswordChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let change = change.clone();
            Box::pin(async move {
                let user = change.user;
                let sql = "SELECT 1 FROM users u JOIN passwords p ON p.user_id = u.id \
                           WHERE u.id = $1 AND u.active = 1 AND p.hash = $2 FOR UPDATE OF u";
                if tx.row(sql, values![user, change.from]).await?.is_none() {
                    return Ok(false);
                }
                sessions::end_all(tx, user, Ended::PasswordChanged, now).await?;
                keep(tx, user, change.to, now).await?;
                let how = change.authentication;
                browser_sessions::insert(tx, change.cookie, user, &how, now, change.ends).await?;
                audit::of_person(tx, user, "password.change", json!({}), now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Gives a person who has a second factor these recovery codes, in place of any before. `false` if they have none.
    pub async fn renew_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<Digest>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM totp t WHERE user_id = $1 FOR UPDATE OF t";
        self.give_anew(sql, user, codes, now).await
    }

    /// Gives these recovery codes in place of those that a restoration made void. `false` where none are due any more: another window
    /// was first, and has shown its own.
    pub async fn replace_void_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<Digest>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM totp t WHERE user_id = $1 AND recovery_due = 1 FOR UPDATE OF t";
        self.give_anew(sql, user, codes, now).await
    }

    /// Gives recovery codes where `sql` finds the person's second factor, whose row it locks.
    async fn give_anew(
        &self,
        sql: &'static str,
        user: UserId,
        codes: Vec<Digest>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let codes = codes.clone();
            Box::pin(async move {
                if tx.row(sql, values![user]).await?.is_none() {
                    return Ok(false);
                }
                give_recovery_codes(tx, user, codes).await?;
                audit::of_person(tx, user, "recovery_codes.renew", json!({}), now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Enrols a second factor and its recovery codes. `false` if the person has one: nothing is changed then.
    pub async fn enrol(
        &self,
        user: UserId,
        factor: SecondFactor,
        recovery: Vec<Digest>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let (factor, recovery) = (factor.clone(), recovery.clone());
            Box::pin(async move {
                let sql = "INSERT INTO totp (user_id, sealed, last_step, enrolled_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
                let row = values![user, factor.sealed, factor.last_step, now];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(false);
                }
                give_recovery_codes(tx, user, recovery).await?;
                audit::of_person(tx, user, "second_factor.enrol", json!({}), now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Uses the code of this step up. `false` if it, or a later one, was used.
    pub async fn use_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
                Ok(tx.execute(sql, values![user, step]).await? == 1)
            })
        })
        .await
    }

    /// Uses a recovery code up. `false` if there is none such any more.
    pub async fn use_recovery_code(&self, user: UserId, code: Digest) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2";
                Ok(tx.execute(sql, values![user, code]).await? == 1)
            })
        })
        .await
    }

    /// Takes a person's second factor away (an administrator, after the device was lost): what they have open ends, and they enrol anew
    /// when they next sign in. Returns how many sessions lived.
    pub async fn forget_second_factor(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                forget_recovery_codes(tx, user).await?;
                let sql = "DELETE FROM totp WHERE user_id = $1";
                tx.execute(sql, values![user]).await?;
                audit::of_person(tx, user, "second_factor.forget", json!({}), now).await?;
                sessions::end_all(tx, user, Ended::ByAdministrator, now).await
            })
        })
        .await
    }
}

/// Sets a person's password (its hash) in this transaction.
pub(super) async fn set(
    tx: &mut Tx<'_>,
    user: UserId,
    hash: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    keep(tx, user, hash, now).await?;
    audit::of_person(tx, user, "password.set", json!({}), now).await
}

/// Keeps the hash. Sign-ins that have passed the password before, and wait for a second factor, begin anew.
async fn keep(
    tx: &mut Tx<'_>,
    user: UserId,
    hash: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO passwords (user_id, hash, changed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";
    tx.execute(sql, values![user, hash, now]).await?;
    authorizations::forget_those_of(tx, user).await
}

async fn give_recovery_codes(
    tx: &mut Tx<'_>,
    user: UserId,
    codes: Vec<Digest>,
) -> Result<(), StoreError> {
    forget_recovery_codes(tx, user).await?;
    let sql = "UPDATE totp SET recovery_due = 0 WHERE user_id = $1";
    tx.execute(sql, values![user]).await?;
    for digest in codes {
        let sql = "INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)";
        tx.execute(sql, values![user, digest]).await?;
    }
    Ok(())
}

/// Everybody's recovery codes are good no more: which of them were used since, the store does not know. Returns how many people had
/// some.
pub(super) async fn void_recovery_codes(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let sql =
        "UPDATE totp SET recovery_due = 1 WHERE user_id IN (SELECT user_id FROM recovery_codes)";
    let people = tx.execute(sql, &[]).await?;
    tx.execute("DELETE FROM recovery_codes", &[]).await?;
    Ok(people)
}

async fn forget_recovery_codes(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM recovery_codes WHERE user_id = $1";
    tx.execute(sql, values![user]).await?;
    Ok(())
}
