//! Who opens `kiro://` links on this computer (freedesktop.org MIME applications, by `xdg-mime`).
//!
//! The scheme may belong to another program: it is never taken without asking, and given back.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The name of our launcher, packaged or registered at run time.
const LAUNCHER: &str = "kiro-sign-in.desktop";
const SCHEME: &str = "x-scheme-handler/kiro";

/// The owner of the scheme.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemeOwner {
    /// This program.
    Us,
    /// Nobody.
    Nobody,
    /// Another program, by the name it shows.
    Other {
        /// The name in its launcher, else the launcher's file name.
        name: String,
    },
    /// This system cannot be asked.
    Unknown,
}

/// Who owns the scheme now.
pub fn owner() -> SchemeOwner {
    if !cfg!(target_os = "linux") {
        return SchemeOwner::Unknown;
    }
    let asked = Command::new("xdg-mime")
        .args(["query", "default", SCHEME])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(answer) = asked else {
        return SchemeOwner::Unknown;
    };
    match String::from_utf8_lossy(&answer.stdout).trim() {
        "" => SchemeOwner::Nobody,
        LAUNCHER => SchemeOwner::Us,
        other => SchemeOwner::Other {
            name: shown_name(other).unwrap_or_else(|| other.to_owned()),
        },
    }
}

/// Registers `program` for the scheme, for this person. Asking first is the caller's duty when another program owns it.
///
/// The bundled registration quotes its `Exec`, which Debian's `xdg-open` cannot run, so the launcher is written here.
///
/// # Errors
/// When the launcher cannot be written or the system refuses.
pub fn register(program: &Path) -> io::Result<()> {
    let folder = applications().ok_or_else(|| io::Error::other("there is no data folder"))?;
    std::fs::create_dir_all(&folder)?;
    let program = program
        .to_str()
        .filter(|path| !path.contains([' ', '"', '\\', '%', '\n']))
        .ok_or_else(|| {
            io::Error::other("the program's path has characters that a launcher cannot hold")
        })?;
    // `setsid`: a handler that a browser starts would die with the browser's process group.
    let launcher = format!(
        "[Desktop Entry]\nType=Application\nName=Kiro Sign-In\nName[ja]=Kiro サインイン\nComment=Sign in to Kiro with your organisation\nComment[ja]=組織のアカウントで Kiro にサインイン\nExec=setsid -f {program} %u\nTerminal=false\nNoDisplay=true\nMimeType={SCHEME};\n"
    );
    let path = folder.join(LAUNCHER);
    let temporary = folder.join(format!(".{LAUNCHER}.new"));
    std::fs::write(&temporary, launcher)?;
    std::fs::rename(&temporary, &path)?;
    run("update-desktop-database", &[&folder.to_string_lossy()]).ok(); // a cache only; absent on small systems
    run("xdg-mime", &["default", LAUNCHER, SCHEME])
}

/// Takes our run-time registration back.
///
/// # Errors
/// When the launcher exists and cannot be removed.
pub fn unregister() -> io::Result<()> {
    let Some(folder) = applications() else {
        return Ok(());
    };
    match std::fs::remove_file(folder.join(LAUNCHER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            run("update-desktop-database", &[&folder.to_string_lossy()]).ok();
            Ok(())
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{program} ended with {status}")))
    }
}

fn applications() -> Option<PathBuf> {
    data_folders()
        .into_iter()
        .next()
        .map(|folder| folder.join("applications"))
}

fn data_folders() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    let system =
        std::env::var("XDG_DATA_DIRS").unwrap_or_else(|_| "/usr/local/share:/usr/share".to_owned());
    own.into_iter()
        .chain(system.split(':').map(PathBuf::from))
        .collect()
}

fn shown_name(launcher: &str) -> Option<String> {
    let text = data_folders().into_iter().find_map(|folder| {
        std::fs::read_to_string(folder.join("applications").join(launcher)).ok()
    })?;
    text.lines()
        .find_map(|line| line.strip_prefix("Name="))
        .map(str::to_owned)
}
