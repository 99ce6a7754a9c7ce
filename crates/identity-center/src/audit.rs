//! The audit log: who did what, when, from where, and how it ended, in a chain that shows what was changed, removed or moved.
//!
//! An entry is written in the transaction of what it records ([`crate::store`]); a refused sign-in, which changes nothing else, in one
//! of its own. No secret is in it, nothing that was typed into a field, and no name that nobody has: people type passwords there.

use std::io::Write;
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::{ConnectInfo, Request};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use crate::directory::is_invisible;
use crate::secret::Digest;
use crate::store::Store;

/// So much of a user agent is kept.
const LONGEST: usize = 200;

/// Who does something, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Who, where it is not the person that the entry is about: an administrator. `None`: that person, or the service by itself.
    pub actor: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
    /// What the program says that it is.
    pub user_agent: Option<String>,
}

tokio::task_local! {
    static CURRENT: Arc<By>;
}

impl By {
    /// Whoever the request that is being answered comes from; nobody outside of one.
    #[must_use]
    pub fn current() -> Arc<By> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }

    /// What `work` does is done by this one.
    pub async fn doing<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(Arc::new(self), work).await
    }
}

/// Notes where a request comes from, for as long as it is answered.
pub async fn attribute(request: Request, next: Next) -> Response {
    let from = request
        .extensions()
        .get::<ConnectInfo<std::net::SocketAddr>>();
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let by = By {
        actor: None,
        address: from.map(|ConnectInfo(from)| from.ip().to_string()),
        user_agent: agent.map(|text| {
            let visible = text.chars().filter(|character| !is_invisible(*character));
            visible.take(LONGEST).collect()
        }),
    };
    by.doing(next.run(request)).await
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Such as `sign_in` or `user.deactivate`.
    pub action: &'static str,
    /// Whose it concerns.
    pub organization: Option<String>,
    /// Whom or what: a user's name, a key's id.
    pub subject: String,
    /// Whether it came about.
    pub done: bool,
    /// More, as JSON.
    pub detail: serde_json::Value,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place; they count without a gap.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Whose it concerns.
    pub organization: Option<String>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom, or to what.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// From where.
    pub address: Option<String>,
    /// By which program, as it says itself.
    pub user_agent: Option<String>,
    /// More, as JSON.
    pub detail: String,
}

impl Entry {
    /// What its digest is, behind an entry with this one.
    #[must_use]
    pub fn digest(&self, before: &Digest) -> Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(before.bytes());
        // Numbers and texts have one form in JSON; nothing of this can be taken for something else.
        let at = self.at.as_millisecond();
        let columns = serde_json::json!([
            self.number,
            at,
            self.organization,
            self.actor,
            self.action,
            self.subject,
            self.outcome,
            self.address,
            self.user_agent,
            self.detail,
        ]);
        context.update(columns.to_string().as_bytes());
        Digest::from(context.finish())
    }
}

/// The chain's end, as far as it was checked: whoever notes it elsewhere can tell later whether the log was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the entry.
    pub number: i64,
    /// Its digest.
    pub digest: Digest,
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry was changed, or moved to another place.
    #[error("entry {0} is not what was written")]
    Changed(i64),
    /// An entry is gone.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// There are entries that were never written.
    #[error("entry {0} was never written")]
    Added(i64),
}

/// So many entries are written out at once.
const TOGETHER: u32 = 500;

/// Writes every entry as a line of JSON, the oldest first.
///
/// # Errors
/// The store's, and the writer's.
pub async fn export(store: &Store, to: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let mut after = 0;
    loop {
        let entries = store.audit_entries(after, TOGETHER).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        after = last.number;
        for entry in &entries {
            writeln!(to, "{}", serde_json::to_string(entry)?)?;
        }
    }
}

/// Follows the chain from behind `from`, and returns where it ends.
///
/// # Errors
/// See [`Broken`].
pub fn follow(from: Head, entries: &[(Entry, Digest)]) -> Result<Head, Broken> {
    let mut head = from;
    for (entry, written) in entries {
        let expected = head.number + 1;
        if entry.number != expected {
            return Err(Broken::Missing(expected));
        }
        if entry.digest(&head.digest) != *written {
            return Err(Broken::Changed(entry.number));
        }
        head = Head {
            number: expected,
            digest: *written,
        };
    }
    Ok(head)
}
