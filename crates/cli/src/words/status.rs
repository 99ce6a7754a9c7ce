//! What `status`, `whoami` and `list` say.

use jiff::{Timestamp, tz::TimeZone};
use kiro_sign_in::{KeySource, SignedIn};

use super::Language;

impl Language {
    /// The labels of `auth status`, padded to one width: person, organisation, session, store.
    pub(crate) fn labels(self) -> [&'static str; 4] {
        match self {
            Language::English => [
                "Signed in as   ",
                "Organisation   ",
                "Session        ",
                "Stored         ",
            ],
            Language::Japanese => [
                "アカウント     ",
                "組織           ",
                "セッション     ",
                "保存先         ",
            ],
        }
    }

    pub(crate) fn nameless(self) -> &'static str {
        self.pick(
            "(the provider tells no name)",
            "（プロバイダーは名前を通知しません）",
        )
    }

    pub(crate) fn managed_by(self, path: &str) -> String {
        match self {
            Language::English => format!("managed by {path}"),
            Language::Japanese => format!("{path} による管理"),
        }
    }

    pub(crate) fn session(self, who: &SignedIn, now: Timestamp) -> String {
        let token = match self {
            Language::English if who.expires_at <= now => "access token due for renewal".to_owned(),
            Language::Japanese if who.expires_at <= now => {
                "アクセス トークンは次の使用時に更新".to_owned()
            }
            Language::English => format!("access token until {}", self.moment(who.expires_at, now)),
            Language::Japanese => {
                format!(
                    "アクセス トークンは {} まで",
                    self.moment(who.expires_at, now)
                )
            }
        };
        match (self, who.session_expires_at) {
            (Language::English, None) => format!("renews by itself; {token}"),
            (Language::Japanese, None) => {
                format!("自動で更新されます。{token}")
            }
            (Language::English, Some(end)) => {
                format!("signed in until {}; {token}", self.moment(end, now))
            }
            (Language::Japanese, Some(end)) => {
                format!("{} まで有効。{token}", self.moment(end, now))
            }
        }
    }

    /// A moment in the machine's time zone: the time, with the weekday or the date where today's is not meant.
    pub(crate) fn moment(self, moment: Timestamp, now: Timestamp) -> String {
        let zone = TimeZone::system();
        let (then, today) = (moment.to_zoned(zone.clone()), now.to_zoned(zone));
        let time = format!("{}:{:02}", then.hour(), then.minute());
        if then.date() == today.date() {
            return time;
        }
        match self {
            Language::English => format!("{} {time}", then.strftime("%a %-d %b")),
            Language::Japanese => format!("{}月{}日 {time}", then.month(), then.day()),
        }
    }

    pub(crate) fn token_written(self, path: &str, until: &str) -> String {
        match self {
            Language::English => {
                format!(
                    "Written to {path}, in the clear, without a refresh token; good until {until}"
                )
            }
            Language::Japanese => format!(
                "{path} に書き込みました（平文、リフレッシュ トークンなし）。有効期限: {until}"
            ),
        }
    }

    /// The sign-out of everybody where nobody was signed in: it still destroys the keys.
    pub(crate) fn nobody_left(self) -> &'static str {
        self.pick(
            "Nobody was signed in. The keys were destroyed.",
            "サインイン中のアカウントはありません。鍵は破棄しました。",
        )
    }

    /// The sign-out of everybody where nobody could be named.
    pub(crate) fn damaged_removed(self) -> &'static str {
        self.pick(
            "The damaged session file was removed. Nobody is signed in on this computer.",
            "壊れたセッション ファイルを削除しました。この PC にサインイン中のアカウントはありません。",
        )
    }

    pub(crate) fn recovered(self, set_aside: &str) -> String {
        match self {
            Language::English => format!(
                "The session file was damaged. Its last good copy is in use; the damaged one will be kept as {set_aside}"
            ),
            Language::Japanese => format!(
                "セッション ファイルが破損していたため、直前の正常なコピーを使用しています。破損したファイルの保存先: {set_aside}"
            ),
        }
    }

    /// The hint where nobody is signed in to the active profile, but to others.
    pub(crate) fn other_profiles(self, names: &[String]) -> String {
        let names = names.join(", ");
        match self {
            Language::English => format!(
                "Signed in with another profile: {names}. Use it: `kiro auth switch PROFILE`"
            ),
            Language::Japanese => format!(
                "別のプロファイルでサインイン済みです: {names}。切り替え: `kiro auth switch PROFILE`"
            ),
        }
    }

    pub(crate) fn stored(self, path: &str, source: KeySource) -> String {
        match (self, source) {
            (Language::English, KeySource::OsKeyring) => {
                format!("{path}, key in the system keyring")
            }
            (Language::English, KeySource::Passphrase) => {
                format!("{path}, sealed with a passphrase")
            }
            (Language::English, KeySource::Plaintext) => {
                format!("{path}, key in a plain file beside it (not protected)")
            }
            (Language::Japanese, KeySource::OsKeyring) => {
                format!("{path}（鍵はシステムのキーリング）")
            }
            (Language::Japanese, KeySource::Passphrase) => format!("{path}（パスフレーズで保護）"),
            (Language::Japanese, KeySource::Plaintext) => {
                format!("{path}（鍵は同じ場所の平文ファイル、保護なし）")
            }
        }
    }

    pub(crate) fn not_signed_in(self) -> &'static str {
        self.pick("Not signed in", "サインインしていません")
    }

    pub(crate) fn signing_in(self) -> &'static str {
        self.pick("Waiting for the browser", "ブラウザーを待っています")
    }

    pub(crate) fn needs_attention(self) -> &'static str {
        self.pick("Needs attention", "確認が必要です")
    }

    pub(crate) fn is_signed_in(self) -> &'static str {
        self.pick("Signed in", "サインイン済み")
    }
}
