//! A computer on which nothing is installed, and the programs on it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use kiro_identity_center::totp;
use tempfile::TempDir;
use url::{Position, Url};

use super::program::Program;
use super::walk::{Browser, unbase32};

/// A computer on which nothing is installed.
pub(crate) struct Computer {
    pub(crate) home: TempDir,
    pub(crate) url: String,
}

impl Computer {
    pub(crate) fn new() -> Computer {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Computer {
            home: tempfile::tempdir().unwrap(),
            url: format!("http://{}", free.local_addr().unwrap()),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .env("KIRO_LOG", "trace,mio=off")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    /// The verb does it; what it says on standard output.
    pub(crate) fn admin(&self, arguments: &[&str]) -> String {
        let (code, said, talk) = self.run(&[&["admin"], arguments].concat());
        assert_eq!(code, 0, "{arguments:?}: {talk}");
        said
    }

    /// The verb does not; what it says instead, and its exit code.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let (code, said, talk) = self.run(&[&["admin"], arguments].concat());
        assert_eq!(said, "", "{arguments:?}");
        (code, talk)
    }

    pub(crate) fn init(&self, more: &[&str]) -> String {
        let (settings, data) = (self.path("etc/config.toml"), self.path("data"));
        let mut arguments = vec![
            "init",
            "--url",
            &self.url,
            "--settings",
            &settings,
            "--data",
            &data,
        ];
        arguments.extend([
            "--organization",
            "acme",
            "--title",
            "Acme GmbH",
            "--contact",
            "it@acme.example",
        ]);
        arguments.extend(more);
        let (code, said, talk) = self.run(&arguments);
        assert_eq!((code, talk.as_str()), (0, ""), "{said}");
        said
    }

    pub(crate) fn serve(&self) -> Program {
        self.serve_with(&[])
    }

    /// With these settings in its environment.
    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Program {
        let settings = self.path("etc/config.toml");
        let listen = self.url.strip_prefix("http://").unwrap();
        let mut command = self.command(&["serve", "--settings", &settings, "--listen", listen]);
        command.envs(environment.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Program::of(command)
    }
}

/// The path of the set-up link in what was said.
pub(crate) fn link(said: &str) -> String {
    let address = said
        .split_whitespace()
        .find(|word| word.contains("/setup/"));
    let address: Url = address.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    address[Position::BeforePath..].to_owned()
}

/// Sets somebody up by a link, second factor included, in a browser of their own; what the authenticator has.
pub(crate) fn set_up<'a>(
    program: &'a Program,
    link: &str,
    name: &str,
    password: &str,
) -> (Browser<'a>, Vec<u8>) {
    let mut browser = Browser::new(program);
    let form = [
        ("user_name", name),
        ("password", password),
        ("again", password),
    ];
    let (at, page) = browser.open("POST", link, &form);
    let key = page
        .split_once("id=\"key\"><code>")
        .unwrap_or_else(|| panic!("{at}: {page}"))
        .1;
    let key = key.split_once('<').unwrap().0.replace(' ', "");
    let seed = unbase32(&key);
    let step = totp::step(jiff::Timestamp::now());
    let code = format!("{:06}", totp::code(&seed, step));
    let (at, page) = browser.step(&at, "enrolment", &[("code", &code)]);
    assert!(page.contains("class=\"codes\""), "{page}");
    let (at, page) = browser.step(&at, "continue", &[]);
    assert_eq!(at, "/start/acme", "{page}");
    (browser, seed)
}

/// `admin login`, approved in this browser.
pub(crate) fn login(computer: &Computer, browser: &mut Browser<'_>) -> (i32, String) {
    let arguments = [
        "admin",
        "login",
        "--url",
        &computer.url,
        "--organization",
        "acme",
    ];
    let mut child = computer
        .command(&arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("type  ") {
        assert_ne!(talk.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let code = said
        .split_once("type  ")
        .unwrap()
        .1
        .split_whitespace()
        .next()
        .unwrap();
    let (at, page) = browser.open("POST", "/device", &[("user_code", code)]);
    assert!(
        page.contains("Identity Center administration"),
        "{at}: {page}"
    );
    browser.step(&at, "consent", &[("decision", "allow")]);
    talk.read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code().unwrap(), said)
}
