//! Who stands behind a session: what ID tokens, userinfo and introspection say of a person.

use jiff::Timestamp;

use super::sessions::{self, COLUMNS, FROM};
use super::{Row, Store, StoreError, values};
use crate::id::SessionId;
use crate::session::{self, Session};
use crate::token::Token;

/// Behind [`COLUMNS`].
const PERSON: &str = "u.organization, u.user_name, u.display_name, u.given_name, u.family_name, u.email, u.modified_at";
const PERSON_AT: usize = 14;

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
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS}, {PERSON} {FROM} WHERE s.id = $1");
                let Some(row) = tx.row(&sql, values![id]).await? else {
                    return Ok(None);
                };
                let (session, active) = sessions::read(&row)?;
                Ok(Some((session, active, person(&row)?)))
            })
        })
        .await
    }
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
