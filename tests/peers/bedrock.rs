//! `bedrock.py` beside the tests of the crates that ask a model: `crates/sign-in` and `crates/cli`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The running peer; it ends with this.
pub(crate) struct Bedrock {
    child: Child,
    /// What it said when it was ready: `origin`, `control`.
    pub(crate) ready: Value,
}

impl Bedrock {
    /// In an account that knows these identity providers, each with its audience.
    pub(crate) fn start(providers: &[(&str, &str)]) -> Bedrock {
        let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let python = std::env::var_os("KIRO_TEST_PYTHON").map_or_else(
            || package.join("../../target/venv/bin/python"),
            PathBuf::from,
        );
        let mut child = Command::new(python)
            .arg(package.join("../../tests/peers/bedrock.py"))
            .env("PROVIDERS", serde_json::json!(providers).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        Bedrock {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    /// An address of its.
    pub(crate) fn address(&self, name: &str) -> url::Url {
        self.ready[name].as_str().unwrap().parse().unwrap()
    }
}

impl Drop for Bedrock {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
