//! What the tray, the window's title and the clipboard say, in both languages. The page has its own words.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kiro_sign_in::{Code, Failure};

use crate::language::Language;
use crate::view::{FailureView, whole_seconds};

/// One line for each thing that can need attention.
const ATTENTION: &[(Code, &str, &str)] = &[
    (
        Code::SessionEnded,
        "Your session ended",
        "セッションが終了しました",
    ),
    (
        Code::EndedByOrg,
        "Your access was removed",
        "アクセス権が取り消されました",
    ),
    (
        Code::StepUpNeeded,
        "One more check is needed",
        "追加の確認が必要です",
    ),
    (
        Code::KeyringLocked,
        "The system keyring is locked",
        "システムのキーリングがロックされています",
    ),
    (
        Code::NoKeyring,
        "No keyring on this computer",
        "キーリングがありません",
    ),
    (
        Code::KeyGone,
        "The key to your session is gone",
        "セッションの鍵が見つかりません",
    ),
    (
        Code::PassphraseNeeded,
        "A passphrase is needed",
        "パスフレーズが必要です",
    ),
    (
        Code::WrongPassphrase,
        "A passphrase is needed",
        "パスフレーズが必要です",
    ),
    (
        Code::CouldNotSave,
        "The session could not be saved",
        "セッションを保存できませんでした",
    ),
    (
        Code::FileDamaged,
        "The session file was damaged",
        "セッション ファイルが壊れていました",
    ),
    (
        Code::Intercepted,
        "The connection is inspected",
        "通信が検査されています",
    ),
    (
        Code::UnsafeConnection,
        "No safe connection to the sign-in server",
        "サインイン サーバーに安全に接続できません",
    ),
    (
        Code::ProxyPassword,
        "The proxy asks for a password",
        "プロキシがパスワードを求めています",
    ),
    (
        Code::CaFileUnusable,
        "The CA file cannot be used",
        "CA 証明書ファイルを使用できません",
    ),
    (
        Code::Clock,
        "This computer’s clock is off",
        "この PC の時計がずれています",
    ),
    (
        Code::RefreshFailed,
        "The sign-in could not be renewed",
        "サインインを更新できませんでした",
    ),
];

/// Words for one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    fn pick(self, english: &str, japanese: &str) -> String {
        match self.0 {
            Language::En => english.to_owned(),
            Language::Ja => japanese.to_owned(),
        }
    }

    pub(crate) fn window_title(self) -> String {
        self.pick("Kiro Sign-In", "Kiro サインイン")
    }

    pub(crate) fn not_signed_in(self) -> String {
        self.pick("Not signed in", "サインインしていません")
    }

    pub(crate) fn sign_in(self) -> String {
        self.pick("Sign in with SSO", "SSO でサインイン")
    }

    /// The whole minutes left, the last one included.
    pub(crate) fn waiting(self, left: SignedDuration) -> String {
        let minutes = (left.as_secs().max(0) + 59) / 60;
        self.pick(
            &format!("Waiting for the browser, {minutes} min left"),
            &format!("ブラウザーを待っています（残り {minutes} 分）"),
        )
    }

    pub(crate) fn finishing(self) -> String {
        self.pick("Checking the answer", "応答を確認しています")
    }

    pub(crate) fn open_again(self) -> String {
        self.pick("Open the browser again", "ブラウザーをもう一度開く")
    }

    pub(crate) fn cancel(self) -> String {
        self.pick("Cancel sign-in", "サインインを中止")
    }

    pub(crate) fn renews(self) -> String {
        self.pick("Renews by itself", "自動で更新されます")
    }

    /// The known end of a session: the weekday within the next six days, else the date.
    pub(crate) fn until(self, end: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
        let time = end.to_zoned(zone.clone());
        let near = end.duration_since(now) < SignedDuration::from_hours(6 * 24);
        let days = ["月", "火", "水", "木", "金", "土", "日"];
        let day = days
            .get(usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or(0))
            .unwrap_or(&"");
        match (self.0, near) {
            (Language::En, true) => format!("Signed in until {}", time.strftime("%a %-H:%M")),
            (Language::En, false) => {
                format!("Signed in until {}", time.strftime("%a %-d %b, %-H:%M"))
            }
            (Language::Ja, true) => format!("{day}曜 {} まで有効", time.strftime("%-H:%M")),
            (Language::Ja, false) => format!(
                "{} ({day}) {} まで有効",
                time.strftime("%-m月%-d日"),
                time.strftime("%-H:%M")
            ),
        }
    }

    pub(crate) fn offline(self) -> String {
        self.pick("Signed in, no network", "サインイン済み（オフライン）")
    }

    pub(crate) fn switch_account(self) -> String {
        self.pick("Switch account", "アカウントを切り替え")
    }

    pub(crate) fn sign_out(self) -> String {
        self.pick("Sign out", "サインアウト")
    }

    pub(crate) fn sign_in_again(self) -> String {
        self.pick("Sign in again", "もう一度サインイン")
    }

    pub(crate) fn why(self) -> String {
        self.pick("Why?", "理由を見る")
    }

    pub(crate) fn open(self) -> String {
        self.pick("Open Kiro", "Kiro を開く")
    }

    pub(crate) fn quit(self) -> String {
        self.pick("Quit", "終了")
    }

    pub(crate) fn quit_signed_in(self) -> String {
        self.pick("Quit (stay signed in)", "終了（サインインは保持）")
    }

    pub(crate) fn organization_file(self) -> String {
        self.pick("Open organisation file", "組織ファイルを開く")
    }

    pub(crate) fn diagnostics(self) -> String {
        self.pick("Export diagnostics", "診断情報を書き出す")
    }

    pub(crate) fn ca_file(self) -> String {
        self.pick("Add CA file", "CA 証明書ファイルを追加")
    }

    pub(crate) fn sign_in_short(self) -> String {
        self.pick("Sign in", "サインイン")
    }

    pub(crate) fn signed_in_as(self, person: &str) -> String {
        self.pick(
            &format!("Kiro: signed in as {person}"),
            &format!("Kiro: {person}さんとしてサインインしました"),
        )
    }

    /// The question a quarter of an hour before a session's known end.
    pub(crate) fn ends_soon(self, end: Timestamp, zone: &TimeZone) -> String {
        let time = end.to_zoned(zone.clone()).strftime("%-H:%M").to_string();
        self.pick(
            &format!("Your Kiro session ends at {time}. Sign in now?"),
            &format!("Kiro のセッションは {time} に終了します。今サインインしますか？"),
        )
    }

    /// Whose sign-in something is about.
    pub(crate) fn about(self, person: Option<&str>, organization: &str) -> String {
        person.map_or_else(
            || format!("Kiro · {organization}"),
            |person| format!("Kiro · {person} · {organization}"),
        )
    }

    /// One line that says what needs attention.
    pub(crate) fn attention(self, reason: &FailureView) -> String {
        let (code, error) = (reason.code, reason.detail.error.as_deref());
        if code == Code::SessionEnded && error == Some("interrupted") {
            return self.pick(
                "Your session ended: a renewal was cut off",
                "更新が中断され、セッションが終了しました",
            );
        }
        let known = ATTENTION.iter().find(|(known, ..)| *known == code);
        let (_, english, japanese) = known.unwrap_or(&(
            Code::Unexpected,
            "Your sign-in needs attention",
            "サインインの確認が必要です",
        ));
        self.pick(english, japanese)
    }

    /// The text that a person sends to their administrator.
    pub(crate) fn request(self, failure: &Failure) -> String {
        let account = failure.account.as_deref().unwrap_or("-");
        let provider = failure.provider.map_or("-", kiro_sign_in::Provider::title);
        let organization = failure.organization_title.as_deref().unwrap_or("-");
        let first = if failure.code == Code::NotAssigned {
            self.pick(
                &format!("Please assign the application Kiro to {account} in {provider} ({organization})."),
                &format!("{provider}（{organization}）で、アプリケーション Kiro を {account} に割り当ててください。"),
            )
        } else {
            self.pick(
                &format!("{account} could not sign in to Kiro with {provider} ({organization})."),
                &format!("{account} は {provider}（{organization}）で Kiro にサインインできませんでした。"),
            )
        };
        format!("{first}\n\n{}", details(failure))
    }
}

/// The protocol words of a failure, in English for every reader; never a token, a code or a `state`.
pub(crate) fn details(failure: &Failure) -> String {
    let (facts, detail) = (&failure.facts, &failure.detail);
    let code = serde_json::to_value(failure.code)
        .ok()
        .and_then(|code| code.as_str().map(str::to_owned));
    let skew = facts.skew_seconds.map(|seconds| format!("{seconds} s"));
    let rows = [
        ("Code", code),
        ("Time", Some(whole_seconds(detail.time).to_string())),
        ("Organisation", failure.organization_title.clone()),
        (
            "Provider",
            failure.provider.map(|provider| provider.title().to_owned()),
        ),
        ("Host", failure.host.clone()),
        ("Account", failure.account.clone()),
        ("Error", detail.error.clone()),
        ("Description", detail.description.clone()),
        ("AADSTS", detail.aadsts.map(|number| number.to_string())),
        ("Correlation ID", detail.correlation_id.clone()),
        ("Redirect URI", facts.redirect_uri.clone()),
        ("Proxy", facts.proxy.clone()),
        ("Inspected by", facts.inspector.clone()),
        ("Clock", skew),
        ("File", facts.path.clone()),
        ("Kiro Sign-In", Some(env!("CARGO_PKG_VERSION").to_owned())),
    ];
    rows.into_iter()
        .filter_map(|(label, value)| Some(format!("{label}: {}\n", value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_assigned() -> Failure {
        let mut failure = Failure::new(
            Code::NotAssigned,
            "1970-01-01T00:00:00.932409307Z".parse().unwrap_or_default(),
        );
        failure.provider = Some(kiro_sign_in::Provider::Okta);
        failure.organization_title = Some("Acme".to_owned());
        failure.account = Some("aiko@acme.com".to_owned());
        failure.detail.error = Some("access_denied".to_owned());
        failure.detail.correlation_id = Some("c-1".to_owned());
        failure
    }

    #[test]
    fn a_request_says_what_to_do_and_carries_the_details() {
        let request = Words(Language::En).request(&not_assigned());
        assert!(
            request.starts_with(
                "Please assign the application Kiro to aiko@acme.com in Okta (Acme).\n\n"
            ),
            "{request}"
        );
        let japanese = Words(Language::Ja).request(&not_assigned());
        assert!(
            japanese.starts_with(
                "Okta（Acme）で、アプリケーション Kiro を aiko@acme.com に割り当ててください。"
            ),
            "{japanese}"
        );
        for text in [request, japanese] {
            assert!(
                text.contains("Code: not_assigned\n") && text.contains("Error: access_denied\n"),
                "{text}"
            );
            assert!(
                text.contains("Time: 1970-01-01T00:00:00Z\n")
                    && text.contains("Correlation ID: c-1\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn details_leave_out_what_is_not_known_and_what_may_be_secret() {
        let mut failure = Failure::new(Code::StepUpNeeded, Timestamp::UNIX_EPOCH);
        failure.facts.claims = Some("canary".to_owned());
        let text = details(&failure);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            !text.contains("canary") && !text.contains("Error:"),
            "{text}"
        );
    }

    #[test]
    fn what_needs_attention_has_a_line_of_its_own_or_the_general_one() {
        let check = |code: Code, error: Option<&str>, english: &str, japanese: &str| {
            let mut failure = Failure::new(code, Timestamp::UNIX_EPOCH);
            failure.detail.error = error.map(str::to_owned);
            let reason = FailureView::from(&failure);
            assert_eq!(Words(Language::En).attention(&reason), english);
            assert_eq!(Words(Language::Ja).attention(&reason), japanese);
        };
        check(
            Code::SessionEnded,
            Some("invalid_grant"),
            "Your session ended",
            "セッションが終了しました",
        );
        check(
            Code::SessionEnded,
            Some("interrupted"),
            "Your session ended: a renewal was cut off",
            "更新が中断され、セッションが終了しました",
        );
        check(
            Code::EndedByOrg,
            None,
            "Your access was removed",
            "アクセス権が取り消されました",
        );
        check(
            Code::ProxyPassword,
            None,
            "The proxy asks for a password",
            "プロキシがパスワードを求めています",
        );
        check(
            Code::WrongIssuer,
            None,
            "Your sign-in needs attention",
            "サインインの確認が必要です",
        );
    }
}
