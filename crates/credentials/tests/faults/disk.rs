//! The disk is full, read-only or broken, at each call by itself.

use kiro_credentials::Home;
use tempfile::TempDir;

use crate::actor::{self, Act};
use crate::breaking::{self, Fault};
use crate::state::{self, State};

/// What the system says of a full, a read-only and a broken disk.
const ERRORS: [&str; 3] = ["ENOSPC", "EROFS", "EIO"];
/// Calls that change nothing: one error is enough.
const ASKING: [&str; 9] = [
    "read",
    "statx",
    "fstat",
    "newfstatat",
    "lseek",
    "getdents64",
    "fcntl",
    "readlink",
    "pread64",
];
/// Not the disk's.
const OTHERS: [&str; 3] = ["close", "execve", "exit_group"];

fn home_for(act: Act, folder: &TempDir) -> Home {
    let root = folder.path().join("sso");
    if act == Act::First {
        Home::at(root)
    } else {
        actor::signed_in(&root)
    }
}

/// Breaks each call of the act in turn, in a home of its own each time.
pub(crate) fn each_call(act: Act, faults: impl Fn(&str) -> Vec<Fault>) {
    let folder = state::scratch();
    let home = home_for(act, &folder);
    let calls = breaking::calls(act, &home);
    let done = State::of(&home);
    let mut broken = 0;
    for (call, count) in calls {
        for fault in faults(&call) {
            for nth in 1..=count {
                broken += u32::from(one(act, &call, nth, fault, &done));
            }
        }
    }
    assert!(broken > 15, "{act:?}: only {broken} faults took place");
}

/// `false`: the call was not made this time.
fn one(act: Act, call: &str, nth: u32, fault: Fault, done: &State) -> bool {
    let what = format!("{act:?}, {call} no. {nth}: {fault:?}");
    let folder = state::scratch();
    let home = home_for(act, &folder);
    let (before, generation) = (State::of(&home), state::generation(&home));
    let ended = breaking::broken(act, &home, call, nth, fault);
    if !ended.broken {
        return false;
    }
    let (after, grown) = (State::of(&home), state::generation(&home));
    let is_done = after == *done;
    match ended.outcome.as_deref() {
        Some("ok") => assert!(is_done, "{what}: said to be done: {after:?}"),
        // Signing out is over for everybody once the file says so, whatever is left to tidy up.
        Some(error) => assert!(
            after == before
                || matches!(act, Act::SignOut | Act::SignOutAll) && is_done
                || act == Act::Pending && after.is_part_of(done),
            "{what}: said `{error}`: {after:?}"
        ),
        None => assert!(
            after == before || is_done || act == Act::Pending && after.is_part_of(done),
            "{what}: {after:?}"
        ),
    }
    if act != Act::SignOutAll {
        assert!(grown >= generation, "{what}: {generation}, then {grown}");
        assert!(
            after.has_sessions_of(&before) || grown > generation,
            "{what}: changed without a new generation"
        );
    }
    let rotated = actor::mark(&home).exists() && act == Act::Refresh && !is_done;
    if let (true, Some(error)) = (rotated, &ended.outcome) {
        assert!(error.starts_with("error: "), "{what}: {error}");
    }

    // The next writer finds nothing in its way and leaves nothing about.
    act.done_in(&home)
        .unwrap_or_else(|error| panic!("{what}, then: {error}"));
    assert_eq!(State::of(&home), *done, "{what}, then again");
    if rotated {
        let record = actor::store(&home).refresh_record(&actor::name("default"));
        let record = record.unwrap().unwrap();
        assert!(record.interrupted, "{what}: the next one knows: {record:?}");
    }
    state::is_tidy(&home);
    true
}

fn fails_at_each_call(act: Act) {
    each_call(act, |call| {
        if OTHERS.contains(&call) {
            return Vec::new();
        }
        let errors = if ASKING.contains(&call) {
            &ERRORS[2..3]
        } else {
            &ERRORS[..]
        };
        errors.iter().copied().map(Fault::Error).collect()
    });
}

#[test]
fn a_first_sign_in_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::First);
}

#[test]
fn a_sign_in_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::SignIn);
}

#[test]
fn a_refresh_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::Refresh);
}

#[test]
fn a_switch_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::Switch);
}

#[test]
fn a_sign_out_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::SignOut);
}

#[test]
fn signing_everything_out_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::SignOutAll);
}

#[test]
fn a_sign_in_under_way_survives_each_failure_of_the_disk() {
    fails_at_each_call(Act::Pending);
}
