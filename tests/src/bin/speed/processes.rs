//! What a process and all below it hold and use.

use std::fs::{self, DirEntry};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn end(child: &mut Child) {
    for process in family(child.id()).into_iter().rev() {
        drop(
            Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .stderr(Stdio::null())
                .status(),
        );
    }
    drop(child.wait());
}

/// A process and all below it.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((
                process,
                text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?,
            ))
        })
        .collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, above)| *above == parent)
                .map(|(process, _)| process),
        );
        next += 1;
    }
    found
}

/// The proportional set size of a family, in MiB.
pub(crate) fn memory(root: u32) -> f64 {
    let one = |process: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    family(root).iter().filter_map(one).sum::<f64>() * 1024.0 / MIB
}

/// The most that one process has held so far (its resident set, with what it shares), in MiB.
pub(crate) fn peak(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let held = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    held.parse::<f64>().unwrap() * 1024.0 / MIB
}

/// The processor time of a family that rests, to the nanosecond, as the scheduler counts it; what a thread used that has ended is not
/// in it. `stat` counts whole hundredths of a second for each process, which is more than a resting one uses in a minute.
pub(crate) fn spent(root: u32) -> Duration {
    let threads = |process: &u32| fs::read_dir(format!("/proc/{process}/task")).ok();
    let one = |thread: DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    let all = family(root);
    let all = all.iter().filter_map(threads).flatten().flatten();
    Duration::from_nanos(all.filter_map(one).sum())
}

/// The processor time of a family, in hundredths of a second.
pub(crate) fn ticks(root: u32) -> f64 {
    let one = |process: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let words: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        Some(words.get(11)?.parse::<f64>().ok()? + words.get(12)?.parse::<f64>().ok()?)
    };
    family(root).iter().filter_map(one).sum()
}
