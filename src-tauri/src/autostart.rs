//! Starting in the tray when the person signs in to the computer (freedesktop.org Desktop Application Autostart).
//!
//! The entry itself is the setting, so that switching it off in the system's own list counts here as well.

use std::io;
use std::path::{Path, PathBuf};

const ENTRY: &str = "kiro-sign-in.desktop";

/// Whether the app starts with the person's session.
pub(crate) fn is_on() -> bool {
    path()
        .and_then(|path| std::fs::read_to_string(path).ok())
        .is_some_and(|entry| counts(&entry))
}

/// Has the app start with the person's session, or no longer.
///
/// # Errors
/// When the entry cannot be written or removed.
pub(crate) fn set(on: bool) -> io::Result<()> {
    let path = path().ok_or_else(|| io::Error::other("there is no folder for settings"))?;
    if !on {
        return match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        };
    }
    let home = std::env::var("KIRO_HOME").ok();
    let entry = entry(&crate::program::path()?, home.as_deref())?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, entry)
}

/// An entry that the person or their desktop has switched off does not count.
fn counts(entry: &str) -> bool {
    let off = |line: &str| {
        let line: String = line.split_whitespace().collect();
        line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
    };
    !entry.lines().any(off)
}

fn entry(program: &Path, home: Option<&str>) -> io::Result<String> {
    let program = program
        .to_str()
        .ok_or_else(|| io::Error::other("the program's path is not text"))?;
    let command = match home {
        Some(home) => format!(
            "env {} {} --hidden",
            quoted(&format!("KIRO_HOME={home}"))?,
            quoted(program)?
        ),
        None => format!("{} --hidden", quoted(program)?),
    };
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName=Kiro Sign-In\nName[ja]=Kiro サインイン\nExec={command}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    ))
}

/// One argument of `Exec`: in quotes where it has a reserved character, and a `%` doubled.
fn quoted(argument: &str) -> io::Result<String> {
    if argument.chars().any(char::is_control) {
        return Err(io::Error::other(
            "a path with control characters has no place in a launcher",
        ));
    }
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "/._-=+:,@%".contains(character);
    let argument = argument.replace('%', "%%");
    if argument.chars().all(plain) {
        return Ok(argument);
    }
    // Inside quotes these four are escaped, and the file's own syntax wants each backslash twice.
    let escaped: String = argument
        .chars()
        .map(|character| match character {
            '"' | '`' | '$' => format!("\\\\{character}"),
            '\\' => "\\\\\\\\".to_owned(),
            other => other.to_string(),
        })
        .collect();
    Ok(format!("\"{escaped}\""))
}

fn path() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))?;
    cfg!(target_os = "linux").then(|| folder.join("autostart").join(ENTRY))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_entry_starts_the_program_in_the_tray() {
        let command = |program: &str, home: Option<&str>| {
            let entry = entry(Path::new(program), home).unwrap();
            assert!(counts(&entry));
            let line = entry.lines().find_map(|line| line.strip_prefix("Exec="));
            line.unwrap().to_owned()
        };
        assert_eq!(
            command("/usr/bin/kiro-desktop", None),
            "/usr/bin/kiro-desktop --hidden"
        );
        assert_eq!(
            command("/opt/kiro", Some("/tmp/demo/home")),
            "env KIRO_HOME=/tmp/demo/home /opt/kiro --hidden"
        );
        assert_eq!(
            command("/opt/Kiro Sign-In/50%", None),
            r#""/opt/Kiro Sign-In/50%%" --hidden"#
        );
        assert_eq!(command("/opt/$x", None), r#""/opt/\\$x" --hidden"#);
        assert!(entry(Path::new("/opt/a\nb"), None).is_err());
    }

    #[test]
    fn an_entry_that_was_switched_off_does_not_count() {
        assert!(!counts("[Desktop Entry]\nHidden=true\n"));
        assert!(!counts(
            "[Desktop Entry]\nX-GNOME-Autostart-enabled = false\n"
        ));
        assert!(counts("[Desktop Entry]\nHidden=false\n"));
    }
}
