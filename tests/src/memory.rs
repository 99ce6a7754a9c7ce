//! The window closed as a person closes it, and what the app holds afterwards.

use std::fs;

use crate::{World, desktop::TITLE, peer};

impl World {
    /// Closes the app's window by its close button.
    ///
    /// # Panics
    /// When there is no window.
    pub fn close_window(&self) {
        self.send_window("close.py");
    }

    /// Gives the app's window the keyboard's focus, as a click on it does.
    ///
    /// # Panics
    /// When there is no window.
    pub fn focus_window(&self) {
        self.send_window("focus.py");
    }

    /// Runs a script on the app's window.
    fn send_window(&self, script: &str) {
        let asked = self
            .command("xwininfo")
            .args(["-int", "-name", TITLE])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asked.stdout).into_owned();
        let id = said.split_once("Window id: ").expect("a window").1;
        let id = id.split_whitespace().next().unwrap();
        let done = self
            .command("/usr/bin/python3")
            .arg(peer::folder().join("desktop").join(script))
            .arg(id)
            .status()
            .unwrap();
        assert!(done.success());
    }

    /// The memory of one process in MiB that no file backs: what other worlds share does not change it.
    #[must_use]
    pub fn memory_of(&self, process: u32) -> u64 {
        let all = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let line = all
            .lines()
            .find(|line| line.starts_with("Pss_Anon:"))
            .unwrap_or("");
        line.split_whitespace()
            .nth(1)
            .map_or(0, |kib| kib.parse::<u64>().unwrap() / 1024)
    }

    /// How many descriptors a process holds.
    #[must_use]
    pub fn descriptors_of(&self, process: u32) -> usize {
        fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
    }
}

/// The processes that this process has started and that are still there, ended ones that nobody waited for
/// included.
#[must_use]
pub fn children_of(process: u32) -> Vec<u32> {
    fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|pids| {
            pids.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}
