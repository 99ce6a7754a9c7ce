//! What the program was started for: nothing, `--hidden`, or one link.

use std::ffi::OsString;

/// The meaning of the command line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Start {
    /// Show the window.
    Shown,
    /// Stay in the tray.
    Hidden,
    /// A link that the system handed over, as the only argument. Whose it is, is not known yet.
    Link(String),
    /// Anything else: a usage error.
    Unknown,
}

impl Start {
    /// Reads the arguments after the program's name.
    ///
    /// A link counts only when it stands alone: a page that could add words to it must not reach an option.
    pub(crate) fn of(arguments: impl IntoIterator<Item = OsString>) -> Start {
        let mut arguments = arguments.into_iter();
        let (first, second) = (arguments.next(), arguments.next());
        match (first.as_ref().map(|first| first.to_str()), second) {
            (None, None) => Start::Shown,
            (Some(Some("--hidden")), None) => Start::Hidden,
            (Some(Some(text)), None) if has_scheme(text) => Start::Link(text.to_owned()),
            _ => Start::Unknown,
        }
    }
}

/// Whether the text begins like a URL (RFC 3986 §3.1); a Windows drive letter is not a scheme.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_line_has_one_meaning() {
        let check = |arguments: &[&str], expected: Start| {
            assert_eq!(
                Start::of(arguments.iter().map(OsString::from)),
                expected,
                "{arguments:?}"
            );
        };
        let link = |text: &str| Start::Link(text.to_owned());
        check(&[], Start::Shown);
        check(&["--hidden"], Start::Hidden);
        check(
            &["kiro://kiro.oauth/callback?code=c&state=s"],
            link("kiro://kiro.oauth/callback?code=c&state=s"),
        );
        check(&["KIRO://open?attempt=1"], link("KIRO://open?attempt=1"));
        check(
            &["http://localhost:3128/oauth/callback?code=c"],
            link("http://localhost:3128/oauth/callback?code=c"),
        );
        // Not alone: never a link, and never an option beside one.
        check(&["kiro://kiro.oauth/callback", "--hidden"], Start::Unknown);
        check(&["--hidden", "kiro://kiro.oauth/callback"], Start::Unknown);
        check(&["kiro://a", "kiro://b"], Start::Unknown);
        check(&["--hidden", "--hidden"], Start::Unknown);
        // Not a link at all.
        check(&[""], Start::Unknown);
        check(&["--version"], Start::Unknown);
        check(&["--x:y"], Start::Unknown);
        check(&[r"C:\file"], Start::Unknown);
        check(&[":x"], Start::Unknown);
        check(&["/home/aiko/file"], Start::Unknown);
    }

    #[cfg(unix)]
    #[test]
    fn an_argument_that_is_not_text_is_a_usage_error() {
        use std::os::unix::ffi::OsStringExt;
        assert_eq!(
            Start::of([OsString::from_vec(b"kiro://\xff".to_vec())]),
            Start::Unknown
        );
    }
}
