//! The keyring of a world, in every state that a person may find it in.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::{World, peer, world::PASSWORD};

/// What the Secret Service of the world is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// Runs and is open.
    Unlocked,
    /// Runs; its collection is locked and nobody answers the prompt.
    Locked,
    /// No such service on the bus.
    Absent,
}

impl World {
    /// Starts the keyring, open. What it kept before is there again.
    ///
    /// # Panics
    /// When it does not come on the bus.
    pub fn start_keyring(&mut self) {
        let mut child = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        self.keyring = Some(child);
        let there = self
            .command("gdbus")
            .args([
                "wait",
                "--session",
                "--timeout",
                "15",
                "org.freedesktop.secrets",
            ])
            .status()
            .unwrap();
        assert!(there.success(), "the keyring is on the bus");
    }

    /// Ends the keyring's process.
    ///
    /// # Panics
    /// When there is none.
    pub fn end_keyring(&mut self) {
        let mut keyring = self.keyring.take().unwrap();
        keyring.kill().unwrap();
        keyring.wait().unwrap();
    }

    /// Stops the keyring where it stands (`STOP`), or lets it go on (`CONT`): it answers nobody meanwhile.
    ///
    /// # Panics
    /// When there is none.
    pub fn signal_keyring(&self, signal: &str) {
        let process = self.keyring.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Takes every item out of the keyring.
    ///
    /// # Panics
    /// When there is none.
    pub fn empty_keyring(&self) {
        let script = "import dbus; bus = dbus.SessionBus(); at = lambda path: bus.get_object('org.freedesktop.secrets', path)
found = at('/org/freedesktop/secrets').SearchItems({'service': 'kiro'}, dbus_interface='org.freedesktop.Secret.Service')[0]
for item in found: at(item).Delete(dbus_interface='org.freedesktop.Secret.Item')
assert found";
        let done = self
            .command("/usr/bin/python3")
            .args(["-c", script])
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Locks the default collection.
    pub fn lock_keyring(&self) {
        let call = [
            "call",
            "--session",
            "--dest",
            "org.freedesktop.secrets",
            "--object-path",
            "/org/freedesktop/secrets",
        ];
        let lock = [
            "--method",
            "org.freedesktop.Secret.Service.Lock",
            "['/org/freedesktop/secrets/aliases/default']",
        ];
        let done = self
            .command("gdbus")
            .args(call)
            .args(lock)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Unlocks the default collection, as the person's answer to the prompt would.
    ///
    /// # Panics
    /// When the keyring refuses.
    pub fn unlock_keyring(&self) {
        let mut child = self
            .command("/usr/bin/python3")
            .arg(peer::folder().join("desktop/unlock.py"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        assert!(child.wait().unwrap().success(), "the keyring is unlocked");
    }
}
