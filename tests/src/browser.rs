//! The person at the browser: chromedriver attached to the Chromium that `xdg-open` started.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::{World, peer::http, until};

/// A hand on the world's browser. Dropping it lets go; the browser itself belongs to the world.
pub struct Browser {
    driver: Child,
    client: Client,
}

impl Browser {
    pub(crate) async fn attach(port: u16) -> Browser {
        let list = format!("http://127.0.0.1:{port}/json/version");
        until("the system browser runs", async || {
            http().get(&list).send().await.ok().map(drop)
        })
        .await;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let at = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("successfully on port ")
                    .map(|(_, port)| port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        let capabilities =
            json!({ "goog:chromeOptions": { "debuggerAddress": format!("127.0.0.1:{port}") } });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{at}"))
            .await
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
            let field = self
                .client
                .wait()
                .for_element(Locator::Css(&format!("input[name={name}]")))
                .await
                .unwrap();
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        self.client
            .find(Locator::Id("sign-in"))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
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
        self.client
            .find(Locator::Css("body"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }
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
