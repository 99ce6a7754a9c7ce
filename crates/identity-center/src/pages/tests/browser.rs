//! A service with people, and browsers that keep cookies and walk through forms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

use crate::client::{Client, Details, Grant, Wire};
use crate::directory::Profile;
use crate::id::{GroupId, UserId};
use crate::oidc::tests::running::{Answer, CALLBACK, Running, VERIFIER, ask, challenge, encode};
use crate::password;
use crate::store::{SecondFactor, Store, Value, secrets, values};
use crate::totp;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const SEED: &[u8] = b"12345678901234567890";

/// The service with Aiko, who has a password and a second factor.
pub(crate) async fn started() -> Running {
    let service = Running::start().await;
    contact(&service, "it-help@acme.example").await;
    let aiko = service.user;
    with_password(&service, aiko).await;
    with_factor(&service, aiko, &[]).await;
    service
}

pub(crate) async fn contact(service: &Running, contact: &'static str) {
    let changed = service.center.store.write(move |tx| {
        Box::pin(async move {
            let sql = "UPDATE organizations SET contact = $1";
            tx.execute(sql, values![contact]).await
        })
    });
    changed.await.unwrap();
}

/// Another person, without anything to sign in with.
pub(crate) async fn person(service: &Running, user_name: &str, display_name: &str) -> UserId {
    let profile = Profile {
        user_name: user_name.to_owned(),
        display_name: display_name.to_owned(),
        ..Profile::default()
    };
    let made = service
        .center
        .store
        .create_user("acme", profile, service.center.now());
    made.await.unwrap().unwrap().id
}

pub(crate) async fn with_password(service: &Running, user: UserId) {
    let hash = password::hash(&SecretString::from(PASSWORD));
    let kept = service
        .center
        .store
        .set_password(user, hash, service.center.now());
    kept.await.unwrap();
}

pub(crate) async fn with_factor(service: &Running, user: UserId, recovery: &[&str]) {
    let purpose = secrets::purpose("totp", &Value::from(user));
    let factor = SecondFactor {
        sealed: service.center.master.seal(&purpose, SEED),
        last_step: 0,
    };
    let digests = recovery
        .iter()
        .map(|code| totp::recovery_digest(code).unwrap())
        .collect();
    let enrolled = service
        .center
        .store
        .enrol(user, factor, digests, service.center.now());
    assert!(enrolled.await.unwrap());
}

/// The code that Aiko's app shows, so many steps from now.
pub(crate) fn code(service: &Running, steps: i64) -> String {
    format!(
        "{:06}",
        totp::code(SEED, totp::step(service.center.now()) + steps)
    )
}

/// Another application.
pub(crate) async fn application(
    store: &Store,
    id: &str,
    name: &str,
    consent: bool,
    groups: Vec<GroupId>,
) {
    let details = Details {
        redirect_uris: vec![CALLBACK.to_owned(), "kiro://kiro.oauth/callback".to_owned()],
        grants: vec![Grant::AuthorizationCode, Grant::DeviceCode],
        scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        consent,
        groups,
        ..Details::default()
    };
    let client = Client {
        id: id.to_owned(),
        organization: Some("acme".to_owned()),
        wire: Wire::Oidc,
        secret: None,
        name: name.to_owned(),
        details,
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    store.add_client(client).await.unwrap();
}

/// A browser: it keeps cookies and follows redirects within the service.
pub(crate) struct Browser<'a> {
    pub(crate) service: &'a Running,
    pub(crate) jar: RefCell<BTreeMap<String, String>>,
    pub(crate) language: &'static str,
}

/// Where a walk has come to: a page of the service, or an address elsewhere.
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) answer: Answer,
}

impl Place {
    /// The address outside that the browser was sent to.
    pub(crate) fn outside(&self) -> Url {
        let url = self.answer.location();
        assert!(url.as_str().starts_with("http://127.0.0.1:7/"), "{url}");
        url
    }

    /// The page's text, without isolates.
    pub(crate) fn text(&self) -> String {
        self.answer.text().replace(['\u{2068}', '\u{2069}'], "")
    }

    /// The sign-in that the page belongs to.
    pub(crate) fn sign_in(&self) -> String {
        let mut parts = self.path.split('/').skip(1);
        assert_eq!(parts.next(), Some("sign-in"), "{}", self.path);
        parts.next().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn shows(&self, status: u16, text: &str) {
        assert_eq!(self.answer.status, status, "{} {}", self.path, self.text());
        assert!(self.text().contains(text), "{text}: {}", self.text());
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(service: &'a Running) -> Browser<'a> {
        Browser {
            service,
            jar: RefCell::default(),
            language: "en",
        }
    }

    /// One request, no redirect followed.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let cookie: Vec<String> = self
            .jar
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookie = cookie.join("; ");
        let mut all = vec![("accept-language", self.language)];
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        let body = encode(form);
        if method == "POST" {
            all.push(("content-type", "application/x-www-form-urlencoded"));
        }
        all.extend_from_slice(headers);
        let answer = self.service.send(method, path, &all, body.as_bytes()).await;
        for set in answer.all("set-cookie") {
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(
                attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
                "{set}"
            );
            let mut jar = self.jar.borrow_mut();
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn follow(&self, path: &str, mut answer: Answer) -> Place {
        let mut path = path.to_owned();
        while matches!(answer.status, 302 | 303)
            && answer
                .location()
                .as_str()
                .starts_with(&self.service.issuer())
        {
            let to = answer.location();
            path = to[url::Position::BeforePath..].to_owned();
            answer = self.send("GET", &path, &[], &[]).await;
        }
        Place { path, answer }
    }

    pub(crate) async fn get(&self, path: &str) -> Place {
        let answer = self.send("GET", path, &[], &[]).await;
        self.follow(path, answer).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Place {
        let origin = self.service.issuer();
        let own = [
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        let answer = self.send("POST", path, &own, form).await;
        self.follow(path, answer).await
    }

    /// A form that another site's page sends: no cookie that is `SameSite=Lax` is with it.
    pub(crate) async fn post_from_elsewhere(&self, path: &str, form: &[(&str, &str)]) -> Place {
        let headers = [
            ("origin", "https://idp.example"),
            ("sec-fetch-site", "cross-site"),
        ];
        let kept = self.jar.take();
        let answer = self.send("POST", path, &headers, form).await;
        // What the answer sets is beside what was there.
        let set = self.jar.replace(kept);
        self.jar.borrow_mut().extend(set);
        self.follow(path, answer).await
    }

    /// From an application to the first page (or, where nothing is asked, back).
    pub(crate) async fn begin(&self, client: &str, further: &[(&str, &str)]) -> Place {
        let challenge = challenge(VERIFIER);
        let mut parameters = ask(client, "openid profile email", &challenge);
        parameters.retain(|(name, _)| further.iter().all(|(other, _)| other != name));
        let mut all: Vec<(&str, &str)> = parameters;
        all.extend_from_slice(further);
        self.get(&format!("/oauth2/authorize?{}", encode(&all)))
            .await
    }

    /// A form of the sign-in.
    pub(crate) async fn step(&self, at: &Place, step: &str, form: &[(&str, &str)]) -> Place {
        self.post(&format!("/sign-in/{}/{step}", at.sign_in()), form)
            .await
    }

    /// From the first page through the password to what comes then.
    pub(crate) async fn password(&self, at: &Place, user_name: &str, password: &str) -> Place {
        let at = self.step(at, "name", &[("user_name", user_name)]).await;
        self.step(&at, "password", &[("password", password)]).await
    }

    /// Aiko signs in from the first page on; her code was not used before.
    pub(crate) async fn aiko(&self, at: &Place) -> Place {
        self.service.pass(31);
        let at = self.password(at, "aiko", PASSWORD).await;
        at.shows(200, "Enter your code");
        let code = code(self.service, 0);
        self.step(&at, "code", &[("code", &code)]).await
    }
}
