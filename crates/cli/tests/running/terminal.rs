//! `kiro` on a terminal: the passphrase prompt, the pasted address, the spinner; and without one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::server::{FRESH, Server, callback};

/// A pseudo-terminal with `kiro` in its foreground.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: File,
    seen: String,
}

impl Terminal {
    fn start(kiro: &Command) -> Terminal {
        // The program must not hold its own keyboard: it ends when the test lets go of it.
        let ours = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(ours).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let screen = File::options().read(true).write(true).open(path).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&screen, size).unwrap();
        let side = || screen.try_clone().unwrap();
        // Its controlling terminal, so that Ctrl-C is a signal to it.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(kiro.get_program())
            .args(kiro.get_args())
            .env_clear()
            .envs(
                kiro.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("TERM", "xterm")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .unwrap();
        Terminal {
            child,
            keyboard: File::from(master),
            screen,
            seen: String::new(),
        }
    }

    /// Reads until the screen has shown this, and returns everything before.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                return self.seen[..at].to_owned();
            }
            let mut bytes = [0; 4096];
            let count = self.keyboard.read(&mut bytes).unwrap();
            self.seen += &String::from_utf8_lossy(&bytes[..count]);
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.screen).unwrap().local_modes;
        modes.contains(LocalModes::ECHO) && modes.contains(LocalModes::ICANON)
    }

    /// The exit code and everything that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        self.screen.write_all(b"[end]").unwrap();
        let shown = self.until("[end]");
        (code, shown)
    }
}

const PASSPHRASE: &str = "correct horse";

/// Signs in with a new passphrase.
fn sealed_by_a_passphrase(server: &Server) -> String {
    let mut terminal =
        Terminal::start(&server.kiro("auth login --sso --no-browser --force --passphrase"));
    terminal.until("Passphrase");
    terminal.type_keys(&format!("{PASSPHRASE}\n"));
    terminal.until("The same again");
    terminal.type_keys(&format!("{PASSPHRASE}\n"));
    terminal.until("what you paste is not shown");
    let address = terminal
        .seen
        .lines()
        .find(|line| line.starts_with("  http"))
        .expect("an address");
    let callback = callback(&address.trim().parse().unwrap());
    server.answers.send(FRESH).unwrap();
    terminal.type_keys(&callback);
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    shown
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_what_is_typed_is_never_shown() {
    let server = Server::start();
    let shown = sealed_by_a_passphrase(&server);
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    assert!(!shown.contains("code=c"), "nor what was pasted: {shown}");
    let (_, status, _) = server.run("auth status");
    assert!(status.contains("sealed with a passphrase"), "{status}");
}

#[test]
fn a_wrong_passphrase_is_told_and_changes_nothing() {
    let server = Server::start();
    sealed_by_a_passphrase(&server);
    let file = server.home.path().join("credentials.json");
    let before = std::fs::read(&file).unwrap();
    let mut terminal = Terminal::start(&server.kiro("auth login --sso --no-browser --force"));
    terminal.until("Passphrase");
    terminal.type_keys("battery staple\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(6), "{shown}");
    assert!(
        shown.contains("error:") && shown.contains("hint:"),
        "{shown}"
    );
    assert!(
        !shown.contains("The same again") && !shown.contains("battery"),
        "{shown}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn ctrl_c_at_the_prompt_ends_it_and_gives_the_echo_back() {
    let server = Server::start();
    let mut terminal = Terminal::start(&server.kiro("auth login --no-browser --passphrase"));
    terminal.until("Passphrase");
    assert!(!terminal.echoes());
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(130));
    assert!(terminal.echoes());
}

#[test]
fn a_wait_that_is_given_up_leaves_no_line_that_counts_on() {
    for (line, waits) in [
        (
            "auth login --device --insecure-storage",
            "Waiting for the code to be entered · 9:5",
        ),
        (
            "auth login --no-browser --insecure-storage",
            "left · Ctrl-C cancels · what you paste",
        ),
    ] {
        let server = Server::start();
        let mut terminal = Terminal::start(&server.kiro(line));
        let before = terminal.until(waits);
        terminal.type_keys("\u{3}");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(130), "{shown}");
        // What is cleared last, and stays: everything behind it.
        let left = shown[before.len()..].rsplit("\u{1b}[2K").next().unwrap();
        assert!(
            left.contains("Interrupted") && !left.contains(waits),
            "{left:?}"
        );
    }
}

#[test]
fn a_spinner_turns_on_a_terminal_and_nowhere_else() {
    let server = Server::start();
    let device = "auth login --device --insecure-storage";
    let mut terminal = Terminal::start(&server.kiro(device));
    terminal.until("Waiting for the code to be entered · 9:5");
    terminal.type_keys("\u{3}");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(
        shown.contains('⠋') && shown.contains("Ctrl-C cancels"),
        "{shown}"
    );

    server.answers.send(FRESH).unwrap();
    let (code, data, talk) = server.run(device);
    assert_eq!((code, data.as_str()), (Some(0), ""), "{talk}");
    assert!(
        !talk.contains(['\r', '\u{1b}', '⠋']) && talk.contains("Waiting · "),
        "{talk}"
    );
}
