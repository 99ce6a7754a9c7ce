//! The store moves to PostgreSQL: sessions go on there, and nothing is mixed or missed.

use std::process::Command;

use kiro_identity_center::store::Store;

use super::back_up::{Given, tell};
use super::instances::wire::{TOKEN, post, renewal, text};
use super::program::Program;
use super::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_go_on_after_the_store_has_moved_to_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(None);
    let database = server.database("kiro");
    let data = folder.path().to_str().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    let given = {
        let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
        Given::at(&program, &store).await
    };
    let copy = ["copy-to", &database, "--data", data];
    let (done, said) = tell(&copy, None);
    assert!(!done && said.contains("Stop the service first"), "{said}");
    assert!(program.stop("TERM").0.success());

    let (done, said) = tell(
        &["copy-to", "postgresql://kiro:hush@db/kiro", "--data", data],
        None,
    );
    assert!(
        !done && said.contains("KIRO_COPY_TO") && !said.contains("hush"),
        "{said}"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
    command
        .args(["copy-to", "--data", data])
        .env("KIRO_COPY_TO", &database);
    let output = command.env_remove("KIRO_IC_SETTINGS").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (done, said) = tell(&copy, None);
    assert!(!done && said.contains("is not empty"), "{said}");
    let (whole, said) = tell(
        &["audit", "verify", "--data", data, "--store", &database],
        None,
    );
    assert!(whole, "{said}");

    let program = Program::start(folder.path(), &["--demo", "--store", &database]);
    let at = program.address().parse().unwrap();
    let (status, renewed) = post(at, TOKEN, &renewal(&given.refresh)).await.unwrap();
    assert_eq!(status, 200, "{renewed}");

    // A database that pg_restore has put back is told so, and begins anew.
    let (file, again) = (folder.path().join("dump"), server.database("again"));
    let file = file.to_str().unwrap();
    let dump = ["--format=custom", "--file", file, &database];
    let restore = ["--dbname", &again, file];
    for (program, words) in [("pg_dump", &dump[..]), ("pg_restore", &restore)] {
        let done = Command::new(program).args(words).status().unwrap();
        assert!(done.success(), "{program}");
    }
    let (done, said) = tell(&["restored", "--data", data, "--store", &again], None);
    assert!(done && said.contains("Ended 5 sessions"), "{said}");
    let refresh = text(&renewed, "refresh_token");
    let (status, _) = post(at, TOKEN, &renewal(&refresh)).await.unwrap();
    assert_eq!(status, 200, "where it was taken from, it goes on");
    let program = Program::start(folder.path(), &["--demo", "--store", &again]);
    let at = program.address().parse().unwrap();
    let (status, refused) = post(at, TOKEN, &renewal(&refresh)).await.unwrap();
    assert_eq!(status, 400, "{refused}");
}
