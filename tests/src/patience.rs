//! The end of a test's patience: one that waits too long says what it waits for, before its runner ends it without a word.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Once;
use std::time::Duration;
use std::{fs, process, thread};

use crate::children_of;

/// Less than the runner's own (`slow-timeout` in .config/nextest.toml).
const PATIENCE: Duration = Duration::from_secs(150);

/// Begins to count, once in a process: a test has its own in nextest. Long runs may take as long as they take.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    if std::env::var("NEXTEST_PROFILE").as_deref() == Ok("default") {
        BEGUN.call_once(|| drop(thread::spawn(end)));
    }
}

fn end() {
    thread::sleep(PATIENCE);
    let mut told = format!(
        "this test waits for {} s; its processes are:\n",
        PATIENCE.as_secs()
    );
    tell(process::id(), 0, &mut told);
    // Not `eprintln!`: the test's output is withheld until it ends.
    drop(std::io::stderr().write_all(told.as_bytes()));
    process::abort();
}

/// A process, where the kernel holds its threads, and the same of its children.
fn tell(pid: u32, depth: usize, told: &mut String) {
    let of = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let words = of("cmdline").replace('\0', " ");
    *told += &format!("{:depth$}{pid} {words}\n", "");
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let held: BTreeSet<_> = threads
        .into_iter()
        .flatten()
        .flatten()
        .map(|thread| {
            let of = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            format!("{} in {}", of("comm").trim(), of("wchan"))
        })
        .collect();
    for thread in held {
        *told += &format!("{:depth$}  {thread}\n", "");
    }
    for child in children_of(pid) {
        tell(child, depth + 2, told);
    }
}
