//! The app's real window, through WebKitWebDriver.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::desktop::{App, said, said_within, screens};
use crate::{World, peer::http, program, until};

/// The app's window. Dropping it ends the app, whichever process it has become.
pub struct Window {
    driver: Child,
    client: Client,
    _app: App,
}

impl Window {
    /// Starts the app with its window.
    ///
    /// # Panics
    /// When the window does not come.
    pub async fn open(world: &World) -> Window {
        Window::start(world, world.command("WebKitWebDriver")).await
    }

    /// The same as people have it, painting by itself; no picture can be taken of it.
    ///
    /// # Panics
    /// When the window does not come.
    pub async fn open_unpictured(world: &World) -> Window {
        let mut driver = world.command("WebKitWebDriver");
        driver
            .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
            .env_remove("GDK_GL");
        Window::start(world, driver).await
    }

    async fn start(world: &World, mut driver: Command) -> Window {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = driver
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

    /// Everything on the page, shown or not, with what stands in its fields.
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn source(&self) -> String {
        let script = "const fields = [...document.querySelectorAll('input, textarea')].map((field) => field.value);
            return [document.documentElement.outerHTML, document.body.innerText, location.href, ...fields].join('\\n');";
        let source = self.client.execute(script, Vec::new()).await.unwrap();
        source.as_str().unwrap().to_owned()
    }

    /// Waits until the page says this.
    ///
    /// # Panics
    /// When it does not within the bound.
    pub async fn says(&self, text: &str) {
        said("the window", text, async || self.text().await).await;
    }

    /// The same, where it may take so long.
    ///
    /// # Panics
    /// When it takes longer.
    pub async fn says_within(&self, patience: Duration, text: &str) {
        said_within(patience, "the window", text, async || self.text().await).await;
    }

    /// Has the page note when it will have painted this text, for [`Window::painted`].
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn note_when_painted(&self, text: &str) {
        let watch = "const [text] = arguments;
            const watching = new MutationObserver(() => {
                if (!document.body.innerText.includes(text)) return;
                watching.disconnect();
                requestAnimationFrame(() => setTimeout(() => (window.paintedAt = Date.now())));
            });
            watching.observe(document.body, { subtree: true, childList: true, characterData: true });";
        self.client.execute(watch, vec![json!(text)]).await.unwrap();
    }

    /// When the noted text was painted: milliseconds since 1970, by the page's own clock.
    ///
    /// # Panics
    /// When it is not within the bound.
    pub async fn painted(&self) -> f64 {
        until("the text is painted", async || {
            let noted = self.client.execute("return window.paintedAt", Vec::new());
            noted.await.ok()?.as_f64()
        })
        .await
    }

    /// Presses the button, or opens the section, whose name contains `label`.
    ///
    /// # Panics
    /// When there is no such button within the bound.
    pub async fn press(&self, label: &str) {
        let button = format!(
            "//*[self::button or self::summary or self::label][not(@disabled) and contains(normalize-space(), '{label}')]"
        );
        until(
            &format!("the window has a button “{label}”"),
            async || {
                let found = self.client.find(Locator::XPath(&button)).await.ok()?;
                let seen = "arguments[0].scrollIntoView({ block: 'nearest' })";
                let place = serde_json::to_value(&found).ok()?;
                self.client.execute(seen, vec![place]).await.ok()?;
                found.click().await.ok()
            },
        )
        .await;
    }

    /// Presses this key: `Tab`, `Enter`, `Escape`, `Space`, or `Shift+Tab`, as a hand on the keyboard would.
    ///
    /// # Panics
    /// When it is none of these, or the window takes no keys.
    pub async fn key(&self, name: &str) {
        let (shift, key) = match name {
            "Tab" => (false, Key::Tab),
            "Shift+Tab" => (true, Key::Tab),
            "Enter" => (false, Key::Enter),
            "Escape" => (false, Key::Escape),
            "Space" => (false, Key::Space),
            "Down" => (false, Key::Down),
            other => panic!("no such key: {other}"),
        };
        let down = |value: char| KeyAction::Down { value };
        let up = |value: char| KeyAction::Up { value };
        let mut keys = KeyActions::new("keyboard".to_owned());
        if shift {
            keys = keys.then(down(Key::Shift.into()));
        }
        keys = keys.then(down(key.into())).then(up(key.into()));
        if shift {
            keys = keys.then(up(Key::Shift.into()));
        }
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Types this into what has the focus.
    ///
    /// # Panics
    /// When the window takes no keys.
    pub async fn type_text(&self, text: &str) {
        let keys = text
            .chars()
            .fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
                keys.then(KeyAction::Down { value })
                    .then(KeyAction::Up { value })
            });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// What has the focus: `ROLE NAME`, as a screen reader is told it, and whether a focus ring is drawn.
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn focus(&self) -> (String, bool) {
        let script = "const at = document.activeElement;
            const drawn = (box) => {
                const style = box && getComputedStyle(box);
                return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            };
            const ring = drawn(at) || drawn(at.closest('label'));
            const name = (at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.innerText ?? '').trim().replace(/\\s+/g, ' ');
            return [`${at.tagName.toLowerCase()} ${name}`, at.matches(':focus-visible') && ring];";
        let found = self.client.execute(script, Vec::new()).await.unwrap();
        (
            found[0].as_str().unwrap_or_default().to_owned(),
            found[1].as_bool().unwrap_or_default(),
        )
    }

    /// Waits until this has the focus (see [`Window::focus`]).
    ///
    /// # Panics
    /// When it does not get it within the bound.
    pub async fn focused(&self, what: &str) {
        said("the focus", what, async || self.focus().await.0).await;
    }

    /// Presses the button that has no text but this name.
    ///
    /// # Panics
    /// When there is no such button within the bound.
    pub async fn press_named(&self, name: &str) {
        let button = format!("//button[@aria-label='{name}']");
        until(
            &format!("the window has a button named “{name}”"),
            async || {
                let found = self.client.find(Locator::XPath(&button)).await.ok()?;
                found.click().await.ok()
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
