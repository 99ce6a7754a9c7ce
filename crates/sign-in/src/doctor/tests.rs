//! How heavy each finding is.

use jiff::Timestamp;

use super::files::{Fault, Seen, judge};
use super::{Finding, Level, LinkOwner, Server};
use crate::organizations::Provider;
use crate::{Code, Failure, KeySource};

fn failure(code: Code) -> Failure {
    Failure::new(code, Timestamp::UNIX_EPOCH)
}

fn file(fault: Fault) -> Finding {
    Finding::File {
        path: "f".to_owned(),
        fault,
    }
}

fn clock(skew_seconds: i64) -> Finding {
    Finding::Clock {
        host: "login.acme.com".to_owned(),
        skew_seconds,
    }
}

fn server(pkce: Option<bool>) -> Finding {
    Finding::Server(Server {
        organization: "Acme".to_owned(),
        provider: Provider::Okta,
        host: "login.acme.com".to_owned(),
        milliseconds: 84,
        proxy: None,
        tls: None,
        signer: None,
        pkce,
        device_flow: false,
        revocation: true,
    })
}

#[test]
fn each_finding_has_its_weight_and_its_code() {
    use Level::{Good, Warning};
    let problem = |code| (Level::Problem, Some(code));
    let key = |source, fault: Option<Code>| Finding::Key {
        source,
        fault: fault.map(failure),
    };
    let links = |owner| Finding::Links {
        owner,
        missing: None,
    };
    let broken = Finding::Links {
        owner: LinkOwner::Us,
        missing: Some("/usr/bin/kiro-desktop".to_owned()),
    };
    let other = LinkOwner::Other("Kiro IDE".to_owned());
    let organizations = |count, fault: Option<Code>| Finding::Organizations {
        count,
        fault: fault.map(failure),
    };
    let rows = [
        (links(LinkOwner::Us), (Good, None)),
        (broken, (Warning, None)),
        (links(LinkOwner::Nobody), (Warning, None)),
        (links(other), (Warning, None)),
        (links(LinkOwner::Unknown), (Warning, None)),
        (Finding::Loopback { fault: None }, (Good, None)),
        (
            Finding::Loopback {
                fault: Some(failure(Code::PortsTaken)),
            },
            problem(Code::PortsTaken),
        ),
        (key(KeySource::OsKeyring, None), (Good, None)),
        (key(KeySource::Passphrase, None), (Good, None)),
        (key(KeySource::Plaintext, None), (Warning, None)),
        (
            key(KeySource::OsKeyring, Some(Code::KeyringLocked)),
            problem(Code::KeyringLocked),
        ),
        (
            key(KeySource::Plaintext, Some(Code::KeyGone)),
            problem(Code::KeyGone),
        ),
        (
            file(Fault::Open {
                mode: 0o644,
                wanted: 0o600,
            }),
            problem(Code::NotPrivate),
        ),
        (file(Fault::Link), problem(Code::NotPrivate)),
        (file(Fault::Foreign), problem(Code::NotPrivate)),
        (file(Fault::Kind), problem(Code::NotPrivate)),
        (file(Fault::Recovered), (Warning, None)),
        (file(Fault::Damaged), problem(Code::FileDamaged)),
        (file(Fault::Newer), problem(Code::FileNewer)),
        (
            file(Fault::Refused(Box::new(failure(Code::CouldNotSave)))),
            problem(Code::CouldNotSave),
        ),
        (organizations(0, None), (Warning, None)),
        (
            organizations(0, Some(Code::OrganizationsInvalid)),
            problem(Code::OrganizationsInvalid),
        ),
        (clock(0), (Good, None)),
        (clock(-10), (Good, None)),
        (clock(38), (Warning, None)),
        (clock(-60), (Warning, None)),
        (clock(61), problem(Code::Clock)),
        (clock(-93_600), problem(Code::Clock)),
        (server(Some(true)), (Good, None)),
        (server(None), (Good, None)),
        (server(Some(false)), (Warning, None)),
        (
            Finding::NoServer {
                organization: "Acme".to_owned(),
                host: "login.acme.com".to_owned(),
                fault: failure(Code::Intercepted),
            },
            problem(Code::Intercepted),
        ),
    ];
    for (finding, expected) in rows {
        assert_eq!((finding.level(), finding.code()), expected, "{finding:?}");
    }
}

#[test]
fn a_file_is_judged_by_what_it_is_whose_it_is_and_who_else_may_use_it() {
    let good = Seen {
        link: false,
        file: true,
        folder: false,
        mode: 0o100_600,
        ours: true,
    };
    let check = |seen: Seen, expected: Option<Fault>| {
        assert_eq!(judge(seen, false), expected, "{seen:?}");
    };
    let open = |mode| {
        Some(Fault::Open {
            mode,
            wanted: 0o600,
        })
    };
    check(good, None);
    check(
        Seen {
            mode: 0o100_644,
            ..good
        },
        open(0o644),
    );
    check(
        Seen {
            mode: 0o100_620,
            ..good
        },
        open(0o620),
    );
    check(
        Seen {
            ours: false,
            ..good
        },
        Some(Fault::Foreign),
    );
    check(
        Seen {
            file: false,
            ..good
        },
        Some(Fault::Kind),
    );
    check(Seen { link: true, ..good }, Some(Fault::Link));
    let folder = Seen {
        file: false,
        folder: true,
        mode: 0o40_755,
        ..good
    };
    assert_eq!(judge(folder, true), None);
    let writable = Seen {
        mode: 0o40_777,
        ..folder
    };
    let fault = Fault::Open {
        mode: 0o777,
        wanted: 0o700,
    };
    assert_eq!(judge(writable, true), Some(fault));
    assert_eq!(judge(good, true), Some(Fault::Kind));
}
