//! The person at the browser: chromedriver attached to the Chromium that `xdg-open` started.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::desktop::said;
use crate::{Peer, World, authenticator, peer::http, until};

/// A page has so long to load, in milliseconds (chromedriver would wait for five minutes).
const PAGE: u64 = 20_000;

/// A hand on the world's browser. Dropping it lets go; the browser itself belongs to the world.
pub struct Browser {
    driver: Child,
    client: Client,
}

impl Browser {
    pub(crate) async fn attach(port: u16, log: &Path) -> Browser {
        let list = format!("http://127.0.0.1:{port}/json/version");
        until("the system browser runs", async || {
            http().get(&list).send().await.ok().map(drop)
        })
        .await;
        let (driver, at) = driver(log).await;
        let capabilities = json!({ "goog:chromeOptions": { "debuggerAddress": format!("127.0.0.1:{port}") }, "timeouts": { "pageLoad": PAGE } });
        let address = format!("http://127.0.0.1:{at}");
        let mut client = ClientBuilder::new(HttpConnector::new());
        client.capabilities(capabilities.as_object().unwrap().clone());
        let client = tokio::time::timeout(Duration::from_secs(30), client.connect(&address)).await;
        let client = client
            .expect("chromedriver answers")
            .expect("chromedriver attaches");
        Browser { driver, client }
    }

    /// Turns to the tab whose address contains `part`.
    pub async fn tab(&self, part: &str) {
        until("a tab of that address", async || {
            for window in self.client.windows().await.ok()? {
                self.client.switch_to_window(window).await.ok()?;
                if self
                    .client
                    .current_url()
                    .await
                    .ok()?
                    .as_str()
                    .contains(part)
                {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// Fills in the identity provider's form and sends it.
    pub async fn sign_in(&self, person: &str) {
        self.tab("/interaction/").await;
        for (name, text) in [("username", person), ("password", "demo")] {
            let field = self.wait(&format!("input[name={name}]")).await;
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        self.press("#sign-in").await;
    }

    /// Signs in on the pages of our own Identity Center: name, password, code; who has no second factor yet sets one up.
    pub async fn sign_in_at(&self, peer: &Peer, name: &str) {
        let user = peer.user(name);
        self.tab("/sign-in/").await;
        self.type_into("user_name", name).await;
        let password = user["password"].as_str().unwrap();
        self.type_into("password", password).await;
        if let Some(secret) = user["totp_secret"].as_str() {
            let code = authenticator::code(secret).await;
            self.type_into("code", &code).await;
            return;
        }
        let key = self.wait("#key code").await;
        let secret = key.prop("textContent").await.unwrap().unwrap();
        let code = authenticator::code(&secret).await;
        self.type_into("code", &code).await;
        self.wait(".codes").await;
        self.press("button.first").await;
    }

    /// Allows the program that our own Identity Center asks about.
    pub async fn allow_program(&self) {
        self.says("Any program can call itself that").await;
        self.press("button[value=allow]").await;
    }

    /// Fills in a field of the page in front, and sends its form.
    pub async fn type_into(&self, name: &str, text: &str) {
        let field = format!("input[name={name}]:not([readonly])");
        let field = self.wait(&field).await;
        field.clear().await.unwrap();
        let keys = format!("{text}{}", char::from(Key::Enter));
        field.send_keys(&keys).await.unwrap();
    }

    /// Presses a button (CSS) of the page in front.
    pub async fn press(&self, button: &str) {
        match self.wait(button).await.click().await {
            // A page that leads to an app's link has no end to wait for; what it led to is looked at elsewhere.
            Err(error) if error.is_timeout() => {}
            pressed => pressed.unwrap(),
        }
    }

    /// Turns the tab in front to this address.
    pub async fn goto(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// Waits until the page in front says this.
    pub async fn says(&self, text: &str) {
        said("the page", text, async || self.text().await).await;
    }

    async fn wait(&self, css: &str) -> Element {
        let found = self.client.wait().for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Leaves the provider's page without an answer.
    pub async fn leave(&self) {
        self.tab("/interaction/").await;
        self.client.goto("about:blank").await.unwrap();
    }

    /// Clicks into the page in front: Chromium hands over no second link without a gesture in between.
    pub async fn touch(&self) {
        self.client
            .find(Locator::Css("body"))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }

    /// The text of the page in front.
    pub async fn text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await;
        match body {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(), // between two pages
        }
    }
}

/// A running chromedriver, and its port. It takes a free one for IPv4 and needs the same for IPv6: where that one is taken it ends, and
/// the next may be free.
async fn driver(log: &Path) -> (Child, String) {
    let start = || {
        Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(File::create(log).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut driver = start();
    let port = until("chromedriver says its port", async || {
        if driver.try_wait().unwrap().is_some() {
            driver = start();
        }
        let said = fs::read_to_string(log).unwrap();
        let (_, port) = said.split_once("successfully on port ")?;
        let (port, _) = port.split_once('.')?;
        Some(port.to_owned())
    })
    .await;
    (driver, port)
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl World {
    /// Makes the browser of this world the usual one again, beside others that were installed.
    ///
    /// # Panics
    /// When the system does not take it.
    pub fn use_browser(&self) {
        for kind in ["x-scheme-handler/http", "x-scheme-handler/https"] {
            let words = ["default", "browser.desktop", kind];
            assert!(
                self.command("xdg-mime")
                    .args(words)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let folder = self.path(".local/share/applications");
        let mut cache = self.command("update-desktop-database");
        assert!(cache.arg(folder).status().unwrap().success());
    }
}
