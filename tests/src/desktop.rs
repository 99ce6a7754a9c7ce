//! The desktop app's processes, by the home they run in, and its window as the display shows it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::STDERR;
use crate::{World, checkout, ports::Place, program, until};

pub(crate) const TITLE: &str = "Kiro Sign-In";
/// A window without its page has no more colours.
const BLANK: u32 = 32;

/// The app in one home, whichever process it has become. Dropping it ends them all.
pub struct App {
    home: String,
    /// It may listen on one of the registered ports.
    _place: Place,
}

impl App {
    pub(crate) fn of(world: &World) -> App {
        App {
            home: home(world),
            _place: Place::shared(),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for process in processes(&self.home) {
            kill(process);
        }
    }
}

impl World {
    /// The processes of the app that run in this world.
    #[must_use]
    pub fn desktop_processes(&self) -> Vec<u32> {
        processes(&home(self))
    }

    /// Ends the app as a crash would.
    ///
    /// # Panics
    /// When it does not run, or does not go.
    pub async fn crash_desktop(&self) {
        let running = self.desktop_processes();
        assert!(!running.is_empty(), "the app runs");
        for process in running {
            kill(process);
        }
        until("the app is gone", async || {
            self.desktop_processes().is_empty().then_some(())
        })
        .await;
    }

    /// Asks the app to end, as the end of a desktop session does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal_desktop(&self, name: &str) {
        let running = self.desktop_processes();
        assert!(!running.is_empty(), "the app runs");
        for process in running {
            send(name, process);
        }
    }

    /// Starts the app in the tray.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_hidden(&self) -> App {
        // Reaped by init once its session leader has ended: nobody waits for it here.
        self.start_hidden_by(&["env"]).0
    }

    /// The same by a program with its words, which is handed the app's words after its own; and that program.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_hidden_by(&self, words: &[&str]) -> (App, Child) {
        (
            App::of(self),
            self.command(words[0])
                .args(&words[1..])
                .arg(program("kiro-desktop"))
                .arg("--hidden")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                // Nobody takes pictures by WebDriver here: it draws as people have it.
                .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
                .env_remove("GDK_GL")
                .process_group(0)
                .stderr(fs::File::create(self.path(STDERR)).unwrap())
                .spawn()
                .unwrap(),
        )
    }

    /// Whether the app has a window on the screen.
    #[must_use]
    pub fn has_window(&self) -> bool {
        let asked = self
            .command("xwininfo")
            .args(["-name", TITLE])
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).contains("Map State: IsViewable")
    }

    /// Waits until a window that WebDriver did not start shows a page, and saves its picture as
    /// `target/screens/window-NAME.png`.
    ///
    /// # Panics
    /// When there is none within the bound.
    pub async fn sees_window(&self, name: &str) {
        until("the app has a window", async || {
            self.has_window().then_some(())
        })
        .await;
        let picture = screens().join(format!("window-{name}.png"));
        until("something is painted on it", async || {
            let taken = self
                // Where the window has just gone, `import` waits for a hand that points at one.
                .command("timeout")
                .args(["5", "import", "-silent", "-window", TITLE])
                .arg(&picture)
                .status()
                .unwrap();
            let colours = self
                .command("identify")
                .args(["-format", "%k"])
                .arg(&picture)
                .output()
                .unwrap();
            let colours: u32 = String::from_utf8_lossy(&colours.stdout).parse().ok()?;
            (taken.success() && colours > BLANK).then_some(())
        })
        .await;
    }

    /// A command that starts the app once more.
    #[must_use]
    pub fn desktop(&self) -> Command {
        let mut command = self.command(program("kiro-desktop").to_str().unwrap());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// A launcher named as the package names it, which writes each `kiro://` link into the returned file and starts
    /// nothing.
    #[must_use]
    pub fn keep_links(&self) -> PathBuf {
        let links = self.path("links");
        let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", links.display());
        self.install_handler("kiro-sign-in", &script, &["x-scheme-handler/kiro"]);
        links
    }

    /// The link that the browser has handed over to such a launcher, once there is one.
    pub async fn link(&self) -> String {
        let links = self.path("links");
        until("the browser hands over the link", async || {
            let text = fs::read_to_string(&links).ok()?;
            text.ends_with('\n').then(|| text.trim().to_owned())
        })
        .await
    }

    /// A launcher named as the package names it, which writes each `kiro://` link into the returned file before it
    /// hands it to the app.
    #[must_use]
    pub fn record_links(&self) -> PathBuf {
        let links = self.path("links");
        let app = program("kiro-desktop");
        let script = format!(
            "#!/bin/sh\necho \"$1\" >> '{}'\nexec setsid -f '{}' \"$1\"\n",
            links.display(),
            app.display()
        );
        self.install_handler("kiro-sign-in", &script, &["x-scheme-handler/kiro"]);
        links
    }
}

/// Waits until `who` says this, and otherwise shows what it says instead.
pub(crate) async fn said(who: &str, text: &str, asked: impl AsyncFnMut() -> String) {
    said_within(Duration::from_secs(20), who, text, asked).await;
}

/// The same, for so long.
pub(crate) async fn said_within(
    patience: Duration,
    who: &str,
    text: &str,
    mut asked: impl AsyncFnMut() -> String,
) {
    let deadline = Instant::now() + patience;
    loop {
        let heard = asked().await;
        if heard.contains(text) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "waited {patience:?} in vain: {who} says “{text}”, not: {heard}"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

pub(crate) fn screens() -> PathBuf {
    let folder = checkout().join("target/screens");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn home(world: &World) -> String {
    format!("KIRO_HOME={}", world.path("kiro").display())
}

/// The processes of the app with this in their environment, those whose program an upgrade has replaced included.
fn processes(home: &str) -> Vec<u32> {
    let app = program("kiro-desktop");
    let replaced = PathBuf::from(format!("{} (deleted)", app.display()));
    let ours = |pid: &u32| {
        let place = PathBuf::from(format!("/proc/{pid}"));
        fs::read_link(place.join("exe")).is_ok_and(|exe| exe == app || exe == replaced)
            && fs::read(place.join("environ")).is_ok_and(|all| {
                all.split(|byte| *byte == 0)
                    .any(|one| one == home.as_bytes())
            })
    };
    let all = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(ours).collect()
}

fn kill(process: u32) {
    send("KILL", process);
}

fn send(signal: &str, process: u32) {
    drop(
        Command::new("kill")
            .args([format!("-{signal}"), process.to_string()])
            .stderr(Stdio::null())
            .status(),
    );
}

/// The bound of "the window and the tray follow".
pub const FOLLOWS_WITHIN: Duration = Duration::from_secs(1);
