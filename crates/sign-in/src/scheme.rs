//! Who opens `kiro://` links on this computer (freedesktop.org MIME applications, by `xdg-mime`).
//!
//! The scheme may belong to another program: it is never taken without asking, and given back.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kiro_credentials::{Home, file};
use serde::{Deserialize, Serialize};

/// The name of our launcher, packaged or registered at run time.
const LAUNCHER: &str = "kiro-sign-in.desktop";
const SCHEME: &str = "x-scheme-handler/kiro";
const LIMIT: usize = 4096;

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
    match launcher_asked().as_deref() {
        None => SchemeOwner::Unknown,
        Some("") => SchemeOwner::Nobody,
        Some(LAUNCHER) => SchemeOwner::Us,
        Some(other) => SchemeOwner::Other {
            name: shown_name(other).unwrap_or_else(|| other.to_owned()),
        },
    }
}

/// The program that opens the links by its launcher, where it is not there or cannot be started. Starts nothing.
pub fn missing_program() -> Option<String> {
    let launcher = launcher_text(&launcher_asked().filter(|launcher| !launcher.is_empty())?)?;
    let program = program_of(&launcher)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = if program.contains('/') {
        is_executable(Path::new(&program))
    } else {
        std::env::split_paths(&path).any(|folder| is_executable(&folder.join(&program)))
    };
    (!there).then_some(program)
}

/// The program that a launcher is about: the first word of its `Exec`, or what `setsid` and `env` start
/// (Desktop Entry Specification 1.5, "The Exec key").
fn program_of(launcher: &str) -> Option<String> {
    let group = launcher.split("\n[").next()?; // the first group is the launcher itself, any other an action
    let line = group.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let words = words(line);
    let mut words = words.iter().map(String::as_str).peekable();
    loop {
        let word = words.next()?;
        let name = word.rsplit('/').next()?;
        if !matches!(name, "setsid" | "env") {
            return Some(word.to_owned());
        }
        while words
            .peek()
            .is_some_and(|word| word.starts_with('-') || (name == "env" && word.contains('=')))
        {
            words.next();
        }
    }
}

/// The words of an `Exec` line: in double quotes a word may hold spaces, and a backslash takes the next letter as it is.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (None::<String>, false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if quoted => word.get_or_insert_default().extend(letters.next()),
            ' ' | '\t' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    let allowed = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let allowed = true;
    metadata.is_file() && allowed
}

/// The file name of the launcher that opens the links, empty for none; `None` where nobody can be asked.
fn launcher_asked() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let answer = Command::new("xdg-mime")
        .args(["query", "default", SCHEME])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Whose the links were before the person gave them to us.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FormerOwner {
    launcher: String,
    /// The name it shows.
    pub name: String,
}

/// Who had the links before [`take`]; `None` if nobody had them, or they were given back.
pub fn former_owner(home: &Home) -> Option<FormerOwner> {
    serde_json::from_slice(&file::read_private(&record(home), LIMIT).ok()??).ok()
}

/// Takes the links from another program, at the person's word alone, and remembers whose they were.
///
/// # Errors
/// When that cannot be remembered (nothing is taken then), or the system refuses.
pub fn take(home: &Home, program: &Path) -> io::Result<()> {
    let SchemeOwner::Other { name } = owner() else {
        return register(program);
    };
    let Some(launcher) = launcher_asked() else {
        return register(program);
    };
    let former = FormerOwner { launcher, name };
    home.ensure().map_err(io::Error::other)?;
    file::replace(&record(home), &serde_json::to_vec(&former)?).map_err(io::Error::other)?;
    register(program)?;
    if let Err(error) = stand_in(&former.launcher) {
        tracing::info!(%error, "the former owner is not named behind us");
    }
    Ok(())
}

/// Names the former owner behind us in the person's list of defaults. Who removes the package for everybody can ask no
/// person, so the links go back by themselves: the first program of the list that is there gets them.
fn stand_in(former: &str) -> io::Result<()> {
    let Some(path) = configuration().map(|folder| folder.join("mimeapps.list")) else {
        return Ok(());
    };
    if let Some(list) = behind_us(&std::fs::read_to_string(&path)?, former) {
        let temporary = path.with_extension("list.kiro-new");
        std::fs::write(&temporary, list)?;
        std::fs::rename(&temporary, &path)?;
    }
    Ok(())
}

/// The list with `former` behind us (Association between MIME types and applications 1.0.1, "Default Application").
/// `None` where we are not the default.
fn behind_us(list: &str, former: &str) -> Option<String> {
    let mut inside = false;
    let mut changed = false;
    let lines: Vec<String> = list
        .lines()
        .map(|line| {
            if line.starts_with('[') {
                inside = line.trim_end() == "[Default Applications]";
            }
            let value = line
                .strip_prefix(SCHEME)
                .and_then(|rest| rest.trim_start().strip_prefix('='));
            match value.map(|value| value.trim().trim_end_matches(';')) {
                Some(LAUNCHER) if inside => {
                    changed = true;
                    format!("{SCHEME}={LAUNCHER};{former};")
                }
                Some(_) | None => line.to_owned(),
            }
        })
        .collect();
    changed.then(|| lines.join("\n") + "\n")
}

/// Gives the links back to whoever had them before [`take`].
///
/// # Errors
/// When the system refuses; it is still remembered then whose they were.
pub fn give_back(home: &Home) -> io::Result<()> {
    let Some(former) = former_owner(home) else {
        return Ok(());
    };
    unregister()?;
    if launcher_text(&former.launcher).is_some() {
        run("xdg-mime", &["default", &former.launcher, SCHEME])?;
    }
    file::remove(&record(home))
        .map(drop)
        .map_err(io::Error::other)
}

fn record(home: &Home) -> PathBuf {
    home.root().join("links.json")
}

/// Registers `program` for the scheme, for this person. Asking first is the caller's duty when another program owns it.
///
/// The bundled registration quotes its `Exec`, which Debian's `xdg-open` cannot run, so the launcher is written here.
///
/// # Errors
/// When the launcher cannot be written or the system refuses.
pub fn register(program: &Path) -> io::Result<()> {
    if is_packaged() {
        unregister()?;
        return run("xdg-mime", &["default", LAUNCHER, SCHEME]);
    }
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

/// Whether a package has put our launcher where everybody finds it; one of our own would hide it from the menus.
fn is_packaged() -> bool {
    data_folders()
        .iter()
        .skip(1)
        .any(|folder| folder.join("applications").join(LAUNCHER).exists())
}

fn applications() -> Option<PathBuf> {
    data_folders()
        .into_iter()
        .next()
        .map(|folder| folder.join("applications"))
}

fn configuration() -> Option<PathBuf> {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
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
    launcher_text(launcher)?
        .lines()
        .find_map(|line| line.strip_prefix("Name="))
        .map(str::to_owned)
}

fn launcher_text(launcher: &str) -> Option<String> {
    data_folders()
        .into_iter()
        .find_map(|folder| std::fs::read_to_string(folder.join("applications").join(launcher)).ok())
}

#[cfg(test)]
mod tests {
    use super::{behind_us, program_of};

    #[test]
    fn the_program_of_a_launcher_is_what_its_exec_starts() {
        let check = |exec: &str, expected: Option<&str>| {
            let launcher =
                format!("[Desktop Entry]\nName=x\n{exec}\n[Desktop Action a]\nExec=no\n");
            assert_eq!(program_of(&launcher).as_deref(), expected, "{exec}");
        };
        check(
            "Exec=/usr/bin/kiro-desktop %u",
            Some("/usr/bin/kiro-desktop"),
        );
        check(
            "Exec=setsid -f /opt/k/kiro-desktop %u",
            Some("/opt/k/kiro-desktop"),
        );
        check("Exec=/usr/bin/env A=b -i C=d kiro-ide %u", Some("kiro-ide"));
        check(
            "Exec=\"/opt/Kiro IDE/kiro\" --open %u",
            Some("/opt/Kiro IDE/kiro"),
        );
        check(r#"Exec="/opt/a\"b/kiro" %u"#, Some("/opt/a\"b/kiro"));
        check("Exec=", None);
        check("Exec=setsid -f", None);
        check("TryExec=x", None);
    }

    #[test]
    fn the_former_owner_stands_behind_us_and_nothing_else_changes() {
        let check = |list: &str, expected: Option<&str>| {
            assert_eq!(
                behind_us(list, "ide.desktop").as_deref(),
                expected,
                "{list}"
            );
        };
        let ours = "x-scheme-handler/kiro=kiro-sign-in.desktop";
        let both = "x-scheme-handler/kiro=kiro-sign-in.desktop;ide.desktop;";
        for line in [
            ours,
            &format!("{ours};"),
            "x-scheme-handler/kiro = kiro-sign-in.desktop ",
        ] {
            check(
                &format!(
                    "# mine\n[Default Applications]\ntext/html=a.desktop\n{line}\n\n[Added Associations]\n{ours};\n"
                ),
                Some(&format!(
                    "# mine\n[Default Applications]\ntext/html=a.desktop\n{both}\n\n[Added Associations]\n{ours};\n"
                )),
            );
        }
        check("", None);
        check(&format!("[Added Associations]\n{ours}\n"), None);
        check(
            "[Default Applications]\nx-scheme-handler/kiro=ide.desktop\n",
            None,
        );
        check(&format!("[Default Applications]\n{both}\n"), None);
        check(
            "[Default Applications]\nx-scheme-handler/kirov=kiro-sign-in.desktop\n",
            None,
        );
    }
}
