//! What `doctor` says around its findings, whose own words are those of `kiro_sign_in::doctor`.

use kiro_sign_in::doctor::{Finding, Said};

use super::{Language, Sentence, plain};

/// One line of the doctor's, and the remedy below it.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) fix: Option<String>,
}

impl Language {
    /// The line of a finding.
    pub(crate) fn finding(self, finding: &Finding) -> Line {
        let line = finding.line(self.into());
        let (state, fix) = match line.said {
            Said::Sentence { state, fix } => (plain(&state), fix.as_deref().map(plain)),
            Said::Failure(failure) => {
                let Sentence { error, hint } = self.sentence(failure);
                (error, Some(hint))
            }
        };
        Line {
            subject: plain(&line.subject),
            state,
            fix,
        }
    }

    /// The remedy's line.
    pub(crate) fn fix(self, fix: &str) -> String {
        match self {
            Language::English => format!("fix: {fix}"),
            Language::Japanese => format!("対処: {fix}"),
        }
    }

    /// The last line: how much is wrong, and where to send the report.
    pub(crate) fn verdict(self, problems: usize, warnings: usize, contact: Option<&str>) -> String {
        let many = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        match self {
            Language::English if problems + warnings == 0 => {
                "Everything is as it should be".to_owned()
            }
            Language::Japanese if problems + warnings == 0 => {
                "問題は見つかりませんでした".to_owned()
            }
            Language::English => {
                let to = contact.map_or_else(|| "your administrator".to_owned(), plain);
                format!(
                    "{}, {}. Send `kiro doctor --export report.zip` to {to}",
                    many(problems, "problem"),
                    many(warnings, "warning")
                )
            }
            Language::Japanese => {
                let to = contact.map_or_else(|| "管理者".to_owned(), plain);
                super::unspaced(&format!(
                    "問題 {problems} 件、注意 {warnings} 件。`kiro doctor --export report.zip` のファイルを {to} に送ってください"
                ))
            }
        }
    }

    /// The heading of what an export holds.
    pub(crate) fn exported(self, path: &str) -> String {
        match self {
            Language::English => {
                format!("Written to {path}; nothing was sent. In it, without tokens (bytes, name):")
            }
            Language::Japanese => format!(
                "{path} に書き出しました（どこにも送信していません）。内容（トークンは含みません。バイト数、名前）:"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
