//! What a screen reader is told of the real window, over AT-SPI.

use std::process::Command;

use crate::{World, peer, until};

impl World {
    /// A world in which a screen reader could run: the accessibility bus is there, and programs use it.
    ///
    /// # Panics
    /// When the accessibility bus does not start.
    pub fn start_accessibility(&mut self) {
        self.accessible = true;
        self.start(
            "/usr/libexec/at-spi-bus-launcher",
            &["--launch-immediately"],
        );
        let there = self
            .command("gdbus")
            .args(["wait", "--session", "--timeout", "15", "org.a11y.Bus"])
            .status()
            .unwrap();
        assert!(there.success(), "the accessibility bus is there");
    }

    /// Waits until the page has a heading of this name and all of these `role: name`, and returns its buttons, switches, radios, links and headings
    /// from top to bottom as `role: name`.
    ///
    /// # Panics
    /// When it does not within the bound.
    pub async fn read_out(&self, heading: &str, parts: &[&str]) -> Vec<String> {
        let heading = format!("heading: {heading}");
        until(
            &format!("a screen reader is told “{heading}” and {parts:?}"),
            async || {
                let told = self.told();
                let has = |part: &str| told.iter().any(|one| one == part);
                (has(&heading) && parts.iter().all(|part| has(part))).then_some(told)
            },
        )
        .await
    }

    /// Answers the app's file dialog of this title: `["save", PATH]`, `["open", NAME]` or `["cancel"]`. The world has
    /// accessibility.
    ///
    /// # Panics
    /// When no such dialog takes the answer within the bound.
    pub async fn answer_dialog(&self, title: &str, answer: &[&str]) {
        let script = peer::folder().join("desktop/choose.py");
        until(
            &format!("the dialog “{title}” takes {answer:?}"),
            async || {
                let mut hand = self.command("/usr/bin/python3");
                let done = hand.arg(&script).arg(title).args(answer).output().unwrap();
                done.status.success().then_some(())
            },
        )
        .await;
    }

    fn told(&self) -> Vec<String> {
        let mut reader: Command = self.command("/usr/bin/python3");
        let script = peer::folder().join("desktop/access.py");
        let output = reader.arg(script).arg("kiro-desktop").output().unwrap();
        let found: Vec<(String, String)> =
            serde_json::from_slice(&output.stdout).unwrap_or_default();
        found
            .into_iter()
            .map(|(role, name)| format!("{role}: {name}"))
            .collect()
    }
}
