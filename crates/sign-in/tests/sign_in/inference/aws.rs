//! AWS beside a person's computer: `tests/peers/bedrock.py`, and a network that leads there.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Clock, KeySource, NewPublic, ProfileName, Tokens};
use kiro_relying_party::{Body, HttpClient, HttpError, HttpSettings, Network, Proxy, WebClient};
use kiro_sign_in::AwsEndpoints;
use serde_json::{Value, json};
use url::Url;

use super::bedrock::Bedrock;
use crate::world::{CLIENT, ISSUER, World};

/// How somebody is signed in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Okta,
    Entra,
    IdentityCenter,
}

/// A directory of Entra ID, and its issuer.
pub(super) const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
pub(super) const DIRECTORY: &str =
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";

/// What `organizations.toml` says of each.
const OKTA: &str = "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://login.acme.test/oauth2/default\"\nclient_id = \"kiro-desktop\"\n";
const ENTRA: &str = "[organizations.acme]\nprovider = \"entra\"\ntenant = \"9188040d-6c67-4c5b-b112-36a304b66dad\"\nclient_id = \"kiro-desktop\"\n";
pub(super) const CENTER: &str = "[organizations.acme]\nprovider = \"identity-center\"\nstart_url = \"https://acme.awsapps.test/start\"\nregion = \"eu-central-1\"\n";
pub(super) const ROLE: &str =
    "[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";

/// The peer, for as long as this lives.
pub(super) struct Aws(Bedrock);

/// This computer itself over a wire, anything else as the world has it.
struct Wire {
    web: WebClient,
    elsewhere: Arc<dyn HttpClient>,
}

#[async_trait]
impl HttpClient for Wire {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        if request.uri().host() == Some("127.0.0.1") {
            self.web.send(request).await
        } else {
            self.elsewhere.send(request).await
        }
    }

    async fn stream(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Body>, HttpError> {
        self.web.stream(request).await
    }
}

/// A client that goes this way.
pub(super) fn web(proxy: Proxy) -> WebClient {
    let settings = HttpSettings {
        network: Network {
            proxy,
            extra_ca: None,
        },
        ..HttpSettings::default()
    };
    WebClient::new(&settings).unwrap()
}

impl Aws {
    pub(super) fn start() -> Aws {
        Aws(Bedrock::start(&[(ISSUER, CLIENT), (DIRECTORY, CLIENT)]))
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.origin().port().unwrap())
    }

    pub(super) fn origin(&self) -> Url {
        self.0.address("origin")
    }

    /// Tells what shall happen, and returns what was seen.
    pub(super) async fn control(&self, asked: Value) -> Value {
        let request =
            http::Request::post(self.0.address("control").as_str()).body(asked.to_string().into());
        let answer = web(Proxy::None).send(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{asked}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// The requests of a model.
    pub(super) async fn requests(&self) -> Vec<Value> {
        let seen = self.control(json!({})).await;
        seen["requests"].as_array().unwrap().clone()
    }

    /// The world, with this AWS in it and what the organisation has decided.
    pub(super) fn around(&self, mut world: World, way: Way, decided: &str) -> World {
        let file = world.folder.path().join("home/organizations.toml");
        let organization = match way {
            Way::Okta => OKTA,
            Way::Entra => ENTRA,
            Way::IdentityCenter => CENTER,
        };
        let text = format!("{organization}{decided}{ROLE}");
        kiro_credentials::replace(&file, text.as_bytes()).unwrap();
        world.context.aws = AwsEndpoints {
            oidc: None,
            portal: Some(self.origin()),
            sts: Some(self.origin()),
            inference: Some(self.origin()),
        };
        world.context.http = Arc::new(Wire {
            web: web(Proxy::None),
            elsewhere: Arc::clone(&world.context.http),
        });
        world
    }
}

/// A person's computer with a session of an hour, at this AWS, by the computer's own clock: what is signed is.
pub(super) async fn signed_in(way: Way, aws: &Aws, decided: &str) -> World {
    let world = World::new();
    let now = Timestamp::now();
    world.clock.advance(now.duration_since(world.clock.now()));
    let expires_at = now + SignedDuration::from_hours(1);
    let issuer = match way {
        Way::Okta => ISSUER,
        Way::Entra => DIRECTORY,
        Way::IdentityCenter => "https://acme.awsapps.test/start",
    };
    let center = way == Way::IdentityCenter;
    let exp = expires_at.as_second();
    let claims = json!({"iss": issuer, "aud": CLIENT, "exp": exp, "sub": "00u1"}).to_string();
    let id = format!(
        "e30.{}.id-token-canary",
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    );
    let public = NewPublic {
        provider: match way {
            Way::Okta => "okta",
            Way::Entra => "entra",
            Way::IdentityCenter => "identity-center",
        }
        .into(),
        organization: "acme".into(),
        issuer: issuer.into(),
        client_id: CLIENT.into(),
        endpoint: None,
        subject: Some("00u1".into()),
        name: None,
        email: (!center).then(|| "aiko@acme.com".into()),
        scopes: Vec::new(),
        region: center.then(|| "eu-central-1".into()),
        models: None,
        expires_at,
        session_expires_at: None,
        signed_in_at: now,
    };
    let tokens = Tokens {
        access: "access-canary".into(),
        refresh: Some("refresh-canary".into()),
        id: (!center).then(|| id.into()),
    };
    let store = world.context.store.clone();
    let saved = tokio::task::spawn_blocking(move || {
        store.ensure_key(Some(KeySource::Plaintext)).unwrap();
        store.save(&ProfileName::default(), public, tokens)
    });
    saved.await.unwrap().unwrap();
    aws.around(world, way, decided)
}
