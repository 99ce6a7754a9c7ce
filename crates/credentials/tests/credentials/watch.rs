//! Being told of changes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::scratch::{Scratch, name};

/// Shorter than the look that is taken every 5 s where no events come.
const SOON: Duration = Duration::from_secs(4);

fn watched(scratch: &Scratch) -> (kiro_credentials::Watch, Receiver<()>) {
    let (sender, changes) = channel();
    let watch = scratch.store().watch(Box::new(move || {
        let _ = sender.send(());
    }));
    (watch, changes)
}

#[test]
fn every_file_that_matters_is_watched() {
    let check = |change: &dyn Fn(&Scratch)| {
        let scratch = Scratch::signed_in(&["default", "work"]);
        let (_watch, changes) = watched(&scratch);
        change(&scratch);
        changes.recv_timeout(SOON).unwrap();
    };
    check(&|scratch| scratch.sign_in("default"));
    check(&|scratch| scratch.store().switch(&name("work")).unwrap());
    check(&|scratch| scratch.store().remove_all().unwrap());
    check(&|scratch| std::fs::write(scratch.path("organizations.toml"), "x").unwrap());
    check(&|scratch| std::fs::write(scratch.path("settings.toml"), "x").unwrap());
    check(&|scratch| std::fs::write(scratch.home().sign_ins().join("1.json"), "x").unwrap());
    check(&|scratch| std::fs::write(scratch.home().sign_ins().join("1.callback"), "x").unwrap());
    check(&|scratch| std::fs::write(scratch.home().locks().join("default.json"), "x").unwrap());
}

#[test]
fn reading_is_no_change_and_a_dropped_watch_ends() {
    let scratch = Scratch::signed_in(&["default"]);
    let (watch, changes) = watched(&scratch);
    for _ in 0..100 {
        scratch.store().session(&name("default")).unwrap();
    }
    drop(watch);
    // Its thread ends, and with it the callback: nothing was sent before that.
    assert_eq!(
        changes.recv_timeout(SOON),
        Err(RecvTimeoutError::Disconnected)
    );
}
