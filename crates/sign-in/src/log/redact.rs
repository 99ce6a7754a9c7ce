//! Takes out of a log line whatever could be a secret, before it reaches the disk (THREATS.md T14).
//!
//! Secrets are types with a redacted `Debug`, so nothing of ours prints one. This is the second wall, for what
//! libraries print: the query of every URL, the value after a telling name, and every long random-looking word.

/// What stands in place of what was taken out.
const MASK: &str = "[…]";
/// A word this long that mixes letters with digits or capitals is taken for a token.
const LONG: usize = 20;
/// Names whose value is never written.
const TELLING: &[&str] = &[
    "code",
    "state",
    "nonce",
    "verifier",
    "code_verifier",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "accesstoken",
    "refreshtoken",
    "device_code",
    "devicecode",
    "client_secret",
    "clientsecret",
    "secret",
    "password",
    "passphrase",
    "authorization",
    "bearer",
    "id_token_hint",
    "x-amz-sso_bearer_token",
];

/// The line without what could be a secret.
pub(crate) fn redact(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    let mut masked_value = false;
    while let Some(first) = rest.chars().next() {
        if first == '?' || first == '#' {
            // The query or fragment of a URL, as far as the URL goes.
            let end = rest[1..].find(ends_url).map_or(rest.len(), |at| at + 1);
            clean.push(first);
            if end > 1 {
                clean.push_str(MASK);
            }
            rest = &rest[end..];
        } else if is_word(first) {
            let end = rest
                .find(|character| !is_word(character))
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if masked_value || random_looking(word) {
                clean.push_str(MASK);
                masked_value = word.eq_ignore_ascii_case("bearer");
            } else {
                clean.push_str(word);
                masked_value = TELLING.contains(&word.to_ascii_lowercase().as_str())
                    && introduces(word, after);
            }
            rest = after;
        } else {
            // Between a telling name and its value only punctuation may stand.
            masked_value = masked_value && "=:\"' \\(".contains(first);
            clean.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    clean
}

/// Whether a value follows: `name=`, `name: `, `"name":"`, `Bearer `.
fn introduces(name: &str, after: &str) -> bool {
    after
        .trim_start_matches(['"', '\'', '\\'])
        .starts_with(['=', ':', '('])
        || name.eq_ignore_ascii_case("bearer") && after.starts_with(' ')
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_~+%".contains(character)
}

fn ends_url(character: char) -> bool {
    character.is_whitespace() || "\"'<>)}],".contains(character)
}

fn random_looking(word: &str) -> bool {
    word.len() >= LONG
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && word
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_log() {
        let check = |line: &str, expected: &str| assert_eq!(redact(line), expected, "{line}");
        check(
            "opened https://login.acme.com/authorize?state=abc&nonce=d",
            "opened https://login.acme.com/authorize?[…]",
        );
        check(
            "GET /oauth/callback?code=1 HTTP/1.1",
            "GET /oauth/callback?[…] HTTP/1.1",
        );
        check(
            r#"{"access_token":"abc","expires_in":300}"#,
            r#"{"access_token":"[…]","expires_in":300}"#,
        );
        check("code=SplxlOBe", "code=[…]");
        check(
            "state: abc, organization: acme",
            "state: […], organization: acme",
        );
        check(
            "authorization: Bearer abc.def",
            "authorization: […] […].def",
        );
        check(
            "eyJhbGciOiJSUzI1NiJ9abc.eyJzdWIiOiJhaWtvIn0xyz.c2lnbmF0dXJlIGhlcmUgMTIz",
            "[…].[…].[…]",
        );
        check(
            "kiro://kiro.oauth/callback#code=1",
            "kiro://kiro.oauth/callback#[…]",
        );
        check("attempt 0123456789abcdef0123456789abcdef", "attempt […]");
    }

    #[test]
    fn what_helps_stays() {
        for line in [
            "INFO kiro_desktop::follow: files changed generation=42",
            "single-instance: D-Bus session bus unavailable, launching normally",
            "the tauri-plugin-single-instance-something is missing",
            "could not reach login.acme.com: connection refused (os error 111)",
            "error code 5",
        ] {
            assert_eq!(redact(line), line);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_random_token_is_never_written(token in "[A-Za-z0-9_-]{43}", before in "[a-z =:\"?/.]{0,20}", after in "[ \"&,.)]{1,3}[a-z]{0,9}") {
            proptest::prop_assume!(random_looking(&token));
            let line = redact(&format!("{before}{token}{after}"));
            proptest::prop_assert!(!line.contains(&token), "{line}");
        }

        #[test]
        fn any_line_can_be_redacted(line in ".{0,200}") {
            let _ = redact(&line);
        }
    }
}
