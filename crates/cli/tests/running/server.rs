//! A server that answers when it is told to, and `kiro` in a home of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;
use url::Url;

/// IAM Identity Center's wire, as far as a sign-in needs it. Each token request waits for the next item of `answers`.
pub(crate) struct Server {
    pub(crate) home: TempDir,
    asked: mpsc::Receiver<()>,
    pub(crate) answers: mpsc::Sender<&'static str>,
}

const REGISTERED: &str = r#"{"clientId":"c","clientSecret":"s","clientIdIssuedAt":1,"clientSecretExpiresAt":4102444800}"#;
const DEVICE: &str = r#"{"deviceCode":"d","userCode":"ABCD-EFGH","verificationUri":"http://127.0.0.1:9/device","expiresIn":600,"interval":1}"#;
const OVER: &str =
    r#"{"accessToken":"first","refreshToken":"r1","tokenType":"Bearer","expiresIn":1}"#;
pub(crate) const FRESH: &str =
    r#"{"accessToken":"second","refreshToken":"r2","tokenType":"Bearer","expiresIn":3600}"#;

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (ask, asked) = mpsc::channel();
        let (answers, answer) = mpsc::channel::<&'static str>();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let path = request(&mut stream);
                let body = if path.starts_with("GET / ") {
                    "{}" // what time it is
                } else if path.contains("/client/register") {
                    REGISTERED
                } else if path.contains("/device_authorization") {
                    DEVICE
                } else {
                    let _ = ask.send(());
                    let Ok(body) = answer.recv() else { return };
                    body
                };
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}");
            }
        });
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("organizations.toml");
        let settings = format!(
            "[organizations.acme]\nprovider = \"identity-center\"\nstart_url = \"{origin}/start\"\nregion = \"eu-west-1\"\nendpoint = \"{origin}\"\n"
        );
        std::fs::write(&file, settings).unwrap();
        private(&file);
        private(home.path());
        Server {
            home,
            asked,
            answers,
        }
    }

    pub(crate) fn kiro(&self, arguments: &str) -> Command {
        let mut kiro = Command::new(env!("CARGO_BIN_EXE_kiro"));
        kiro.args(arguments.split(' '))
            .env_clear()
            .env("KIRO_HOME", self.home.path())
            .env("HOME", self.home.path())
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        kiro
    }

    /// Exit code, stdout and stderr.
    pub(crate) fn run(&self, arguments: &str) -> (Option<i32>, String, String) {
        let output = self.kiro(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// A sign-in that has shown its address.
    pub(crate) fn signing_in(&self) -> (Child, BufReader<ChildStderr>, Url) {
        let mut kiro = self.kiro("auth login --sso --no-browser --force --insecure-storage");
        let mut child = kiro
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap());
        let line = until(&mut talk, |line| line.starts_with("  http")).expect("an address");
        (child, talk, line.trim().parse().unwrap())
    }

    /// Signed in with a token that is due for renewal.
    pub(crate) fn signed_in(&self) {
        let (mut child, _talk, address) = self.signing_in();
        self.answers.send(OVER).unwrap();
        paste(&mut child, &address);
        assert!(child.wait().unwrap().success());
        self.asked();
        while !self.run("auth status").1.contains("due for renewal") {}
    }

    /// Returns when a token request has come in.
    pub(crate) fn asked(&self) {
        self.asked
            .recv_timeout(Duration::from_secs(30))
            .expect("a token request");
    }
}

/// Reads one request, and returns its first line.
fn request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    first
}

/// The first line that fits; `None` at the end.
pub(crate) fn until(talk: &mut impl BufRead, fits: impl Fn(&str) -> bool) -> Option<String> {
    talk.lines().map_while(Result::ok).find(|line| fits(line))
}

/// The callback's address that the server would send the browser to.
pub(crate) fn callback(address: &Url) -> String {
    let value = |name: &str| {
        address
            .query_pairs()
            .find(|(key, _)| key == name)
            .expect("a parameter")
            .1
            .into_owned()
    };
    format!(
        "{}?code=c&state={}\n",
        value("redirect_uri"),
        value("state")
    )
}

pub(crate) fn paste(child: &mut Child, address: &Url) {
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(callback(address).as_bytes())
        .unwrap();
}

pub(crate) fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
