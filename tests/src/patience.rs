//! The end of a test's patience: one that waits too long says what it waits for, before its runner ends it without a word.

use std::io::Write as _;
use std::sync::{Mutex, Once, PoisonError};
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

/// What waits for somebody else's first word.
static FIRST_WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Does what waits for the first word of somebody: the report says whose it was.
pub(crate) fn first_word_of<T>(who: String, wait: impl FnOnce() -> T) -> T {
    let waits = || FIRST_WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    waits().push(who.clone());
    let heard = wait();
    waits().retain(|other| *other != who);
    heard
}

fn end() {
    thread::sleep(PATIENCE);
    let mut told = format!(
        "this test waits for {} s, for the first word of {:?}; its processes are:\n",
        PATIENCE.as_secs(),
        FIRST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
    );
    tell(process::id(), 0, &mut told);
    // Not `eprintln!`: the test's output is withheld until it ends.
    drop(std::io::stderr().write_all(told.as_bytes()));
    process::abort();
}

/// A process, where the kernel holds its threads, and the same of its children; of Node.js also what its threads are at, where there
/// is a debugger: a peer that never says its first line was seen, and nobody knows why yet.
fn tell(pid: u32, depth: usize, told: &mut String) {
    let of = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let words = of("cmdline").replace('\0', " ");
    *told += &format!("{:depth$}{pid} {words}\n", "");
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    // The first is the main one.
    let mut held: Vec<(String, usize)> = Vec::new();
    for thread in threads.into_iter().flatten().flatten() {
        let of = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
        let at = format!("{} in {}", of("comm").trim(), of("wchan"));
        match held.iter_mut().find(|(same, _)| *same == at) {
            Some((_, count)) => *count += 1,
            None => held.push((at, 1)),
        }
    }
    for (thread, count) in held {
        *told += &format!("{:depth$}  {thread} × {count}\n", "");
    }
    if words.starts_with("node ") {
        let out = |fd: u8| fs::read_link(format!("/proc/{pid}/fd/{fd}"));
        *told += &format!("{:depth$}  stdin {:?}, stdout {:?}\n", "", out(0), out(1));
        let stack = process::Command::new("gdb")
            .args(["--batch", "--pid", &pid.to_string()])
            .args(["--eval-command", "thread apply all backtrace 12"])
            .output();
        if let Ok(stack) = stack {
            *told += &String::from_utf8_lossy(&stack.stdout);
        }
    }
    for child in children_of(pid) {
        tell(child, depth + 2, told);
    }
}
