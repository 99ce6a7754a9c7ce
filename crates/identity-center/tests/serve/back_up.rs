//! A back-up is made while the service runs, opens nothing without the master key, and revives nothing when it is put back.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use kiro_identity_center::store::{Granted, Store};
use serde_json::{Value, json};

use super::instances::cluster::{APPLICATION, ORGANIZATION, application};
use super::instances::person::{approves, signs_in};
use super::instances::wire::{TOKEN, poll, post, redemption, renewal, text};
use super::program::Program;
use super::walk::unbase32;

/// Whether the program did it, and what it said.
pub(crate) fn tell<S: AsRef<OsStr>>(words: &[S], key: Option<&str>) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
    command.args(words).env_remove("KIRO_IC_SETTINGS");
    match key {
        Some(key) => command.env("KIRO_MASTER_KEY", key),
        None => command.env_remove("KIRO_MASTER_KEY"),
    };
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// What a person of the demonstration has given to an application, in each way.
pub(crate) struct Given {
    pub(crate) at: SocketAddr,
    pub(crate) access: String,
    pub(crate) refresh: String,
    code: String,
    device_code: String,
}

impl Given {
    /// At a running demonstration whose store is this.
    pub(crate) async fn at(program: &Program, store: &Store) -> Given {
        let at = program.address().parse().unwrap();
        let now = Timestamp::now();
        store.put_client(application(vec![]), now).await.unwrap();
        let aiko = store.user_by_name(Some(ORGANIZATION), "aiko").await;
        let aiko = aiko.unwrap().unwrap().id;
        let code = signs_in(store, aiko).await;
        let (status, tokens) = post(at, TOKEN, &redemption(&code)).await.unwrap();
        assert_eq!(status, 200, "{tokens}");
        let begin = [("client_id", APPLICATION), ("scope", "openid")];
        let (_, begun) = post(at, "/oauth2/device_authorization", &begin)
            .await
            .unwrap();
        let approved = approves(store, aiko, &text(&begun, "user_code")).await;
        assert_eq!(approved, Granted::Yes);
        Given {
            at,
            access: text(&tokens, "access_token"),
            refresh: text(&tokens, "refresh_token"),
            code: signs_in(store, aiko).await,
            device_code: text(&begun, "device_code"),
        }
    }

    /// What the token endpoint says to each of them.
    async fn worth(&self) -> [Value; 3] {
        let forms = [
            renewal(&self.refresh),
            redemption(&self.code),
            poll(&self.device_code),
        ];
        let mut said = [Value::Null, Value::Null, Value::Null];
        for (said, form) in said.iter_mut().zip(&forms) {
            *said = post(self.at, TOKEN, form).await.unwrap().1;
        }
        said
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_back_up_is_useless_without_the_master_key_and_revives_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    let back_up = folder.path().join("back-up");
    let program = Program::start(&data, &["--demo"]);
    let given = {
        let store = Store::sqlite(&data.join("store.db")).unwrap();
        Given::at(&program, &store).await
    };
    let words = |verb: &'static str, file: &Path, data: &Path| {
        [verb.into(), file.into(), "--data".into(), data.to_owned()]
            .map(|word: std::path::PathBuf| word)
    };
    let (made, said) = tell(&words("backup", &back_up, &data), None);
    assert!(made, "{said}");
    assert_eq!(bytes_of(&back_up).get(..15), Some(&b"SQLite format 3"[..]));
    let mode = fs::metadata(&back_up).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = bytes_of(&back_up);
    let (made, said) = tell(&words("backup", &back_up, &data), None);
    assert!(!made && said.contains("is there already"), "{said}");
    assert!(bytes_of(&back_up) == before, "nothing is overwritten");

    // None of what opens anything stands in it.
    let key = fs::read_to_string(data.join("master.key")).unwrap();
    let user = &program.said["users"][0];
    let seed = text(user, "totp_secret");
    for secret in [
        given.access.as_bytes(),
        given.refresh.as_bytes(),
        given.code.as_bytes(),
        given.device_code.as_bytes(),
        key.trim().as_bytes(),
        text(user, "password").as_bytes(),
        text(&program.said["oidc_clients"][1], "client_secret").as_bytes(),
        text(&program.said, "admin_token").as_bytes(),
        seed.as_bytes(),
        &unbase32(&seed),
    ] {
        assert!(
            !holds(&before, secret),
            "{}",
            String::from_utf8_lossy(secret)
        );
    }
    assert!(holds(&before, b"aiko"), "it is searched as it should be");

    // The service went on; what lived then lives, and is ended only afterwards.
    let renewed = &given.worth().await[0];
    assert!(renewed["access_token"].is_string(), "{renewed}");
    assert!(program.stop("TERM").0.success());

    let restore = words("restore", &back_up, &elsewhere);
    let (done, said) = tell(&restore, None);
    assert!(!done && said.contains("its master key is not"), "{said}");
    let (done, said) = tell(&restore, Some(&format!("{}=", "A".repeat(43))));
    assert!(!done && said.contains("sealed under"), "{said}");
    let left: Vec<_> = fs::read_dir(&elsewhere)
        .map(Iterator::count)
        .into_iter()
        .collect();
    assert!(
        left.iter().all(|count| *count == 0),
        "nothing is left behind"
    );
    // The demonstration's administrator had one, too, and its connection a token.
    let (done, said) = tell(&restore, Some(key.trim()));
    assert!(done && said.contains("Ended 4 sessions"), "{said}");
    assert!(
        said.contains("Revoked 1 provisioning token: for each connection, make a new one"),
        "{said}"
    );
    let (done, said) = tell(&restore, Some(key.trim()));
    assert!(!done && said.contains("is there already"), "{said}");

    fs::copy(data.join("master.key"), elsewhere.join("master.key")).unwrap();
    let program = Program::start(&elsewhere, &["--demo"]);
    let given = Given {
        at: program.address().parse().unwrap(),
        ..given
    };
    let errors = given.worth().await.map(|said| said["error"].clone());
    assert_eq!(errors, ["invalid_grant", "invalid_grant", "access_denied"]);
    let store = Store::sqlite(&elsewhere.join("store.db")).unwrap();
    assert!(store.verify_audit().await.unwrap().is_ok());
    let entries = store.audit_entries(0, 10_000).await.unwrap();
    let restored = entries.iter().find(|entry| entry.action == "store.restore");
    let restored = restored.map(|entry| (entry.actor.as_str(), entry.detail.as_str()));
    assert_eq!(
        restored,
        Some((
            "command line",
            r#"{"recovery_codes":0,"scim_tokens":1,"sessions":4}"#
        ))
    );
    // People sign in again.
    let again = Given::at(&program, &store).await;
    assert!(again.worth().await[0]["access_token"].is_string());
}

#[test]
fn what_is_no_back_up_or_damaged_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    let back_up = folder.path().join("back-up");
    assert!(Program::start(&data, &["--demo"]).stop("TERM").0.success());
    let key = fs::read_to_string(data.join("master.key")).unwrap();
    let words = |verb: &str, file: &Path, data: &Path| {
        [
            OsStr::new(verb),
            file.as_os_str(),
            OsStr::new("--data"),
            data.as_os_str(),
        ]
        .map(OsStr::to_owned)
    };
    let (made, said) = tell(&words("backup", &back_up, &data), None);
    assert!(made, "{said}");
    let good = fs::read(&back_up).unwrap();
    // A page that is nowhere, by the header: whoever only reads does not see it.
    let mut damaged = good.clone();
    damaged[36..40].copy_from_slice(&1_u32.to_be_bytes());
    for (bad, expected) in [
        (Vec::new(), "the file is no store"),
        (b"PGDMP".to_vec(), "cannot be restored"),
        (good[..good.len() / 2].to_vec(), "cannot be restored"),
        (damaged, "the file is damaged"),
    ] {
        fs::write(&back_up, &bad).unwrap();
        let (done, said) = tell(&words("restore", &back_up, &elsewhere), Some(key.trim()));
        assert!(
            !done && said.contains(expected),
            "{} bytes: {said}",
            bad.len()
        );
        assert!(!elsewhere.join("store.db").exists());
    }
    fs::write(&back_up, &good).unwrap();
    let (done, said) = tell(&words("restore", &back_up, &elsewhere), Some(key.trim()));
    assert!(done, "{said}");
    assert_eq!(
        json!(fs::read_dir(&elsewhere).unwrap().count()),
        json!(1),
        "no file is left about"
    );
}
