//! Watching the home: an event is only a hint to re-read.
//!
//! The folders are watched, not the files (a rename replaces them), and all are looked at again
//! every 5 s, for systems that have no watches left.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher as _};

use crate::{Home, file};

const FALLBACK: Duration = Duration::from_secs(5);
/// One write is several events; they are taken together.
const SETTLE: Duration = Duration::from_millis(20);
/// However many there are, so long at most.
const AT_MOST: Duration = Duration::from_millis(500);

/// A running watch; ends when dropped.
#[derive(Debug)]
pub struct Watch {
    end: Sender<Hint>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.end.send(Hint::End);
    }
}

enum Hint {
    Look,
    End,
}

/// Every file that matters.
type Fingerprint = Vec<(PathBuf, file::Stamp)>;

pub(crate) fn watch(home: &Home, changed: Box<dyn Fn() + Send + Sync>) -> Watch {
    let (end, hints) = channel();
    let looks = end.clone();
    let seen = fingerprint(home);
    let home = home.clone();
    let watcher = start(&home, looks.clone());
    let spawned = std::thread::Builder::new()
        .name("credentials-watch".to_owned())
        .spawn(move || {
            run(&home, seen, watcher, &looks, &hints, changed.as_ref());
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "the credential file is not watched");
    }
    Watch { end }
}

fn run(
    home: &Home,
    mut seen: Fingerprint,
    mut watcher: Option<notify::RecommendedWatcher>,
    looks: &Sender<Hint>,
    hints: &Receiver<Hint>,
    changed: &(dyn Fn() + Send + Sync),
) {
    loop {
        match hints.recv_timeout(FALLBACK) {
            Ok(Hint::Look) => {
                if !settle(hints, SETTLE, AT_MOST) {
                    return;
                }
            }
            Ok(Hint::End) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                // The folder may have been made, or watches become free, since the last try.
                if watcher.is_none() {
                    watcher = start(home, looks.clone());
                }
            }
        }
        let now = fingerprint(home);
        if now != seen {
            seen = now;
            changed();
        }
    }
}

/// Waits until no hint came for `quiet`, or for `longest` in all; `false`: the watch has ended.
fn settle(hints: &Receiver<Hint>, quiet: Duration, longest: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < longest {
        match hints.recv_timeout(quiet) {
            Ok(Hint::Look) => {}
            Ok(Hint::End) | Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => return true,
        }
    }
    true
}

fn start(home: &Home, looks: Sender<Hint>) -> Option<notify::RecommendedWatcher> {
    let on_event = move |event: notify::Result<notify::Event>| {
        // Our own reading is an event too, and would never end.
        if !matches!(&event, Ok(event) if event.kind.is_access()) {
            let _ = looks.send(Hint::Look);
        }
    };
    let mut watcher = notify::recommended_watcher(on_event).ok()?;
    for folder in [home.root(), &home.sign_ins(), &home.locks()] {
        watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    }
    Some(watcher)
}

fn fingerprint(home: &Home) -> Fingerprint {
    let mut found = Fingerprint::new();
    let files = [
        home.credentials_file(),
        home.organizations_file(),
        home.settings_file(),
    ];
    for file in files {
        note(&file, &mut found);
    }
    for folder in [home.sign_ins(), home.locks()] {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|end| end == "json" || end == "callback")
            {
                note(&path, &mut found);
            }
        }
    }
    found.sort();
    found
}

fn note(path: &Path, found: &mut Fingerprint) {
    let stamp = file::stamp(path);
    if stamp.is_some() {
        found.push((path.to_owned(), stamp));
    }
}

#[cfg(test)]
mod tests {
    use super::{Hint, settle};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    #[test]
    fn events_without_end_do_not_put_it_off() {
        let (sender, hints) = channel();
        let begun = Instant::now();
        let events = std::thread::spawn(move || {
            while begun.elapsed() < Duration::from_secs(20) && sender.send(Hint::Look).is_ok() {
                std::thread::yield_now();
            }
        });
        assert!(settle(
            &hints,
            Duration::from_secs(5),
            Duration::from_millis(100)
        ));
        drop(hints);
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert!(events.join().is_ok());
    }

    #[test]
    fn one_event_is_taken_when_it_is_quiet() {
        let (sender, hints) = channel();
        assert!(settle(
            &hints,
            Duration::from_millis(1),
            Duration::from_secs(60)
        ));
        assert!(sender.send(Hint::End).is_ok());
        assert!(!settle(
            &hints,
            Duration::from_millis(1),
            Duration::from_secs(60)
        ));
    }
}
