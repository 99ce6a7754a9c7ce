//! Which of the two languages the person reads: what they chose, else what their system says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kiro_credentials::{FileLock, Home, file};
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
    /// The language of `$KIRO_HOME/settings.json`, else of the environment.
    pub(crate) fn of(home: &Home) -> Language {
        chosen(&settings_file(home)).unwrap_or_else(|| of_locale(|name| std::env::var(name).ok()))
    }
}

/// Remembers the person's choice; other settings in the file stay.
pub(crate) fn remember(home: &Home, language: Language) -> Result<(), kiro_credentials::FileError> {
    home.ensure()?;
    let _lock = FileLock::acquire(&home.locks().join("settings"), Duration::from_secs(2))?;
    let path = settings_file(home);
    let mut settings = read(&path).unwrap_or_default();
    settings.insert("language".to_owned(), serde_json::json!(language));
    file::replace(
        &path,
        serde_json::Value::Object(settings).to_string().as_bytes(),
    )
}

fn settings_file(home: &Home) -> PathBuf {
    home.root().join("settings.json")
}

fn read(path: &Path) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(&file::read_private(path, 64 * 1024).ok()??).ok()
}

fn chosen(path: &Path) -> Option<Language> {
    serde_json::from_value(read(path)?.get("language")?.clone()).ok()
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
#[expect(clippy::unwrap_used, reason = "tests")]
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
    fn a_choice_is_remembered_and_other_settings_stay() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        home.ensure().unwrap();
        file::create_new(&settings_file(&home), br#"{"notifications":false}"#).unwrap();
        remember(&home, Language::Ja).unwrap();
        assert_eq!(Language::of(&home), Language::Ja);
        remember(&home, Language::En).unwrap();
        assert_eq!(Language::of(&home), Language::En);
        assert_eq!(read(&settings_file(&home)).unwrap()["notifications"], false);
    }

    #[test]
    fn a_damaged_settings_file_is_no_choice() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        home.ensure().unwrap();
        for bytes in [
            &b"{"[..],
            b"[]",
            br#"{"language":"fr"}"#,
            br#"{"language":1}"#,
        ] {
            file::replace(&settings_file(&home), bytes).unwrap();
            assert_eq!(chosen(&settings_file(&home)), None);
        }
    }
}
