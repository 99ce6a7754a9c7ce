//! Whether the service is alive, and whether it can do its work.

use serde_json::json;

use super::program::{Program, command};
use super::server::Server;

#[test]
fn an_instance_whose_database_is_gone_is_alive_and_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(None);
    let store = server.database("kiro");
    let refused = command(folder.path(), &["--store", &store])
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("hint: Copy the master key"), "{said}");
    assert!(!folder.path().join("master.key").exists());

    let mut key = command(folder.path(), &["--store", &store]);
    key.env("KIRO_MASTER_KEY", format!("{}=", "A".repeat(43)));
    let program = Program::of(key);
    assert_eq!(
        program.call("GET /healthz", ""),
        (200, json!({ "status": "alive" }))
    );
    assert_eq!(
        program.call("GET /readyz", ""),
        (200, json!({ "status": "ready" }))
    );
    let made = program.call(
        "POST /client/register",
        r#"{"clientName":"x","clientType":"public"}"#,
    );
    assert_eq!(made.0, 200);
    assert!(!folder.path().join("store.db").exists());
    drop(server);
    assert_eq!(program.call("GET /healthz", "").0, 200);
    let missing =
        json!({ "status": "not ready", "missing": { "store": "the store gives no answer" } });
    assert_eq!(program.call("GET /readyz", ""), (503, missing));
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{log}");
    assert!(!log.contains("AAAAAAAA"), "{log}");
}
