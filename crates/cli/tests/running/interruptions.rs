//! What a signal may and may not cut off, and what a damaged file says.

use std::io::BufReader;
use std::process::Stdio;

use crate::server::{FRESH, Server, interrupt, paste, until};

fn finishing(line: &str) -> bool {
    line.contains("Finishing this step first")
}

#[test]
fn an_interrupted_wait_is_withdrawn() {
    let server = Server::start();
    let (mut child, _talk, _) = server.signing_in();
    let sign_ins = || {
        std::fs::read_dir(server.home.path().join("sign-ins"))
            .unwrap()
            .count()
    };
    assert!(sign_ins() > 0);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(sign_ins(), 0);
    assert_eq!(server.run("auth status").0, Some(3));
}

#[test]
fn a_signal_between_exchange_and_save_waits_for_the_save() {
    let server = Server::start();
    let (mut child, mut talk, address) = server.signing_in();
    paste(&mut child, &address);
    server.asked();
    interrupt(&child);
    until(&mut talk, finishing).expect("it says that it finishes first");
    server.answers.send(FRESH).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(
        server.run("auth token"),
        (Some(0), "second\n".to_owned(), String::new())
    );
}

#[test]
fn a_renewal_is_saved_before_a_signal_counts() {
    for arguments in ["auth token", "auth login"] {
        let server = Server::start();
        server.signed_in();
        let mut child = server
            .kiro(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        server.asked();
        interrupt(&child);
        let mut talk = BufReader::new(child.stderr.take().unwrap());
        until(&mut talk, finishing).expect("it says that it finishes first");
        server.answers.send(FRESH).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments}");
        assert_eq!(
            server.run("auth token"),
            (Some(0), "second\n".to_owned(), String::new()),
            "{arguments}"
        );
    }
}

#[test]
fn a_damaged_file_is_told_on_stderr() {
    let server = Server::start();
    // Twice: the copy is the file before the last write.
    for _ in 0..2 {
        let (mut child, _talk, address) = server.signing_in();
        server.answers.send(FRESH).unwrap();
        paste(&mut child, &address);
        assert!(child.wait().unwrap().success());
    }
    let file = server.home.path().join("credentials.json");
    std::fs::write(&file, "{").unwrap();
    for (arguments, begins) in [
        ("auth token", "second"),
        ("auth status", "Signed in as"),
        ("whoami", "(Acme"),
    ] {
        let (code, data, talk) = server.run(arguments);
        assert_eq!(code, Some(0), "{arguments}: {talk}");
        assert!(data.starts_with(begins), "{arguments}: {data}");
        assert_eq!(
            talk.matches("The session file was damaged").count(),
            1,
            "{arguments}: {talk}"
        );
    }
}

#[test]
fn an_interrupted_wait_for_a_code_leaves_nothing() {
    let server = Server::start();
    let mut child = server
        .kiro("auth login --device --insecure-storage")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    until(&mut talk, |line| line.contains("ABCD-EFGH")).expect("a code");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(server.run("auth status").0, Some(3));
}

#[test]
fn a_signal_does_not_cut_off_a_poll_that_brings_the_session() {
    let server = Server::start();
    let mut child = server
        .kiro("auth login --device --insecure-storage")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.asked();
    server.answers.send(FRESH).unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(server.run("auth token").1, "second\n");
}
