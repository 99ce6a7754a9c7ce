//! What the command says, in English and Japanese. The only file group with sentences in it.

mod doctor;
mod errors_en;
mod errors_ja;
mod models;
mod organization;
mod receipt;
mod status;

pub(crate) use models::Whose;
pub(crate) use receipt::BrowserSession;

use std::path::Path;

use kiro_sign_in::{Failure, SignedIn};

/// The person's language.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    English,
    Japanese,
}

/// The two lines of an error.
#[derive(Debug)]
pub(crate) struct Sentence {
    pub(crate) error: String,
    pub(crate) hint: String,
}

/// What most sentences name, with a word for what is unknown.
struct Parts {
    organization: String,
    provider: String,
    host: String,
    account: String,
    contact: String,
}

impl Parts {
    fn of(
        failure: &Failure,
        organization: &str,
        provider: &str,
        host: &str,
        account: &str,
        contact: &str,
    ) -> Parts {
        let or =
            |known: &Option<String>, word: &str| known.clone().unwrap_or_else(|| word.to_owned());
        Parts {
            organization: or(&failure.organization_title, organization),
            provider: failure
                .provider
                .map_or(provider, |known| known.title())
                .to_owned(),
            host: or(&failure.host, host),
            account: or(&failure.account, account),
            contact: or(&failure.contact, contact),
        }
    }
}

impl From<kiro_sign_in::Language> for Language {
    fn from(language: kiro_sign_in::Language) -> Language {
        match language {
            kiro_sign_in::Language::En => Language::English,
            kiro_sign_in::Language::Ja => Language::Japanese,
        }
    }
}

impl From<Language> for kiro_sign_in::Language {
    fn from(language: Language) -> kiro_sign_in::Language {
        match language {
            Language::English => kiro_sign_in::Language::En,
            Language::Japanese => kiro_sign_in::Language::Ja,
        }
    }
}

impl Language {
    /// `LC_ALL`, which is set for one command; else what the person chose for both programs; else the system's.
    pub(crate) fn of(
        chosen: Option<kiro_sign_in::Language>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Language {
        let for_this_command = variable("LC_ALL").is_some_and(|value| !value.is_empty());
        match chosen.filter(|_| !for_this_command) {
            Some(chosen) => chosen,
            None => kiro_sign_in::Language::of_system(variable),
        }
        .into()
    }

    fn pick<'a>(self, english: &'a str, japanese: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }

    /// The error and hint of a failure, with the details that an administrator needs; what an IdP wrote is neutralised.
    pub(crate) fn failure(self, failure: &Failure) -> Sentence {
        let mut sentence = self.sentence(failure);
        let mut details = Vec::new();
        let detail = &failure.detail;
        if let Some(number) = detail.aadsts {
            details.push(format!("AADSTS{number}"));
        }
        if let Some(id) = &detail.correlation_id {
            details.push(format!("correlation id {id}"));
        }
        if crate::exit::Exit::from(failure.code) == crate::exit::Exit::Denied
            && failure.code != kiro_sign_in::Code::Cancelled
        {
            if let Some(error) = &detail.error {
                details.insert(0, error.clone());
            }
            details.push(detail.time.strftime("%F %T UTC").to_string());
        }
        let details = plain(&details.join(" · "));
        sentence.error.push_str(&match self {
            _ if details.is_empty() => details,
            Language::English => format!(" ({details})"),
            Language::Japanese => format!("（{details}）"),
        });
        sentence
    }

    /// The same without the details.
    pub(crate) fn sentence(self, failure: &Failure) -> Sentence {
        let Sentence { error, hint } = match self {
            Language::English => errors_en::sentence(failure),
            Language::Japanese => errors_ja::sentence(failure),
        };
        Sentence {
            error: plain(&unspaced(&error)),
            hint: plain(&unspaced(&hint)),
        }
    }

    pub(crate) fn opening(self, title: &str, provider: &str, host: &str) -> String {
        match self {
            Language::English => format!(
                "{title} · {provider}. Opening {host} in your browser. If nothing opens, use this address:"
            ),
            Language::Japanese => format!(
                "{title} · {provider}。ブラウザーで {host} を開きます。開かないときは、このアドレスを使ってください:"
            ),
        }
    }

    pub(crate) fn open_elsewhere(self, redirect: &str) -> String {
        match self {
            Language::English => format!(
                "Open this on any computer, sign in, then paste the address of the page that fails to load ({redirect}…):"
            ),
            Language::Japanese => format!(
                "どの PC でもよいので次のアドレスを開いてサインインし、表示に失敗したページ ({redirect}…) のアドレスを貼り付けてください:"
            ),
        }
    }

    pub(crate) fn enter_code(self) -> &'static str {
        self.pick(
            "Open this address on any device, and enter the code:",
            "どの端末でもよいので次のアドレスを開き、コードを入力してください:",
        )
    }

    pub(crate) fn browser_not_opened(self) -> &'static str {
        self.pick(
            "The browser did not open. Use the address above; still waiting.",
            "ブラウザーを開けませんでした。上のアドレスを開いてください。引き続き待っています。",
        )
    }

    pub(crate) fn not_the_answer(self) -> &'static str {
        self.pick("That is not the answer to this sign-in. Copy the whole address from the address bar, and paste it here.", "このサインインへの応答ではありません。アドレスバーの内容をすべてコピーして貼り付けてください。")
    }

    /// The spinner's words; `left` is whole seconds.
    pub(crate) fn waiting(self, left: i64, device: bool) -> String {
        let (minutes, seconds) = (left.max(0) / 60, left.max(0) % 60);
        match (self, device) {
            (Language::English, false) => {
                format!("Waiting for the browser · {minutes}:{seconds:02} left · Ctrl-C cancels")
            }
            (Language::English, true) => format!(
                "Waiting for the code to be entered · {minutes}:{seconds:02} left · Ctrl-C cancels"
            ),
            (Language::Japanese, false) => {
                format!("ブラウザーを待っています · 残り {minutes}:{seconds:02} · Ctrl-C で中止")
            }
            (Language::Japanese, true) => {
                format!("コードの入力を待っています · 残り {minutes}:{seconds:02} · Ctrl-C で中止")
            }
        }
    }

    /// Follows the spinner's words where there is room, else precedes it.
    pub(crate) fn elsewhere(self) -> &'static str {
        self.pick(
            "no browser here? run again with --device or --no-browser",
            "ブラウザーがないときは --device か --no-browser",
        )
    }

    pub(crate) fn paste_prompt(self, left: i64) -> String {
        let (minutes, seconds) = (left.max(0) / 60, left.max(0) % 60);
        match self {
            Language::English => format!(
                "({minutes}:{seconds:02} left · Ctrl-C cancels · what you paste is not shown)"
            ),
            Language::Japanese => format!(
                "(残り {minutes}:{seconds:02} · Ctrl-C で中止 · 貼り付けた内容は表示されません)"
            ),
        }
    }

    pub(crate) fn signed_in(self, who: &SignedIn) -> String {
        let person = person(who);
        let (title, provider) = (plain(&who.organization_title), who.provider.title());
        match (self, person) {
            (Language::English, Some(person)) => format!(
                "Signed in as {person} ({title}, {provider}). The desktop app is signed in too."
            ),
            (Language::English, None) => {
                format!("Signed in ({title}, {provider}). The desktop app is signed in too.")
            }
            (Language::Japanese, Some(person)) => format!(
                "{person} としてサインインしました（{title}、{provider}）。デスクトップ アプリもサインイン済みです。"
            ),
            (Language::Japanese, None) => format!(
                "サインインしました（{title}、{provider}）。デスクトップ アプリもサインイン済みです。"
            ),
        }
    }

    pub(crate) fn already(self, who: &SignedIn) -> String {
        let person = person(who).unwrap_or_else(|| plain(&who.organization_title));
        match self {
            Language::English => format!(
                "Already signed in as {person}. To change: --select-account; to sign in anew: --force."
            ),
            Language::Japanese => format!(
                "すでに {person} としてサインインしています。アカウントを変えるときは --select-account、サインインし直すときは --force を指定してください。"
            ),
        }
    }

    /// Said once where no spinner counts; `left` is whole seconds.
    pub(crate) fn time_left(self, left: i64) -> String {
        let (minutes, seconds) = (left.max(0) / 60, left.max(0) % 60);
        match self {
            Language::English => format!("Waiting · {minutes}:{seconds:02} left"),
            Language::Japanese => format!("待っています · 残り {minutes}:{seconds:02}"),
        }
    }

    pub(crate) fn switched(self, profile: &str) -> String {
        match self {
            Language::English => format!("The active profile is `{profile}`"),
            Language::Japanese => format!("プロファイル `{profile}` に切り替えました"),
        }
    }

    /// Another program renews the session, or has stopped in the middle of that.
    pub(crate) fn waiting_for(self, lock: &Path) -> String {
        let lock = lock.display();
        match self {
            Language::English => format!("Waiting for another Kiro program, which has {lock}"),
            Language::Japanese => format!("別の Kiro プログラムを待っています（{lock}）"),
        }
    }

    pub(crate) fn finishing_first(self) -> &'static str {
        self.pick(
            "Finishing this step first, so that the session is not lost",
            "セッションを失わないよう、この処理を終えてから中断します",
        )
    }

    pub(crate) fn passphrase(self) -> [&'static str; 3] {
        match self {
            Language::English => ["Passphrase", "The same again", "They differ. Once more."],
            Language::Japanese => [
                "パスフレーズ",
                "もう一度",
                "一致しません。やり直してください。",
            ],
        }
    }
}

/// `Aiko Tanaka <aiko@acme.com>`, or as much of it as the provider tells.
pub(crate) fn person(who: &SignedIn) -> Option<String> {
    match (
        who.name.as_deref().map(plain),
        who.email.as_deref().map(plain),
    ) {
        (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => who.subject.as_deref().map(plain),
    }
}

/// The text without control and bidirectional characters: a name from an IdP must not rewrite the terminal.
/// A line feed becomes a space.
pub(crate) fn plain(text: &str) -> String {
    let bidi = |c: char| matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.trim_end()
        .chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .filter(|c| !c.is_control() && !bidi(*c))
        .collect()
}

/// The text without the spaces that a template keeps between a Latin name and the particles beside it, where the name is Japanese.
fn unspaced(text: &str) -> String {
    let japanese =
        |c: char| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c);
    let particle = |c: char| ('\u{3041}'..='\u{309f}').contains(&c);
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, &c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let after = characters.get(at + 1);
        let between = before.zip(after).is_some_and(|(&before, &after)| {
            japanese(before) && particle(after) || particle(before) && japanese(after)
        });
        if c != ' ' || !between {
            out.push(c);
        }
    }
    out
}

/// How many columns the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    dialoguer::console::measure_text_width(text)
}

/// The text, filled with spaces up to this many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Whether a filter kept back the answer to a question: what Bedrock calls that.
fn withheld(failure: &Failure) -> bool {
    let filtered = ["content_filtered", "guardrail_intervened"];
    let told = failure.detail.error.as_deref();
    told.is_some_and(|told| filtered.contains(&told))
}

/// `26 hours`, `12 minutes`, `40 seconds`: the size of a skew, whatever its sign.
fn signed_hours(seconds: i64, [hours, minutes, short]: [&str; 3]) -> String {
    let size = seconds.unsigned_abs();
    match size {
        7200.. => format!("{} {hours}", size / 3600),
        120.. => format!("{} {minutes}", size / 60),
        _ => format!("{size} {short}"),
    }
}

#[cfg(test)]
mod tests;
