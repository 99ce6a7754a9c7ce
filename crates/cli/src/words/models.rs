//! What `models` and `ask` say.

use kiro_models::{Endpoint, Method, Reason, Region, Residency, Status, Who, Why};
use kiro_sign_in::{Grounds, SignedIn, Usage};

use super::{Language, plain, unspaced};
use crate::commands::ask::Unasked;

/// Whose models they are: what the sentences name.
pub(crate) struct Whose {
    organization: String,
    contact: Option<String>,
    method: Method,
    residency: Option<Residency>,
    managed: bool,
}

impl Whose {
    pub(crate) fn of(who: &SignedIn, grounds: &Grounds) -> Whose {
        Whose {
            organization: plain(&who.organization_title),
            contact: grounds.contact.as_deref().map(plain),
            method: grounds.account.method,
            residency: grounds.policy.residency,
            managed: grounds.policy.managed,
        }
    }
}

/// The method's own name, never translated.
fn title(method: Method) -> &'static str {
    match method {
        Method::Okta => "Okta",
        Method::Entra => "Microsoft Entra ID",
        Method::IdentityCenter => "IAM Identity Center",
    }
}

fn list<T: ToString>(all: &[T]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}

impl Language {
    pub(crate) fn status(self, status: Status) -> &'static str {
        match status {
            Status::Available => self.pick("available", "利用可能"),
            Status::Experimental => self.pick("experimental", "試験的"),
        }
    }

    pub(crate) fn usable(self) -> &'static str {
        self.pick("you may use it", "使用できます")
    }

    /// The words of what stands in the way, each once.
    pub(crate) fn not_usable(self, reasons: &[Reason]) -> String {
        let mut words: Vec<&str> = reasons
            .iter()
            .map(|reason| self.word(&reason.why))
            .collect();
        let mut seen = Vec::new();
        words.retain(|word| {
            !seen.contains(word) && {
                seen.push(*word);
                true
            }
        });
        match self {
            Language::English => format!("not: {}", words.join(", ")),
            Language::Japanese => format!("不可: {}", words.join("、")),
        }
    }

    fn word(self, why: &Why) -> &'static str {
        match why {
            Why::UnknownModel => self.pick("model", "モデル"),
            Why::NotInRegion { .. } | Why::RegionFixed { .. } => self.pick("region", "リージョン"),
            Why::SignInMethod { .. } => self.pick("sign-in method", "サインイン方法"),
            Why::OutsideResidency { .. }
            | Why::AnswersOutside { .. }
            | Why::SignInOutside { .. } => self.pick("residency", "データの所在地"),
            Why::NotApproved => self.pick("approval", "承認"),
            Why::NotInPlan => self.pick("plan", "プラン"),
            Why::NoRole => self.pick("role", "ロール"),
        }
    }

    fn area(self, residency: Residency) -> &'static str {
        match residency {
            Residency::Eu => self.pick("the EU", "EU 域内"),
            Residency::Us => self.pick("the USA", "米国内"),
        }
    }

    /// One reason: its word, the sentence, and who can change it.
    pub(crate) fn reason(self, reason: &Reason, whose: &Whose, region: &Region) -> String {
        let word = self.word(&reason.why);
        let sentence = match self {
            Language::English => self.reason_en(&reason.why, whose, region),
            Language::Japanese => self.reason_ja(&reason.why, whose, region),
        };
        let contact = whose.contact.as_deref();
        let remedy = match (self, reason.who) {
            (_, Who::Person) => self.own_remedy(&reason.why).to_owned(),
            (Language::English, Who::Administrator) => {
                format!("Ask {}.", contact.unwrap_or("your administrator"))
            }
            (Language::Japanese, Who::Administrator) => {
                format!("{} に相談してください。", contact.unwrap_or("管理者"))
            }
        };
        match self {
            Language::English => format!("{word}: {sentence} {remedy}").trim_end().to_owned(),
            Language::Japanese => unspaced(&format!("{word}: {sentence}{remedy}")),
        }
    }

    /// What a person can do themselves.
    fn own_remedy(self, why: &Why) -> &'static str {
        match why {
            Why::UnknownModel => "",
            Why::NotInRegion { .. } => self.pick(
                "Name another with `--region`.",
                "別のリージョンを `--region` で指定してください。",
            ),
            Why::SignInMethod { .. }
            | Why::RegionFixed { .. }
            | Why::OutsideResidency { .. }
            | Why::AnswersOutside { .. }
            | Why::SignInOutside { .. }
            | Why::NotApproved
            | Why::NotInPlan
            | Why::NoRole => self.pick(
                "It is set in your organizations.toml.",
                "ご自分の organizations.toml で設定できます。",
            ),
        }
    }

    fn reason_en(self, why: &Why, whose: &Whose, region: &Region) -> String {
        let organization = &whose.organization;
        let stays = |residency: &Residency| {
            let area = self.area(*residency);
            format!("What {organization} sends stays in {area}")
        };
        match why {
            Why::UnknownModel => {
                "There is no such model; `kiro models` lists those there are.".to_owned()
            }
            Why::NotInRegion { regions } => {
                format!("It is not offered in {region}, but in {}.", list(regions))
            }
            Why::SignInMethod { methods } => {
                let methods: Vec<_> = methods.iter().map(|method| title(*method)).collect();
                let yours = title(whose.method);
                format!(
                    "In {region} it is for people signed in with {}; you are signed in with {yours}.",
                    list(&methods)
                )
            }
            Why::RegionFixed { region } => {
                format!("{organization} asks models in {region} alone.")
            }
            Why::OutsideResidency { residency } => {
                format!("{}; {region} is outside.", stays(residency))
            }
            Why::AnswersOutside { residency } => format!(
                "{}; in {region} this model may answer from elsewhere.",
                stays(residency)
            ),
            Why::SignInOutside { residency, region } => {
                let place = region.as_ref();
                let place =
                    place.map_or_else(|| "elsewhere".to_owned(), |place| format!("in {place}"));
                format!("{}; your sign-in is renewed {place}.", stays(residency))
            }
            Why::NotApproved => format!("{organization} has not approved it."),
            Why::NotInPlan => format!("{organization} gives it to none of your groups."),
            Why::NoRole => format!("{organization} names no AWS role to ask models by."),
        }
    }

    fn reason_ja(self, why: &Why, whose: &Whose, region: &Region) -> String {
        let organization = &whose.organization;
        let stays = |residency: &Residency| {
            let area = self.area(*residency);
            format!("{organization} のデータは {area}にとどめる設定です。")
        };
        match why {
            Why::UnknownModel => {
                "該当するモデルはありません。一覧は `kiro models` で確認できます。".to_owned()
            }
            Why::NotInRegion { regions } => format!(
                "{region} では提供されていません（提供リージョン: {}）。",
                list(regions)
            ),
            Why::SignInMethod { methods } => {
                let methods: Vec<_> = methods.iter().map(|method| title(*method)).collect();
                let yours = title(whose.method);
                format!(
                    "{region} では {} でのサインインが必要です（現在は {yours}）。",
                    list(&methods)
                )
            }
            Why::RegionFixed { region } => {
                format!("{organization} で使用できるリージョンは {region} だけです。")
            }
            Why::OutsideResidency { residency } => {
                format!("{}{region} は対象外です。", stays(residency))
            }
            Why::AnswersOutside { residency } => format!(
                "{}{region} のこのモデルは、ほかの場所から応答することがあります。",
                stays(residency)
            ),
            Why::SignInOutside { residency, region } => {
                let place = region.as_ref().map_or("域外", Region::as_str);
                format!("{}サインインの更新先は {place} です。", stays(residency))
            }
            Why::NotApproved => format!("{organization} で承認されていません。"),
            Why::NotInPlan => {
                format!("{organization} のプランで、所属するグループに割り当てられていません。")
            }
            Why::NoRole => {
                format!("{organization} の設定に、モデルの使用に必要な AWS ロールがありません。")
            }
        }
    }

    /// Why nothing was asked.
    pub(crate) fn unasked(self, why: &Unasked) -> String {
        let words = match why {
            Unasked::Nothing => self.pick(
                "error: There is no question\nhint: `kiro ask \"…\"`, or pipe one in",
                "error: 質問がありません\nhint: `kiro ask \"…\"` のように指定するか、標準入力から渡してください",
            ),
            Unasked::TooLong => self.pick(
                "error: The question is longer than 4 MiB. Nothing was sent\nhint: Shorten it, or ask in parts",
                "error: 質問が 4 MiB を超えています。何も送信していません\nhint: 短くするか、分けて質問してください",
            ),
            Unasked::Unreadable(error) => {
                return match self {
                    Language::English => format!(
                        "error: The question could not be read: {error}. Nothing was sent\nhint: Check what is piped in"
                    ),
                    Language::Japanese => format!(
                        "error: 質問を読み取れません: {error}。何も送信していません\nhint: 標準入力に渡した内容を確認してください"
                    ),
                };
            }
        };
        words.to_owned()
    }

    /// What an answer took.
    pub(crate) fn took(self, endpoint: &Endpoint, usage: Usage) -> String {
        let Endpoint { model, region, .. } = endpoint;
        let tokens = match (self, usage.tokens) {
            (_, None) => String::new(),
            (Language::English, Some((read, written))) => {
                format!(" · {read} tokens in, {written} out")
            }
            (Language::Japanese, Some((read, written))) => {
                format!(" · 入力 {read} トークン、出力 {written} トークン")
            }
        };
        let cut = match (self, usage.cut_short) {
            (_, false) => "",
            (Language::English, true) => " · ended for want of room",
            (Language::Japanese, true) => " · 長さの上限に達したため途中まで",
        };
        let experimental = match endpoint.status {
            Status::Available => String::new(),
            Status::Experimental => format!(" · {}", self.status(endpoint.status)),
        };
        format!("{model} · {region}{experimental}{tokens}{cut}")
    }

    /// No model can be asked in a region that somebody wanted to choose.
    pub(crate) fn nothing_there(self, region: &Region) -> String {
        match self {
            Language::English => format!(
                "error: No model can be asked in {region}. Nothing was changed\nhint: `kiro models` shows the regions there are"
            ),
            Language::Japanese => format!(
                "error: {region} で使えるモデルはありません。設定は変更していません\nhint: 使えるリージョンは `kiro models` で確認できます"
            ),
        }
    }

    /// The region is chosen.
    pub(crate) fn asked_from_now_on(self, whose: &Whose, region: Option<&Region>) -> String {
        let organization = &whose.organization;
        match (self, region) {
            (Language::English, Some(region)) => {
                format!("Models are asked in {region} from now on, in the desktop app as well.")
            }
            (Language::Japanese, Some(region)) => {
                format!(
                    "モデルの使用リージョンを {region} にしました。デスクトップアプリでも同じです。"
                )
            }
            (Language::English, None) => format!("{organization} has no region to ask models in."),
            (Language::Japanese, None) => {
                format!("{organization} にはモデルを使えるリージョンがありません。")
            }
        }
    }

    /// Below the table: the region marked there, where the data stays, and how to learn more.
    pub(crate) fn asked_in(self, whose: &Whose, region: Option<&Region>) -> String {
        let mut sentences = Vec::new();
        if let Some(region) = region {
            sentences.push(match self {
                Language::English => format!("* {region} is asked unless you name another."),
                Language::Japanese => format!("* リージョンを指定しなければ {region} を使います。"),
            });
        }
        if let Some(residency) = whose.residency {
            let area = self.area(residency);
            let by = match (self, whose.managed) {
                (Language::English, true) => ", set by your organisation",
                (Language::Japanese, true) => "（組織が設定）",
                (Language::English | Language::Japanese, false) => "",
            };
            sentences.push(match self {
                Language::English => format!("What you send stays in {area}{by}."),
                Language::Japanese => format!("送信するデータは {area}にとどまります{by}。"),
            });
        }
        sentences.push(
            self.pick(
                "`kiro models --why MODEL` says more.",
                "詳しくは `kiro models --why MODEL` で確認できます。",
            )
            .to_owned(),
        );
        let between = self.pick(" ", "");
        unspaced(&sentences.join(between))
    }
}

#[cfg(test)]
mod tests;
