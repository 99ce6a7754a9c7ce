//! A person without a window: walks through an identity provider's pages by HTTP, cookies and forms included.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use url::{Origin, Url};

use crate::peer::client;
use crate::{Peer, authenticator};

/// No sign-in has more pages than this.
const PAGES: usize = 20;

/// Somebody with a browser of their own and no session in it yet.
pub struct Person {
    name: String,
    password: String,
    /// Of the authenticator app, where one is set up.
    secret: Option<String>,
    declines: bool,
    user_code: Option<String>,
    /// Where the organisation's own provider asks for the password, if it has one.
    provider: Option<Origin>,
    passwords: usize,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// Where the pages ended.
#[derive(Debug)]
pub enum Arrived {
    /// The identity provider sent the browser back to a redirect URI.
    Callback(Url),
    /// A page without a form: its status and text.
    Page(u16, String),
}

impl Person {
    /// A person of the peers' directory: `aiko`, `ben` (not assigned), `maya`.
    #[must_use]
    pub fn new(name: &str) -> Person {
        Person::knowing(name, "demo", None)
    }

    /// A person of our own Identity Center: `aiko`, who has a second factor, or `maya`, who is asked to set one up.
    #[must_use]
    pub fn of(peer: &Peer, name: &str) -> Person {
        let user = peer.user(name);
        let secret = user["totp_secret"].as_str();
        Person::knowing(name, user["password"].as_str().unwrap(), secret)
    }

    fn knowing(name: &str, password: &str, secret: Option<&str>) -> Person {
        let http = client().redirect(Policy::none()).build().unwrap();
        Person {
            name: name.to_owned(),
            password: password.to_owned(),
            secret: secret.map(str::to_owned),
            declines: false,
            user_code: None,
            provider: None,
            passwords: 0,
            http,
            cookies: BTreeMap::new(),
        }
    }

    /// A person of our own Identity Center whom it sends to this provider: `aiko@okta.acme.example`, `maya@entra.acme.example`.
    #[must_use]
    pub fn from(provider: &Peer, user_name: &str) -> Person {
        let mut person = Person::knowing(user_name, "demo", None);
        let origin = Url::parse(provider.word("origin")).unwrap().origin();
        person.provider = Some(origin);
        person
    }

    /// The same person, whose browser goes through this gateway ([`Peer::gateway`]).
    ///
    /// # Panics
    /// When the gateway's certificate is none.
    #[must_use]
    pub fn through(mut self, gateway: &Peer) -> Person {
        let proxy = reqwest::Proxy::all(gateway.word("proxy")).unwrap();
        let authority = gateway.word("authority").as_bytes();
        let authority = reqwest::Certificate::from_pem(authority).unwrap();
        let client = client().proxy(proxy).tls_certs_merge([authority]);
        self.http = client.redirect(Policy::none()).build().unwrap();
        self
    }

    /// The same person, who presses "Cancel" where the password is asked for, or "Don't allow" where that is asked.
    #[must_use]
    pub fn who_declines(mut self) -> Person {
        self.declines = true;
        self
    }

    /// How often the password was asked for so far: never again while the browser's session lasts.
    #[must_use]
    pub fn passwords(&self) -> usize {
        self.passwords
    }

    /// Opens the address and signs in. The callback is not fetched: it is handed to the test.
    pub async fn walk(&mut self, address: &str) -> Arrived {
        let mut at = Url::parse(address).unwrap();
        let home = at.origin();
        let mut form: Option<Vec<(String, String)>> = None;
        let mut declined = false;
        for _ in 0..PAGES {
            let request = match &form {
                Some(fields) => self.http.post(at.clone()).form(fields),
                None => self.http.get(at.clone()),
            };
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let answer = request
                .header(COOKIE, cookies.join("; "))
                .send()
                .await
                .unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                self.keep(cookie.to_str().unwrap());
            }
            if let Some(to) = answer.headers().get(LOCATION) {
                at = at.join(to.to_str().unwrap()).unwrap();
                form = None;
                if at.origin() != home && self.provider.as_ref() != Some(&at.origin()) {
                    return Arrived::Callback(at);
                }
                continue;
            }
            let status = answer.status().as_u16();
            let page = answer.text().await.unwrap();
            if declined {
                return Arrived::Page(status, page);
            }
            let Some(filled) = self.filled_in(&page).await else {
                return Arrived::Page(status, page);
            };
            let refused = ["Unable to sign in", "id=\"wrong\""];
            assert!(
                !refused.iter().any(|words| page.contains(words)),
                "the peer knows {}: {page}",
                self.name
            );
            at = at.join(&filled.action).unwrap();
            declined = filled.declines;
            form = Some(filled.fields);
        }
        panic!("a sign-in of more than {PAGES} pages, now at {at}");
    }

    /// Signs in and returns the callback's address.
    pub async fn callback(&mut self, address: &str) -> String {
        match self.walk(address).await {
            Arrived::Callback(url) => url.into(),
            Arrived::Page(status, page) => panic!("a callback, not {status} {page}"),
        }
    }

    /// Signs in and lets the browser follow the callback to the program that listens; the page it shows.
    pub async fn sign_in(&mut self, address: &str) -> String {
        let callback = self.callback(address).await;
        let answer = self.http.get(callback).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Signs in, or declines, where a device's code is asked for; the last page.
    pub async fn enter_code(&mut self, address: &str, code: &str) -> String {
        let mut at = Url::parse(address).unwrap();
        if at.query().is_none() {
            at.query_pairs_mut().append_pair("user_code", code);
        }
        self.user_code = Some(code.to_owned());
        match self.walk(at.as_str()).await {
            Arrived::Page(_, page) => page,
            Arrived::Callback(to) => panic!("a last page, not {to}"),
        }
    }

    /// Ends every session of theirs at our own Identity Center, on its page of sessions.
    ///
    /// # Panics
    /// When it does not say so.
    pub async fn sign_out_everywhere(&mut self, peer: &Peer) {
        // Each form of that page ends something; behind the last one stands the page that says so.
        let arrived = self
            .walk(&format!("{}/sessions", peer.word("endpoint")))
            .await;
        let over =
            matches!(&arrived, Arrived::Page(200, page) if page.contains("You are signed out"));
        assert!(over, "{arrived:?}");
    }

    fn keep(&mut self, cookie: &str) {
        let (name, value) = cookie
            .split(';')
            .next()
            .and_then(|pair| pair.split_once('='))
            .unwrap();
        if value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The page's first form that asks for something, else its first, as this person fills it in.
    async fn filled_in(&mut self, page: &str) -> Option<FilledIn> {
        let asks = |form: &&str| {
            form.split("</form>")
                .next()
                .is_some_and(|form| form.contains("<input"))
        };
        let mut forms = page.split("<form").skip(1);
        let form = forms.clone().find(asks).or(forms.next())?;
        let head = form.split('>').next()?;
        let action = attribute(head, "action").unwrap_or_default();
        let body = form.split("</form>").next()?;
        if self.secret.is_none() {
            self.secret = shown_secret(page);
        }
        let mut fields = Vec::new();
        for rest in body.split("<input").skip(1) {
            let tag = rest.split('>').next()?;
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let value = match name.as_str() {
                "username" | "user_name" => self.name.clone(),
                "password" => {
                    self.passwords += 1;
                    self.password.clone()
                }
                "code" => authenticator::code(self.secret.as_deref()?).await,
                "user_code" => self.user_code.clone()?,
                _ => attribute(tag, "value").unwrap_or_default(),
            };
            fields.push((name, value));
        }
        let asked = fields.iter().any(|(name, _)| name == "password");
        // One may stand outside its form.
        let buttons: Vec<_> = page
            .split("<button")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .collect();
        let declining = |tag: &&&str| {
            attribute(tag, "value").is_some_and(|value| value == "deny")
                || asked && attribute(tag, "name").is_some()
        };
        let declining = buttons.iter().find(declining).filter(|_| self.declines);
        if let Some(tag) = declining.or(buttons.first())
            && let Some(name) = attribute(tag, "name")
        {
            fields.push((name, attribute(tag, "value").unwrap_or_default()));
        }
        Some(FilledIn {
            action,
            fields,
            declines: declining.is_some(),
        })
    }
}

struct FilledIn {
    action: String,
    fields: Vec<(String, String)>,
    declines: bool,
}

/// The key that a page shows for an authenticator app.
fn shown_secret(page: &str) -> Option<String> {
    let key = page.split_once("id=\"key\"")?.1;
    let key = key.split_once("<code>")?.1.split_once("</code>")?.0;
    Some(key.to_owned())
}

/// An attribute's value, quoted in any way.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!("{name}="))?.1;
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split(|c: char| c.is_whitespace() || c == '>').next()?,
    };
    Some(value.replace("&amp;", "&"))
}
