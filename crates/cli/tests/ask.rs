//! `kiro ask`, the whole command over a real wire: what goes where, and what a signal leaves (`tests/peers/bedrock.py`).
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Home, KeySource, Keys, NewPublic, ProfileName, Store, Tokens};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "../../../tests/peers/bedrock.rs"]
mod bedrock;

/// AWS on this computer, and the home of somebody who is signed in with Okta.
struct World {
    aws: bedrock::Bedrock,
    home: TempDir,
}

const ORGANIZATIONS: &str = "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://login.acme.example\"\nclient_id = \"client\"\nsupport_contact = \"it-help@acme.com\"\n[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";

impl World {
    fn new() -> World {
        let home = tempfile::tempdir().unwrap();
        session(&home);
        World {
            aws: bedrock::Bedrock::start(&[("https://login.acme.example", "client")]),
            home,
        }
    }

    /// Tells AWS what shall happen, and returns what it has seen.
    fn control(&self, asked: Value) -> Value {
        let port = self.aws.address("control").port().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let body = asked.to_string();
        let length = body.len();
        write!(
            stream,
            "POST /control HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let origin = self.aws.ready["origin"].as_str().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiro"));
        command
            .args(words)
            .env_clear()
            .env("KIRO_HOME", self.home.path())
            .env("LC_ALL", "C")
            .env("AWS_ENDPOINT_URL_STS", origin)
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", origin)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn kiro(&self, words: &[&str]) -> Said {
        Said::of(self.command(words).output().unwrap())
    }

    /// The questions that reached a model.
    fn questions(&self) -> Vec<String> {
        let seen = self.control(json!({}));
        let requests = seen["requests"].as_array().unwrap().iter();
        let text = |request: &Value| request["body"]["messages"][0]["content"][0]["text"].clone();
        requests
            .map(|request| text(request).as_str().unwrap().to_owned())
            .collect()
    }
}

/// `{"iss":"https://login.acme.example","aud":"client","exp":4102444800}`
const ID_TOKEN: &str = "e30.eyJpc3MiOiJodHRwczovL2xvZ2luLmFjbWUuZXhhbXBsZSIsImF1ZCI6ImNsaWVudCIsImV4cCI6NDEwMjQ0NDgwMH0.signature";

/// A session of an hour, its key in a plain file, and its organisation.
fn session(home: &TempDir) {
    let at = Home::at(home.path());
    let keys = Keys::new(&at);
    let store = Store::new(at, keys, "test/1");
    store.ensure_key(Some(KeySource::Plaintext)).unwrap();
    let public = NewPublic {
        provider: "okta".to_owned(),
        organization: "acme".to_owned(),
        issuer: "https://login.acme.example".to_owned(),
        client_id: "client".to_owned(),
        endpoint: None,
        subject: Some("00u1".to_owned()),
        name: None,
        email: None,
        scopes: Vec::new(),
        region: None,
        models: None,
        expires_at: Timestamp::now() + SignedDuration::from_secs(3600),
        session_expires_at: None,
        signed_in_at: Timestamp::now(),
    };
    let tokens = Tokens {
        access: "the-access-token".into(),
        refresh: None,
        id: Some(ID_TOKEN.into()),
    };
    store.save(&ProfileName::default(), public, tokens).unwrap();
    let file = home.path().join("organizations.toml");
    std::fs::write(&file, ORGANIZATIONS).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[derive(Debug, PartialEq)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    fn of(output: Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    fn new(code: i32, stdout: &str, stderr: &str) -> Said {
        Said {
            code: Some(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }
}

const ANSWER: &str = "Once upon a time – 日本\n";
const TOOK: &str = "opus-4.6 · us-east-1 · 12 tokens in, 5 out\n";

#[test]
fn the_answer_is_on_stdout_and_what_it_took_on_stderr() {
    let world = World::new();
    let answered = Said::new(0, ANSWER, TOOK);
    assert_eq!(world.kiro(&["ask", "Tell", "me"]), answered);
    let named = ["ask", "--model", "opus-4.6", "--region", "us-east-1", "me"];
    assert_eq!(world.kiro(&named), answered);
    for words in [
        vec!["ask"],
        vec!["ask", "-"],
        vec!["ask", "What", "is", "-"],
    ] {
        let mut piped = world.command(&words).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = piped.stdin.take().unwrap();
        stdin.write_all(b"from\nstdin").unwrap();
        drop(stdin);
        assert_eq!(Said::of(piped.wait_with_output().unwrap()), answered);
    }
    let expected = [
        "Tell me",
        "me",
        "from\nstdin",
        "from\nstdin",
        "What is\n\nfrom\nstdin",
    ];
    assert_eq!(world.questions(), expected);
    let nothing = world.kiro(&["ask"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
}

#[test]
fn what_may_not_be_asked_is_not_sent_and_the_reasons_are_told() {
    let world = World::new();
    let refused = world.kiro(&["ask", "--region", "eu-central-1", "secret"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(4), ""));
    for part in [
        "└─ ✗ eu-central-1 · experimental",
        "sign-in method: In eu-central-1 it is for people signed in with IAM Identity Center; you are signed in with Okta. Ask it-help@acme.com.",
        "error: opus-4.6 (eu-central-1) cannot be asked. Nothing was sent.",
    ] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    let seen = world.control(json!({}));
    assert_eq!((&seen["given"], &seen["requests"]), (&json!(0), &json!([])));
}

#[test]
fn what_cannot_be_asked_whole_is_not_asked() {
    let world = World::new();
    let mut kiro = world
        .command(&["ask", "What is this?", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = kiro.stdin.take().unwrap();
    stdin.write_all(&vec![b'x'; 4 * 1024 * 1024 + 1]).unwrap();
    drop(stdin);
    let long = "error: The question is longer than 4 MiB. Nothing was sent\nhint: Shorten it, or ask in parts\n";
    let said = Said::of(kiro.wait_with_output().unwrap());
    assert_eq!(said, Said::new(2, "", long));
    // A folder opens, and cannot be read.
    let folder = std::fs::File::open(world.home.path()).unwrap();
    let asked = world
        .command(&["ask", "What is this?", "-"])
        .stdin(folder)
        .output();
    let said = Said::of(asked.unwrap());
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    let unreadable = "error: The question could not be read: ";
    assert!(said.stderr.starts_with(unreadable), "{}", said.stderr);
    assert_eq!(world.questions(), [""; 0]);
}

#[test]
fn why_an_answer_ended_is_told() {
    let world = World::new();
    let no_room = "ended for want of room\n";
    let filter = "error: A content filter at AWS kept back the answer, or the rest of it (";
    let cut = "error: The answer of opus-4.6 (us-east-1) was cut off before its end.\n";
    for (fault, code, told) in [
        (
            "max_tokens",
            0,
            format!("opus-4.6 · us-east-1 · 12 tokens in, 5 out · {no_room}"),
        ),
        (
            "no_metadata",
            0,
            format!("opus-4.6 · us-east-1 · {no_room}"),
        ),
        (
            "content_filtered",
            4,
            format!("{filter}content_filtered · "),
        ),
        (
            "guardrail_intervened",
            4,
            format!("{filter}guardrail_intervened · "),
        ),
        ("malformed_model_output", 5, cut.to_owned()),
    ] {
        world.control(json!({ "faults": [fault] }));
        let said = world.kiro(&["ask", "me"]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(code), ANSWER));
        assert!(said.stderr.starts_with(&told), "{fault}: {}", said.stderr);
    }
}

/// What stands in all files below.
fn all(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let texts = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => all(&entry.path()),
        false => String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned(),
    });
    texts.collect()
}

#[test]
fn neither_question_nor_answer_nor_credentials_are_logged_or_kept_in_clear() {
    let world = World::new();
    let asked = world
        .command(&["ask", "question-canary"])
        .env("KIRO_LOG", "trace")
        .output()
        .unwrap();
    assert_eq!(Said::of(asked), Said::new(0, ANSWER, TOOK));
    let blocked = world
        .command(&["ask", "--region", "eu-central-1", "question-canary"])
        .env("KIRO_LOG", "trace")
        .output()
        .unwrap();
    assert_eq!(Said::of(blocked).code, Some(4));
    let kept = all(world.home.path());
    assert!(kept.contains("the model is not asked"), "there is a log");
    for secret in ["question-canary", "Once", "role-secret-", "role-token-"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

/// Presses Ctrl-C, and returns what else the command said. One that does not hear it is killed after half a minute.
fn interrupt(mut kiro: Child) -> Said {
    let pid = Pid::from_child(&kiro);
    kill_process(pid, Signal::INT).unwrap();
    let (over, heard) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if heard.recv_timeout(Duration::from_secs(30)) == Err(RecvTimeoutError::Timeout) {
            kill_process(pid, Signal::KILL).unwrap();
        }
    });
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let (out, talk) = (kiro.stdout.take(), kiro.stderr.take());
    out.unwrap().read_to_string(&mut stdout).unwrap();
    talk.unwrap().read_to_string(&mut stderr).unwrap();
    drop(over);
    watch.join().unwrap();
    Said {
        code: kiro.wait().unwrap().code(),
        stdout,
        stderr,
    }
}

#[test]
fn ctrl_c_ends_an_answer_where_it_is() {
    let world = World::new();
    world.control(json!({ "gate": true }));
    let mut kiro = world.command(&["ask", "me"]).spawn().unwrap();
    let mut first = [0; 5];
    kiro.stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    assert_eq!(&first, b"Once ", "while the rest is not told yet");
    let ended = interrupt(kiro);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), "\n"));
    assert!(ended.stderr.starts_with("error: Interrupted"), "{ended:?}");
    world.control(json!({ "go_on": true }));
}

#[test]
fn ctrl_c_ends_the_wait_for_a_busy_model() {
    let world = World::new();
    let busy = json!({"status": 429, "kind": "ThrottlingException", "retry_after": 20});
    world.control(json!({ "faults": [busy] }));
    let kiro = world.command(&["ask", "me"]).spawn().unwrap();
    while world.questions().is_empty() {}
    let ended = interrupt(kiro);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""));
    assert!(ended.stderr.starts_with("error: Interrupted"), "{ended:?}");
    assert_eq!(world.questions().len(), 1, "it is not asked again");
}

#[test]
fn a_fault_is_told_in_two_lines_after_what_came_before_it() {
    let world = World::new();
    world.control(json!({ "faults": ["cut"] }));
    let cut = world.kiro(&["ask", "me"]);
    let told =
        "error: The answer of opus-4.6 (us-east-1) was cut off before its end.\nhint: Ask again\n";
    assert_eq!(cut, Said::new(5, "Once \n", told));
    let denied = json!({"status": 403, "kind": "AccessDeniedException", "message": "not authorized to perform: bedrock:InvokeModelWithResponseStream"});
    world.control(json!({ "faults": [denied] }));
    let refused = world.kiro(&["ask", "me"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(4), ""));
    assert!(
        refused.stderr.starts_with("error: AWS does not let this role ask models: Kiro (111122223333): not authorized to perform: bedrock:InvokeModelWithResponseStream (AccessDeniedException"),
        "{}",
        refused.stderr
    );
}
