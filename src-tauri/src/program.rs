//! Where this program's file is.

use std::io;
use std::path::PathBuf;

/// What Linux appends to the name of a running program whose file was replaced, as an upgrade does.
const DELETED: &str = " (deleted)";

/// This program's file; after an upgrade, the one that has taken its place.
///
/// # Errors
/// When the system does not tell.
pub(crate) fn path() -> io::Result<PathBuf> {
    std::env::current_exe().map(in_place)
}

fn in_place(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_suffix(DELETED)) {
        Some(name) if cfg!(target_os = "linux") => PathBuf::from(name),
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn after_an_upgrade_the_new_file_is_meant() {
        let check = |told: &str, expected: &str| {
            assert_eq!(in_place(PathBuf::from(told)), PathBuf::from(expected));
        };
        check("/usr/bin/kiro-desktop", "/usr/bin/kiro-desktop");
        check("/usr/bin/kiro-desktop (deleted)", "/usr/bin/kiro-desktop");
        check("/opt/a (deleted)/kiro", "/opt/a (deleted)/kiro");
    }
}
