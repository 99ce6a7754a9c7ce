//! Who stands behind a session: what ID tokens, userinfo and introspection say of a person.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::sessions::{self, COLUMNS, FROM};
use super::{Row, Store, StoreError, clients, values};
use crate::client::Client;
use crate::id::SessionId;
use crate::session::{self, Session};
use crate::token::Token;

/// Behind [`COLUMNS`].
const PERSON: &str = "u.organization, u.user_name, u.display_name, u.given_name, u.family_name, u.email, u.modified_at";
const PERSON_AT: usize = sessions::BEHIND;
const CLIENT_AT: usize = PERSON_AT + 7;
static FOUND: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS}, {PERSON} {FROM} WHERE s.id = $1"));
static INTROSPECTED: LazyLock<String> = LazyLock::new(|| {
    let client = clients::COLUMNS
        .split(", ")
        .map(|column| format!("c.{column}"));
    let client = client.collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {COLUMNS}, {PERSON}, {client} FROM clients c LEFT JOIN sessions s ON s.id = $2 LEFT JOIN users u ON u.id = s.user_id \
         WHERE c.id = $1"
    )
});

/// A person, as applications may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whose.
    pub organization: String,
    /// The name that they sign in with.
    pub user_name: String,
    /// The name that they are called by.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Where they say mail reaches them.
    pub email: Option<String>,
    /// When any of this last changed.
    pub modified_at: Timestamp,
}

impl Store {
    /// Whose a genuine access token is, if it is good now.
    pub async fn holder(
        &self,
        token: Token,
        now: Timestamp,
    ) -> Result<Option<(Session, Person)>, StoreError> {
        let found = self.session_and_person(token.session).await?;
        Ok(found.and_then(|(session, active, person)| {
            session::good(&session, &token, active, now).then_some((session, person))
        }))
    }

    /// A session, whether its person is active, and who that is.
    pub async fn session_and_person(
        &self,
        id: SessionId,
    ) -> Result<Option<(Session, bool, Person)>, StoreError> {
        let row = self.look_up(&FOUND, values![id]).await?;
        row.as_ref().map(found).transpose()
    }

    /// An application that asks, unless its registration has ended, and the session that it asks about
    /// ([`Store::session_and_person`]).
    pub async fn introspected(
        &self,
        client: &str,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(Option<Client>, Option<(Session, bool, Person)>), StoreError> {
        let values = values![client, session];
        let Some(row) = self.look_up(&INTROSPECTED, values).await? else {
            return Ok((None, None));
        };
        let client = clients::read(&row, CLIENT_AT)?;
        let session = row.optional(0, |row, _| found(row))?;
        Ok((client.is_registered(now).then_some(client), session))
    }
}

fn found(row: &Row) -> Result<(Session, bool, Person), StoreError> {
    let (session, active) = sessions::read(row)?;
    Ok((session, active, person(row)?))
}

fn person(row: &Row) -> Result<Person, StoreError> {
    let text = |column: usize| row.text(PERSON_AT + column).map(str::to_owned);
    let optional = |column: usize| {
        row.optional(PERSON_AT + column, Row::text)
            .map(|text| text.map(str::to_owned))
    };
    Ok(Person {
        organization: text(0)?,
        user_name: text(1)?,
        display_name: text(2)?,
        given_name: optional(3)?,
        family_name: optional(4)?,
        email: optional(5)?,
        modified_at: row.time(PERSON_AT + 6)?,
    })
}
