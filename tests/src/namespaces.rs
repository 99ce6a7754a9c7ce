//! The kernel's namespaces: a computer without a network, or with an `/etc` of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output, Stdio};

use crate::{World, program};

/// In the environment: this computer lets nobody have namespaces.
const WITHOUT: &str = "KIRO_TEST_WITHOUT_NAMESPACES";
/// An `/etc` that is this computer's but for the administrator's file.
const MANAGED: &str = "set -e; file=$1; shift; over=$(mktemp -d); mount -t tmpfs tmpfs \"$over\"; mkdir \"$over/up\" \"$over/work\"
mount -t overlay overlay -o \"lowerdir=/etc,upperdir=$over/up,workdir=$over/work\" /etc
mkdir -p /etc/kiro; cp \"$file\" /etc/kiro/organizations.toml; chmod 644 /etc/kiro/organizations.toml; exec \"$@\"";

/// Whether tests may have namespaces. Where somebody has said that they cannot, the test that asks is left out, and says so.
#[must_use]
pub fn namespaces() -> bool {
    let without = std::env::var_os(WITHOUT).is_some();
    if without {
        drop(writeln!(std::io::stderr(), "left out: {WITHOUT} is set"));
    }
    !without
}

impl World {
    /// A command in namespaces of these kinds (`--net`, `--mount`).
    #[must_use]
    pub fn unshared(&self, kinds: &[&str]) -> Command {
        let mut command = self.command("unshare");
        command.args(kinds);
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            command.arg("--map-root-user");
        }
        command
    }

    /// Runs `kiro` on a computer whose administrator has put this file there.
    ///
    /// # Panics
    /// When the computer lets nobody have a namespace.
    #[must_use]
    pub fn kiro_managed(&self, organizations: &str, words: &[&str]) -> Output {
        let file = self.path("managed.toml");
        fs::write(&file, organizations).unwrap();
        let output = self
            .unshared(&["--mount"])
            .args(["sh", "-c", MANAGED, "sh"])
            .arg(file)
            .arg(program("kiro"))
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let refused = ["unshare: ", "mount: "].iter().any(|by| said.contains(by));
        assert!(
            !refused,
            "a mount namespace is needed; where there is none: {WITHOUT}=1\n{said}"
        );
        output
    }
}
