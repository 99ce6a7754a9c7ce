//! What `logout` says.

use kiro_sign_in::{Receipt, Revoked};

use super::{Language, plain};

/// What became of the browser's session at the IdP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BrowserSession {
    /// The browser was opened to end it.
    Ending,
    /// It stays, and nothing is known that would end it.
    Open,
    /// It stays; `--idp` would end it.
    Offered,
    /// `--idp` was given, and the provider offers nothing to open.
    NotOffered,
    /// `--idp` was given, and the browser did not open.
    NotOpened,
}

impl Language {
    /// The receipt of a sign-out: (mark, words) for each part.
    pub(crate) fn receipt(self, receipt: &Receipt, browser: BrowserSession) -> Vec<(char, String)> {
        let (provider, host) = (receipt.provider.title(), plain(&receipt.host));
        let contact = receipt.contact.as_deref().map(plain);
        let mut parts = Vec::new();
        if receipt.removed {
            parts.push((
                '✓',
                self.pick("Removed from this computer", "この PC から削除")
                    .to_owned(),
            ));
        } else {
            return vec![('–', self.not_signed_in().to_owned())];
        }
        let ask = |english: &str, japanese: &str| match self {
            Language::English => format!(
                "{english}; it ends by itself, to end it now ask {}",
                contact.as_deref().unwrap_or("your administrator")
            ),
            Language::Japanese => format!(
                "{japanese}（自然に終了します。すぐに終了するには {} に依頼してください）",
                contact.as_deref().unwrap_or("管理者")
            ),
        };
        parts.push(match receipt.revoked {
            Revoked::Yes => (
                '✓',
                match self {
                    Language::English => format!("Revoked at {provider}"),
                    Language::Japanese => format!("{provider} で失効"),
                },
            ),
            Revoked::NotOffered => (
                '–',
                match self {
                    Language::English => {
                        format!("{provider} offers no revocation; what was issued ends by itself")
                    }
                    Language::Japanese => {
                        format!("{provider} には失効の仕組みがありません（自然に終了します）")
                    }
                },
            ),
            Revoked::Offline => (
                '–',
                ask("Not revoked: offline", "失効できませんでした: オフライン"),
            ),
            Revoked::Failed => ('–', ask("Not revoked", "失効できませんでした")),
        });
        parts.push(self.browser_session(browser, &host));
        parts
    }

    fn browser_session(self, browser: BrowserSession, host: &str) -> (char, String) {
        let (mark, english, japanese) = match browser {
            BrowserSession::Ending => (
                '✓',
                format!("Ending the browser session at {host} in your browser"),
                format!("{host} のブラウザー セッションをブラウザーで終了します"),
            ),
            BrowserSession::Open => (
                '–',
                format!("Browser session at {host} still open"),
                format!("{host} のブラウザー セッション: 継続中"),
            ),
            BrowserSession::Offered => (
                '–',
                format!("Browser session at {host} still open (`--idp` ends it)"),
                format!("{host} のブラウザー セッション: 継続中（`--idp` で終了）"),
            ),
            BrowserSession::NotOffered => (
                '–',
                format!("Browser session at {host} still open: only its own sign-out page ends it"),
                format!(
                    "{host} のブラウザー セッション: 継続中（終了するには {host} でサインアウトしてください）"
                ),
            ),
            BrowserSession::NotOpened => (
                '–',
                format!(
                    "The browser did not open: sign out at {host} yourself to end its session there"
                ),
                format!(
                    "ブラウザーを開けませんでした。{host} のセッションを終了するには、そこでサインアウトしてください"
                ),
            ),
        };
        (
            mark,
            match self {
                Language::English => english,
                Language::Japanese => japanese,
            },
        )
    }
}
