//! A service on a loopback port with people, applications and a clock that is moved by hand.

mod peer;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use crate::authorization::Purpose;
use crate::center::{self, Center, Settings};
use crate::client::{Client, Details, Grant, Wire};
use crate::clock::Clock;
use crate::cookie::Cookie;
use crate::id::{AuthorizationId, UserId};
use crate::master_key::MasterKeys;
use crate::oidc::authorize::{address, redirect};
use crate::secret::{Digest, issue};
use crate::session::{Authentication, CODE_LIFETIME, Offer, Session};
use crate::store::{Granted, Store, values};

pub(crate) use peer::Peer;
use wire::authority;
pub(crate) use wire::{Answer, send};

/// The computer's clock, moved.
pub(crate) struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) const SECRET: &str = "a-confidential-secret%:+";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:7/cb";

pub(crate) struct Running {
    pub(crate) center: Arc<Center>,
    pub(crate) user: UserId,
    clock: Arc<Moved>,
    pub(crate) folder: TempDir,
    serving: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start() -> Running {
        Running::start_with(|_| {}).await
    }

    /// Set up otherwise.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
        Running::begin(folder, store, change).await
    }

    /// On an empty store.
    pub(crate) async fn start_on(store: Store) -> Running {
        Running::begin(tempfile::tempdir().unwrap(), store, |_| {}).await
    }

    async fn begin(folder: TempDir, store: Store, change: impl FnOnce(&mut Settings)) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let user = person(&store).await;
        for client in clients() {
            store.add_client(client).await.unwrap();
        }
        let clock = Arc::new(Moved(AtomicI64::new(0)));
        let (center, serving) = serve(store, listener, &clock, change).await;
        Running {
            center,
            user,
            clock,
            folder,
            serving,
        }
    }

    /// The process ends and another one begins on the same store, at the same address.
    pub(crate) async fn restart(self) -> Running {
        let address = authority(&self.center.settings.url);
        self.serving.abort();
        drop(self.serving.await);
        let Running {
            center,
            user,
            clock,
            folder,
            ..
        } = Running {
            serving: tokio::spawn(async {}),
            ..self
        };
        drop(center);
        let listener = TcpListener::bind(address).await.unwrap();
        let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
        let (center, serving) = serve(store, listener, &clock, |_| {}).await;
        Running {
            center,
            user,
            clock,
            folder,
            serving,
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn issuer(&self) -> String {
        self.center.settings.issuer().to_owned()
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(&self.center.settings.url, "GET", path, headers, b"").await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        let body = encode(form);
        send(
            &self.center.settings.url,
            "POST",
            path,
            &all,
            body.as_bytes(),
        )
        .await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        send(&self.center.settings.url, method, path, headers, body).await
    }

    /// From the authorization endpoint through the stand-in to the address that the browser is sent to.
    pub(crate) async fn authorize(&self, parameters: &[(&str, &str)]) -> Url {
        self.authorize_at("/oauth2/authorize", parameters).await
    }

    /// The same at another authorization endpoint.
    pub(crate) async fn authorize_at(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Url {
        let path = format!("{endpoint}?{}", encode(parameters));
        let begun = self.get(&path, &[]).await;
        assert_eq!(begun.status, 302, "{}", begun.text());
        let page = begun.location();
        assert!(page.path().starts_with("/sign-in/"), "{page}");
        let cookie = begun.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = page.path().replace("/sign-in/", "/stand-in/");
        self.get(&page, &[("cookie", &cookie)]).await.location()
    }

    /// A code for the public application, as [`ask`] asks for it.
    pub(crate) async fn code(&self, scope: &str) -> String {
        let challenge = challenge(VERIFIER);
        let back = self.authorize(&ask("native", scope, &challenge)).await;
        assert_eq!(query(&back, "iss").unwrap(), self.issuer());
        assert_eq!(query(&back, "state").unwrap(), "s t");
        query(&back, "code").unwrap()
    }

    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "native"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth2/token", &[], &form).await
    }

    /// What the public application gets for a sign-in.
    pub(crate) async fn tokens(&self, scope: &str) -> Value {
        let code = self.code(scope).await;
        let answer = self.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "native"),
            ("refresh_token", token),
        ];
        self.post("/oauth2/token", &[], &form).await
    }

    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.get("/oauth2/userinfo", &[("authorization", &bearer)])
            .await
    }
}

pub(crate) const VERIFIER: &str = "0123456789-0123456789.0123456789_0123456789~";

pub(crate) fn challenge(verifier: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Digest::of(verifier).bytes())
}

pub(crate) fn ask<'a>(
    client: &'a str,
    scope: &'a str,
    challenge: &'a str,
) -> Vec<(&'static str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "s t"),
        ("nonce", "n-1"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

pub(crate) fn encode(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

pub(crate) fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(of, _)| of == name)
        .map(|(_, value)| value.into_owned())
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

async fn serve(
    store: Store,
    listener: TcpListener,
    clock: &Arc<Moved>,
    change: impl FnOnce(&mut Settings),
) -> (Arc<Center>, tokio::task::JoinHandle<()>) {
    let url: Url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let mut settings = Settings::new(url, "us-east-1");
    change(&mut settings);
    let clock: Arc<dyn Clock> = Arc::<Moved>::clone(clock);
    let center = Center::open(store, clock, settings, MasterKeys::of([7; 32])).await;
    let center = Arc::new(center.unwrap());
    let pages = axum::Router::new()
        .route("/stand-in/{id}", get(grant))
        .with_state(Arc::clone(&center));
    let router = center::router(Arc::clone(&center)).merge(pages);
    let serving = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, serving).await.unwrap() });
    (center, serving)
}

/// Stands in for the pages: the one person signs in without being asked.
async fn grant(
    State(center): State<Arc<Center>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let id: AuthorizationId = id.parse().unwrap();
    let cookie = Cookie::SignIn(id).digest(&center.settings, &headers);
    let cookie = cookie.unwrap();
    let now = center.now();
    let seen = center.store.authorization(id, cookie, now).await.unwrap();
    let Some(seen) = seen else {
        return axum::http::StatusCode::NOT_FOUND.into_response();
    };
    let Purpose::Code {
        client,
        redirect_uri,
        state,
        code_challenge,
        nonce,
        binding,
        ..
    } = seen.request.purpose.clone()
    else {
        panic!("not for a code");
    };
    let user = center.store.read(|tx| {
        Box::pin(async move {
            let row = tx.row("SELECT id FROM users", &[]).await?;
            row.unwrap().id::<UserId>(0)
        })
    });
    let proved = Authentication {
        context: Some("urn:acme:mfa".to_owned()),
        ..Authentication::here(now, &["pwd", "otp"])
    };
    let (user, lifetime) = (user.await.unwrap(), center.settings.session_lifetime);
    let session = Session {
        scopes: seen.request.scopes.clone(),
        binding,
        ..Session::offered(user, &client, proved, now, lifetime)
    };
    let (code, digest) = issue();
    let offer = Offer {
        redirect_uri: redirect_uri.clone(),
        code_challenge,
        nonce,
        expires_at: now + CODE_LIFETIME,
    };
    let granted = center
        .store
        .grant(&seen, session, digest, offer, vec![])
        .await;
    assert_eq!(granted.unwrap(), Granted::Yes);
    let mut parameters = vec![("code", code.expose_secret())];
    parameters.extend(state.as_deref().map(|state| ("state", state)));
    parameters.push(("iss", center.settings.issuer()));
    redirect(&address(&redirect_uri, &parameters))
}

async fn person(store: &Store) -> UserId {
    let user = UserId::random();
    let made = store.write(move |tx| {
        Box::pin(async move {
            tx.execute("INSERT INTO organizations (name, title, contact, created_at) VALUES ('acme', 'Acme', '', 0)", &[]).await?;
            let sql = "INSERT INTO users (id, organization, user_name, user_name_folded, display_name, given_name, email, active, created_at, \
                       modified_at, version) VALUES ($1, 'acme', 'Aiko', 'aiko', 'Aiko 愛子', 'Aiko', 'aiko@acme.example', 1, 0, 5000, 0)";
            tx.execute(sql, values![user]).await
        })
    });
    made.await.unwrap();
    user
}

fn clients() -> Vec<Client> {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let scopes = words(&["openid", "profile", "email", "offline_access"]);
    let client = |id: &str, wire, secret: Option<&str>, details| Client {
        id: id.to_owned(),
        organization: Some("acme".to_owned()),
        wire,
        secret: secret.map(Digest::of),
        name: id.to_owned(),
        details,
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    let grants = vec![Grant::AuthorizationCode, Grant::RefreshToken];
    let native = Details {
        redirect_uris: words(&["kiro://kiro.oauth/callback", "http://127.0.0.1/cb"]),
        post_logout_redirect_uris: words(&["http://127.0.0.1:7/bye"]),
        grants: grants.clone(),
        scopes: scopes.clone(),
        ..Details::default()
    };
    let confidential = Details {
        redirect_uris: words(&[CALLBACK, "https://app.acme.example/cb?a=b"]),
        ..native.clone()
    };
    let code_only = Details {
        grants: vec![Grant::AuthorizationCode],
        ..native.clone()
    };
    let refresh_only = Details {
        grants: vec![Grant::RefreshToken],
        ..native.clone()
    };
    vec![
        client("native", Wire::Oidc, None, native.clone()),
        client(
            "confidential",
            Wire::Oidc,
            Some(SECRET),
            confidential.clone(),
        ),
        client("other", Wire::Oidc, None, native.clone()),
        client("code-only", Wire::Oidc, None, code_only),
        client("refresh-only", Wire::Oidc, None, refresh_only),
        client("aws", Wire::Aws, Some(SECRET), native),
    ]
}

/// What a program says at its end, in JSON.
pub(crate) async fn last_word(program: &mut tokio::process::Command) -> Value {
    let output = program.stderr(Stdio::inherit()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{program:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

pub(crate) fn peers() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../tests/peers")
}
