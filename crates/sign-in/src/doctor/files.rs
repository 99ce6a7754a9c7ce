//! The files under `$KIRO_HOME`: kind, owner, mode, content; each fault with its own remedy.

use std::path::{Path, PathBuf};

use kiro_credentials::StoreError;
use serde::Serialize;

use super::{Finding, Level};
use crate::session::file_failure;
use crate::{Code, Context, Failure};

/// What is wrong with a file or folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Others may read or write it: its mode, and the mode it should have.
    Open {
        /// As it is.
        mode: u32,
        /// As it should be.
        wanted: u32,
    },
    /// A symbolic link stands in its place.
    Link,
    /// It belongs to somebody else.
    Foreign,
    /// It is neither a file nor, where one is wanted, a folder.
    Kind,
    /// Its content is damaged; the previous good copy is in use.
    Recovered,
    /// Its content is damaged, and there is no good copy.
    Damaged,
    /// A newer version wrote it.
    Newer,
    /// It cannot be read or written, as the system says.
    Refused(Box<Failure>),
}

impl Fault {
    pub(super) fn level(&self) -> Level {
        match self {
            Fault::Recovered => Level::Warning,
            Fault::Open { .. }
            | Fault::Link
            | Fault::Foreign
            | Fault::Kind
            | Fault::Damaged
            | Fault::Newer
            | Fault::Refused(_) => Level::Problem,
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Fault::Open { .. } | Fault::Link | Fault::Foreign | Fault::Kind => Code::NotPrivate,
            Fault::Recovered | Fault::Damaged => Code::FileDamaged,
            Fault::Newer => Code::FileNewer,
            Fault::Refused(failure) => failure.code,
        }
    }
}

/// What the system says about a path, the link itself and not where it leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) link: bool,
    pub(super) file: bool,
    pub(super) folder: bool,
    pub(super) mode: u32,
    pub(super) ours: bool,
}

/// What is wrong with what was seen. A folder that others may only list is closed at its next use: no fault.
pub(super) fn judge(seen: Seen, folder: bool) -> Option<Fault> {
    let (wanted, closed) = if folder {
        (0o700, 0o022)
    } else {
        (0o600, 0o077)
    };
    if seen.link {
        Some(Fault::Link)
    } else if (folder && !seen.folder) || (!folder && !seen.file) {
        Some(Fault::Kind)
    } else if !seen.ours {
        Some(Fault::Foreign)
    } else if seen.mode & closed != 0 {
        Some(Fault::Open {
            mode: seen.mode & 0o7777,
            wanted,
        })
    } else {
        None
    }
}

/// Every fault, or that there is none.
pub(super) fn look(context: &Context) -> Vec<Finding> {
    let home = context.home();
    let below = |name: &str| home.root().join(name);
    let mut files = vec![
        home.credentials_file(),
        below("credentials.json.bak"),
        below("key"),
        home.organizations_file(),
        home.settings_file(),
    ];
    let registered = std::fs::read_dir(home.registrations())
        .into_iter()
        .flatten();
    let mut registered: Vec<_> = registered.flatten().map(|entry| entry.path()).collect();
    registered.sort();
    files.extend(registered);
    let folders = [
        home.root().to_owned(),
        home.locks(),
        home.sign_ins(),
        home.registrations(),
        home.logs(),
    ];
    let mut faults: Vec<(PathBuf, Fault)> = Vec::new();
    for folder in folders {
        if let Some(fault) = seen(&folder).and_then(|seen| {
            // A home may be a link: what counts is where it leads.
            let whole = Seen {
                link: seen.link && folder != home.root(),
                ..seen
            };
            judge(whole, true)
        }) {
            faults.push((folder, fault));
        }
    }
    for path in &files {
        if let Some(fault) = seen(path).and_then(|seen| judge(seen, false)) {
            faults.push((path.clone(), fault));
        }
    }
    let snapshot = context.store.read();
    let content = match &snapshot {
        Ok(snapshot) => snapshot.recovered.as_ref().map(|_| Fault::Recovered),
        Err(StoreError::Damaged { .. }) => Some(Fault::Damaged),
        Err(StoreError::Newer { .. }) => Some(Fault::Newer),
        Err(StoreError::File(error)) if faults.is_empty() => {
            Some(Fault::Refused(Box::new(file_failure(context, error))))
        }
        Err(_) => None,
    };
    if let Some(fault) = content {
        faults.push((home.credentials_file(), fault));
    }
    if let Some(failure) = crate::preferences::unusable(context) {
        faults.push((home.settings_file(), Fault::Refused(Box::new(failure))));
    }
    if faults.is_empty()
        && let Some(failure) = unwritable(context)
    {
        faults.push((home.root().to_owned(), Fault::Refused(Box::new(failure))));
    }
    if faults.is_empty() {
        let generation = snapshot.ok().map(|snapshot| snapshot.generation);
        return vec![Finding::Files {
            generation: generation.filter(|generation| *generation > 0),
            backup: below("credentials.json.bak").exists(),
        }];
    }
    faults
        .into_iter()
        .map(|(path, fault)| Finding::File {
            path: path.display().to_string(),
            fault,
        })
        .collect()
}

/// Why nothing can be written: asked of the system with a file that is gone at once. No home yet: nothing to ask.
fn unwritable(context: &Context) -> Option<Failure> {
    let root = context.home().root();
    if !root.is_dir() {
        return None;
    }
    let path = root.join(format!(".doctor-{}", std::process::id()));
    let tried = kiro_credentials::create_new(&path, b"kiro doctor");
    let _ = kiro_credentials::remove(&path);
    tried.err().map(|error| file_failure(context, &error))
}

#[cfg(unix)]
fn seen(path: &Path) -> Option<Seen> {
    use std::os::unix::fs::MetadataExt;
    let link = std::fs::symlink_metadata(path).ok()?.is_symlink();
    let metadata = std::fs::metadata(path)
        .or_else(|_| std::fs::symlink_metadata(path))
        .ok()?;
    Some(Seen {
        link,
        file: metadata.is_file(),
        folder: metadata.is_dir(),
        mode: metadata.mode(),
        ours: metadata.uid() == rustix::process::geteuid().as_raw(),
    })
}

#[cfg(not(unix))]
fn seen(path: &Path) -> Option<Seen> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some(Seen {
        link: metadata.is_symlink(),
        file: metadata.is_file(),
        folder: metadata.is_dir(),
        mode: 0,
        ours: true,
    })
}
