//! What is wrong on this computer: the probes, how heavy each finding is, and what is said of it ([`Finding::line`]).
//!
//! Nothing is changed, and nobody is asked but the system's own services and the sign-in servers that are set up.

mod export;
mod files;
mod here;
mod servers;
mod words;

use serde::Serialize;
use serde_json::{Value, json};

pub use export::{Exported, REPORT, export};
pub use files::Fault;
pub use words::{Line, Said};

use crate::organizations::{Organizations, Provider};
use crate::{Code, Context, Failure, KeySource};

/// The clock may be off by so many seconds before anybody mentions it.
const UNREMARKABLE: u64 = 10;
/// ID tokens are accepted with a clock that is off by so many seconds (THREATS.md T7).
pub const SKEW_ALLOWED: u64 = 60;

/// How heavy a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Signing in works; something is worth knowing.
    Warning,
    /// Signing in, or staying signed in, does not work.
    Problem,
}

/// Who opens `kiro://` links.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOwner {
    /// The desktop app.
    Us,
    /// Nobody yet: the app registers itself when it starts.
    Nobody,
    /// Another program, by its name.
    Other(String),
    /// The system cannot be asked.
    Unknown,
}

/// One thing that was looked at, and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Finding {
    /// The `kiro://` scheme.
    Links {
        /// Who opens it.
        owner: LinkOwner,
        /// The program that its launcher starts, where that is no program of this computer.
        missing: Option<String>,
    },
    /// A listener on this computer, as a browser would reach it.
    Loopback {
        /// What stands between the two.
        fault: Option<Failure>,
    },
    /// The key that seals sessions.
    Key {
        /// Where it is, or would be made.
        source: KeySource,
        /// What keeps it from being used.
        fault: Option<Failure>,
    },
    /// One file or folder that cannot be used as it is.
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// All files, when there is nothing wrong with any.
    Files {
        /// The credential file's generation; `None` before the first sign-in.
        generation: Option<u64>,
        /// Whether the previous good copy is there.
        backup: bool,
    },
    /// The organisations' settings.
    Organizations {
        /// How many are set up.
        count: usize,
        /// Why they cannot be read.
        fault: Option<Failure>,
    },
    /// This computer's clock.
    Clock {
        /// The server that was compared with.
        host: String,
        /// This computer's clock minus the server's.
        skew_seconds: i64,
    },
    /// A sign-in server that answers as it should.
    Server(Server),
    /// A sign-in server that does not.
    NoServer {
        /// Whose.
        organization: String,
        /// Its host.
        host: String,
        /// Why.
        fault: Failure,
    },
}

/// What a sign-in server says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Whose.
    pub organization: String,
    /// Its provider.
    pub provider: Provider,
    /// Its host.
    pub host: String,
    /// How long it took to answer, name and TLS included.
    pub milliseconds: u64,
    /// The proxy on the way to it.
    pub proxy: Option<String>,
    /// The version of TLS, such as `1.3`; `None` without TLS.
    pub tls: Option<String>,
    /// Who has signed its certificate.
    pub signer: Option<String>,
    /// Whether PKCE with S256 is announced; `None` if nothing is said.
    pub pkce: Option<bool>,
    /// Whether the device flow is offered.
    pub device_flow: bool,
    /// Whether tokens can be revoked.
    pub revocation: bool,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// In the order in which a sign-in meets them.
    pub findings: Vec<Finding>,
    /// Whom to send the report to.
    pub contact: Option<String>,
}

impl Finding {
    /// How heavy it is.
    pub fn level(&self) -> Level {
        match self {
            Finding::Links {
                owner: LinkOwner::Us,
                missing: None,
            }
            | Finding::Files { .. } => Level::Good,
            // Signing in goes through localhost then.
            Finding::Links { .. } => Level::Warning,
            Finding::Key {
                source: KeySource::Plaintext,
                fault: None,
            }
            | Finding::Organizations {
                count: 0,
                fault: None,
            } => Level::Warning,
            Finding::Loopback { fault }
            | Finding::Key { fault, .. }
            | Finding::Organizations { fault, .. } => {
                if fault.is_some() {
                    Level::Problem
                } else {
                    Level::Good
                }
            }
            Finding::File { fault, .. } => fault.level(),
            Finding::Clock { skew_seconds, .. } => match skew_seconds.unsigned_abs() {
                0..=UNREMARKABLE => Level::Good,
                size if size <= SKEW_ALLOWED => Level::Warning,
                _ => Level::Problem,
            },
            Finding::Server(server) if server.pkce == Some(false) => Level::Warning,
            Finding::Server(_) => Level::Good,
            Finding::NoServer { .. } => Level::Problem,
        }
    }

    /// The code of a problem; `None` for anything less.
    pub fn code(&self) -> Option<Code> {
        if self.level() < Level::Problem {
            return None;
        }
        Some(match self {
            Finding::Loopback { fault: Some(fault) }
            | Finding::Key {
                fault: Some(fault), ..
            }
            | Finding::Organizations {
                fault: Some(fault), ..
            }
            | Finding::NoServer { fault, .. } => fault.code,
            Finding::File { fault, .. } => fault.code(),
            Finding::Clock { .. } => Code::Clock,
            Finding::Links { .. }
            | Finding::Loopback { fault: None }
            | Finding::Key { fault: None, .. }
            | Finding::Organizations { fault: None, .. }
            | Finding::Files { .. }
            | Finding::Server(_) => Code::Unexpected,
        })
    }
}

impl Report {
    /// How many findings are so heavy.
    pub fn count(&self, level: Level) -> usize {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.level() == level).count()
    }

    /// The report as it is sent: who made it, and each finding with its level and the code of a problem.
    pub fn json(&self, program: &str) -> Value {
        let told = |finding: &Finding| {
            let mut object = serde_json::to_value(finding).unwrap_or_default();
            object["level"] = json!(finding.level());
            object["code"] = json!(finding.code());
            object
        };
        json!({
            "program": program,
            "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            "findings": self.findings.iter().map(told).collect::<Vec<_>>(),
            "problems": self.count(Level::Problem),
            "warnings": self.count(Level::Warning),
        })
    }
}

/// Looks at everything. Never asks a person anything.
pub async fn examine(context: &Context) -> Report {
    let mut findings = vec![here::links().await, here::loopback(context).await];
    findings.extend(here::key(context).await);
    findings.extend(files::look(context));
    let loaded = Organizations::load(context);
    let told = |fault: &Failure| {
        findings.iter().any(|finding| matches!(finding, Finding::File { path, .. } if Some(path) == fault.facts.path.as_ref()))
    };
    match &loaded {
        Ok(organizations) if !organizations.list.is_empty() => {}
        Err(fault) if told(fault) => {}
        Ok(_) | Err(_) => findings.push(Finding::Organizations {
            count: 0,
            fault: loaded.as_ref().err().cloned(),
        }),
    }
    let organizations = loaded.unwrap_or_default();
    for organization in &organizations.list {
        findings.extend(servers::ask(context, organization).await);
    }
    let named = organizations
        .list
        .iter()
        .find_map(|organization| organization.support_contact.clone());
    Report {
        contact: organizations.support_contact.or(named),
        findings,
    }
}

#[cfg(test)]
mod tests;
