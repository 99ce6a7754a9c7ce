//! A Wayland desktop without a screen (sway), in which a world's programs open their windows.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Child, ChildStdin, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::desktop::screens;
use crate::{World, peer, until};

/// Nobody: sway does not run as root.
const NOBODY: u32 = 65534;
/// Whoever asks with a token that the desktop gave out comes to the front; that is all this desktop does by itself.
const CONFIGURATION: &str = "
output HEADLESS-1 resolution 1280x800
focus_on_window_activation focus
focus_follows_mouse no
exec echo \"$WAYLAND_DISPLAY $SWAYSOCK\"
";

/// Where its sockets are.
pub(crate) struct Desktop {
    _folder: TempDir,
    pub(crate) display: String,
    control: String,
    hands: Option<ChildStdin>,
}

impl World {
    /// Gives the world a Wayland desktop in place of its X display.
    ///
    /// # Panics
    /// When it does not start.
    pub fn on_wayland(&mut self) {
        let folder = TempDir::with_prefix("kiro-wayland-").unwrap();
        let configuration = folder.path().join("sway.conf");
        fs::write(&configuration, CONFIGURATION).unwrap();
        let place = folder.path().to_str().unwrap();
        let runtime = format!("XDG_RUNTIME_DIR={place}");
        let mut words = vec!["env", &runtime, "WLR_BACKENDS=headless"];
        words.extend(["WLR_LIBINPUT_NO_DEVICES=1", "WLR_RENDERER=pixman"]);
        words.extend(["--unset=DISPLAY", "--unset=WAYLAND_DISPLAY"]);
        let nobody = NOBODY.to_string();
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            words.extend(["setpriv", "--reuid", &nobody, "--regid", &nobody]);
            words.push("--clear-groups");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        words.extend(["sway", "--config", configuration.to_str().unwrap()]);
        let said = self.start_and_read(&words);
        let (display, control) = said.split_once(' ').expect("sway says where it listens");
        self.wayland = Some(Desktop {
            display: format!("{place}/{display}"),
            control: control.to_owned(),
            hands: None,
            _folder: folder,
        });
        // Programs take notice of a keyboard and a pointer that are there when they come.
        let mut hands = self.peer("hands.py", &[]);
        line(&mut hands);
        self.desktop_mut().hands = hands.stdin.take();
        self.children.push(hands);
    }

    /// The title of the window in front.
    ///
    /// # Panics
    /// Where there is no Wayland desktop ([`World::on_wayland`]).
    #[must_use]
    pub fn in_front(&self) -> Option<String> {
        let tree = self.swaymsg(&["--type", "get_tree"]);
        focused(&serde_json::from_slice(&tree).unwrap())
    }

    /// Waits until the window of this title is in front.
    ///
    /// # Panics
    /// When it does not come there within the bound.
    pub async fn comes_to_the_front(&self, title: &str) {
        until(&format!("{title} is in front"), async || {
            (self.in_front()? == title).then_some(())
        })
        .await;
    }

    /// Saves a picture of the Wayland desktop as `target/screens/wayland-NAME.png`, once nothing moves on it.
    ///
    /// # Panics
    /// When none can be taken.
    pub async fn picture_of_wayland(&self, name: &str) {
        let picture = screens().join(format!("wayland-{name}.png"));
        // It draws a window that a token has brought to the front only once it is asked for something else (sway 1.7).
        self.swaymsg(&["nop"]);
        let mut before = Vec::new();
        until("the desktop stands still", async || {
            let taken = self.command("grim").arg(&picture).status().unwrap();
            assert!(taken.success(), "a picture is taken");
            let now = fs::read(&picture).unwrap();
            let still = now == before;
            before = now;
            still.then_some(())
        })
        .await;
    }

    /// Another program's window, in front, which opens this address when it is clicked ([`World::click_elsewhere`]).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn elsewhere(&mut self, address: &str) {
        let mut elsewhere = self.peer("elsewhere.py", &[address]);
        self.comes_to_the_front("Elsewhere").await;
        // Where it is now and where it will be when both windows have made room for each other.
        self.hand("move 1200 700");
        line(&mut elsewhere);
        self.children.push(elsewhere);
    }

    /// Clicks there: what is opened then may come to the front, for a person wanted it.
    pub fn click_elsewhere(&mut self) {
        self.hand("click");
    }

    fn hand(&mut self, what: &str) {
        let hands = self.desktop_mut().hands.as_mut().expect("a pointer");
        writeln!(hands, "{what}").unwrap();
    }

    fn desktop_mut(&mut self) -> &mut Desktop {
        self.wayland.as_mut().expect("a Wayland desktop")
    }

    fn swaymsg(&self, words: &[&str]) -> Vec<u8> {
        let desktop = self.wayland.as_ref().expect("a Wayland desktop");
        let mut asked = self.command("swaymsg");
        asked
            .args(["--socket", &desktop.control, "--raw"])
            .args(words);
        asked.output().unwrap().stdout
    }

    fn peer(&self, program: &str, words: &[&str]) -> Child {
        self.command("/usr/bin/python3")
            .arg(peer::folder().join("desktop").join(program))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// Waits for the next line that this program prints.
fn line(program: &mut Child) {
    let mut said = String::new();
    let mut answers = BufReader::new(program.stdout.as_mut().unwrap());
    answers.read_line(&mut said).unwrap();
}

fn focused(node: &Value) -> Option<String> {
    if node["focused"] == true && node["pid"].is_u64() {
        return node["name"].as_str().map(str::to_owned);
    }
    let inside = ["nodes", "floating_nodes"];
    let mut inside = inside.iter().filter_map(|name| node[name].as_array());
    inside.find_map(|nodes| nodes.iter().find_map(focused))
}
