//! Whose word on where somebody is counts: from `X-Forwarded-For`, through the settings and the connection, to the limit of guesses.

use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;
use kiro_identity_center::store::{Guess, Store};
use serde_json::Value;

use super::computer::Computer;
use super::walk::Browser;

const PROXY: &str = "127.0.0.2";
const TRUSTED: (&str, &str) = ("KIRO_IC_TRUSTED_PROXIES", PROXY);
const STRANGER: &str = "127.0.0.3";
/// Where somebody has guessed until no more may be.
const LOCKED: &str = "203.0.113.7";
const INNOCENT: &str = "198.51.100.4";

/// As many wrong passwords came from there as may come.
fn guessed_from(data: &Path, address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let store = Store::sqlite(&data.join("store.db")).unwrap();
        let from = [Guess::from(address.parse().unwrap())];
        while store
            .attempt(&from, Timestamp::now())
            .await
            .unwrap()
            .is_ok()
        {}
    });
}

#[test]
fn the_limit_counts_where_a_trusted_proxy_says_that_somebody_is_and_nobody_else() {
    let computer = Computer::new();
    drop(computer.init(&[]));
    let data = computer.path("data");
    guessed_from(Path::new(&data), LOCKED);
    let program = computer.serve_with(&[TRUSTED]);

    let mut names = 0;
    let mut check = |peer: &str, said: Option<&str>, locked: bool| {
        names += 1; // a name has a lock of its own
        let mut browser = Browser {
            from: peer.parse::<IpAddr>().unwrap(),
            header: said.map_or_else(String::new, |said| format!("x-forwarded-for: {said}\r\n")),
            ..Browser::new(&program)
        };
        let (at, _) = browser.open("GET", "/sessions", &[]);
        let name = format!("nobody-{names}");
        let (at, _) = browser.step(&at, "name", &[("user_name", &name)]);
        let (_, page) = browser.step(&at, "password", &[("password", "a-password-of-nobody")]);
        let expected = match locked {
            true => "Too many attempts.",
            false => "The name or the password is not right.",
        };
        assert!(page.contains(expected), "{peer} {said:?}: {page}");
    };
    let forged = format!("{INNOCENT}, {LOCKED}");
    check(PROXY, Some(LOCKED), true);
    check(PROXY, Some(INNOCENT), false);
    // What stands to the left was sent by whoever asked: neither out of their own lock nor into somebody else's.
    check(PROXY, Some(&forged), true);
    check(PROXY, Some(&format!("{LOCKED}, {INNOCENT}")), false);
    check(PROXY, Some(&format!("{forged}, {PROXY}")), true);
    check(PROXY, None, false);
    // Anybody can write a header.
    check(STRANGER, Some(LOCKED), false);
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{log}");

    // A stranger who is locked says in vain that they are somebody else.
    guessed_from(Path::new(&data), STRANGER);
    let program = computer.serve_with(&[TRUSTED]);
    let mut stranger = Browser {
        from: STRANGER.parse().unwrap(),
        header: format!("x-forwarded-for: {INNOCENT}\r\n"),
        ..Browser::new(&program)
    };
    let (at, _) = stranger.open("GET", "/sessions", &[]);
    let (at, _) = stranger.step(&at, "name", &[("user_name", "nobody")]);
    let (_, page) = stranger.step(&at, "password", &[("password", "a-password-of-nobody")]);
    assert!(page.contains("Too many attempts."), "{page}");

    // The audit log has the same addresses.
    drop(program);
    let store = rusqlite::Connection::open(Path::new(&data).join("store.db")).unwrap();
    let sql = "SELECT DISTINCT address FROM audit WHERE action = 'sign_in' ORDER BY address";
    let mut asked = store.prepare(sql).unwrap();
    let found = asked.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let found: Vec<Value> = found.map(|address| address.unwrap().into()).collect();
    assert_eq!(found, ["127.0.0.2", "127.0.0.3", INNOCENT]);
}
