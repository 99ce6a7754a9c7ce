//! `docs/credential-file.md` and its schema, checked: the worked example is computed anew from
//! the words of the document, and files as they are written satisfy the schema.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jsonschema::Validator;
use kiro_credentials::{Cost, KeySource, Keys, NewPublic, Passphrase, Store, StoreError};
use serde_json::{Value, json};

use crate::scratch::{Scratch, access, name, public, refresh, tokens};

const WORDS: &str = include_str!("../../../../docs/credential-file.md");
const SCHEMA: &str = include_str!("../../../../docs/credential-file.schema.json");

/// The fenced block after this marker in the document.
fn block(marker: &str) -> &'static str {
    let (_, after) = WORDS
        .split_once(&format!("<!-- {marker} -->\n"))
        .expect(marker);
    let (_, after) = after.split_once('\n').unwrap();
    after.split_once("\n```").unwrap().0
}

fn example() -> Value {
    serde_json::from_str(block("example: credentials.json")).unwrap()
}

#[test]
fn the_worked_example_follows_from_its_parts() {
    let file = example();
    let keys: Value = serde_json::from_str(block("example: key")).unwrap();
    let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!(keys["k-7f3a0001"], BASE64URL.encode(key));
    let nonce: [u8; 24] = std::array::from_fn(|index| 0x40 + u8::try_from(index).unwrap());
    let entry = &file["profiles"]["default"];
    assert_eq!(entry["sealed"]["nonce"], BASE64URL.encode(nonce));

    // The associated data is this text; and it says what the file says.
    let associated = block("example: associated data");
    let parts: Value = serde_json::from_str(associated).unwrap();
    assert_eq!(
        parts,
        json!({"format": file["format"], "version": file["version"], "profile": "default", "public": entry["public"]})
    );
    let payload = Payload {
        msg: block("example: sealed text").as_bytes(),
        aad: associated.as_bytes(),
    };
    let sealed = XChaCha20Poly1305::new(&key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .unwrap();
    assert_eq!(entry["sealed"]["ciphertext"], BASE64URL.encode(sealed));
}

#[test]
fn the_worked_example_opens() {
    let scratch = Scratch::new();
    scratch.home().ensure().unwrap();
    let write = |file: &str, text: &str| {
        kiro_credentials::replace(&scratch.path(file), text.as_bytes()).unwrap();
    };
    write("credentials.json", block("example: credentials.json"));
    write("key", block("example: key"));
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    assert_eq!(access(&session.tokens), "example-access");
    assert_eq!(refresh(&session.tokens), Some("example-refresh"));
    assert!(session.tokens.id.is_none());
    // One letter more, and it does not.
    scratch.edit(|json| json["profiles"]["default"]["public"]["name"] = json!("Zoë Müllers"));
    let edited = scratch.store().session(&name("default"));
    assert!(
        matches!(edited, Err(StoreError::Tampered { .. })),
        "{edited:?}"
    );
}

fn validator() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

#[test]
fn written_files_satisfy_the_schema() {
    let schema = validator();
    let check = |file: &Value| {
        let found: Vec<String> = schema
            .iter_errors(file)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(found, Vec::<String>::new());
    };
    check(&example());
    let scratch = Scratch::new();
    let passphrase = scratch.path("passphrase");
    fs::create_dir_all(scratch.home().root()).unwrap();
    fs::write(&passphrase, "words").unwrap();
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    let keys = Keys::new(&scratch.home())
        .with(Box::new(scratch.keyring.clone()))
        .with(Box::new(Passphrase::from_file(passphrase).at_cost(cheap)));
    let store = Store::new(scratch.home(), keys, "test/1.0");
    for (profile, source) in [
        ("a", KeySource::OsKeyring),
        ("b", KeySource::Passphrase),
        ("c", KeySource::Plaintext),
    ] {
        store.ensure_key(Some(source)).unwrap();
        store.save(&name(profile), public(), tokens("x")).unwrap();
        assert_eq!(
            store.read().unwrap().key_source(&name(profile)),
            Some(source)
        );
    }
    let center = NewPublic {
        provider: "identity-center".to_owned(),
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        subject: None,
        name: None,
        email: None,
        region: Some("eu-central-1".to_owned()),
        models: Some(vec!["opus-4.6".to_owned()]),
        session_expires_at: Some(
            jiff::Timestamp::from_nanosecond(1_795_435_200_123_456_789).unwrap(),
        ),
        ..public()
    };
    store.save(&name("d"), center, tokens("x")).unwrap();
    check(&scratch.json());
    store.remove(&name("a")).unwrap();
    check(&scratch.json());
}

#[test]
fn schema_and_reader_refuse_the_same() {
    let schema = validator();
    let scratch = Scratch::signed_in(&["default"]);
    let original = scratch.json();
    let key = original["profiles"]["default"]["public"]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    // Changes one value (`None`: takes it away) and tells whether both still accept the file.
    let check = |pointer: &str, value: Option<Value>, expected: bool| {
        let mut file = original.clone();
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let parent = file.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value.clone() {
            Some(value) => parent.insert(last.to_owned(), value),
            None => parent.remove(last),
        };
        fs::write(scratch.path("credentials.json"), file.to_string()).unwrap();
        let _ = fs::remove_file(scratch.path("credentials.json.bak"));
        let read = scratch.store().read();
        assert_eq!(
            schema.is_valid(&file),
            expected,
            "schema: {pointer} {value:?}"
        );
        assert_eq!(
            read.is_ok(),
            expected,
            "reader: {pointer} {value:?} {read:?}"
        );
    };
    for field in original.as_object().unwrap().keys() {
        check(&format!("/{field}"), None, false);
        check(&format!("/{field}"), Some(json!(true)), false);
    }
    let optional = [
        "endpoint",
        "subject",
        "name",
        "email",
        "region",
        "session_expires_at",
    ];
    for field in original["profiles"]["default"]["public"]
        .as_object()
        .unwrap()
        .keys()
    {
        let pointer = format!("/profiles/default/public/{field}");
        check(&pointer, None, optional.contains(&field.as_str()));
        check(
            &pointer,
            Some(Value::Null),
            optional.contains(&field.as_str()),
        );
        check(&pointer, Some(json!(true)), false);
    }
    for field in ["alg", "nonce", "ciphertext"] {
        check(&format!("/profiles/default/sealed/{field}"), None, false);
    }
    check("/profiles/default/sealed", None, false);
    check("/profiles/default/public", None, false);
    check(&format!("/keys/{key}/source"), None, false);
    check(&format!("/keys/{key}/source"), Some(json!("paper")), false);
    check(&format!("/keys/{key}/kdf"), None, true);
    check("/keys/k-7f3", Some(json!({"source": "plaintext"})), false);
    check("/keys/k-7f3a", Some(json!({"source": "plaintext"})), true);
    check("/active", Some(json!("../x")), false);
    check("/active", Some(json!("x.json")), false);
    check("/generation", Some(json!(-1)), false);
    check("/generation", Some(json!(9_007_199_254_740_992_u64)), false);
    check("/min_reader", Some(json!(2)), false);
    check(
        "/profiles/default/public/expires_at",
        Some(json!("tomorrow")),
        false,
    );
    let models = "/profiles/default/public/models";
    check(models, Some(json!([])), true);
    check(models, Some(json!(["opus-4.6"])), true);
    check(models, Some(Value::Null), true);
    check(models, Some(json!("opus-4.6")), false);
    check(models, Some(json!([1])), false);
    check(
        "/profiles/default/public/later",
        Some(json!({"x": []})),
        true,
    );
    check("/later", Some(json!(null)), true);
}
