//! The keyring of a world, locked and opened again.

use std::io::Write;
use std::process::Stdio;

use crate::{World, peer, world::PASSWORD};

impl World {
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
