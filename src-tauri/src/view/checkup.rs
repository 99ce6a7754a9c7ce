//! What the doctor found, as the page is told it.

use kiro_sign_in::doctor::{Finding, Level, Report, Said};
use serde::Serialize;
use ts_rs::TS;

use super::FailureView;

/// Everything that was looked at on this computer, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "Checkup")]
pub(crate) struct CheckupView {
    pub(crate) findings: Vec<FindingView>,
    /// Whom to send the diagnostics to.
    pub(crate) contact: Option<String>,
}

/// One thing that was looked at. In both languages: the person may change theirs while they read.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "Finding")]
pub(crate) struct FindingView {
    #[ts(type = "\"good\" | \"warning\" | \"problem\"")]
    pub(crate) level: Level,
    pub(crate) en: LineView,
    pub(crate) ja: LineView,
    /// What is wrong, where the page has the words for it; the lines have only the subject then.
    pub(crate) failure: Option<FailureView>,
}

/// What was looked at, what was seen, and the remedy. Commands stand between backticks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[ts(rename = "Line")]
pub(crate) struct LineView {
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) fix: Option<String>,
}

impl From<Report> for CheckupView {
    fn from(mut report: Report) -> CheckupView {
        report
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.level()));
        CheckupView {
            findings: report.findings.iter().map(FindingView::from).collect(),
            contact: report.contact,
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> FindingView {
        let mut failure = None;
        let mut line = |language| {
            let line = finding.line(language);
            let (state, fix) = match line.said {
                Said::Sentence { state, fix } => (state, fix),
                Said::Failure(known) => {
                    failure = Some(FailureView::from(known));
                    Default::default()
                }
            };
            LineView {
                subject: line.subject,
                state,
                fix,
            }
        };
        let (en, ja) = (
            line(kiro_sign_in::Language::En),
            line(kiro_sign_in::Language::Ja),
        );
        FindingView {
            level: finding.level(),
            en,
            ja,
            failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kiro_sign_in::doctor::{Finding, Report};
    use kiro_sign_in::{Code, Failure, KeySource};

    use super::CheckupView;

    #[test]
    fn the_worst_comes_first_and_the_rest_stays_in_order() {
        let locked = Failure::new(Code::KeyringLocked, Timestamp::UNIX_EPOCH);
        let view = CheckupView::from(Report {
            findings: vec![
                Finding::Loopback { fault: None },
                Finding::Organizations {
                    count: 0,
                    fault: None,
                },
                Finding::Key {
                    source: KeySource::OsKeyring,
                    fault: Some(locked),
                },
                Finding::Files {
                    generation: None,
                    backup: false,
                },
            ],
            contact: None,
        });
        let subjects: Vec<_> = view
            .findings
            .iter()
            .map(|finding| (finding.en.subject.as_str(), finding.ja.subject.as_str()))
            .collect();
        assert_eq!(
            subjects,
            [
                ("Key", "鍵"),
                ("Organisations", "組織"),
                ("localhost", "localhost"),
                ("Files", "ファイル"),
            ]
        );
        let told: Vec<_> = view
            .findings
            .iter()
            .map(|finding| (finding.failure.is_some(), finding.en.state.is_empty()))
            .collect();
        assert_eq!(
            told,
            [(true, true), (false, false), (false, false), (false, false)]
        );
    }
}
