//! What shows notifications on the session bus.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::desktop::said;
use crate::{World, peer};

/// The notifications of a world. Dropping it takes away what shows them.
pub struct Notifications {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Notifications {
    /// Has notifications shown in this world.
    ///
    /// # Panics
    /// When what shows them does not start.
    #[must_use]
    pub fn new(world: &World) -> Notifications {
        let mut child = world
            .command("/usr/bin/python3")
            .arg(peer::folder().join("desktop/notifications.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(world.path("notifications.log")).unwrap())
            .spawn()
            .unwrap();
        let asked = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut shown = Notifications {
            child,
            asked,
            answers,
        };
        assert_eq!(shown.answer(), json!(true), "notifications can be shown");
        shown
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("what shows notifications answers")
    }

    fn ask(&mut self, words: &str) -> Value {
        writeln!(self.asked, "{words}").unwrap();
        self.answer()
    }

    /// Every title so far.
    pub fn titles(&mut self) -> Vec<String> {
        let shown = self.ask("shown");
        let title = |each: &Value| each[0].as_str().unwrap().to_owned();
        shown.as_array().unwrap().iter().map(title).collect()
    }

    /// Waits until a notification of this title has been shown.
    ///
    /// # Panics
    /// When it is not within the bound.
    pub async fn says(&mut self, title: &str) {
        said("a notification", title, async || self.titles().join("\n")).await;
    }

    /// Presses the button of a notification.
    ///
    /// # Panics
    /// When no such notification has a button.
    pub fn press(&mut self, title: &str) {
        assert_eq!(self.ask(&format!("press {title}")), json!(true), "{title}");
    }
}

impl World {
    /// Tells the programs of this world, as logind does, that the computer has slept and is awake again.
    ///
    /// # Panics
    /// When the bus does not take it.
    pub fn wakes_up(&self) {
        let told = self
            .command("/usr/bin/python3")
            .arg(peer::folder().join("desktop/wake.py"))
            .status()
            .unwrap();
        assert!(told.success());
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
