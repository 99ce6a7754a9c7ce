//! Our own Identity Center as a peer: the built `kiro-identity-center` with its demonstration.

use std::fs::{self, File};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Peer, http, program};

/// An access token's usual life, in seconds.
const HOUR: u32 = 3600;

impl Peer {
    /// The service on a store of its own. Aiko has a second factor there, Maya sets one up when she signs in first.
    #[must_use]
    pub fn identity_center() -> Peer {
        Peer::identity_center_for(HOUR)
    }

    /// The same with access tokens that end after so many seconds.
    #[must_use]
    pub fn identity_center_for(seconds: u32) -> Peer {
        serve(folder(), "127.0.0.1:0", seconds, &[])
    }

    /// The same with credentials for roles from this STS ([`Peer::sts`]).
    #[must_use]
    pub fn identity_center_with(sts: &Peer) -> Peer {
        let words = ["--sts", sts.word("endpoint")];
        serve(folder(), "127.0.0.1:0", HOUR, &words)
    }

    /// The same with these identity providers, to which the names of their people lead.
    #[must_use]
    pub fn identity_center_before(providers: &[&Peer]) -> Peer {
        let folder = folder();
        started(before(providers, &folder), folder)
    }

    /// The same with both.
    #[must_use]
    pub fn identity_center_between(providers: &[&Peer], sts: &Peer) -> Peer {
        let folder = folder();
        let mut command = before(providers, &folder);
        command.args(["--sts", sts.word("endpoint")]);
        started(command, folder)
    }

    /// The same on this PostgreSQL database.
    #[must_use]
    pub fn identity_center_on(database: &str) -> Peer {
        let folder = folder();
        let mut command = command(&folder, "127.0.0.1:0", HOUR);
        command
            .args(["--store", database])
            .env("KIRO_MASTER_KEY", format!("{}=", "A".repeat(43)));
        started(command, folder)
    }

    /// The service killed, and started again at the same address with the store that it left.
    #[must_use]
    pub fn again_for(mut self, seconds: u32) -> Peer {
        let folder = self.folder.take().expect("a peer with a store");
        let address = self.word("endpoint").replace("http://", "");
        drop(self);
        serve(folder, &address, seconds, &[])
    }

    /// What is known of somebody of the demonstration: `user_name`, `password`, `totp_secret`.
    ///
    /// # Panics
    /// When nobody has the name.
    #[must_use]
    pub fn user(&self, name: &str) -> &Value {
        let mut users = self.ready["users"].as_array().unwrap().iter();
        users
            .find(|user| user["user_name"] == name)
            .expect("somebody of the demonstration")
    }

    /// The one value that the service's store answers.
    #[must_use]
    pub fn stored(&self, sql: &str) -> Value {
        const ASK: &str = "import json, sqlite3, sys
print(json.dumps(sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]).fetchone()[0]))";
        let store = self.folder.as_ref().expect("a peer with a store");
        let output = Command::new("/usr/bin/python3")
            .args(["-c", ASK])
            .arg(store.path().join("store.db"))
            .arg(sql)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    /// The portal's answer to somebody who has this access token: its status, and the accounts.
    pub async fn portal(&self, token: &str) -> (u16, Value) {
        let address = format!("{}/assignment/accounts", self.word("endpoint"));
        let asked = http().get(address).header("x-amz-sso_bearer_token", token);
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let accounts = body["accountList"].as_array().into_iter().flatten();
        let ids = accounts.map(|account| account["accountId"].clone());
        (status, json!(ids.collect::<Vec<_>>()))
    }

    /// What the organisation's owner asks of `/admin/v1`: the answer's status and body.
    pub async fn administer(&self, method: &str, path: &str) -> (u16, Value) {
        let address = format!("{}{path}", self.word("admin_url"));
        let asked = http()
            .request(method.parse().unwrap(), address)
            .bearer_auth(self.word("admin_token"));
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }

    /// Runs `kiro-identity-center admin` as the organisation's owner.
    #[must_use]
    pub fn admin(&self, words: &[&str]) -> Output {
        Command::new(program("kiro-identity-center"))
            .arg("admin")
            .args(words)
            .env("KIRO_IC_URL", self.word("issuer"))
            .env("KIRO_IC_ADMIN_TOKEN", self.word("admin_token"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What the identity provider sends by SCIM: the answer's status and body.
    pub async fn provision(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = format!("{}{path}", self.word("scim_url"));
        let mut asked = http()
            .request(method.parse().unwrap(), address)
            .bearer_auth(self.word("scim_token"));
        if !body.is_null() {
            asked = asked
                .header("content-type", "application/scim+json")
                .body(body.to_string());
        }
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// The administrator's path of somebody.
    pub async fn person(&self, name: &str) -> String {
        let (_, found) = self
            .administer("GET", &format!("/users?user_name={name}"))
            .await;
        format!("/users/{}", found["items"][0]["id"].as_str().unwrap())
    }

    /// What the service has written so far.
    pub(crate) fn log(&self) -> String {
        let folder = self.folder.as_ref();
        let log = folder.map(|folder| fs::read_to_string(folder.path().join(LOG)));
        log.and_then(Result::ok).unwrap_or_default()
    }
}

const LOG: &str = "service.log";

fn folder() -> TempDir {
    TempDir::with_prefix("kiro-center-").unwrap()
}

fn serve(folder: TempDir, address: &str, seconds: u32, words: &[&str]) -> Peer {
    let mut command = command(&folder, address, seconds);
    command.args(words);
    started(command, folder)
}

fn before(providers: &[&Peer], folder: &TempDir) -> Command {
    let upstreams: Vec<_> = providers
        .iter()
        .map(|peer| &peer.ready["upstream"])
        .collect();
    let mut command = command(folder, "127.0.0.1:0", HOUR);
    command.env("KIRO_DEMO_UPSTREAMS", json!(upstreams).to_string());
    command
}

fn started(command: Command, folder: TempDir) -> Peer {
    let mut peer = Peer::start(command);
    peer.folder = Some(folder);
    peer
}

fn command(folder: &TempDir, address: &str, seconds: u32) -> Command {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.path().join(LOG));
    let mut command = Command::new(program("kiro-identity-center"));
    command
        .args(["serve", "--demo", "--listen", address, "--data"])
        .arg(folder.path())
        .arg(format!("--access-token-lifetime={seconds}"))
        .env_remove("KIRO_MASTER_KEY")
        .env("KIRO_LOG", "debug")
        .stderr(Stdio::from(log.unwrap()));
    command
}
