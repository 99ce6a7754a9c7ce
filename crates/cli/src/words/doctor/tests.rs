//! Every finding in both languages, as a person reads it.

use jiff::Timestamp;
use kiro_sign_in::doctor::{Fault, Finding, LinkOwner, Server};
use kiro_sign_in::{Code, Failure, KeySource, Provider};

use crate::words::Language;

fn failure(code: Code) -> Failure {
    let mut failure = Failure::new(code, Timestamp::UNIX_EPOCH);
    failure.host = Some("login.acme.com".to_owned());
    failure.contact = Some("it-help@acme.com".to_owned());
    failure
}

fn findings() -> Vec<Finding> {
    let links = |owner| Finding::Links {
        owner,
        missing: None,
    };
    let broken = |owner| Finding::Links {
        owner,
        missing: Some("/opt/kiro/kiro-desktop".to_owned()),
    };
    let key = |source, fault| Finding::Key { source, fault };
    let file = |fault| Finding::File {
        path: "/home/aiko/.kiro/sso/credentials.json".to_owned(),
        fault,
    };
    let clock = |skew_seconds| Finding::Clock {
        host: "login.acme.com".to_owned(),
        skew_seconds,
    };
    let no_server = |fault| Finding::NoServer {
        organization: "Acme".to_owned(),
        host: "login.acme.com".to_owned(),
        fault,
    };
    let mut blocked = failure(Code::Unreachable);
    blocked.detail.description = Some("Connection refused (os error 111)".to_owned());
    let mut intercepted = failure(Code::Intercepted);
    intercepted.facts.inspector = Some("Acme Web Gateway".to_owned());
    let mut unreachable = failure(Code::Unreachable);
    unreachable.facts.proxy = Some("10.1.1.1:3128".to_owned());
    let mut unresolved = failure(Code::Unreachable);
    unresolved.detail.error = Some("unresolved".to_owned());
    vec![
        links(LinkOwner::Us),
        links(LinkOwner::Nobody),
        links(LinkOwner::Other("Kiro IDE".to_owned())),
        links(LinkOwner::Unknown),
        broken(LinkOwner::Us),
        broken(LinkOwner::Other("Kiro IDE".to_owned())),
        Finding::Loopback { fault: None },
        Finding::Loopback {
            fault: Some(blocked),
        },
        Finding::Loopback {
            fault: Some(failure(Code::PortsTaken)),
        },
        key(KeySource::OsKeyring, None),
        key(KeySource::OsKeyring, Some(failure(Code::KeyringLocked))),
        key(KeySource::OsKeyring, Some(failure(Code::NoKeyring))),
        key(KeySource::OsKeyring, Some(failure(Code::KeyGone))),
        key(KeySource::Passphrase, None),
        key(KeySource::Plaintext, None),
        Finding::Files {
            generation: None,
            backup: false,
        },
        Finding::Files {
            generation: Some(42),
            backup: true,
        },
        file(Fault::Open {
            mode: 0o644,
            wanted: 0o600,
        }),
        file(Fault::Link),
        file(Fault::Foreign),
        file(Fault::Kind),
        file(Fault::Recovered),
        file(Fault::Damaged),
        file(Fault::Newer),
        Finding::Organizations {
            count: 0,
            fault: None,
        },
        clock(0),
        clock(38),
        clock(-93_600),
        Finding::Server(Server {
            organization: "Acme".to_owned(),
            provider: Provider::Okta,
            host: "login.acme.com".to_owned(),
            milliseconds: 84,
            proxy: None,
            tls: Some("1.3".to_owned()),
            signer: Some("DigiCert Inc".to_owned()),
            pkce: Some(true),
            device_flow: false,
            revocation: true,
        }),
        no_server(unreachable),
        no_server(unresolved),
        no_server(intercepted),
        no_server(failure(Code::WrongIssuer)),
    ]
}

#[test]
fn every_finding_reads_well_in_both_languages() {
    let mut seen = String::new();
    for finding in findings() {
        for language in [Language::English, Language::Japanese] {
            let line = language.finding(&finding);
            let fix = line.fix.map(|fix| language.fix(&fix)).unwrap_or_default();
            seen.push_str(&format!("{} | {}\n    {fix}\n", line.subject, line.state));
        }
    }
    for (problems, warnings, contact) in
        [(0, 0, None), (1, 0, None), (1, 2, Some("it-help@acme.com"))]
    {
        for language in [Language::English, Language::Japanese] {
            seen.push_str(&format!(
                "{}\n",
                language.verdict(problems, warnings, contact)
            ));
        }
    }
    insta::assert_snapshot!(seen);
}
