//! A program of ours that runs beside the test, with its stdin, stdout and stderr in our hand.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use crate::{World, program};

/// A program of ours that runs beside the test.
pub struct Running {
    child: Option<Child>,
    said: String,
}

impl World {
    /// Starts `kiro` with its stdin, stdout and stderr in our hand.
    #[must_use]
    pub fn start_kiro(&self, words: &[&str]) -> Running {
        self.start_kiro_with(words, &[])
    }

    /// The same, with these variables.
    #[must_use]
    pub fn start_kiro_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        self.start_program(program("kiro").to_str().unwrap(), words, variables)
    }

    /// Any other program in the same way.
    #[must_use]
    pub fn start_program(&self, name: &str, words: &[&str], variables: &[(&str, &str)]) -> Running {
        let child = self
            .command(name)
            .args(words)
            .envs(variables.iter().copied())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running::new(child)
    }
}

impl Running {
    fn new(child: Child) -> Running {
        Running {
            child: Some(child),
            said: String::new(),
        }
    }

    /// The address that the program prints alone on a line of stderr.
    #[must_use]
    pub fn address(&mut self) -> String {
        self.address_or_end()
            .unwrap_or_else(|| panic!("an address alone on its line, not: {}", self.said))
    }

    /// The same, or `None` when the program ends without.
    pub fn address_or_end(&mut self) -> Option<String> {
        loop {
            let line = self.line()?;
            if line.trim().starts_with("http") {
                return Some(line.trim().to_owned());
            }
        }
    }

    /// The next line of stderr.
    pub fn line(&mut self) -> Option<String> {
        let stderr = self.child.as_mut().unwrap().stderr.as_mut().unwrap();
        let mut line = String::new();
        let count = BufReader::with_capacity(1, stderr)
            .read_line(&mut line)
            .unwrap();
        self.said += &line;
        (count > 0).then_some(line)
    }

    /// Its process.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        writeln!(
            self.child.as_mut().unwrap().stdin.as_mut().unwrap(),
            "{line}"
        )
        .unwrap();
    }

    /// Waits for the end, at most 40 s; the output has everything that was said.
    ///
    /// # Panics
    /// When the program does not end by itself.
    #[must_use]
    pub fn end(mut self) -> Output {
        let deadline = Instant::now() + Duration::from_secs(40);
        let mut child = self.child.take().unwrap();
        let by_itself = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                break false;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut output = child.wait_with_output().unwrap();
        output
            .stderr
            .splice(0..0, std::mem::take(&mut self.said).into_bytes());
        assert!(by_itself, "ended after 40 s only: {output:?}");
        output
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
