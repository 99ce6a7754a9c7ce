//! What a command says on standard output, beside the work that it does.

use std::io::{self, Write};

/// Standard output, whose reader may have gone (`| head`, `| grep -q`): that is no error, and no reason to leave work half done.
/// Anything else that keeps words from being written is one.
///
/// What is said once and never again, and what is said for ever, goes to [`io::stdout`] itself.
pub struct Told;

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        forgiving(io::stdout().lock().write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        forgiving(io::stdout().lock().flush())
    }
}

fn forgiving(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is() {
        let of = |kind: io::ErrorKind| forgiving(Err(kind.into())).map_err(|error| error.kind());
        assert_eq!(of(io::ErrorKind::BrokenPipe), Ok(()));
        assert_eq!(
            of(io::ErrorKind::StorageFull),
            Err(io::ErrorKind::StorageFull)
        );
    }
}
