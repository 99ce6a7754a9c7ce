//! A failure as the page is told it: which sentence, and what the sentence names.

use jiff::Timestamp;
use kiro_sign_in::{Code, Failure};
use serde::Serialize;
use ts_rs::TS;

use super::ProviderId;

/// What failed. The words are the page's.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct FailureView {
    #[ts(type = "string")]
    pub(crate) code: Code,
    /// Its name, as `OrganizationView` has it.
    pub(crate) organization: Option<String>,
    pub(crate) organization_title: Option<String>,
    pub(crate) provider: Option<ProviderId>,
    pub(crate) host: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) contact: Option<String>,
    #[ts(type = "Partial<Facts>")]
    pub(crate) facts: FactsView,
    pub(crate) detail: DetailView,
}

/// What a sentence may have to name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[ts(rename = "Facts")]
pub(crate) struct FactsView {
    pub(crate) redirect_uri: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) inspector: Option<String>,
    pub(crate) other_app: Option<String>,
    #[ts(type = "number | null")]
    pub(crate) skew_seconds: Option<i64>,
    pub(crate) path: Option<String>,
    pub(crate) ports: Vec<u16>,
    pub(crate) seconds_left: Option<u32>,
}

/// Protocol words, never translated.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "Detail")]
pub(crate) struct DetailView {
    pub(crate) error: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) aadsts: Option<u32>,
    pub(crate) correlation_id: Option<String>,
    #[ts(type = "string")]
    pub(crate) time: Timestamp,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> FailureView {
        let (facts, detail) = (&failure.facts, &failure.detail);
        FailureView {
            code: failure.code,
            organization: failure.organization.clone(),
            organization_title: failure.organization_title.clone(),
            provider: failure.provider.map(ProviderId::from),
            host: failure.host.clone(),
            account: failure.account.clone(),
            contact: failure.contact.clone(),
            facts: FactsView {
                redirect_uri: facts.redirect_uri.clone(),
                proxy: facts.proxy.clone(),
                inspector: facts.inspector.clone(),
                other_app: facts.other_app.clone(),
                skew_seconds: facts.skew_seconds,
                path: facts.path.clone(),
                ports: facts.ports.clone(),
                seconds_left: facts.seconds_left,
            },
            detail: DetailView {
                error: detail.error.clone(),
                description: detail.description.clone(),
                aadsts: detail.aadsts,
                correlation_id: detail.correlation_id.clone(),
                time: whole_seconds(detail.time),
            },
        }
    }
}

/// The time as people compare it with a server's log.
pub(crate) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
