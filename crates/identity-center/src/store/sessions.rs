//! Sessions in the store: offered with a code, live once it is redeemed, ended once and for good.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use serde_json::json;

use super::audit::Listed;
use super::members::{TOGETHER, told};
use super::value::among;
use super::{Row, Store, StoreError, Tx, audit, logouts, setup_links, values};
use crate::claims::Claims;
use crate::figures::Happened;
use crate::id::{SessionId, UserId};
use crate::secret::Digest;
use crate::session::{self, CodeRefusal, Ended, Offer, Redemption, Rotation, Session, State};
use crate::token::Token;

pub(super) const COLUMNS: &str = "s.id, s.user_id, s.client_id, s.state, s.scopes, s.authentication, s.binding, s.rotation, s.rotated_at, \
                       s.created_at, s.expires_at, s.ended_at, s.ended_because, u.active, s.claims";
const OFFER: &str = "s.redirect_uri, s.code_challenge, s.nonce, s.code_expires_at";
/// What stands behind [`COLUMNS`], such as [`OFFER`].
pub(super) const BEHIND: usize = 15;
const OFFER_AT: usize = BEHIND;
pub(super) const FROM: &str = "FROM sessions s JOIN users u ON u.id = s.user_id";

const END: Listed = ("session.end", "session.end.list");

/// A session that ended, its person and its application.
pub(super) type Closed = (SessionId, UserId, String);

/// What a redeemed code gives: a session that lives, and what the ID token repeats.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// The session.
    pub session: Session,
    /// The request's nonce.
    pub nonce: Option<String>,
}

impl Store {
    /// Keeps a session that waits for its code to be redeemed.
    pub async fn offer_session(
        &self,
        session: Session,
        code: Digest,
        offer: Offer,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let (session, offer) = (session.clone(), offer.clone());
            Box::pin(async move { insert(tx, &session, Some((code, &offer))).await })
        })
        .await
    }

    /// Redeems a code (RFC 6749 §4.1.3). Its second use ends what the first gave; any other refusal leaves it as it was.
    pub async fn redeem_code(
        &self,
        code: Digest,
        redemption: Redemption,
        binding: Option<String>,
        now: Timestamp,
    ) -> Result<Result<Redeemed, CodeRefusal>, StoreError> {
        self.write(move |tx| {
            let (redemption, binding) = (redemption.clone(), binding.clone());
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS}, {OFFER} {FROM} WHERE s.code_digest = $1 FOR UPDATE OF s");
                let Some(row) = tx.row(&sql, values![code]).await? else {
                    return Ok(Err(CodeRefusal::Unknown));
                };
                let (mut session, active) = read(&row)?;
                let offer = Offer {
                    redirect_uri: row.text(OFFER_AT)?.to_owned(),
                    code_challenge: row.text(OFFER_AT + 1)?.to_owned(),
                    nonce: row.optional(OFFER_AT + 2, Row::text)?.map(str::to_owned),
                    expires_at: row.time(OFFER_AT + 3)?,
                };
                match session::redeem(&session, &offer, &redemption, active, now) {
                    Ok(()) if session.binding.is_some() && session.binding != binding => {
                        Ok(Err(CodeRefusal::OtherKey))
                    }
                    Ok(()) => {
                        let sql = "UPDATE sessions SET state = 'live', binding = $2, rotated_at = $3 WHERE id = $1";
                        tx.execute(sql, values![session.id, binding.clone(), now]).await?;
                        (session.state, session.binding, session.rotated_at) = (State::Live, binding, now);
                        Ok(Ok(Redeemed {
                            session,
                            nonce: offer.nonce,
                        }))
                    }
                    Err(refusal) => {
                        if refusal == CodeRefusal::Replayed {
                            end(tx, session.id, Ended::CodeReplayed, now).await?;
                        }
                        Ok(Err(refusal))
                    }
                }
            })
        })
        .await
    }

    /// What becomes of a presented refresh token: the decision of [`session::rotate`], made durable. The session is as it is then.
    pub async fn rotate(
        &self,
        token: Token,
        client: &str,
        now: Timestamp,
    ) -> Result<(Rotation, Option<Session>), StoreError> {
        let client = client.to_owned();
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let Some((mut session, active)) = locked(tx, token.session).await? else {
                    return Ok((Rotation::Refused, None));
                };
                let rotation = session::rotate(&session, &token, &client, active, now);
                match rotation {
                    Rotation::Next => {
                        session.rotation += 1;
                        session.rotated_at = now;
                        let sql =
                            "UPDATE sessions SET rotation = $2, rotated_at = $3 WHERE id = $1";
                        tx.execute(sql, values![session.id, session.rotation, now])
                            .await?;
                    }
                    Rotation::Reused => end(tx, session.id, Ended::RefreshTokenReused, now).await?,
                    Rotation::Same | Rotation::Refused => {}
                }
                Ok((rotation, Some(session)))
            })
        })
        .await
    }

    /// Keeps a session that no code stands for: a demonstration's.
    pub(crate) async fn grant_directly(&self, session: Session) -> Result<(), StoreError> {
        self.write(move |tx| {
            let session = session.clone();
            Box::pin(async move { insert(tx, &session, None).await })
        })
        .await
    }

    /// The session of a genuine access token, if it is good now.
    pub async fn good_session(
        &self,
        token: Token,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.session(token.session).await?;
        Ok(found.and_then(|(session, active)| {
            session::good(&session, &token, active, now).then_some(session)
        }))
    }

    /// A session, and whether its person is active.
    pub async fn session(&self, id: SessionId) -> Result<Option<(Session, bool)>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} {FROM} WHERE s.id = $1");
                tx.row(&sql, values![id])
                    .await?
                    .map(|row| read(&row))
                    .transpose()
            })
        })
        .await
    }

    /// The sessions of a person that live, newest first.
    pub async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} {FROM} WHERE s.user_id = $1 AND s.state = 'live' AND s.expires_at > $2 ORDER BY s.created_at DESC"
                );
                let rows = tx.query(&sql, values![user, now]).await?;
                rows.iter().map(|row| read(row).map(|(session, _)| session)).collect()
            })
        })
        .await
    }

    /// Ends a session. One that had ended keeps its reason.
    pub async fn end_session(
        &self,
        id: SessionId,
        because: Ended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(end(tx, id, because, now)))
            .await
    }

    /// Ends everything of a person's: sessions, codes, browsers and device codes that wait. Returns how many sessions lived.
    pub async fn end_sessions_of(
        &self,
        user: UserId,
        because: Ended,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |tx| Box::pin(end_all(tx, user, because, now)))
            .await
    }

    /// Forgets that somebody is signed in in this browser.
    pub async fn forget_browser(&self, cookie: Digest) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM browser_sessions WHERE digest = $1";
                tx.execute(sql, values![cookie]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets what ended or expired before `before`: it answers nothing any more.
    pub async fn forget_sessions(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "DELETE FROM authorizations WHERE expires_at < $1",
                    values![before],
                )
                .await?;
                tx.execute(
                    "DELETE FROM browser_sessions WHERE expires_at < $1",
                    values![before],
                )
                .await?;
                tx.execute(
                    "DELETE FROM device_codes WHERE expires_at < $1",
                    values![before],
                )
                .await?;
                tx.execute(
                    "DELETE FROM attempts WHERE last_at < $1",
                    values![before - crate::lockout::MEMORY],
                )
                .await?;
                tx.execute(
                    "DELETE FROM pushed_requests WHERE expires_at < $1",
                    values![before],
                )
                .await?;
                tx.execute(
                    "DELETE FROM dpop_proofs WHERE expires_at < $1",
                    values![before],
                )
                .await?;
                tx.execute(
                    "DELETE FROM sessions WHERE expires_at < $1",
                    values![before],
                )
                .await
            })
        })
        .await
    }
}

/// Keeps a new session, with the code that it waits for.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    session: &Session,
    code: Option<(Digest, &Offer)>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (id, user_id, client_id, state, scopes, authentication, binding, rotation, rotated_at, created_at, \
               expires_at, code_digest, redirect_uri, code_challenge, nonce, code_expires_at, claims) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let state = match session.state {
        State::Offered => "offered",
        State::Live => "live",
        State::Ended { .. } => "ended",
    };
    let (digest, offer) = code.unzip();
    let claims = (session.claims != Claims::default())
        .then(|| serde_json::to_string(&session.claims).unwrap_or_default());
    let row = values![
        session.id,
        session.user,
        &session.client,
        state,
        session.scopes.join(" "),
        serde_json::to_string(&session.authentication).unwrap_or_default(),
        session.binding.clone(),
        session.rotation,
        session.rotated_at,
        session.created_at,
        session.expires_at,
        digest,
        offer.map(|offer| &offer.redirect_uri),
        offer.map(|offer| &offer.code_challenge),
        offer.and_then(|offer| offer.nonce.as_ref()),
        offer.map(|offer| offer.expires_at),
        claims,
    ];
    tx.execute(sql, row).await?;
    Ok(())
}

pub(super) async fn locked(
    tx: &mut Tx<'_>,
    id: SessionId,
) -> Result<Option<(Session, bool)>, StoreError> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE s.id = $1 FOR UPDATE OF s");
    tx.row(&sql, values![id])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Ends a session, unless it had ended.
pub(super) async fn end(
    tx: &mut Tx<'_>,
    id: SessionId,
    because: Ended,
    now: Timestamp,
) -> Result<(), StoreError> {
    logouts::note(tx, id, now).await?;
    let sql = "UPDATE sessions SET state = 'ended', ended_at = $2, ended_because = $3 WHERE id = $1 AND state <> 'ended'";
    if tx.execute(sql, values![id, now, word(because)]).await? == 0 {
        return Ok(());
    }
    tx.happened(Happened::Ended(because, 1));
    let sql = "SELECT user_id, client_id FROM sessions WHERE id = $1";
    let Some(row) = tx.row(sql, values![id]).await? else {
        return Ok(());
    };
    let ended = (id, row.id(0)?, row.text(1)?.to_owned());
    record_ends(tx, &[ended], because, now).await
}

/// Ends these sessions, and the device codes that wait for them; returns those that had not ended. Whoever asks for it records it.
pub(super) async fn end_several(
    tx: &mut Tx<'_>,
    all: &[SessionId],
    because: Ended,
    now: Timestamp,
) -> Result<BTreeSet<SessionId>, StoreError> {
    let mut ended = BTreeSet::new();
    for some in all.chunks(TOGETHER) {
        logouts::note_several(tx, some, now).await?;
        let mut values = values![now, word(because)].to_vec();
        let these = among(&mut values, "id", some, TOGETHER);
        let sql = format!(
            "UPDATE sessions SET state = 'ended', ended_at = $1, ended_because = $2 WHERE {these} AND state <> 'ended' RETURNING id"
        );
        for row in tx.query(&sql, &values).await? {
            ended.insert(row.id(0)?);
        }
        let mut values = Vec::new();
        let these = among(&mut values, "session_id", some, TOGETHER);
        let sql = format!(
            "UPDATE device_codes SET state = 'denied' WHERE {these} AND state = 'approved'"
        );
        tx.execute(&sql, &values).await?;
    }
    if !ended.is_empty() {
        tx.happened(Happened::Ended(because, ended.len() as u64));
    }
    Ok(ended)
}

/// Records ends of sessions, each with its person and its application.
pub(super) async fn record_ends(
    tx: &mut Tx<'_>,
    ended: &[Closed],
    because: Ended,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (session, user, client) in ended {
        let detail = json!({ "session": session, "client": client, "because": word(because) });
        audit::of_person(tx, *user, "session.end", detail, now).await?;
    }
    Ok(())
}

/// Records ends of several people's sessions, by their applications: entries about `subject`, which `of` names, and behind them whose
/// they were (docs/decisions/0029).
pub(super) async fn record_closed(
    tx: &mut Tx<'_>,
    organization: &str,
    subject: &str,
    (closed, because): (Vec<Closed>, Ended),
    of: &serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_client = BTreeMap::<String, Vec<(String, String)>>::new();
    for (session, user, client) in closed {
        let of_client = by_client.entry(client).or_default();
        of_client.push(told((&session, &user)));
    }
    for (client, list) in by_client {
        let mut detail = of.clone();
        (detail["client"], detail["because"]) = (json!(client), json!(word(because)));
        detail["sessions"] = list.len().into();
        let list = ("ended", list.as_slice());
        audit::of_many(tx, organization, END, subject, detail, list, now).await?;
    }
    Ok(())
}

/// Ends everything of a person's, in the transaction that decided it. What was proved until now counts no more: a sign-in that is
/// under way begins anew (see [`super::authorizations`]). Nor does a set-up link: whoever has it could have everything anew.
pub(super) async fn end_all(
    tx: &mut Tx<'_>,
    user: UserId,
    because: Ended,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE users SET ended_at = $2 WHERE id = $1";
    tx.execute(sql, values![user, now]).await?;
    let pending = "UPDATE device_codes SET state = 'denied' WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1) AND state = 'approved'";
    tx.execute(pending, values![user]).await?;
    tx.execute(
        "DELETE FROM browser_sessions WHERE user_id = $1",
        values![user],
    )
    .await?;
    setup_links::forget_those_of(tx, user).await?;
    logouts::note_all(tx, user, now).await?;
    let sql = "UPDATE sessions SET state = 'ended', ended_at = $2, ended_because = $3 WHERE user_id = $1 AND state <> 'ended'";
    let ended = tx.execute(sql, values![user, now, word(because)]).await?;
    if ended > 0 {
        tx.happened(Happened::Ended(because, ended));
        let detail = json!({ "sessions": ended, "because": word(because) });
        audit::of_person(tx, user, "session.end_all", detail, now).await?;
    }
    Ok(ended)
}

pub(super) fn word(because: Ended) -> String {
    serde_json::to_value(because)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

pub(super) fn read(row: &Row) -> Result<(Session, bool), StoreError> {
    let state = match row.text(3)? {
        "offered" => State::Offered,
        "live" => State::Live,
        "ended" => State::Ended {
            at: row.time(11)?,
            because: serde_json::from_value(row.text(12)?.into())
                .map_err(|_| StoreError::Corrupt("a session's reason".to_owned()))?,
        },
        other => return Err(StoreError::Corrupt(format!("a session is {other}"))),
    };
    let session = Session {
        id: row.id(0)?,
        user: row.id(1)?,
        client: row.text(2)?.to_owned(),
        state,
        scopes: row
            .text(4)?
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect(),
        authentication: row.json(5)?,
        binding: row.optional(6, Row::text)?.map(str::to_owned),
        rotation: row.count(7)?,
        rotated_at: row.time(8)?,
        created_at: row.time(9)?,
        expires_at: row.time(10)?,
        claims: match row.optional(14, Row::text)? {
            Some(_) => row.json(14)?,
            None => Claims::default(),
        },
    };
    Ok((session, row.truth(13)?))
}
