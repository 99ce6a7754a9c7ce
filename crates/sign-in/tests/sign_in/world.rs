//! An OpenID Provider in memory and a person's computer around it: everything real but the wire.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kiro_credentials::{Clock, Home, KeySource, Keys, Store};
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{
    AwsEndpoints, Context, Discovered, Inference, Organization, Request, Settings, Via,
};
use serde_json::{Value, json};
use url::Url;

pub(crate) const ISSUER: &str = "https://login.acme.test/oauth2/default";
pub(crate) const CLIENT: &str = "kiro-desktop";

/// A clock that a test moves.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn pause(&self, time: std::time::Duration) {
        self.advance(SignedDuration::try_from(time).unwrap());
    }
}

/// What the provider does; a test changes it before the request it concerns.
#[derive(Default)]
pub(crate) struct Behaviour {
    /// Claims that replace those of a good ID token (`null` removes one).
    pub(crate) claims: Value,
    /// Answers of the token endpoint, in order, before the good ones.
    pub(crate) token_answers: VecDeque<(u16, Value)>,
    /// The key set is another's.
    pub(crate) wrong_key: bool,
    /// Nothing answers.
    pub(crate) offline: bool,
    /// `issuer` of the discovery document.
    pub(crate) issuer: Option<String>,
    /// Introspection is offered, and this is its answer.
    pub(crate) introspection: Option<(u16, Value)>,
    /// Device authorization is offered.
    pub(crate) device: bool,
    /// The name of the key by now, where it was rotated.
    pub(crate) kid: Option<&'static str>,
    /// The key set does not have the new name yet.
    pub(crate) keys_lag: bool,
}

/// The provider.
pub(crate) struct Provider {
    clock: Arc<TestClock>,
    pub(crate) behaviour: Mutex<Behaviour>,
    /// The nonce of the last authorization URL: a browser would carry it.
    pub(crate) nonce: Mutex<String>,
    pub(crate) requests: AtomicUsize,
    /// The address of each request.
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) token_requests: Mutex<Vec<String>>,
    pub(crate) revoked: AtomicUsize,
}

#[async_trait]
impl HttpClient for Provider {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push(url.clone());
        if self.behaviour.lock().unwrap().offline {
            return Err(HttpError::Unreachable {
                host: "login.acme.test".into(),
                proxy: None,
                why: "refused".into(),
                unresolved: false,
            });
        }
        let (status, body) = self.answer(&url, request.body());
        let date = self.date();
        Ok(http::Response::builder()
            .status(status)
            .header("date", date)
            .body(body.to_string().into_bytes())
            .unwrap())
    }
}

impl Provider {
    /// The time, as an answer tells it.
    pub(crate) fn date(&self) -> String {
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.clock.now())
            .unwrap()
    }

    fn answer(&self, url: &str, body: &[u8]) -> (u16, Value) {
        let mut behaviour = self.behaviour.lock().unwrap();
        let at = |path: &str| format!("{ISSUER}/v1/{path}");
        if url.ends_with("/.well-known/openid-configuration") {
            let device = behaviour.device.then(|| at("device"));
            let introspection = behaviour.introspection.as_ref().map(|_| at("introspect"));
            return (
                200,
                json!({
                    "device_authorization_endpoint": device, "introspection_endpoint": introspection,
                    "issuer": behaviour.issuer.as_deref().unwrap_or(ISSUER), "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
                    "jwks_uri": at("keys"), "revocation_endpoint": at("revoke"), "end_session_endpoint": at("logout"),
                    "id_token_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"],
                    "authorization_response_iss_parameter_supported": true,
                }),
            );
        }
        if url.ends_with("/keys") {
            let x = if behaviour.wrong_key {
                "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
            } else {
                "hcB-AO-59Jr3pLOzkF-PHJw8sFPmjC7VsJKYvBObEvs"
            };
            let y = if behaviour.wrong_key {
                "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
            } else {
                "Te7CH7vr0MRI0zOleWWrddL_ruUnGbAkxZGjaR5g4So"
            };
            let kid = behaviour.kid.filter(|_| !behaviour.keys_lag);
            return (
                200,
                json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid.unwrap_or("k1"), "alg": "ES256", "x": x, "y": y}]}),
            );
        }
        if url.ends_with("/device") {
            return (
                200,
                json!({"device_code": "device-code-canary", "user_code": "WDJB-MJHT", "verification_uri": at("activate"), "expires_in": 600, "interval": 1}),
            );
        }
        if url.ends_with("/introspect") {
            return behaviour.introspection.clone().unwrap_or_default();
        }
        if url.ends_with("/revoke") {
            self.revoked.fetch_add(1, Ordering::SeqCst);
            return (200, json!({}));
        }
        self.token_requests
            .lock()
            .unwrap()
            .push(String::from_utf8_lossy(body).into_owned());
        if let Some(answer) = behaviour.token_answers.pop_front() {
            return answer;
        }
        let count = self.token_requests.lock().unwrap().len();
        (
            200,
            json!({
                "access_token": format!("access-{count}"), "token_type": "Bearer", "expires_in": 3600, "refresh_token": format!("refresh-{count}"),
                "scope": "openid", "id_token": self.id_token(&behaviour.claims, behaviour.kid),
            }),
        )
    }

    fn id_token(&self, changed: &Value, kid: Option<&str>) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({"iss": ISSUER, "sub": "00u1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": *self.nonce.lock().unwrap(), "name": "Aiko Tanaka", "email": "aiko@acme.com"});
        for (name, value) in changed.as_object().into_iter().flatten() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid.unwrap_or("k1").into());
        jsonwebtoken::encode(
            &header,
            &claims,
            &EncodingKey::from_ec_der(include_bytes!("test-only-key.der")),
        )
        .unwrap()
    }
}

/// One person's computer.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) provider: Arc<Provider>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) context: Context,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(
            "2026-11-23T09:40:00Z".parse().unwrap(),
        )));
        let provider = Arc::new(Provider {
            clock: Arc::clone(&clock),
            behaviour: Mutex::default(),
            nonce: Mutex::default(),
            requests: AtomicUsize::new(0),
            asked: Mutex::default(),
            token_requests: Mutex::default(),
            revoked: AtomicUsize::new(0),
        });
        let context = context(&folder.path().join("home"), &provider, &clock);
        World {
            folder,
            provider,
            clock,
            context,
        }
    }

    /// Another process over the same files.
    pub(crate) fn another_process(&self) -> Context {
        context(
            &self.folder.path().join("home"),
            &self.provider,
            &self.clock,
        )
    }

    pub(crate) fn request(&self, via: Via) -> Request {
        Request {
            key_source: Some(KeySource::Plaintext),
            ..Request::new(okta(), via)
        }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.provider.behaviour.lock().unwrap());
    }

    /// What the browser brings back for this address: `extra` is `code=…` or `error=…`.
    pub(crate) fn callback(&self, url: &Url, extra: &str) -> String {
        let query = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .unwrap()
                .1
                .into_owned()
        };
        *self.provider.nonce.lock().unwrap() = query("nonce");
        format!(
            "{}?state={}&iss={}&{extra}",
            query("redirect_uri"),
            query("state"),
            url::form_urlencoded::byte_serialize(ISSUER.as_bytes()).collect::<String>()
        )
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path().join("home").join(folder))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        files.sort();
        files
    }
}

fn context(home: &std::path::Path, provider: &Arc<Provider>, clock: &Arc<TestClock>) -> Context {
    let home = Home::at(home);
    let keys = Keys::new(&home);
    Context {
        store: Store::new(home, keys, "test/1.0"),
        http: Arc::clone(provider) as Arc<dyn HttpClient>,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        managed_organizations: PathBuf::from("/nonexistent/organizations.toml"),
        aws: AwsEndpoints::default(),
        discovered: Discovered::default(),
    }
}

pub(crate) fn okta() -> Organization {
    Organization {
        name: "acme".into(),
        display_name: "Acme".into(),
        settings: Settings::Okta {
            issuer: ISSUER.parse().unwrap(),
            client_id: CLIENT.into(),
            scopes: Vec::new(),
        },
        support_contact: Some("it-help@acme.com".into()),
        inference: Inference::default(),
        managed: false,
    }
}
