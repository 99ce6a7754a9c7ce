//! A PostgreSQL server of the test's own: in a temporary folder, on a socket there, gone with the value.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Server {
    /// On a socket; or on this port of the computer, too, in TLS by this certificate and key (PEM).
    ///
    /// # Panics
    /// Without PostgreSQL's programs, or when the server does not start within 30 seconds.
    pub(crate) fn start(tls: Option<(u16, &str, &str)>) -> Server {
        let folder = TempDir::with_prefix("kiro-pg-").unwrap();
        let data = folder.path().join("data");
        own(folder.path());
        let made = program("initdb")
            .args([
                "--auth=trust",
                "--username=kiro",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb");
        let mut settings = vec!["listen_addresses=".to_owned()];
        if let Some((_, certificate, key)) = tls {
            let (crt, private) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
            fs::write(&crt, certificate).unwrap();
            fs::write(&private, key).unwrap();
            fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
            own(&private);
            settings = vec![
                "listen_addresses=127.0.0.1".to_owned(),
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", crt.display()),
                format!("ssl_key_file={}", private.display()),
            ];
        }
        let port = tls.map_or(5432, |(port, ..)| port);
        let process = program("postgres")
            .arg("-D")
            .arg(&data)
            // Nothing is to outlive the computer that the test runs on.
            .args(["-c", "fsync=off"])
            // It learns of its tables what a test has it learn.
            .args(["-c", "autovacuum=off"])
            .args(["-c", "max_connections=200", "-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server {
            folder,
            port,
            process,
        };
        let until = Instant::now() + Duration::from_secs(30);
        while !server.ready() {
            assert!(Instant::now() < until, "PostgreSQL starts");
            std::thread::yield_now();
        }
        server
    }

    fn ready(&self) -> bool {
        let asked = program("pg_isready")
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .stdout(Stdio::null())
            .status();
        asked.unwrap().success()
    }

    /// The URL of a new database, on the server's socket.
    pub(crate) fn database(&self, name: &str) -> String {
        self.made(name, &[])
    }

    /// The same, made in this way.
    pub(crate) fn made(&self, name: &str, how: &[&str]) -> String {
        let made = program("createdb")
            .arg("-h")
            .arg(self.folder.path())
            .args(["-U", "kiro", name])
            .args(how)
            .status();
        assert!(made.unwrap().success(), "createdb {name}");
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://kiro@{socket}/{name}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// PostgreSQL refuses to run as root: there it runs as its own user.
const USER: &str = "postgres";

fn root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn program(name: &str) -> Command {
    let path = installed(name);
    if root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid",
                USER,
                "--regid",
                USER,
                "--clear-groups",
                "--pdeathsig",
                "KILL",
            ])
            .arg(path);
        command.current_dir("/");
        command
    } else {
        Command::new(path)
    }
}

fn installed(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path().join("bin").join(name))
                .collect()
        })
        .unwrap_or_default();
    versions.retain(|path| path.exists());
    versions.sort();
    versions.pop().unwrap_or_else(|| name.into())
}

/// Gives a folder to the user that the server runs as.
fn own(folder: &Path) {
    if root() {
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        let user = passwd
            .lines()
            .find(|line| line.starts_with(&format!("{USER}:")))
            .unwrap();
        let ids: Vec<u32> = user
            .split(':')
            .filter_map(|word| word.parse().ok())
            .collect();
        chown(folder, Some(ids[0]), Some(ids[1])).unwrap();
    }
}
