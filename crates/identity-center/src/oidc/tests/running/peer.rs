//! Programs beside the service that this project did not write.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use url::Url;

use super::wire::PATIENCE;

/// A running peer; it ends with this.
pub(crate) struct Peer {
    _child: Child,
    /// Kept open: a peer that writes to a closed pipe ends.
    _stdout: BufReader<ChildStdout>,
    /// What it says when it is ready.
    pub(crate) ready: Value,
}

impl Peer {
    pub(crate) async fn start(command: &mut Command) -> Peer {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let ready = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        let Ok(ready) = ready else {
            let waits = child.id().map(waits).unwrap_or_default();
            panic!("{command:?} is not ready after {PATIENCE:?}: {waits:?}");
        };
        ready.unwrap();
        Peer {
            _child: child,
            _stdout: stdout,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    pub(crate) fn origin(&self) -> Url {
        self.ready["origin"].as_str().unwrap().parse().unwrap()
    }
}

/// What each thread of a process waits for, and how much processor time it has had: what a peer that hangs can be told by.
fn waits(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let read = |task: &std::path::Path, name: &str| {
        std::fs::read_to_string(task.join(name)).unwrap_or_default()
    };
    tasks
        .map(|task| {
            let task = task.path();
            let times = read(&task, "stat");
            let times: Vec<&str> = times.split(' ').skip(13).take(2).collect();
            let (name, place) = (read(&task, "comm"), read(&task, "wchan"));
            format!("{} {place} {}", name.trim(), times.join("+"))
        })
        .collect()
}
