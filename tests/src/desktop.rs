//! The desktop app as a person sees it: the real window through WebKitWebDriver, the real tray through a panel on the
//! session bus, and the app's processes by the home they run in.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{World, checkout, peer::http, ports::Place, program, until};

pub(crate) const TITLE: &str = "Kiro Sign-In";
/// A window without its page has no more colours.
const BLANK: u32 = 32;

/// The app's window. Dropping it ends the app, whichever process it has become.
pub struct Window {
    driver: Child,
    client: Client,
    _app: App,
}

/// The app in one home, whichever process it has become. Dropping it ends them all.
pub struct App {
    home: String,
    /// It may listen on one of the registered ports.
    _place: Place,
}

/// The panel with the app's icon. Dropping it takes the panel away.
pub struct Tray {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Window {
    /// Starts the app with its window.
    ///
    /// # Panics
    /// When the window does not come.
    pub async fn open(world: &World) -> Window {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = world
            .command("WebKitWebDriver")
            .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(world.path("webdriver.log")).unwrap())
            .spawn()
            .unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let status = format!("{address}/status");
        until("WebKitWebDriver listens", async || {
            http().get(&status).send().await.ok().map(drop)
        })
        .await;
        let capabilities = json!({ "webkitgtk:browserOptions": { "binary": program("kiro-desktop"), "args": [] } });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&address)
            .await
            .expect("the window opens under WebDriver");
        Window {
            driver,
            client,
            _app: App::of(world),
        }
    }

    /// What the page says; what is still fading in counts.
    pub async fn text(&self) -> String {
        let said = self
            .client
            .execute("return document.body.innerText", Vec::new())
            .await;
        said.ok()
            .and_then(|text| Some(text.as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Waits until the page says this.
    ///
    /// # Panics
    /// When it does not within the bound.
    pub async fn says(&self, text: &str) {
        said("the window", text, async || self.text().await).await;
    }

    /// Presses the button whose name contains `label`.
    ///
    /// # Panics
    /// When there is no such button within the bound.
    pub async fn press(&self, label: &str) {
        let button = format!("//button[not(@disabled) and contains(normalize-space(), '{label}')]");
        until(
            &format!("the window has a button “{label}”"),
            async || {
                self.client
                    .find(Locator::XPath(&button))
                    .await
                    .ok()?
                    .click()
                    .await
                    .ok()
            },
        )
        .await;
    }

    /// Saves the window's own picture, once everything has arrived on it, as `target/screens/window-NAME.png`.
    ///
    /// # Panics
    /// When there is no picture to be had.
    pub async fn picture(&self, name: &str) {
        let painted = "const done = arguments[0];
            const finite = (each) => each.effect.getComputedTiming().endTime !== Infinity;
            Promise.allSettled(document.getAnimations().filter(finite).map((each) => each.finished))
                .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));";
        self.client
            .execute_async(painted, Vec::new())
            .await
            .unwrap();
        let picture = self.client.screenshot().await.unwrap();
        fs::write(screens().join(format!("window-{name}.png")), picture).unwrap();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl App {
    fn of(world: &World) -> App {
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

impl Tray {
    /// Puts a panel on the world's session bus.
    ///
    /// # Panics
    /// When the panel does not start.
    #[must_use]
    pub fn new(world: &World) -> Tray {
        let mut child = world
            .command("/usr/bin/python3")
            .arg(checkout().join("tests/peers/desktop/tray.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(world.path("tray.log")).unwrap())
            .spawn()
            .unwrap();
        let (asked, answers) = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let mut tray = Tray {
            child,
            asked,
            answers,
        };
        assert_eq!(tray.answer(), json!(true), "the panel starts");
        tray
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the panel answers")
    }

    fn ask(&mut self, words: &str) -> Value {
        writeln!(self.asked, "{words}").unwrap();
        self.answer()
    }

    /// The rows of the one icon's menu, from top to bottom; empty while no icon, or more than one, is shown.
    pub fn rows(&mut self) -> Vec<String> {
        let menus = self.ask("menu");
        match menus.as_array().map(Vec::as_slice) {
            Some([one]) => one
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[0].as_str().unwrap().to_owned())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Waits until a row of the menu contains this.
    ///
    /// # Panics
    /// When it does not within the bound.
    pub async fn says(&mut self, text: &str) {
        said("the tray", text, async || self.rows().join("\n")).await;
    }

    /// Chooses a row.
    ///
    /// # Panics
    /// When the menu has no such row that can be chosen.
    pub fn press(&mut self, label: &str) {
        assert_eq!(
            self.ask(&format!("press {label}")),
            json!(true),
            "the tray has a row “{label}”: {:?}",
            self.rows()
        );
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
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

    /// Starts the app in the tray.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_hidden(&self) -> App {
        let app = App::of(self);
        let mut command = self.desktop();
        // Reaped by init once its session leader has ended: nobody waits for it here.
        drop(
            command
                .arg("--hidden")
                .process_group(0)
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        app
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
                .command("import")
                .args(["-silent", "-window", TITLE])
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
async fn said(who: &str, text: &str, mut asked: impl AsyncFnMut() -> String) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let heard = asked().await;
        if heard.contains(text) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "waited 20 s in vain: {who} says “{text}”, not: {heard}"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn screens() -> PathBuf {
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
    drop(
        Command::new("kill")
            .args(["-KILL", &process.to_string()])
            .stderr(Stdio::null())
            .status(),
    );
}

/// The bound of "the window and the tray follow".
pub const FOLLOWS_WITHIN: Duration = Duration::from_secs(1);
