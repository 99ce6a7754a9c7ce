//! Figures for Prometheus: what happened is counted, at an address of its own, and nobody can be told from it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use kiro_identity_center::store::Store;

use super::back_up::Given;
use super::instances::cluster::APPLICATION;
use super::instances::wire::{TOKEN, post, redemption, renewal};
use super::program::{Program, command};
use super::walk::Browser;

/// The figures by their series.
fn scraped(at: SocketAddr) -> BTreeMap<String, f64> {
    let text = Program::ask(at, "GET /metrics", "x: y", "").1;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let read = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    };
    lines.map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_and_nobody_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["--demo"]);
    command.env("KIRO_IC_METRICS", "127.0.0.1:0");
    let program = Program::of(command);
    let figures = program.text("metrics").strip_prefix("http://").unwrap();
    let figures: SocketAddr = figures.strip_suffix("/metrics").unwrap().parse().unwrap();
    let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
    let given = Given::at(&program, &store).await;
    let renewed = post(given.at, TOKEN, &renewal(&given.refresh))
        .await
        .unwrap();
    let refresh = renewed.1["refresh_token"].as_str().unwrap();
    assert_eq!(
        post(given.at, TOKEN, &renewal(refresh)).await.unwrap().0,
        200
    );
    // Two tokens old: reuse ends the session. And a code that is none.
    assert_eq!(
        post(given.at, TOKEN, &renewal(&given.refresh))
            .await
            .unwrap()
            .0,
        400
    );
    assert_eq!(
        post(given.at, TOKEN, &redemption("no-code"))
            .await
            .unwrap()
            .0,
        400
    );
    let mut browser = Browser::new(&program);
    let (at, _) = browser.open("GET", "/sessions", &[]);
    let (at, _) = browser.step(&at, "name", &[("user_name", "aiko")]);
    browser.step(&at, "password", &[("password", "a-password-typed-wrong")]);
    // What anybody may send is no label.
    for path in ["/nowhere-1", "/nowhere-2"] {
        assert_eq!(program.call(&format!("GET {path}"), "").0, 404);
        let (status, _) = program.call(&format!("BREW{} {path}", &path[1..2]), "");
        assert!(status >= 400);
    }
    assert_eq!(
        program.call("GET /metrics", "").0,
        404,
        "not where everybody asks"
    );

    let found = scraped(figures);
    let check = |series: &str, expected: f64| {
        assert_eq!(found.get(series), Some(&expected), "{series}: {found:#?}");
    };
    check(
        r#"kiro_tokens_issued_total{wire="oidc",grant="authorization_code"}"#,
        1.0,
    );
    check(
        r#"kiro_tokens_issued_total{wire="oidc",grant="refresh_token"}"#,
        2.0,
    );
    check(
        r#"kiro_refusals_total{wire="oidc",error="invalid_grant"}"#,
        2.0,
    );
    check(
        r#"kiro_sessions_ended_total{because="refresh_token_reused"}"#,
        1.0,
    );
    check(r#"kiro_sign_ins_total{outcome="refused"}"#, 1.0);
    check(
        r#"kiro_http_request_duration_seconds_count{route="/oauth2/token",status="2xx"}"#,
        3.0,
    );
    check(
        r#"kiro_http_request_duration_seconds_count{route="/oauth2/token",status="4xx"}"#,
        2.0,
    );
    check(
        r#"kiro_http_request_duration_seconds_count{route="none",status="4xx"}"#,
        5.0,
    );
    check(r#"kiro_build_info{version="0.1.0"}"#, 1.0);
    check("kiro_store_writes_waiting", 0.0);
    check("kiro_passwords_in_check", 0.0);
    assert!(found["kiro_store_write_duration_seconds_count"] >= 5.0);

    // Whatever stands between quotation marks was written in the program, or is a route's template.
    let names: BTreeSet<&str> = found
        .keys()
        .filter_map(|series| Some(series.split_once('{')?.1))
        .flat_map(|labels| labels.trim_end_matches('}').split(','))
        .filter_map(|label| Some(label.split_once('=')?.0))
        .collect();
    let known = [
        "because", "error", "grant", "le", "outcome", "route", "status", "version", "wire",
    ];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), known);
    let whole = format!("{found:?}");
    for name in [
        "aiko",
        APPLICATION,
        "acme",
        "127.0.0.1",
        "nowhere",
        "BREW",
        &given.access,
        refresh,
    ] {
        assert!(
            !whole.contains(&format!("\"{name}")) && !whole.contains(&format!("/{name}")),
            "{name}"
        );
    }
    assert!(program.stop("TERM").0.success());
}

#[test]
fn without_the_setting_there_is_no_such_address() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    assert!(program.said["metrics"].is_null());
}
