//! Settings from everywhere, and what is said of those that are none.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use secrecy::ExposeSecret as _;

use super::*;

struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    fn new(text: &str) -> Installation {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), text).unwrap();
        Installation { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn read(
        &self,
        environment: &[(&str, &str)],
        arguments: &[(&'static str, &str)],
    ) -> Result<Configuration, ConfigurationError> {
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Configuration::read(Some(&self.path()), &environment, &arguments)
    }

    /// What is said, without the folder's name.
    fn refused(&self, environment: &[(&str, &str)], arguments: &[(&'static str, &str)]) -> String {
        let said = self.read(environment, arguments).unwrap_err().to_string();
        said.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let file = Installation::new("data = \"/a\"\nregion = \"eu-west-1\"\naudit_days = 30\n");
    let found = file.read(&[], &[]).unwrap();
    assert_eq!(found.data, Path::new("/a"));
    assert_eq!((found.region.as_str(), found.audit_days), ("eu-west-1", 30));
    assert_eq!(found.listen.to_string(), "127.0.0.1:7465");
    let environment = [
        ("KIRO_IC_REGION", "eu-west-2"),
        ("KIRO_IC_DATA", "/b"),
        ("PATH", "/x"),
    ];
    let found = file.read(&environment, &[("data", "/c")]).unwrap();
    assert_eq!(
        (found.data.to_str(), found.region.as_str()),
        (Some("/c"), "eu-west-2")
    );
}

#[test]
fn sts_is_nowhere_until_it_is_said_where() {
    let check = |text: &str, expected: Option<(&str, &str)>| {
        let file = Installation::new(&format!("data = \"/a\"\nregion = \"eu-west-1\"\n{text}"));
        let found = file.read(&[], &[]).unwrap().sts;
        let found = found.as_ref();
        let found = found.map(|sts| (sts.endpoint.as_str(), sts.role.as_str()));
        assert_eq!(found, expected, "{text}");
    };
    let (aws, role) = (
        "https://sts.eu-west-1.amazonaws.com/",
        "arn:aws:iam::{account}:role/{role}",
    );
    check("", None);
    check("sts_role = \"arn:aws:iam::{account}:role/x/{role}\"", None);
    check("sts = \"aws\"", Some((aws, role)));
    check(
        "sts = \"http://127.0.0.1:9/\"\nsts_role = \"arn:aws:iam::{account}:role/x/{role}\"",
        Some((
            "http://127.0.0.1:9/",
            "arn:aws:iam::{account}:role/x/{role}",
        )),
    );
}

#[test]
fn lists_are_lists_in_the_file_and_separated_elsewhere() {
    let file = Installation::new(
        "data = \"/a\"\nurl = \"https://id.acme.example\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nmaster_key_command = [\"kms\", \"open it\"]\n",
    );
    let found = file.read(&[], &[]).unwrap();
    assert!(found.trusted_proxies.trusts("10.1.2.3".parse().unwrap()));
    let command = vec!["kms".to_owned(), "open it".to_owned()];
    assert_eq!(found.master_key, Some(Source::Command(command)));
    let environment = [("KIRO_IC_TRUSTED_PROXIES", "192.0.2.1, 192.0.2.2")];
    let found = file.read(&environment, &[]).unwrap();
    assert!(found.trusted_proxies.trusts("192.0.2.2".parse().unwrap()));
    assert!(
        !found.trusted_proxies.trusts("10.1.2.3".parse().unwrap()),
        "replaced, not added to"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let check = |text: &str, expected: &str| {
        assert_eq!(
            Installation::new(text).refused(&[], &[]),
            expected,
            "{text}"
        );
    };
    check(
        "data = \"/a\"\n\nlisen = \"x\"\n",
        "config.toml, line 3: there is no setting `lisen`; the nearest is `listen`",
    );
    check(
        "# wrong\n[tls]\nkey = \"x\"",
        "config.toml, line 2: `tls` is a text, a number, or a list of texts",
    );
    check(
        "data = \"/a\"\nlisten = \"7465\"",
        "config.toml, line 2: `listen` is an address and a port, such as 127.0.0.1:7465; 7465 is none",
    );
    check(
        "data = \"/a\"\nsts_role = \"arn:aws:iam::1:role/x\"",
        "config.toml, line 2: `sts_role` is an ARN with {account} and {role} in it, such as arn:aws:iam::{account}:role/sso/{role}",
    );
    check(
        "data = \"/a\"\nsts = \"http://sts.example\"",
        "config.toml, line 2: `sts` is an https address, or http on this computer, without a query; http://sts.example is none",
    );
    check(
        "data = \"/a\"\naccess_token_lifetime = 86401",
        "config.toml, line 2: `access_token_lifetime` is a number of seconds, at most a day's",
    );
    check(
        "data = [\"/a\", \"/b\"]",
        "config.toml, line 1: `data` has one value",
    );
    check(
        "data = true",
        "config.toml, line 1: `data` is a text, a number, or a list of texts",
    );
    check("data = \"\"", "config.toml, line 1: `data` has one value");
    check(
        "region = \"EU\"\ndata = \"/a\"",
        "config.toml, line 1: `region` is a name such as eu-central-1; EU is none",
    );
    check(
        "data = \"/a\"\naudit_days = 0",
        "config.toml, line 2: `audit_days` is a number of days, at least 1",
    );
    check(
        "data = \"/a\"\ntrusted_proxies = [\"10.0.0.0/33\"]",
        "config.toml, line 2: `trusted_proxies` are addresses or networks such as 10.0.0.0/8; 10.0.0.0/33 is none",
    );
    let file = Installation::new("data = \"/a\"\n");
    assert_eq!(
        file.refused(&[("KIRO_IC_REGOIN", "x")], &[]),
        "KIRO_IC_REGOIN: there is no setting `regoin`; the nearest is `region`"
    );
    assert!(
        file.refused(&[], &[("listen", "x")])
            .starts_with("--listen: `listen` is an address")
    );
    let twice = Installation::new("data = \"/a\"\ndata = \"/b\"").refused(&[], &[]);
    assert!(twice.starts_with("config.toml, line 2: "), "{twice}");
}

#[test]
fn the_service_is_reached_from_elsewhere_by_tls_alone() {
    let file = Installation::new("data = \"/a\"\n");
    let elsewhere = ("listen", "0.0.0.0:443");
    let url = ("url", "https://id.acme.example");
    let refused = file.refused(&[], &[elsewhere, url]);
    assert!(refused.contains("not a loopback address"), "{refused}");
    let tls = [("KIRO_IC_TLS_CERTIFICATE", "/c"), ("KIRO_IC_TLS_KEY", "/k")];
    assert!(
        file.refused(&tls, &[elsewhere])
            .contains("`url` is missing")
    );
    assert!(file.read(&tls, &[elsewhere, url]).is_ok());
    assert!(file.refused(&tls[..1], &[url]).contains("belong together"));
    let proxies = [("KIRO_IC_TRUSTED_PROXIES", "10.0.0.1")];
    assert!(file.read(&proxies, &[elsewhere, url]).is_ok());
}

#[test]
fn the_store_s_password_is_not_seen_by_others() {
    let secret = "postgresql://kiro:hush@db.acme.example/kiro";
    let file = Installation::new(&format!("data = \"/a\"\nstore = \"{secret}\"\n"));
    let mode = |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
    for exposed in [0o644, 0o660, 0o604] {
        mode(exposed);
        assert!(
            file.refused(&[], &[]).contains("others may read it"),
            "{exposed:o}"
        );
    }
    mode(0o640);
    let found = file.read(&[], &[]).unwrap();
    assert_eq!(found.store.as_ref().unwrap().expose_secret(), secret);
    assert!(!format!("{found:?}").contains("hush"));
    let file = Installation::new("data = \"/a\"\n");
    for argument in [secret, "postgresql://kiro@db/kiro?password=hush"] {
        let refused = file.refused(&[], &[("store", argument)]);
        assert!(
            refused.contains("everybody on this computer could read") && !refused.contains("hush"),
            "{refused}"
        );
    }
    assert!(
        file.read(&[], &[("store", "postgresql://kiro@%2Frun/kiro")])
            .is_ok()
    );
    assert!(file.read(&[("KIRO_IC_STORE", secret)], &[]).is_ok());
    let refused = file.refused(&[("KIRO_IC_STORE", "mysql://kiro:hush@db/x")], &[]);
    assert!(!refused.contains("hush"), "{refused}");
}

#[test]
fn the_service_s_address_is_https_or_this_computer() {
    let check = |text: &str, expected| {
        assert_eq!(is_address(&text.parse().unwrap()), expected, "{text}");
    };
    check("https://id.acme.example", true);
    check("https://id.acme.example/sso", true);
    check("http://localhost:8080", true);
    check("http://[::1]:8080", true);
    check("http://127.8.0.1:8080", true);
    check("http://id.acme.example", false);
    check("http://localhost.evil.example", false);
    check("https://id.acme.example?x", false);
    check("https://id.acme.example#x", false);
    check("https://user@id.acme.example", false);
    check("file:///tmp", false);
    check("kiro://x", false);
}

#[test]
fn the_packaged_example_has_every_setting_and_each_can_be_used() {
    let example = include_str!("../../packaging/config.toml");
    let lines: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .filter(|line| !line.is_empty())
        .collect();
    let mut named: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(" = ").next())
        .collect();
    let mut names = NAMES.to_vec();
    named.sort_unstable();
    names.sort_unstable();
    assert_eq!(named, names);
    for left_out in ["master_key = ", "master_key_command = "] {
        let kept: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|line| !line.starts_with(left_out))
            .collect();
        Installation::new(&kept.join("\n")).read(&[], &[]).unwrap();
    }
}
