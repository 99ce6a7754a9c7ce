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
            || kiro_sign_in::Language::of_system(|name| std::env::var(name).ok()).into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_wins_over_the_system() {
        for language in [Language::En, Language::Ja] {
            let mut chosen = Preferences::default();
            chosen.language = Some(language.into());
            assert_eq!(Language::of(&chosen), language);
        }
    }
}
