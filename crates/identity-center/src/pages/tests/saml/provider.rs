//! The provider, and what browsers do there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;

use crate::federation::saml::{ConnectSaml, connect};
use crate::federation::{Connection, Kind};
use crate::oidc::tests::running::{Peer, Running, peers, query, send};
use crate::pages::tests::browser::{Browser, Place};

pub(super) const ACS: &str = "/federation/saml/acme/saml/acs";

pub(super) struct Idp(Peer);

impl Idp {
    async fn start(kind: &str) -> Idp {
        let python = std::env::var_os("KIRO_TEST_PYTHON")
            .map_or_else(|| peers().join("../../target/venv/bin/python"), Into::into);
        let mut command = Command::new(python);
        command.arg(peers().join("saml_idp.py")).env("KIND", kind);
        Idp(Peer::start(&mut command).await)
    }

    pub(super) async fn okta() -> Idp {
        Idp::start("okta").await
    }

    pub(super) async fn entra() -> Idp {
        Idp::start("entra").await
    }

    pub(super) fn origin(&self) -> Url {
        self.0.origin()
    }

    async fn ask(&self, path: &str, asked: &Value) -> Value {
        let body = asked.to_string();
        let answer = send(&self.origin(), "POST", path, &[], body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
        answer.json()
    }

    pub(super) async fn control(&self, asked: Value) -> Value {
        self.ask("/control", &asked).await
    }

    /// Connects it with the metadata that it has now, and sends people there.
    pub(super) async fn connected(&self, service: &Running, idp_initiated: bool) -> Connection {
        self.connected_as(service, "saml", idp_initiated).await
    }

    /// The same under this name.
    pub(super) async fn connected_as(
        &self,
        service: &Running,
        name: &str,
        idp_initiated: bool,
    ) -> Connection {
        let metadata = self.control(json!({})).await["metadata"].clone();
        let asked = ConnectSaml {
            organization: "acme".to_owned(),
            name: name.to_owned(),
            kind: match self.0.ready["upstream"]["kind"].as_str() {
                Some("entra") => Kind::Entra,
                _ => Kind::Okta,
            },
            metadata: metadata.as_str().unwrap().to_owned(),
            idp_initiated,
            domains: vec![format!("{name}.acme.example")],
        };
        let made = connect(&service.center, asked).await.unwrap();
        let (store, now) = (&service.center.store, service.center.now());
        assert!(
            store
                .set_connection_active(made.id, true, now)
                .await
                .unwrap()
        );
        store.connection(made.id).await.unwrap().unwrap()
    }

    /// The AuthnRequest of an address that a browser was sent to.
    pub(super) fn request(&self, sent: &Url) -> String {
        use std::io::Read as _;
        let deflated = STANDARD
            .decode(query(sent, "SAMLRequest").unwrap())
            .unwrap();
        let mut request = String::new();
        let mut inflated = flate2::read::DeflateDecoder::new(&deflated[..]);
        inflated.read_to_string(&mut request).unwrap();
        request
    }

    /// An answer to it, as XML.
    pub(super) async fn answer(&self, sent: &Url, person: &str) -> String {
        let asked = json!({ "request": self.request(sent), "person": person });
        let made = self.ask("/answer", &asked).await;
        made["xml"].as_str().unwrap().to_owned()
    }

    /// An answer that nobody asked for, as a form has it.
    pub(super) async fn unasked(&self, service: &Running, person: &str) -> String {
        let ours = format!("{}/federation/saml/acme/saml", service.issuer());
        self.control(json!({ "acs": format!("{ours}/acs"), "sp": format!("{ours}/metadata") }))
            .await;
        let made = self
            .ask("/answer", &json!({ "request": null, "person": person }))
            .await;
        STANDARD.encode(made["xml"].as_str().unwrap())
    }
}

/// Types the name at the service: the address at the provider that it leads to.
pub(super) async fn led(browser: &Browser<'_>, at: &Place, user_name: &str) -> Url {
    let at = browser.step(at, "name", &[("user_name", user_name)]).await;
    assert_eq!(at.answer.status, 303, "{}", at.text());
    at.answer.location()
}

/// The provider's answer, brought by the browser as the provider's page sends it.
pub(super) async fn answered(browser: &Browser<'_>, idp: &Idp, sent: &Url, person: &str) -> Place {
    let xml = idp.answer(sent, person).await;
    brought(browser, sent, &xml).await
}

/// Where the service sends the browser that brings this answer.
pub(super) async fn delivered(browser: &Browser<'_>, sent: &Url, xml: &str) -> Url {
    let (response, relay) = (STANDARD.encode(xml), query(sent, "RelayState").unwrap());
    let form = [
        ("SAMLResponse", response.as_str()),
        ("RelayState", relay.as_str()),
    ];
    let cross_site = [
        ("origin", "https://idp.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let kept = browser.jar.take();
    let answer = browser.send("POST", ACS, &cross_site, &form).await;
    browser.jar.replace(kept);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    answer.location()
}

/// This answer, brought so.
pub(super) async fn brought(browser: &Browser<'_>, sent: &Url, xml: &str) -> Place {
    let (response, relay) = (STANDARD.encode(xml), query(sent, "RelayState").unwrap());
    let form = [
        ("SAMLResponse", response.as_str()),
        ("RelayState", relay.as_str()),
    ];
    browser.post_from_elsewhere(ACS, &form).await
}

/// From an application through the provider to what the service makes of it, in a browser of its own.
pub(super) async fn accepted(service: &Running, idp: &Idp, person: &str) -> Place {
    let browser = Browser::new(service);
    let at = browser.begin("native", &[]).await;
    let sent = led(&browser, &at, &format!("{person}@saml.acme.example")).await;
    answered(&browser, idp, &sent, person).await
}
