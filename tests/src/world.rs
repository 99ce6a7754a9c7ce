//! One private world: home, XDG folders, `KIRO_HOME`, session bus, display, keyring, system browser. Dropping it ends exactly the
//! processes it started.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::ports::{self, Place};
use crate::{Browser, Keyring, Peer, children_of, patience, until, wayland};

/// A private world for one journey.
pub struct World {
    folder: TempDir,
    bus: String,
    display: String,
    pub(crate) wayland: Option<wayland::Desktop>,
    debugging: u16,
    pub(crate) children: Vec<Child>,
    pub(crate) keyring: Option<Child>,
    ports: OnceLock<Place>,
    pub(crate) accessible: bool,
    traced: bool,
    taken: Vec<TcpListener>,
}

/// What the app in the tray says before it has a log.
pub(crate) const STDERR: &str = "desktop.stderr";
/// The keyring's.
pub(crate) const PASSWORD: &[u8] = b"world";
/// The tenant of the peer that is like Entra ID.
const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// File dialogs begin in the home folder, not with what was used lately.
const SETTINGS: &str = "[org/gtk/settings/file-chooser]\nstartup-mode='cwd'\n";

const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=@RUN@</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

impl World {
    /// A world with this keyring.
    ///
    /// # Panics
    /// When a part of the world does not start.
    #[must_use]
    pub fn new(keyring: Keyring) -> World {
        patience::begin();
        let folder = TempDir::with_prefix("kiro-world-").unwrap();
        let home = folder.path();
        for part in [
            ".config/chromium-kiro/Default",
            ".config/glib-2.0/settings",
            ".local/share/applications",
            ".cache",
            "run",
            "bin",
        ] {
            fs::create_dir_all(home.join(part)).unwrap();
        }
        fs::write(home.join(".config/glib-2.0/settings/keyfile"), SETTINGS).unwrap();
        fs::set_permissions(home.join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut world = World {
            debugging: free_port(),
            bus: String::new(),
            display: String::new(),
            wayland: None,
            children: Vec::new(),
            keyring: None,
            ports: OnceLock::new(),
            accessible: false,
            traced: false,
            taken: Vec::new(),
            folder,
        };
        world.display = format!(
            ":{}",
            world.start_and_read(&[
                "Xvfb",
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
                // Else it begins anew when its last program goes, and refuses who comes meanwhile: no desktop does.
                "-noreset"
            ])
        );
        let configuration = world.path("bus.conf");
        fs::write(
            &configuration,
            BUS.replace("@RUN@", world.path("run").to_str().unwrap()),
        )
        .unwrap();
        world.bus = world.start_and_read(&[
            "dbus-daemon",
            "--nofork",
            "--print-address",
            "--config-file",
            configuration.to_str().unwrap(),
        ]);
        if keyring != Keyring::Absent {
            world.start_keyring();
        }
        if keyring == Keyring::Locked {
            world.lock_keyring();
        }
        world.install_browser();
        world
    }

    /// A path below the world's home.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A command that sees this world and nothing of the person's own.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for name in ["PATH", "RUST_BACKTRACE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.folder.path())
            .env("KIRO_HOME", self.path("kiro"))
            .env("XDG_CONFIG_HOME", self.path(".config"))
            .env("XDG_DATA_HOME", self.path(".local/share"))
            .env("XDG_CACHE_HOME", self.path(".cache"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("LANG", "C.UTF-8")
            .env("GDK_BACKEND", "x11")
            .env("GSETTINGS_BACKEND", "keyfile")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // WebDriver takes pictures of what the graphics driver paints alone; the app itself does without.
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "0")
            .env("GDK_GL", "")
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus)
            .current_dir(self.folder.path());
        if !self.accessible {
            command.env("NO_AT_BRIDGE", "1");
        }
        if self.traced {
            command.env("KIRO_LOG", "trace");
        }
        if let Some(desktop) = &self.wayland {
            command
                .env("WAYLAND_DISPLAY", &desktop.display)
                .env("GDK_BACKEND", "wayland")
                .env_remove("DISPLAY");
        }
        command
    }

    /// From now on every program of this world logs all that it can.
    pub fn trace(&mut self) {
        self.traced = true;
    }

    /// Starts a program that ends with the world, and returns its first line. Panics when there is none.
    pub fn start_and_read(&mut self, words: &[&str]) -> String {
        let name = Path::new(words[0]).file_name().unwrap().to_string_lossy();
        let log = fs::File::create(self.path(&format!("{name}.log"))).unwrap();
        let mut child = self
            .command(words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        self.children.push(child);
        assert!(!line.trim().is_empty(), "{} starts", words[0]);
        line.trim().to_owned()
    }

    fn install_browser(&self) {
        let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --password-store=basic";
        let script = format!(
            "#!/bin/sh\necho \"$1\" >> '{opened}'\n/usr/bin/python3 -c 'import sys,urllib.parse as p,urllib.request as u;u.build_opener(u.ProxyHandler({{}})).open(u.Request(\"http://127.0.0.1:{port}/json/new?\"+p.quote(sys.argv[1],safe=\"\"),method=\"PUT\"))' \"$1\" 2>/dev/null && exit 0\nexec chromium {flags} --remote-debugging-port={port} --user-data-dir='{profile}' \"$1\"\n",
            opened = self.path("opened").display(),
            port = self.debugging,
            profile = self.path(".config/chromium-kiro").display(),
        );
        self.install_handler(
            "browser",
            &script,
            &["x-scheme-handler/http", "x-scheme-handler/https"],
        );
    }

    /// A script that opens addresses of these kinds.
    pub fn install_handler(&self, name: &str, script: &str, kinds: &[&str]) {
        let program = self.path(&format!("bin/{name}"));
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name}\nExec={} %u\nMimeType={};\n",
            program.display(),
            kinds.join(";")
        );
        fs::write(
            self.path(&format!(".local/share/applications/{name}.desktop")),
            entry,
        )
        .unwrap();
        for kind in kinds {
            assert!(
                self.command("xdg-mime")
                    .args(["default", &format!("{name}.desktop"), kind])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }

    /// Lets pages of this origin open `kiro://` without the browser's question. Before the browser starts.
    pub fn allow_kiro_links(&self, origin: &str) {
        let preferences = serde_json::json!({ "protocol_handler": { "allowed_origin_protocol_pairs": { origin: { "kiro": true } } } });
        fs::write(
            self.path(".config/chromium-kiro/Default/Preferences"),
            preferences.to_string(),
        )
        .unwrap();
    }

    /// Opens an address as any program would.
    pub fn open(&mut self, address: &str) {
        self.start("xdg-open", &[address]);
    }

    pub(crate) fn start(&mut self, program: &str, words: &[&str]) {
        let child = self
            .command(program)
            .args(words)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.children.push(child);
    }

    /// The person's hand on the system browser, once something has opened it.
    pub async fn browser(&self) -> Browser {
        Browser::attach(self.debugging, &self.path("chromedriver.log")).await
    }

    /// Runs `kiro` to its end.
    #[must_use]
    pub fn kiro(&self, words: &[&str]) -> Output {
        self.command(program("kiro").to_str().unwrap())
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs `kiro` under `strace` with these words before it; the second is what `strace` wrote.
    ///
    /// # Panics
    /// When there is no `strace`.
    #[must_use]
    pub fn traced_kiro(&self, strace: &[&str], words: &[&str]) -> (Output, String) {
        let log = self.path("strace");
        let output = self
            .command("strace")
            .args(["-f", "-qq", "-o", log.to_str().unwrap()])
            .args(strace)
            .arg(program("kiro"))
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output, fs::read_to_string(log).unwrap())
    }

    /// `kiro auth status --json`.
    #[must_use]
    pub fn status(&self) -> Value {
        let output = self.kiro(&["auth", "status", "--json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("status is JSON: {output:?}"))
    }

    /// Adds the organisation `acme` at this peer. From here on the world may use the registered ports.
    pub fn add_okta(&self, peer: &Peer) {
        self.add_openid(peer, peer.word("client_id"));
    }

    /// The same at any OpenID provider that knows this client.
    pub fn add_openid(&self, peer: &Peer, client: &str) {
        let issuer = peer.word("issuer");
        self.allow_kiro_links(
            Url::parse(issuer)
                .unwrap()
                .origin()
                .ascii_serialization()
                .as_str(),
        );
        self.add(&["okta", "acme", "--issuer", issuer, "--client-id", client]);
        self.ports.get_or_init(Place::shared);
    }

    /// Adds the organisation `acme` at this peer; with the tenant `organizations`, the peer's own is the one allowed.
    pub fn add_entra(&self, peer: &Peer) {
        self.allow_kiro_links(peer.word("origin"));
        let tenant = peer.word("issuer").rsplit('/').nth(1).unwrap();
        let (origin, client) = (peer.word("origin"), peer.word("client_id"));
        let mut words = vec!["entra", "acme", "--tenant", tenant];
        words.extend(["--authority", origin, "--client-id", client]);
        if tenant == "organizations" {
            words.extend(["--allowed-tenant", TENANT]);
        }
        self.add(&words);
    }

    /// Adds the organisation `acme` at this peer.
    pub fn add_identity_center(&self, peer: &Peer) {
        self.add(&[
            "identity-center",
            "acme",
            "--start-url",
            peer.word("start_url"),
            "--region",
            peer.word("region"),
            "--endpoint",
            peer.word("endpoint"),
        ]);
    }

    fn add(&self, words: &[&str]) {
        let added = self.kiro(&[&["org", "add"], words].concat());
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
    }

    /// Has the registered ports for this world's programs: waits until nobody takes them away.
    pub fn needs_ports(&self) {
        self.ports.get_or_init(Place::shared);
    }

    /// Takes these ports away from every program of this computer, until the world ends.
    pub fn take_ports(&mut self, ports: &[u16]) {
        let place = self.ports.take().unwrap_or_else(Place::shared);
        drop(self.ports.set(place.alone()));
        self.taken = ports::take(ports);
    }

    /// Replaces the system browser by a list of the addresses that were opened.
    pub fn only_note_addresses(&self) {
        let script = format!(
            "#!/bin/sh\necho \"$1\" >> '{}'\n",
            self.path("opened").display()
        );
        self.install_handler(
            "browser",
            &script,
            &["x-scheme-handler/http", "x-scheme-handler/https"],
        );
    }

    /// The last address that the system browser was asked to open, once there is one.
    pub async fn opened(&self) -> String {
        let list = self.path("opened");
        until("the browser is asked to open something", async || {
            let text = fs::read_to_string(&list)
                .ok()
                .filter(|text| text.ends_with('\n'))?;
            text.lines().last().map(str::to_owned)
        })
        .await
    }

    /// The credential file as it stands.
    #[must_use]
    pub fn credentials(&self) -> Option<Vec<u8>> {
        let path = self.status()["store"]["path"].as_str().unwrap().to_owned();
        fs::read(path).ok()
    }

    /// Waits until the access token has ended.
    pub async fn token_ended(&self) {
        let ends: Timestamp = self.status()["account"]["expires_at"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        until("the access token ends", async || {
            (Timestamp::now() > ends).then_some(())
        })
        .await;
    }
}

impl World {
    /// What the programs wrote into their logs last: shown where a test has failed.
    fn tell_logs(&self) {
        let logs = fs::read_dir(self.path("kiro/logs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|log| log.path());
        for log in logs.chain([self.path(STDERR)]) {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<_> = text.lines().rev().take(30).collect();
            let mut stderr = std::io::stderr().lock();
            drop(writeln!(stderr, "── {}", log.display()));
            for line in lines.iter().rev() {
                drop(writeln!(stderr, "{line}"));
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_logs();
        }
        // Whoever started the browser, its profile's lock names its process.
        let lock = self.path(".config/chromium-kiro/SingletonLock");
        if let Some(pid) = fs::read_link(lock)
            .ok()
            .and_then(|to| to.to_str()?.rsplit('-').next().map(str::to_owned))
        {
            drop(self.command("kill").arg(pid).status());
        }
        for mut child in std::mem::take(&mut self.children)
            .into_iter()
            .chain(self.keyring.take())
            .rev()
        {
            // The accessibility bus is another daemon that its launcher leaves behind.
            let grandchildren = children_of(child.id());
            drop(child.kill());
            drop(child.wait());
            for pid in grandchildren {
                drop(self.command("kill").arg(pid.to_string()).status());
            }
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A program of this workspace: in `KIRO_BIN_DIR`, else where cargo put it beside this test.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("KIRO_BIN_DIR").map_or_else(
        || {
            std::env::current_exe()
                .unwrap()
                .parent()
                .and_then(Path::parent)
                .unwrap()
                .to_owned()
        },
        PathBuf::from,
    );
    folder.join(name)
}
