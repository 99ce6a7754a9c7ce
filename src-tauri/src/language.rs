//! Which of the two languages the person reads: what they chose, else what their system says.

use kiro_sign_in::Preferences;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The two languages of the window, the tray and the notifications.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    En,
    Ja,
}

impl Language {
    /// The chosen language, else the environment's.
    pub(crate) fn of(preferences: &Preferences) -> Language {
        preferences.language.map_or_else(
            || of_locale(|name| std::env::var(name).ok()),
            Language::from,
        )
    }
}

impl From<kiro_sign_in::Language> for Language {
    fn from(language: kiro_sign_in::Language) -> Language {
        match language {
            kiro_sign_in::Language::En => Language::En,
            kiro_sign_in::Language::Ja => Language::Ja,
        }
    }
}

impl From<Language> for kiro_sign_in::Language {
    fn from(language: Language) -> kiro_sign_in::Language {
        match language {
            Language::En => kiro_sign_in::Language::En,
            Language::Ja => kiro_sign_in::Language::Ja,
        }
    }
}

/// POSIX: `LC_ALL` wins over `LC_MESSAGES`, and that over `LANG`; an empty variable does not count.
fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .unwrap_or_default();
    match locale.split(['_', '.', '@']).next() {
        Some("ja") => Language::Ja,
        _ => Language::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_gives_the_language() {
        let check = |variables: &[(&str, &str)], expected: Language| {
            let value = |name: &str| {
                variables
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(of_locale(value), expected, "{variables:?}");
        };
        check(&[], Language::En);
        check(&[("LANG", "ja_JP.UTF-8")], Language::Ja);
        check(
            &[("LANG", "ja_JP.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")],
            Language::En,
        );
        check(
            &[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "ja_JP")],
            Language::Ja,
        );
        check(&[("LC_ALL", "C"), ("LC_MESSAGES", "ja_JP")], Language::En);
        check(&[("LC_ALL", ""), ("LC_MESSAGES", "ja")], Language::Ja);
        check(&[("LANG", "jam_JM")], Language::En);
    }

    #[test]
    fn a_choice_wins_over_the_system() {
        for language in [Language::En, Language::Ja] {
            let mut chosen = Preferences::default();
            chosen.language = Some(language.into());
            assert_eq!(Language::of(&chosen), language);
        }
    }
}
