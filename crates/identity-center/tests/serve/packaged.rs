//! What the packages count on: systemd is told, files are their reader's, the manual is whole.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

use super::computer::Computer;
use super::program::{Program, command};

#[test]
fn systemd_is_told_when_an_instance_is_ready_and_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let named = format!("kiro-test-{}", std::process::id());
    let check = |socket: &UnixDatagram, at: &str| {
        let mut command = command(&folder.path().join("data"), &[]);
        command.env("NOTIFY_SOCKET", at);
        let program = Program::of(command);
        let heard = || {
            let mut buffer = [0; 64];
            let size = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..size]).into_owned()
        };
        assert_eq!(heard(), "READY=1");
        assert_eq!(program.call("GET /readyz", "").0, 200);
        assert!(program.stop("TERM").0.success());
        assert_eq!(heard(), "STOPPING=1");
    };
    let socket = UnixDatagram::bind(&path).unwrap();
    check(&socket, path.to_str().unwrap());
    let address = SocketAddr::from_abstract_name(&named).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    check(&socket, &format!("@{named}"));

    // Nobody listens there any more.
    let mut gone = command(&folder.path().join("data"), &[]);
    gone.env("NOTIFY_SOCKET", folder.path().join("nothing"));
    let (ended, _, log) = Program::of(gone).stop("TERM");
    assert!(
        ended.success() && log.contains("systemd was not told"),
        "{log}"
    );
}

#[test]
fn the_manual_and_the_completions_know_every_verb() {
    let computer = Computer::new();
    let folder = computer.home.path().display().to_string();
    assert_eq!(computer.run(&["manual-pages", &folder]).0, 0);
    for page in ["", "-init", "-serve", "-admin", "-restored"] {
        let page = computer.path(&format!("kiro-identity-center{page}.1"));
        assert!(fs::exists(&page).unwrap(), "{page}");
    }
    let (_, help, _) = computer.run(&["admin", "idp", "connect", "--help"]);
    for plain in [
        "such as https://acme.okta.com\n",
        "Any other OpenID provider\n",
    ] {
        assert!(help.contains(plain), "{plain}: {help}");
    }
    let (code, _, talk) = computer.run(&["admn"]);
    assert!(
        code == 2 && talk.contains("a similar subcommand exists: 'admin'"),
        "{talk}"
    );
    let (_, _, talk) = computer.run(&["serve"]);
    assert!(
        talk.starts_with("error: Nothing says where the data lies\nhint: Give --data DIR"),
        "{talk}"
    );
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, talk) = computer.run(&["completions", shell]);
        assert_eq!((code, &*talk), (0, ""));
        assert!(script.contains("restored"), "{shell}");
    }
}

/// A folder that is somebody else's, whoever runs the test.
fn foreign(computer: &Computer) -> PathBuf {
    let folder = Path::new(&computer.path("foreign")).to_owned();
    fs::create_dir(&folder).unwrap();
    match std::os::unix::fs::chown(&folder, Some(65_534), None) {
        Ok(()) => folder,
        Err(_) => "/usr".into(), // nobody's but root's
    }
}

#[test]
fn nothing_is_made_in_somebody_else_s_folder() {
    let computer = Computer::new();
    let folder = foreign(&computer);
    let before = fs::read_dir(&folder).unwrap().count();
    let inside = |name: &str| folder.join(name).display().to_string();
    let check = |arguments: &[&str]| {
        let (code, said, talk) = computer.run(arguments);
        assert_eq!((code, &*said), (1, ""), "{arguments:?}: {talk}");
        assert!(
            talk.contains("could not read what somebody else makes there\nhint: Run this as "),
            "{talk}"
        );
        assert!(talk.contains("`runuser -u "), "{talk}");
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            before,
            "{arguments:?}"
        );
    };
    let (data, own) = (folder.display().to_string(), computer.path("own"));
    let settings = computer.path("config.toml");
    check(&[
        "init",
        "--url",
        &computer.url,
        "--settings",
        &inside("config.toml"),
        "--data",
        &own,
    ]);
    assert!(!Path::new(&own).exists());
    fs::write(
        &settings,
        format!("url = \"{}\"\ndata = \"{data}\"\n", computer.url),
    )
    .unwrap();
    check(&["init", "--url", &computer.url, "--settings", &settings]);
    check(&["serve", "--data", &data]);
    check(&["master-key", "add", "--data", &data]);

    drop(computer.init(&[]));
    let back_up = computer.path("back-up");
    assert_eq!(
        computer
            .run(&["backup", &back_up, "--data", &computer.path("data")])
            .0,
        0
    );
    let key = Path::new(&computer.path("data"))
        .join("master.key")
        .display()
        .to_string();
    check(&["restore", &back_up, "--data", &data, "--master-key", &key]);
}
