//! `kiro completions SHELL`

use clap::CommandFactory;

use crate::{args::Arguments, exit::Exit};

pub(crate) fn run(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "kiro", &mut script);
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), &script);
    Exit::Done
}
