//! A file that must not exist yet is there whole or not at all.

use std::sync::Barrier;

use kiro_credentials::{FileError, create_new};

use crate::scratch::Scratch;

/// Long enough to be seen half written, if it could be.
const LENGTH: usize = 1024 * 1024;

#[test]
fn of_many_writers_one_wins_and_no_reader_sees_half_a_file() {
    for _ in 0..10 {
        one_race();
    }
}

fn one_race() {
    let scratch = Scratch::new();
    scratch.home().ensure().unwrap();
    let path = scratch.path("callback");
    let text = |writer: usize| format!("{writer}").repeat(LENGTH);
    let together = Barrier::new(9);
    let won: Vec<usize> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (path, together) = (&path, &together);
                scope.spawn(move || {
                    together.wait();
                    match create_new(path, text(writer).as_bytes()) {
                        Ok(()) => Some(writer),
                        Err(FileError::Exists { .. }) => None,
                        Err(error) => panic!("{error}"),
                    }
                })
            })
            .collect();
        together.wait();
        let seen = loop {
            if let Ok(bytes) = std::fs::read(&path) {
                break bytes;
            }
        };
        assert_eq!(seen.len(), LENGTH, "whole as soon as it is there");
        let ended = writers.into_iter().map(|writer| writer.join().unwrap());
        ended.flatten().collect()
    });
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(std::fs::read(&path).unwrap(), text(won[0]).as_bytes());
    assert!(!scratch.path("callback.kiro.tmp").exists());
}

#[test]
fn what_a_killed_writer_left_is_no_obstacle_and_what_it_finished_stays() {
    let scratch = Scratch::new();
    scratch.home().ensure().unwrap();
    let unfinished = scratch.path("callback.kiro.tmp");
    std::fs::write(&unfinished, "half of something longer").unwrap();
    // Of this name somebody else may have a file.
    std::fs::write(scratch.path("callback.tmp"), "theirs").unwrap();
    create_new(&scratch.path("callback"), b"whole").unwrap();
    assert_eq!(scratch.bytes("callback"), b"whole");
    assert!(!unfinished.exists());
    assert_eq!(scratch.bytes("callback.tmp"), b"theirs");
    // Killed when the file had its name already, and the unfinished one's still.
    std::fs::hard_link(scratch.path("callback"), &unfinished).unwrap();
    let again = create_new(&scratch.path("callback"), b"other");
    assert!(matches!(again, Err(FileError::Exists { .. })), "{again:?}");
    assert_eq!(scratch.bytes("callback"), b"whole");
}
