//! `kiro man FOLDER`: what the packages are built with, hidden from the help.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::{args::Arguments, exit::Exit};

/// Writes a page for `kiro` and one for each verb, named as `man` looks for them.
pub(crate) fn run(folder: &Path) -> Exit {
    match clap_mangen::generate_to(Arguments::command(), folder) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "error: Could not write the manual to {}: {error}\nhint: Name a folder that exists and is yours",
                folder.display()
            );
            Exit::Unexpected
        }
    }
}
