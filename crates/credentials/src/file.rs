//! Every byte that touches the disk goes through here: strict reads, durable atomic writes.
//!
//! Owns the checks of owner, mode, kind and size and the order of fsync and rename. It knows no
//! format. Writers of one path exclude each other by a [`crate::FileLock`] that the caller holds.

mod exposure;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use exposure::Exposure;

use crate::lock::FileLock;

/// How long a new file may be in another writer's hands.
const CREATION: Duration = Duration::from_secs(5);

/// Why a file could not be read or written. Each variant names the path.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk, or the person's share of it, is full.
    #[error("no space left to write {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file system is mounted read-only.
    #[error("{} is on a read-only file system", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The system denied the access.
    #[error("access to {} was denied", path.display())]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// The file or folder is not ours alone, so it is not used.
    #[error("{} is not private: {why}", path.display())]
    NotPrivate {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: Exposure,
    },
    /// The file is larger than any of its kind can be.
    #[error("{} is too large", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is there already and must not be.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process held the lock for the whole time allowed.
    #[error("another process keeps {} locked", path.display())]
    LockTimeout {
        /// The lock file.
        path: PathBuf,
    },
    /// Anything else that the system answered.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// Sorts the system's answer about `path`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the system has many more answers"
    )]
    pub fn from_io(path: &Path, source: io::Error) -> FileError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => FileError::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => FileError::ReadOnly { path },
            io::ErrorKind::PermissionDenied => FileError::Denied { path },
            io::ErrorKind::AlreadyExists => FileError::Exists { path },
            _ => FileError::Io { path, source },
        }
    }

    /// The file that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            FileError::Full { path }
            | FileError::ReadOnly { path }
            | FileError::Denied { path }
            | FileError::NotPrivate { path, .. }
            | FileError::TooLarge { path }
            | FileError::Exists { path }
            | FileError::LockTimeout { path }
            | FileError::Io { path, .. } => path,
        }
    }
}

/// Reads a file that must be ours alone; `None` when there is none.
///
/// Symbolic links, anything but a regular file, another owner, any permission for group or
/// others, and more than `limit` bytes are refused. A FIFO does not block.
///
/// # Errors
/// [`FileError::NotPrivate`], [`FileError::TooLarge`], or what the system answered.
pub fn read_private(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
    let file = match os::open_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(os::refused(path, error)),
    };
    let metadata = file
        .metadata()
        .map_err(|source| FileError::from_io(path, source))?;
    os::check_private(path, &metadata)?;
    let too_large = || FileError::TooLarge {
        path: path.to_owned(),
    };
    let length = usize::try_from(metadata.len()).map_err(|_| too_large())?;
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(length + 1);
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::from_io(path, source))?;
    if bytes.len() > limit {
        Err(too_large())
    } else {
        Ok(Some(bytes))
    }
}

/// Replaces a file durably and at once: a reader sees the old bytes or the new ones.
///
/// `<name>.tmp` is made anew (O_EXCL, O_NOFOLLOW, 0600), flushed to the disk and renamed; then the
/// folder is flushed. The caller holds the lock that belongs to `path`.
///
/// # Errors
/// [`FileError`]; the old file is then still in place. A folder that cannot be flushed is none:
/// the new file is in place by then, and only a power cut could bring the old one back.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = temporary_of(path);
    let result = write_temporary(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    result.map_err(|source| {
        let _ = fs::remove_file(&temporary);
        FileError::from_io(path, source)
    })?;
    settle(path);
    Ok(())
}

/// Writes a file that must not exist yet (0600, flushed to the disk); it is there whole or not at
/// all. Needs no lock: writers of the same file wait for each other, and the first one wins.
///
/// # Errors
/// [`FileError::Exists`] when it does, else what the system answered.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |source| FileError::from_io(path, source);
    // Named so that in a folder of the person's it is nobody's file.
    let temporary = temporary_of(&with_suffix(path, ".kiro"));
    let lock = loop {
        // Locked, so that what a killed writer left is told from what a living one is writing.
        let lock = FileLock::acquire(&temporary, CREATION)?;
        if lock.file().metadata().map_err(failed)?.len() == 0 {
            break lock;
        }
        // What it left may be the finished file by a second name: nothing is written over it.
        fs::remove_file(&temporary).map_err(failed)?;
    };
    let mut file = lock.file();
    let result = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_new(path, bytes),
            result => result,
        });
    let _ = fs::remove_file(&temporary);
    result.map_err(failed)?;
    settle(path);
    Ok(())
}

/// Removes a file; `false` when there was none.
///
/// # Errors
/// What the system answered.
pub fn remove(path: &Path) -> Result<bool, FileError> {
    match fs::remove_file(path) {
        Ok(()) => {
            settle(path);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::from_io(path, source)),
    }
}

/// Gives a file a second name; one that is in use is left as it is.
pub(crate) fn link_as(path: &Path, second: &Path) -> Result<(), FileError> {
    match fs::hard_link(path, second) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => copy_as(path, second),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives a file a second name, in place of whatever had that name.
pub(crate) fn keep_as(path: &Path, second: &Path) -> Result<(), FileError> {
    let temporary = temporary_of(second);
    if fs::hard_link(path, &temporary).is_err() {
        return copy_as(path, second);
    }
    let result = fs::rename(&temporary, second);
    // Renaming one of two names of the same file onto the other does nothing and leaves both.
    let _ = fs::remove_file(&temporary);
    result.map_err(|source| FileError::from_io(second, source))
}

/// Where links do not work.
fn copy_as(path: &Path, second: &Path) -> Result<(), FileError> {
    let bytes = fs::read(path).map_err(|source| FileError::from_io(path, source))?;
    replace(second, &bytes)
}

/// Makes a folder 0700, or checks that the present one is ours and not writable by others.
pub(crate) fn private_folder(path: &Path) -> Result<(), FileError> {
    os::private_folder(path)
}

pub(crate) fn open_lock(path: &Path, create: bool) -> Result<Option<File>, FileError> {
    let opened = if create {
        os::open_or_create(path)
    } else {
        os::open_read(path)
    };
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if !create && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(os::refused(path, error)),
    }
}

pub(crate) use os::same_file;

/// Length, time and inode of a file: another stamp, another content.
pub type Stamp = Option<(u64, Option<SystemTime>, u64)>;

/// The stamp of a file, or of what a link points to, without opening it; `None` when there is none.
pub fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((
        metadata.len(),
        metadata.modified().ok(),
        os::inode(&metadata),
    ))
}

/// Where the next content of a file is written before it takes its place.
pub(crate) fn temporary_of(path: &Path) -> PathBuf {
    with_suffix(path, ".tmp")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_temporary(temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a killed writer left: the caller holds the lock, so nobody is writing it now.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    write_new(temporary, bytes)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = os::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Flushes the folder, so that a name which changed survives a power cut.
///
/// The change is seen by every process already. Calling it failed would make callers act on what
/// is not so: revoke the tokens that stand in the file, say that nobody was signed out.
fn settle(path: &Path) {
    let result = path.parent().map_or(Ok(()), os::sync_folder);
    if let Err(error) = result {
        tracing::warn!(path = %path.display(), %error, "a power cut now could undo the last write");
    }
}

#[cfg(unix)]
mod os {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    };
    use std::path::Path;

    use rustix::fs::OFlags;

    use super::{Exposure, FileError, exposure};

    fn flags(flags: OFlags) -> i32 {
        flags.bits().cast_signed()
    }

    pub(super) fn open_read(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
            .open(path)
    }

    pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
            .open(path)
    }

    pub(super) fn create_new(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(flags(OFlags::NOFOLLOW))
            .open(path)
    }

    pub(super) fn refused(path: &Path, error: io::Error) -> FileError {
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return FileError::NotPrivate {
                path: path.to_owned(),
                why: Exposure::SymbolicLink,
            };
        }
        FileError::from_io(path, error)
    }

    fn owned(metadata: &Metadata) -> bool {
        metadata.uid() == rustix::process::geteuid().as_raw()
    }

    pub(super) fn check_private(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
        let Some(why) = exposure::of_file(metadata.is_file(), owned(metadata), metadata.mode())
        else {
            return Ok(());
        };
        Err(FileError::NotPrivate {
            path: path.to_owned(),
            why,
        })
    }

    pub(super) fn private_folder(path: &Path) -> Result<(), FileError> {
        let io_error = |source| FileError::from_io(path, source);
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(io_error(source)),
        }
        let metadata = fs::metadata(path).map_err(io_error)?;
        if let Some(why) = exposure::of_folder(metadata.is_dir(), owned(&metadata), metadata.mode())
        {
            return Err(FileError::NotPrivate {
                path: path.to_owned(),
                why,
            });
        }
        if metadata.mode() & 0o055 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io_error)?;
        }
        Ok(())
    }

    pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    pub(super) fn inode(metadata: &Metadata) -> u64 {
        metadata.ino()
    }

    pub(crate) fn same_file(file: &File, path: &Path) -> bool {
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
            _ => false,
        }
    }
}

#[cfg(not(unix))]
mod os {
    //! Windows: the profile folder's own access list keeps others out.
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    use super::{Exposure, FileError};

    pub(super) fn open_read(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    pub(super) fn create_new(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    pub(super) fn refused(path: &Path, error: io::Error) -> FileError {
        FileError::from_io(path, error)
    }

    pub(super) fn check_private(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
        if metadata.is_file() {
            Ok(())
        } else {
            Err(FileError::NotPrivate {
                path: path.to_owned(),
                why: Exposure::NotAFile,
            })
        }
    }

    pub(super) fn private_folder(path: &Path) -> Result<(), FileError> {
        fs::create_dir_all(path).map_err(|source| FileError::from_io(path, source))
    }

    pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn inode(_metadata: &Metadata) -> u64 {
        0
    }

    pub(crate) fn same_file(_file: &File, path: &Path) -> bool {
        path.exists()
    }
}
