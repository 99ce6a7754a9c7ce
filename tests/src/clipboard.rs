//! The clipboard of a world's display.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::{World, peer};

/// A text on the clipboard, as long as this lives.
pub struct Copied(Child);

impl World {
    fn clipboard(&self) -> Command {
        let mut command = self.command("/usr/bin/python3");
        command.arg(peer::folder().join("desktop/clipboard.py"));
        command
    }

    /// The text on the clipboard.
    ///
    /// # Panics
    /// When the clipboard cannot be read.
    #[must_use]
    pub fn copied(&self) -> String {
        let output = self.clipboard().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Copies a text, as the person does in another program.
    ///
    /// # Panics
    /// When the clipboard cannot be had.
    #[must_use]
    pub fn copy(&self, text: &str) -> Copied {
        let mut child = self
            .clipboard()
            .arg(text)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line.trim(), "held");
        Copied(child)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
