//! The program, running.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) said: Value,
}

pub(crate) fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
    command
        .args(["serve", "--data"])
        .arg(data)
        .args(more)
        .env_remove("KIRO_MASTER_KEY")
        .env("KIRO_LOG", "trace")
        .env_remove("KIRO_IC_SETTINGS")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if !more.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command
}

impl Program {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Program {
        Program::of(command(data, more))
    }

    pub(crate) fn of(mut command: Command) -> Program {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Program {
            child,
            stdout,
            said,
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap()
    }

    /// An answer's status and body.
    pub(crate) fn call(&self, request: &str, body: &str) -> (u16, Value) {
        self.call_with(request, "x: y", body)
    }

    /// The same with a header.
    pub(crate) fn call_with(&self, request: &str, header: &str, body: &str) -> (u16, Value) {
        let at = self.address().parse().unwrap();
        let (status, body) = Program::ask(at, request, header, body);
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// An answer's status and text, from any address.
    pub(crate) fn ask(at: SocketAddr, request: &str, header: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(at).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\n{header}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (
            head.split(' ').nth(1).unwrap().parse().unwrap(),
            body.to_owned(),
        )
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).unwrap()
    }

    /// From one of this computer's own addresses, of which 127.0.0.0/8 has many.
    pub(crate) fn connect_from(&self, from: IpAddr) -> TcpStream {
        let connected = async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::new(from, 0))?;
            let stream = socket.connect(self.address().parse().unwrap()).await?;
            stream.into_std()
        };
        // The test may have a runtime, in which none can be waited for.
        let stream = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .build();
                runtime.unwrap().block_on(connected)
            });
            waiting.join().unwrap().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream
    }

    pub(crate) fn address(&self) -> &str {
        self.text("issuer").strip_prefix("http://").unwrap()
    }

    /// What it holds in memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }

    pub(crate) fn tell(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Reads its log as far as a line that says this.
    pub(crate) fn until_log(&mut self, says: &str) {
        let log = self.child.stderr.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !String::from_utf8_lossy(&line).contains(says) {
            log.read_exact(&mut byte).unwrap();
            line = if byte == *b"\n" {
                Vec::new()
            } else {
                [line, byte.to_vec()].concat()
            };
        }
    }

    /// Sends the signal, and returns how it ended and what it wrote after its first line.
    pub(crate) fn stop(self, signal: &str) -> (ExitStatus, String, String) {
        self.tell(signal);
        self.ended()
    }

    pub(crate) fn ended(mut self) -> (ExitStatus, String, String) {
        let (mut out, mut log) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), out, log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
