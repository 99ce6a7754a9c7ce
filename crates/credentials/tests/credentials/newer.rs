//! Sessions of any content, as this program and as a newer one writes them, in turn.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kiro_credentials::{NewPublic, RefreshWhen, Renewal, Tokens};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::refresh::At;
use crate::scratch::{Scratch, name, noon, public};

/// RFC 8785, written once more: the library's own is what is tested.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
            let fields = fields
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// The profile `default` of this home as another program opens and seals it.
struct Other<'a>(&'a Scratch);

impl Other<'_> {
    fn cipher(&self, file: &Value) -> XChaCha20Poly1305 {
        let key = &file["profiles"]["default"]["public"]["key"];
        let key = self.0.keyring.key(key.as_str().unwrap());
        XChaCha20Poly1305::new((&key).into())
    }

    fn data(file: &Value) -> String {
        canonical(&json!({
            "format": file["format"], "version": file["version"], "profile": "default",
            "public": file["profiles"]["default"]["public"],
        }))
    }

    /// The text inside the seal.
    fn open(&self, file: &Value) -> Value {
        let sealed = &file["profiles"]["default"]["sealed"];
        let part = |name: &str| BASE64URL.decode(sealed[name].as_str().unwrap()).unwrap();
        let nonce = XNonce::from(<[u8; 24]>::try_from(part("nonce")).unwrap());
        let (msg, data) = (part("ciphertext"), Self::data(file));
        let payload = Payload {
            msg: &msg,
            aad: data.as_bytes(),
        };
        serde_json::from_slice(&self.cipher(file).decrypt(&nonce, payload).unwrap()).unwrap()
    }

    /// Raises the version and adds these fields on every level, under its own seal.
    fn rewrites(&self, version: u64, later: &Map<String, Value>) {
        let mut file = self.0.json();
        let mut text = self.open(&file);
        let key = file["profiles"]["default"]["public"]["key"].clone();
        let places = [
            String::new(),
            format!("/keys/{}", key.as_str().unwrap()),
            "/profiles/default".to_owned(),
            "/profiles/default/public".to_owned(),
            "/profiles/default/sealed".to_owned(),
        ];
        for place in places {
            let place = file.pointer_mut(&place).unwrap().as_object_mut().unwrap();
            place.extend(later.clone());
        }
        text.as_object_mut().unwrap().extend(later.clone());
        file["version"] = json!(version);
        let (text, data) = (text.to_string(), Self::data(&file));
        let payload = Payload {
            msg: text.as_bytes(),
            aad: data.as_bytes(),
        };
        let nonce = [7; 24];
        let ciphertext = self.cipher(&file).encrypt(&XNonce::from(nonce), payload);
        let sealed = &mut file["profiles"]["default"]["sealed"];
        sealed["nonce"] = json!(BASE64URL.encode(nonce));
        sealed["ciphertext"] = json!(BASE64URL.encode(ciphertext.unwrap()));
        std::fs::write(self.0.path("credentials.json"), file.to_string()).unwrap();
    }
}

/// Fields of a newer program: any names but ours, any content.
fn later() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("later-.{0,8}", value, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

fn sessions() -> impl Strategy<Value = (NewPublic, Tokens)> {
    let text = || any::<String>();
    let maybe = || prop::option::of(any::<String>());
    let names = (text(), text(), text(), maybe(), maybe(), maybe());
    let rest = (
        prop::collection::vec(text(), 0..4),
        text(),
        maybe(),
        maybe(),
    );
    (names, rest).prop_map(|(names, (scopes, access, refresh, id))| {
        let (organization, issuer, client_id, subject, person, email) = names;
        let public = NewPublic {
            organization,
            issuer,
            client_id,
            subject,
            name: person,
            email,
            scopes,
            ..public()
        };
        let tokens = Tokens {
            access: SecretString::from(access),
            refresh: refresh.map(SecretString::from),
            id: id.map(SecretString::from),
        };
        (public, tokens)
    })
}

fn told(tokens: &Tokens) -> Value {
    let text = |token: &SecretString| token.expose_secret().to_owned();
    json!({
        "access_token": text(&tokens.access),
        "refresh_token": tokens.refresh.as_ref().map(text),
        "id_token": tokens.id.as_ref().map(text),
    })
}

/// The sealed text has these tokens, and everything that a newer program added is in its place.
fn check(scratch: &Scratch, version: u64, tokens: &Tokens, later: &Map<String, Value>) {
    let file = scratch.json();
    let mut expected = told(tokens);
    expected.as_object_mut().unwrap().extend(later.clone());
    assert_eq!(Other(scratch).open(&file), expected);
    assert_eq!(
        (&file["version"], &file["min_reader"]),
        (&json!(version), &json!(1))
    );
    let profile = &file["profiles"]["default"];
    let key = &file["keys"][profile["public"]["key"].as_str().unwrap()];
    for place in [&file, key, profile, &profile["public"], &profile["sealed"]] {
        for (name, value) in later {
            assert_eq!(&place[name], value, "{name:?} in {place}");
        }
    }
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    assert_eq!(told(&session.tokens), told(tokens));
    assert_eq!(&session.public.unknown, later);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("KIRO_SOAK").is_some() { 5000 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_session_is_read_as_it_was_written_by_older_and_newer_programs(
        (public, tokens) in sessions(),
        (_, fresh) in sessions(),
        version in 1_u64..4,
        later in later(),
    ) {
        let scratch = Scratch::new();
        let saved = scratch.store().save(&name("default"), public.clone(), tokens.clone()).unwrap();
        check(&scratch, 1, &tokens, &Map::new());
        let read = scratch.store().session(&name("default")).unwrap().unwrap();
        prop_assert_eq!(&read.public, &saved.public);

        Other(&scratch).rewrites(version, &later);
        check(&scratch, version, &tokens, &later);
        scratch.store().save(&name("default"), public.clone(), fresh.clone()).unwrap();
        check(&scratch, version, &fresh, &later);

        let renewal = Renewal {
            access: tokens.access.clone(),
            refresh: tokens.refresh.clone(),
            id: None,
            expires_at: noon(),
            session_expires_at: None,
            scopes: None,
            models: None,
        };
        let refreshed = scratch.store().refresh(
            &name("default"), RefreshWhen::Always, &At(noon()), &mut |_| Ok(renewal.clone()),
        );
        let renewed = Tokens {
            access: tokens.access.clone(),
            refresh: tokens.refresh.clone().or(fresh.refresh.clone()),
            id: fresh.id.clone(),
        };
        if fresh.refresh.is_some() {
            prop_assert!(refreshed.is_ok());
            check(&scratch, version, &renewed, &later);
        } else {
            prop_assert!(refreshed.is_err());
            check(&scratch, version, &fresh, &later);
        }
    }
}
