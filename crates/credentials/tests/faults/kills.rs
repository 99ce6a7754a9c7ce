//! `kill -9`: at each call that changes something, and at random.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use kiro_credentials::Home;

use crate::actor::{self, Act};
use crate::breaking::Fault;
use crate::disk::each_call;
use crate::state::{self, State};

/// The calls that change something, or begin to.
const CHANGING: [&str; 12] = [
    "openat", "write", "fsync", "rename", "link", "linkat", "unlink", "mkdir", "flock", "chmod",
    "fchmod", "close",
];

/// How often to do what is done at random; long runs set `KIRO_SOAK`.
fn times(usual: u32, soak: u32) -> u32 {
    if std::env::var_os("KIRO_SOAK").is_some() {
        soak
    } else {
        usual
    }
}

fn dies_at_each_call(act: Act) {
    // Once is every step; more often it only meets other moments of the machine.
    for _ in 0..times(1, 20) {
        each_call(act, |call| {
            if CHANGING.contains(&call) {
                vec![Fault::Kill]
            } else {
                Vec::new()
            }
        });
    }
}

#[test]
fn a_first_sign_in_may_die_at_each_call() {
    dies_at_each_call(Act::First);
}

#[test]
fn a_sign_in_may_die_at_each_call() {
    dies_at_each_call(Act::SignIn);
}

#[test]
fn a_refresh_may_die_at_each_call() {
    dies_at_each_call(Act::Refresh);
}

#[test]
fn a_switch_may_die_at_each_call() {
    dies_at_each_call(Act::Switch);
}

#[test]
fn a_sign_out_may_die_at_each_call() {
    dies_at_each_call(Act::SignOut);
}

#[test]
fn signing_everything_out_may_die_at_each_call() {
    dies_at_each_call(Act::SignOutAll);
}

#[test]
fn a_sign_in_under_way_may_die_at_each_call() {
    dies_at_each_call(Act::Pending);
}

/// Writers at once, killed at a random moment; the highest generation that one of them was given.
fn killed_writers<const N: usize>(act: Act, home: &Home, moment: Duration) -> u64 {
    let writers = [(); N].map(|()| {
        let mut child = actor::child(act, home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    });
    let mut latest = 0;
    let writers = writers.map(|(child, mut lines)| {
        // It writes: from here on every moment is as good.
        let first = lines.find_map(|line| said(&line.unwrap()));
        latest = latest.max(first.unwrap());
        (child, lines)
    });
    std::thread::sleep(moment);
    let writers = writers.map(|(mut child, lines)| {
        child.kill().unwrap();
        (child, lines)
    });
    for (mut child, lines) in writers {
        let given = lines.map_while(Result::ok).filter_map(|line| said(&line));
        latest = given.fold(latest, u64::max);
        child.wait().unwrap();
    }
    latest
}

fn said(line: &str) -> Option<u64> {
    line.strip_prefix("generation: ")?.parse().ok()
}

/// Up to 8 ms, some writes long; each number gives others.
fn moments(seed: u64) -> impl Iterator<Item = Duration> {
    let mut state = seed | 1 << 40;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_micros(state % 8_000)
    })
}

#[test]
fn writers_killed_at_random_lose_nothing() {
    let folder = state::scratch();
    let home = actor::signed_in(&folder.path().join("sso"));
    let (kills, seed) = (times(200, 2000), u64::from(std::process::id()));
    for (round, moment) in (0..kills / 2).zip(moments(seed)) {
        let latest = killed_writers::<2>(Act::Again, &home, moment);
        // It opens, it is whole, and no write that was told is missing.
        drop(State::of(&home));
        let generation = state::generation(&home);
        assert!(
            generation >= latest,
            "seed {seed}, round {round}: {latest} was written, {generation} is there"
        );
        // The next write goes on from there and leaves nothing about.
        Act::SignIn.done_in(&home).unwrap();
        assert_eq!(state::generation(&home), generation + 1);
        state::is_tidy(&home);
    }
}

/// The control: kills do hit a writer in the middle of its work.
#[test]
fn the_naive_writer_is_torn_by_the_same_kills() {
    let folder = state::scratch();
    let home = actor::signed_in(&folder.path().join("sso"));
    let good = std::fs::read(home.credentials_file()).unwrap();
    let (rounds, mut torn) = (20, 0);
    for (_, moment) in (0..rounds).zip(moments(7)) {
        std::fs::write(home.credentials_file(), &good).unwrap();
        killed_writers::<1>(Act::Naive, &home, moment);
        let left = std::fs::read(home.credentials_file()).unwrap();
        torn += u32::from(serde_json::from_slice::<serde_json::Value>(&left).is_err());
    }
    assert!(torn * 2 > rounds, "only {torn} of {rounds} files were torn");
}
