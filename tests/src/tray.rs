//! The real tray, through a panel on the session bus.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::desktop::said;
use crate::{World, peer};

/// The panel with the app's icon. Dropping it takes the panel away.
pub struct Tray {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Tray {
    /// Puts a panel on the world's session bus.
    ///
    /// # Panics
    /// When the panel does not start.
    #[must_use]
    pub fn new(world: &World) -> Tray {
        let mut child = world
            .command("/usr/bin/python3")
            .arg(peer::folder().join("desktop/tray.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(world.path("tray.log")).unwrap())
            .spawn()
            .unwrap();
        let (asked, answers) = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let mut tray = Tray {
            child,
            asked,
            answers,
        };
        assert_eq!(tray.answer(), json!(true), "the panel starts");
        tray
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the panel answers")
    }

    fn ask(&mut self, words: &str) -> Value {
        writeln!(self.asked, "{words}").unwrap();
        self.answer()
    }

    /// The rows of the one icon's menu, from top to bottom; empty while no icon, or more than one, is shown.
    pub fn rows(&mut self) -> Vec<String> {
        let menus = self.ask("menu");
        match menus.as_array().map(Vec::as_slice) {
            Some([one]) => one
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[0].as_str().unwrap().to_owned())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Waits until a row of the menu contains this.
    ///
    /// # Panics
    /// When it does not within the bound.
    pub async fn says(&mut self, text: &str) {
        said("the tray", text, async || self.rows().join("\n")).await;
    }

    /// Chooses a row.
    ///
    /// # Panics
    /// When the menu has no such row that can be chosen.
    pub fn press(&mut self, label: &str) {
        assert_eq!(
            self.ask(&format!("press {label}")),
            json!(true),
            "the tray has a row “{label}”: {:?}",
            self.rows()
        );
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
