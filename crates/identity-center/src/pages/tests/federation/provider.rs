//! An identity provider that this project did not write, and what a browser does there.

use std::cell::RefCell;
use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;

use crate::federation::{Connect, ConnectError, Connection, Kind, connect};
use crate::oidc::tests::running::{Answer, Peer, Running, encode, peers, send};
use crate::pages::tests::browser::{Browser, Place, person, started};

/// Somebody of Okta's.
pub(crate) const AIKO: &str = "aiko@okta.acme.example";
/// Somebody of Entra ID's.
pub(super) const MAYA: &str = "maya@entra.acme.example";

/// A running provider; it ends with this.
pub(crate) struct Provider(Peer);

impl Provider {
    async fn start(script: &str, tenant: Option<&str>) -> Provider {
        let mut command = Command::new("node");
        command.args(["--single-threaded", "--no-wasm-async-compilation"]);
        command.arg(peers().join(script));
        if let Some(tenant) = tenant {
            command.env("TENANT", tenant);
        }
        Provider(Peer::start(&mut command).await)
    }

    pub(crate) async fn okta() -> Provider {
        Provider::start("okta.mjs", None).await
    }

    /// A service that sends its people here, and Aiko among them.
    pub(crate) async fn okta_with_aiko() -> (Running, Provider) {
        let (service, okta) = (started().await, Provider::okta().await);
        okta.connected(&service).await;
        person(&service, AIKO, "Aiko").await;
        (service, okta)
    }

    /// `tenant`: `organizations`, or the one that it has.
    pub(super) async fn entra(tenant: Option<&str>) -> Provider {
        Provider::start("entra.mjs", tenant).await
    }

    pub(super) fn origin(&self) -> Url {
        self.0.origin()
    }

    /// What it tells whoever connects it.
    pub(crate) fn told(&self) -> &Value {
        &self.0.ready["upstream"]
    }

    /// What an administrator says of it.
    pub(super) fn described(&self, domain: &str) -> Connect {
        let told = &self.0.ready["upstream"];
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let kind: Kind = serde_json::from_value(told["kind"].clone()).unwrap();
        Connect {
            organization: "acme".to_owned(),
            name: text("kind"),
            kind,
            issuer: text("issuer").parse().unwrap(),
            client_id: text("client_id"),
            client_secret: SecretString::from(text("client_secret")),
            scopes: vec![],
            tenants: serde_json::from_value(told["tenants"].clone()).unwrap(),
            domains: vec![domain.to_owned()],
        }
    }

    /// Connects it, and sends people there.
    pub(crate) async fn connected(&self, service: &Running) -> Connection {
        let told = &self.0.ready["upstream"]["kind"];
        let domain = format!("{}.acme.example", told.as_str().unwrap());
        let made = connect_as(service, self.described(&domain)).await.unwrap();
        activate(service, &made).await;
        let kept = service.center.store.connection(made.id).await;
        kept.unwrap().unwrap()
    }

    /// Changes its behaviour (`{}` changes nothing), and returns what it has seen.
    pub(crate) async fn control(&self, asked: Value) -> Value {
        let address: Url = self.0.ready["control"].as_str().unwrap().parse().unwrap();
        let body = asked.to_string();
        let answer = send(&address, "POST", "/control", &[], body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        // The answer may come in chunks; it is one object.
        let text = answer.text();
        let (from, to) = (text.find('{').unwrap(), text.rfind('}').unwrap());
        let joined: String = text[from..=to]
            .split("\r\n")
            .filter(|line| !is_chunk_size(line))
            .collect();
        serde_json::from_str(&joined).unwrap()
    }

    /// What it has seen of one kind.
    pub(super) async fn seen(&self, what: &str) -> u64 {
        self.control(json!({})).await[what].as_u64().unwrap()
    }

    /// The parameters of the last authorization request.
    pub(super) async fn asked(&self) -> Value {
        let seen = self.control(json!({})).await;
        seen["authorize_queries"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone()
    }

    /// Signs in at the address that the browser was sent to; the address that it is sent back to.
    pub(crate) async fn sign_in(&self, address: Url, user: &str) -> Url {
        let at = Visit::default();
        at.walk(address, &[("username", user), ("password", "demo")])
            .await
    }

    /// Gives up there.
    pub(super) async fn cancel(&self, address: Url) -> Url {
        let at = Visit::default();
        at.walk(address, &[("cancel", "1")]).await
    }
}

fn is_chunk_size(line: &str) -> bool {
    !line.is_empty() && line.len() <= 6 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) async fn connect_as(
    service: &Running,
    asked: Connect,
) -> Result<Connection, ConnectError> {
    connect(&service.center, asked).await
}

pub(super) async fn activate(service: &Running, connection: &Connection) {
    let (store, now) = (&service.center.store, service.center.now());
    let active = store.set_connection_active(connection.id, true, now);
    assert!(active.await.unwrap());
}

/// A browser at the provider, with its cookies there.
#[derive(Default)]
struct Visit {
    jar: RefCell<BTreeMap<String, String>>,
}

impl Visit {
    async fn walk(&self, address: Url, form: &[(&str, &str)]) -> Url {
        let home = address.origin();
        let mut at = address;
        let mut answer = self.ask("GET", &at, &[]).await;
        for _ in 0..10 {
            match answer.status {
                302 | 303 => {
                    let to = at.join(answer.header("location").unwrap()).unwrap();
                    if to.origin() != home {
                        return to;
                    }
                    at = to;
                    answer = self.ask("GET", &at, &[]).await;
                }
                200 => answer = self.ask("POST", &at, form).await,
                status => panic!("{at} answers {status}: {}", answer.text()),
            }
        }
        panic!("no end at {at}: {}", answer.text());
    }

    async fn ask(&self, method: &str, at: &Url, form: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = self
            .jar
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookie = pairs.join("; ");
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let path = &at[url::Position::BeforePath..];
        let answer = send(at, method, path, &headers, encode(form).as_bytes()).await;
        for set in answer.all("set-cookie") {
            let pair = set.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.jar
                .borrow_mut()
                .insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// Types a name at the service: the address at the provider that it leads to.
pub(super) async fn led(browser: &Browser<'_>, at: &Place, user_name: &str) -> Url {
    let at = browser.step(at, "name", &[("user_name", user_name)]).await;
    assert_eq!(at.answer.status, 303, "{}", at.text());
    assert_eq!(at.answer.header("referrer-policy"), Some("no-referrer"));
    at.answer.location()
}

/// Brings a provider's answer to the service.
pub(super) async fn brought(browser: &Browser<'_>, back: &Url) -> Place {
    assert!(back.path().starts_with("/federation/oidc/"), "{back}");
    browser.get(&back[url::Position::BeforePath..]).await
}

/// From the first page through the provider to what the service makes of it.
pub(crate) async fn signed_in(
    browser: &Browser<'_>,
    at: &Place,
    provider: &Provider,
    user_name: &str,
) -> Place {
    let address = led(browser, at, user_name).await;
    let back = provider.sign_in(address, user_name).await;
    brought(browser, &back).await
}
