//! The terminal: who reads, how it is coloured, and the runtime of the verbs that need the network.

use std::io::{IsTerminal, Write};

use kiro_credentials::Home;
use kiro_sign_in::{Code, Context, Failure, Preferences};
use owo_colors::OwoColorize;

use crate::words::{Language, Sentence, padded, width};

/// What every verb gets.
#[derive(Clone, Copy)]
pub(crate) struct Shell {
    pub(crate) words: Language,
    /// Somebody reads stderr on a terminal: a spinner may move there.
    pub(crate) talks: bool,
    /// Somebody types.
    pub(crate) listens: bool,
}

impl Shell {
    /// From the environment, and the language that the person chose for both programs.
    pub(crate) fn from_env() -> Shell {
        let chosen = Home::from_env()
            .ok()
            .and_then(|home| Preferences::load(&home).language);
        Shell {
            words: Language::of(chosen, |name| std::env::var(name).ok()),
            talks: std::io::stderr().is_terminal(),
            listens: std::io::stdin().is_terminal(),
        }
    }

    /// One line of data on stdout.
    pub(crate) fn data(&self, line: &str) {
        // A reader that went away (`| head`) is no error of ours.
        let _ = writeln!(anstream::stdout().lock(), "{line}");
    }

    /// Lines of data on stdout, in columns.
    pub(crate) fn table(&self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |at: usize| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| width(cell))
                .max()
        };
        let widths: Vec<usize> = (0..columns)
            .map(|at| widest(at).unwrap_or_default())
            .collect();
        for row in rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, columns)| padded(cell, *columns))
                .collect();
            self.data(cells.join("  ").trim_end());
        }
    }

    /// One line of talk on stderr.
    pub(crate) fn say(&self, line: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    }

    /// A mark and a line on stderr.
    pub(crate) fn mark(&self, mark: char, line: &str) {
        self.say(&marked(mark, line));
    }

    /// `error:` and `hint:` on stderr.
    pub(crate) fn fail(&self, failure: &Failure) {
        let Sentence { error, hint } = self.words.failure(failure);
        self.say(&format!("{} {error}", "error:".red().bold()));
        self.say(&format!("{} {hint}", "hint:".cyan().bold()));
    }

    /// What there is none of, and what to do about it: no error.
    pub(crate) fn none(&self, failure: &Failure) {
        let Sentence { error, hint } = self.words.failure(failure);
        self.say(&error);
        self.hint(&hint);
    }

    /// What went wrong beside a command that did its work.
    pub(crate) fn warn(&self, failure: &Failure) {
        let Sentence { error, hint } = self.words.failure(failure);
        self.mark('!', &error);
        self.hint(&hint);
    }

    /// Says that a signal was heard and has to wait, in place of a spinner that may stand there.
    pub(crate) fn finishing_first(&self) {
        let clear = if self.talks { "\r\u{1b}[2K" } else { "" };
        self.say(&format!("{clear}{}", self.words.finishing_first()));
    }

    pub(crate) fn hint(&self, hint: &str) {
        self.say(&format!("{} {hint}", "hint:".cyan().bold()));
    }
}

/// `✓` green, `✗` red, anything else dim, then the line.
pub(crate) fn marked(mark: char, line: &str) -> String {
    match mark {
        '✓' => format!("{} {line}", mark.green()),
        '✗' => format!("{} {line}", mark.red()),
        _ => format!("{} {line}", mark.dimmed()),
    }
}

/// Runs what needs the network, on a runtime made for it.
pub(crate) fn block_on<T>(
    context: &Context,
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // Before anything could make a connection; a second call has nothing to do.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        let mut failure = Failure::new(Code::Unexpected, context.clock.now());
        failure.detail.description = Some(error.to_string());
        failure
    })?;
    let result = runtime.block_on(task);
    // A keyring call may hang for ever; the process does not wait for it.
    runtime.shutdown_background();
    result
}
