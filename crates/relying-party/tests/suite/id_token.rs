//! ID-token verification (THREATS.md T6, T7, T24): each row changes one thing of a token that is right.

mod content;
mod dates;
mod forms;
mod keys;
mod parties;

use kiro_relying_party::{
    IdTokenClaims, IdTokenError, IdTokenExpectation, IssuerExpectation, Jwks, Nonce,
    NonceExpectation,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::peer::{Peer, told};
use crate::signer::{Signature, encode, jwk, token};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://idp.example/oauth2/default";
const CLIENT: &str = "0oa-kiro";
const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS: &str = "SlAV32hkKG";
const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A token and what is expected of it; at first everything is right.
struct Case {
    header: Value,
    claims: Value,
    raw_header: Option<String>,
    raw_claims: Option<String>,
    signature: Signature,
    tamper: fn(String) -> String,
    keys: Vec<Value>,
    algorithms: Vec<&'static str>,
    issuer: &'static str,
    tenants: Option<Vec<&'static str>>,
    client: &'static str,
    nonce: Option<&'static str>,
    access: Option<&'static str>,
    subject: Option<&'static str>,
}

impl Case {
    fn new() -> Case {
        Case {
            header: json!({"alg": "RS256", "kid": "k", "typ": "JWT"}),
            claims: json!({
                "iss": ISSUER, "sub": "00u1", "aud": CLIENT, "nonce": NONCE, "exp": NOW + 300, "iat": NOW - 5,
                "name": "Ana Pereira", "email": "ana@example.org", "preferred_username": "ana"
            }),
            raw_header: None,
            raw_claims: None,
            signature: Signature::Rs256,
            tamper: |token| token,
            keys: vec![jwk(Signature::Rs256, "k")],
            algorithms: vec!["RS256", "PS256", "ES256", "EdDSA"],
            issuer: ISSUER,
            tenants: None,
            client: CLIENT,
            nonce: Some(NONCE),
            access: Some(ACCESS),
            subject: None,
        }
    }

    fn claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claims[name] = value.into();
    }

    fn without(&mut self, name: &str) {
        self.claims.as_object_mut().unwrap().remove(name);
    }

    fn head(&mut self, name: &str, value: impl Into<Value>) {
        self.header[name] = value.into();
    }

    fn signed(&mut self, alg: &str, signature: Signature) {
        self.head("alg", alg);
        self.signature = signature;
        self.keys = vec![jwk(signature, "k")];
    }

    /// Further text at the start of the claims: a second key of the same name.
    fn twice(&mut self, text: &str) {
        self.raw_claims = Some(
            self.claims
                .to_string()
                .replacen('{', &format!("{{{text},"), 1),
        );
    }

    fn tenant(&mut self, tid: &str, allowed: &[&'static str]) {
        self.issuer = TEMPLATE;
        self.tenants = Some(allowed.to_vec());
        self.claim("tid", tid);
        self.claim("iss", TEMPLATE.replace("{tenantid}", tid));
    }

    fn verified(&self) -> Result<IdTokenClaims, IdTokenError> {
        let header = self
            .raw_header
            .clone()
            .unwrap_or_else(|| self.header.to_string());
        let claims = self
            .raw_claims
            .clone()
            .unwrap_or_else(|| self.claims.to_string());
        let token = SecretString::from((self.tamper)(token(&header, &claims, self.signature)));
        let peer = Peer::json(200, json!({"keys": self.keys}).to_string());
        let algorithms: Vec<String> = self
            .algorithms
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let tenants: Option<Vec<String>> = self
            .tenants
            .as_ref()
            .map(|list| list.iter().map(|id| (*id).to_owned()).collect());
        let nonce = self.nonce.map(|nonce| Nonce::from_secret(nonce.to_owned()));
        let access = self.access.map(SecretString::from);
        let expect = IdTokenExpectation {
            issuer: match &tenants {
                None => IssuerExpectation::Exact(self.issuer),
                Some(allowed) => IssuerExpectation::Tenant {
                    template: self.issuer,
                    allowed,
                },
            },
            client_id: self.client,
            nonce: nonce
                .as_ref()
                .map_or(NonceExpectation::NotChecked, NonceExpectation::Exactly),
            access_token: access.as_ref(),
            algorithms: &algorithms,
            subject: self.subject,
            now: jiff::Timestamp::from_second(NOW).unwrap(),
        };
        let keys = Jwks::new("https://idp.example/keys".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(keys.verify_id_token(&peer, &token, &expect))
    }
}

type Row = (&'static str, fn(&mut Case), &'static str);

fn check((name, change, expected): Row) {
    let mut case = Case::new();
    change(&mut case);
    assert_eq!(told(&case.verified()), expected, "{name}");
}

fn at_hash(digest: &[u8]) -> String {
    encode(&digest[..digest.len() / 2])
}
