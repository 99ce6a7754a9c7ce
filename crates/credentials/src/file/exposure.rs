//! What makes a file or folder not ours alone, decided by what the system says of it.

/// Why a file or folder is not ours alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// It points elsewhere.
    #[error("it is a symbolic link")]
    SymbolicLink,
    /// A folder, FIFO, socket or device where a file belongs.
    #[error("it is not a regular file")]
    NotAFile,
    /// Something else where a folder belongs.
    #[error("it is not a folder")]
    NotAFolder,
    /// Somebody else could change it at any time.
    #[error("it belongs to another user")]
    OtherOwner,
    /// Its permissions let others in: `chmod <wanted> <path>` is the remedy.
    #[error("others may access it (mode {found:04o}, wanted {wanted:04o})")]
    Mode {
        /// Its permission bits.
        found: u32,
        /// 0600 for a file, 0700 for a folder.
        wanted: u32,
    },
}

/// Why this is no file of ours alone; `None` when it is. `mode` is `st_mode`.
#[cfg(unix)]
pub(super) fn of_file(is_file: bool, owned: bool, mode: u32) -> Option<Exposure> {
    match (is_file, owned) {
        (false, _) => Some(Exposure::NotAFile),
        (true, false) => Some(Exposure::OtherOwner),
        (true, true) => (mode & 0o077 != 0).then_some(Exposure::Mode {
            found: mode & 0o7777,
            wanted: 0o600,
        }),
    }
}

/// Why this is no folder of ours, or one that others may change; `None` when it is neither.
#[cfg(unix)]
pub(super) fn of_folder(is_folder: bool, owned: bool, mode: u32) -> Option<Exposure> {
    match (is_folder, owned) {
        (false, _) => Some(Exposure::NotAFolder),
        (true, false) => Some(Exposure::OtherOwner),
        (true, true) => (mode & 0o022 != 0).then_some(Exposure::Mode {
            found: mode & 0o7777,
            wanted: 0o700,
        }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Exposure, of_file, of_folder};

    #[test]
    fn owner_kind_and_mode_decide() {
        let file = |is_file, owned, mode: u32, expected: Option<Exposure>| {
            let found = of_file(is_file, owned, 0o100_000 | mode);
            assert_eq!(found, expected, "{is_file} {owned} {mode:04o}");
        };
        let mode = |found, wanted| Some(Exposure::Mode { found, wanted });
        file(true, true, 0o600, None);
        file(true, true, 0o400, None);
        file(true, true, 0o700, None);
        file(true, true, 0o644, mode(0o644, 0o600));
        file(true, true, 0o602, mode(0o602, 0o600));
        file(true, true, 0o4640, mode(0o4640, 0o600));
        file(true, false, 0o600, Some(Exposure::OtherOwner));
        file(true, false, 0o644, Some(Exposure::OtherOwner));
        file(false, true, 0o600, Some(Exposure::NotAFile));
        file(false, false, 0o600, Some(Exposure::NotAFile));
        let folder = |is_folder, owned, mode: u32, expected: Option<Exposure>| {
            let found = of_folder(is_folder, owned, 0o040_000 | mode);
            assert_eq!(found, expected, "{is_folder} {owned} {mode:04o}");
        };
        folder(true, true, 0o700, None);
        folder(true, true, 0o755, None); // closed, not refused
        folder(true, true, 0o770, mode(0o770, 0o700));
        folder(true, true, 0o702, mode(0o702, 0o700));
        folder(true, false, 0o700, Some(Exposure::OtherOwner));
        folder(false, true, 0o700, Some(Exposure::NotAFolder));
    }
}
