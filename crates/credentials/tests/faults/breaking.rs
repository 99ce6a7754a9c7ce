//! `strace` as the fault: it fails one call of a real process, or kills the process at it.

use std::collections::BTreeMap;
use std::process::Command;

use kiro_credentials::Home;

use crate::actor::{self, Act};

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not made; the process is told this.
    Error(&'static str),
    /// It is not made; the process dies.
    Kill,
}

/// How a broken process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `ok` or what it said; `None`: it was killed.
    pub(crate) outcome: Option<String>,
    /// The call was made, and met the fault.
    pub(crate) broken: bool,
}

/// How often an unbroken process makes each system call about something in this home.
pub(crate) fn calls(act: Act, home: &Home) -> BTreeMap<String, u32> {
    let (_, log) = traced(act, home, &[]);
    let mut calls = BTreeMap::new();
    for line in log.lines() {
        // 1234 openat(AT_FDCWD, "/…", …) = 3
        let call = line.split_once('(').map(|(before, _)| before);
        if let Some(call) = call.and_then(|before| before.split_whitespace().last()) {
            *calls.entry(call.to_owned()).or_default() += 1;
        }
    }
    assert!(calls.contains_key("openat"), "{log}");
    calls
}

/// A process whose `nth` call of this kind, about something in this home, meets the fault.
pub(crate) fn broken(act: Act, home: &Home, call: &str, nth: u32, fault: Fault) -> Ended {
    let what = match fault {
        Fault::Error(error) => format!("error={error}"),
        Fault::Kill => "signal=KILL".to_owned(),
    };
    let inject = format!("inject={call}:{what}:when={nth}");
    let (said, log) = traced(act, home, &["-e", &inject]);
    let outcome = said
        .lines()
        .find_map(|line| line.strip_prefix("outcome: "))
        .map(str::to_owned);
    let broken = match fault {
        Fault::Error(_) => log.contains("(INJECTED)"),
        Fault::Kill => log.contains("killed by SIGKILL"),
    };
    assert_eq!(
        outcome.is_none(),
        broken && fault == Fault::Kill,
        "{act:?} {call} {nth} {fault:?} crashed: {said}\n{log}"
    );
    Ended { outcome, broken }
}

fn traced(act: Act, home: &Home, more: &[&str]) -> (String, String) {
    let (program, words, variables) = actor::command(act, home);
    let log = home.root().with_extension("strace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=all"])
        .arg("-o")
        .arg(&log);
    for path in paths(home) {
        command.arg("-P").arg(path);
    }
    let output = command
        .args(more)
        .arg(program)
        .args(words)
        .envs(variables)
        .output()
        .expect("strace runs (Debian package `strace`)");
    let said = [output.stdout, output.stderr].concat();
    let log = std::fs::read_to_string(log).unwrap();
    (String::from_utf8_lossy(&said).into_owned(), log)
}

/// Every path that a writer may touch: only calls about these are broken.
fn paths(home: &Home) -> Vec<std::path::PathBuf> {
    let files = [
        "credentials.json",
        "credentials.json.bak",
        "credentials.lock",
        "key",
        "locks/.key",
        "locks/default",
        "locks/default.json",
        "locks/work.json",
        "unsettled-keys.json",
        "sign-ins/attempt.json",
        "sign-ins/attempt.callback",
    ];
    let folders = ["locks", "sign-ins", "registrations", "logs"];
    let mut paths = vec![home.root().to_owned()];
    for name in files.iter().chain(&folders) {
        paths.push(home.root().join(name));
        paths.push(home.root().join(format!("{name}.tmp")));
    }
    paths
}
