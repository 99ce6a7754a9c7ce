//! An organisation's start URL: what its people type into AWS's clients, and what tells those clients' requests whose people are meant.

use crate::center::Settings;

/// The start URL of this organisation.
#[must_use]
pub fn of(settings: &Settings, organization: &str) -> String {
    settings.at(&format!("/start/{organization}"))
}

/// The organisation whose start URL this is. People paste it with a trailing slash or `#/`, too. Whether there is such an organisation is
/// the store's to say.
#[must_use]
pub fn organization<'a>(settings: &Settings, presented: &'a str) -> Option<&'a str> {
    let (address, _) = presented.split_once('#').unwrap_or((presented, ""));
    let name = address
        .strip_prefix(settings.issuer())?
        .strip_prefix("/start/")?
        .trim_end_matches('/');
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_start_url_names_an_organisation_of_this_service() {
        let settings = Settings::new("https://id.acme.example/sso".parse().unwrap(), "eu-west-1");
        let check = |presented: &str, expected| {
            assert_eq!(organization(&settings, presented), expected, "{presented}");
        };
        assert_eq!(
            of(&settings, "acme"),
            "https://id.acme.example/sso/start/acme"
        );
        for whole in ["", "/", "#/", "/#/", "//", "#"] {
            check(&format!("{}{whole}", of(&settings, "acme")), Some("acme"));
        }
        for other in [
            "",
            "https://acme.awsapps.com/start",
            "https://id.acme.example/sso",
            "https://id.acme.example/sso/start",
            "https://id.acme.example/sso/start/",
            "https://id.acme.example/sso/start/#/acme",
            "https://id.acme.example/sso/start/Acme",
            "https://id.acme.example/sso/start/acme/x",
            "https://id.acme.example/sso/start/acme?x",
            "https://id.acme.example/sso/start/ac%6de",
            "https://id.acme.example/start/acme",
            "http://id.acme.example/sso/start/acme",
            "https://id.acme.example.evil/sso/start/acme",
            "https://x@id.acme.example/sso/start/acme",
        ] {
            check(other, None);
        }
        check(
            &format!("https://id.acme.example/sso/start/{}", "a".repeat(65)),
            None,
        );
    }
}
