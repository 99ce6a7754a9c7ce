//! Writes each page for whoever draws them: `PICTURES=DIR cargo test -p kiro-identity-center pictures`, then
//! `node ui/scripts/sign-in-pages.mjs DIR`. Without the variable the pages are walked all the same.

use std::path::PathBuf;

use axum::response::Response;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::{Position, Url};

use super::aws::{begun, registered};
use super::browser::{
    Browser, PASSWORD, Place, application, code, person, started, with_factor, with_password,
};
use super::federation::{Provider, signed_in};
use super::setup::link;
use super::start::assigned;
use crate::federation::Fault;
use crate::federation::trial::offer;
use crate::oidc::tests::running::Running;
use crate::pages::device::user_code_digest;
use crate::pages::{Language, Refusal, STYLE, STYLE_ADDRESS, Upstream, refusal};
use crate::secret::Digest;
use crate::store::DeviceCode;

struct Folder {
    path: Option<PathBuf>,
    language: &'static str,
}

impl Folder {
    fn keep(&self, name: &str, place: &Place) {
        self.keep_text(name, &place.answer.text());
    }

    fn keep_text(&self, name: &str, html: &str) {
        let Some(path) = &self.path else { return };
        let link = format!(
            "<link rel=\"stylesheet\" href=\"{}\">",
            STYLE_ADDRESS.as_str()
        );
        assert!(html.contains(&link), "{name}: {html}");
        std::fs::create_dir_all(path).unwrap();
        let html = html.replace(&link, &format!("<style>{STYLE}</style>"));
        std::fs::write(path.join(format!("{name}-{}.html", self.language)), html).unwrap();
    }
}

async fn device(service: &Running, typed: &str) {
    let now = service.center.now();
    let device = DeviceCode {
        code: Digest::of(&format!("device/{typed}")),
        user_code: user_code_digest(typed).unwrap(),
        client: "tv".to_owned(),
        organization: "acme".to_owned(),
        scopes: vec![],
        place: "203.0.113.7".to_owned(),
        created_at: now,
        expires_at: now + SignedDuration::from_mins(10),
    };
    service
        .center
        .store
        .keep_device_code(device, 5)
        .await
        .unwrap();
}

/// What is said where an identity provider was asked and nobody is signed in.
async fn upstream(folder: &Folder, service: &Running) {
    let okta = Provider::okta().await;
    let connection = okta.connected(service).await;
    let mut browser = Browser::new(service);
    browser.language = folder.language;
    let at = browser.begin("kiro", &[]).await;
    let ended = async |name: &str, user_name: &str, control: Value| {
        okta.control(control).await;
        let page = signed_in(&browser, &at, &okta, user_name).await;
        folder.keep(name, &page);
    };
    let maya = "maya@okta.acme.example";
    ended("upstream-unprovisioned", maya, json!({})).await;
    ended("upstream-declined", "ben@okta.acme.example", json!({})).await;
    let away = json!({ "next_token": [{ "status": 503 }] });
    ended("upstream-away", maya, away).await;
    let refused =
        json!({ "next_token": [{ "status": 401, "body": { "error": "invalid_client" } }] });
    ended("upstream-set-up", maya, refused).await;
    ended("upstream-untrusted", maya, json!({ "tamper": "nonce" })).await;
    let unknown = Fault::Declined("Responder, UnknownPrincipal".to_owned());
    for (name, fault) in [
        ("upstream-tenant", Fault::OtherTenant),
        ("upstream-saml-status", unknown),
    ] {
        let page = refusal(
            Language::read(folder.language).unwrap(),
            Refusal::Upstream(Upstream {
                fault,
                provider: "login.microsoftonline.com".to_owned(),
                organization: "Acme".to_owned(),
                contact: String::new(),
                again: at.path.clone(),
            }),
        );
        folder.keep_text(name, &text(page).await);
    }
    okta.control(json!({ "tamper": null })).await;
    let link = offer(&service.center, connection.id).await.unwrap();
    let link: Url = link.expose_secret().parse().unwrap();
    let at = browser.get(link.path()).await;
    folder.keep("trial", &at);
    let away = browser.step(&at, "trial", &[]).await.answer.location();
    let back = okta.sign_in(away, "maya").await;
    folder.keep(
        "trial-done",
        &browser.get(&back[Position::BeforePath..]).await,
    );
}

/// A password is set by a link.
async fn setup(folder: &Folder, service: &Running, browser: &Browser<'_>) {
    let noa = person(service, "noa@acme.example", "Noa").await;
    let theirs = link(service, Some(noa)).await;
    folder.keep("setup", &browser.get(&theirs).await);
    let owners = link(service, None).await;
    folder.keep("setup-owner", &browser.get(&owners).await);
    let short = [
        ("user_name", "root"),
        ("password", "short"),
        ("again", "short"),
    ];
    folder.keep("setup-short", &browser.post(&owners, &short).await);
    folder.keep("setup-over", &browser.get("/setup/none").await);
}

/// What somebody signs in with is changed.
async fn own(folder: &Folder, service: &Running, browser: &Browser<'_>, seed: &[u8]) {
    const NEW: &str = "another horse battery";
    let (change, renew) = ("/sessions/password", "/sessions/recovery-codes");
    let post = async |path: &str, typed: &str, new: &str| {
        let form = [
            ("current", PASSWORD),
            ("code", typed),
            ("password", new),
            ("again", new),
        ];
        browser.post(path, &form).await
    };
    let code = |steps: i64| {
        let step = crate::totp::step(service.center.now()) + steps;
        format!("{:06}", crate::totp::code(seed, step))
    };
    service.pass(61);
    folder.keep("change-password", &browser.get(change).await);
    folder.keep("change-password-short", &post(change, "1", "short").await);
    folder.keep("change-password-wrong", &post(change, "1", NEW).await);
    folder.keep("renew-codes", &browser.get(renew).await);
    folder.keep("renew-codes-done", &post(renew, &code(0), "").await);
    // The password stays what the rest of the walk knows.
    folder.keep(
        "change-password-done",
        &post(change, &code(1), PASSWORD).await,
    );
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn pictures_of_every_page() {
    for language in ["en", "ja"] {
        let folder = Folder {
            path: std::env::var_os("PICTURES").map(PathBuf::from),
            language,
        };
        let service = started().await;
        let store = &service.center.store;
        let group = store.create_group("acme", "Developers", None, service.center.now());
        let group = group.await.unwrap().unwrap().id;
        application(store, "kiro", "Kiro", false, vec![]).await;
        application(store, "asking", "Kiro Builds", true, vec![]).await;
        application(store, "closed", "Kiro Labs", false, vec![group]).await;
        application(store, "tv", "Kiro command line", false, vec![]).await;
        let maya = person(&service, "maya.lindqvist@acme.example", "Maya Lindqvist").await;
        with_password(&service, maya).await;
        let ben = person(&service, "ben@acme.example", "Ben").await;
        with_password(&service, ben).await;
        with_factor(
            &service,
            ben,
            &["AAAA-BBBB-CCCC-DDDD", "AAAA-BBBB-CCCC-EEEE"],
        )
        .await;

        let mut browser = Browser::new(&service);
        browser.language = language;
        setup(&folder, &service, &browser).await;
        let at = browser.begin("kiro", &[]).await;
        folder.keep("name", &at);
        folder.keep(
            "name-missing",
            &browser.step(&at, "name", &[("user_name", "")]).await,
        );
        let at = browser
            .step(&at, "name", &[("user_name", "maya.lindqvist@acme.example")])
            .await;
        folder.keep("password", &at);
        folder.keep(
            "password-wrong",
            &browser
                .step(&at, "password", &[("password", "wrong")])
                .await,
        );
        let at = browser
            .step(&at, "password", &[("password", PASSWORD)])
            .await;
        folder.keep("enrolment", &at);
        folder.keep(
            "enrolment-wrong",
            &browser.step(&at, "enrolment", &[("code", "1")]).await,
        );
        let key = at
            .text()
            .split("<code>")
            .nth(1)
            .unwrap()
            .split("</code>")
            .next()
            .unwrap()
            .replace(' ', "");
        let seed = super::sign_in::unbase32(&key);
        let step = crate::totp::step(service.center.now());
        let right = format!("{:06}", crate::totp::code(&seed, step));
        let kept = browser.step(&at, "enrolment", &[("code", &right)]).await;
        folder.keep("recovery-codes", &kept);
        folder.keep(
            "recovery-codes-gone",
            &browser.get(&format!("/sign-in/{}", at.sign_in())).await,
        );
        browser.step(&kept, "continue", &[]).await.outside();
        folder.keep(
            "account",
            &browser.begin("kiro", &[("prompt", "select_account")]).await,
        );
        folder.keep("consent", &browser.begin("asking", &[]).await);
        folder.keep(
            "consent-app",
            &browser
                .begin("asking", &[("redirect_uri", "kiro://kiro.oauth/callback")])
                .await,
        );
        let program = registered(&service, "Kiro command line").await;
        folder.keep("consent-program", &begun(&browser, &program).await);
        folder.keep("not-assigned", &browser.begin("closed", &[]).await);
        folder.keep("sessions-none", &browser.get("/sessions").await);
        for client in ["native", "native"] {
            let back = browser.begin(client, &[]).await.outside();
            let code = crate::oidc::tests::running::query(&back, "code").unwrap();
            assert_eq!(service.redeem(&code).await.status, 200);
        }
        folder.keep("sessions", &browser.get("/sessions").await);
        own(&folder, &service, &browser, &seed).await;
        folder.keep("start-none", &browser.get("/start/acme").await);
        let roles = ["Developer", "ReadOnly"];
        assigned(&service, maya, 1, "Development", &roles).await;
        assigned(&service, maya, 2, "Production", &roles[1..]).await;
        folder.keep("start", &browser.get("/start/acme").await);
        folder.keep("start-nowhere", &browser.get("/start/nowhere").await);
        let nobody = Browser {
            language,
            ..Browser::new(&service)
        };
        folder.keep("start-nobody", &nobody.get("/start/acme").await);
        folder.keep("device", &browser.get("/device").await);
        folder.keep(
            "device-unknown",
            &browser.post("/device", &[("user_code", "BCDF-GHJL")]).await,
        );
        device(&service, "BCDF-GHJK").await;
        let at = browser.post("/device", &[("user_code", "BCDF-GHJK")]).await;
        folder.keep("device-asks", &at);
        folder.keep(
            "device-done",
            &browser.step(&at, "consent", &[("decision", "allow")]).await,
        );
        device(&service, "BCDF-GHJM").await;
        let at = browser.post("/device", &[("user_code", "BCDF-GHJM")]).await;
        folder.keep(
            "device-denied",
            &browser.step(&at, "consent", &[("decision", "deny")]).await,
        );
        folder.keep("signed-out", &browser.get("/signed-out").await);
        folder.keep(
            "request-refused",
            &browser.get("/oauth2/authorize?client_id=x").await,
        );
        folder.keep("sign-out-asks", &browser.get("/oauth2/end_session").await);
        folder.keep("over", &browser.get("/sign-in/x").await);

        upstream(&folder, &service).await;
        let mut other = Browser::new(&service);
        other.language = language;
        let at = other.begin("kiro", &[]).await;
        let at = other.password(&at, "aiko", PASSWORD).await;
        folder.keep("code", &at);
        for _ in 0..6 {
            let wrong = other.step(&at, "code", &[("code", "1")]).await;
            let name = if wrong.answer.status == 429 {
                "code-locked"
            } else {
                "code-wrong"
            };
            folder.keep(name, &wrong);
        }
        store.restored(service.center.now()).await.unwrap();
        service.pass(31);
        let at = other.begin("kiro", &[]).await;
        let at = other.password(&at, "ben@acme.example", PASSWORD).await;
        let right = code(&service, 0);
        folder.keep(
            "recovery-codes-anew",
            &other.step(&at, "code", &[("code", &right)]).await,
        );
        let at = other.begin("kiro", &[]).await;
        let at = other.password(&at, "aiko", PASSWORD).await;
        service.pass(31);
        let gone = store.deactivate_user(service.user, service.center.now());
        gone.await.unwrap().unwrap();
        let right = code(&service, 0);
        folder.keep(
            "inactive",
            &other.step(&at, "code", &[("code", &right)]).await,
        );
    }
}
