//! One suite for every [`KeyStore`].

use kiro_credentials::{
    Cost, Home, KeyError, KeyId, KeySource, KeyStore, Passphrase, PlaintextFile,
};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::scratch::InMemory;

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn id(text: &str) -> KeyId {
    text.parse().unwrap()
}

/// `open` gives the store as a new process would find it. `keeps`: it keeps keys itself.
fn conformance(source: KeySource, keeps: bool, open: &dyn Fn() -> Box<dyn KeyStore>) {
    let (first, second) = (id("k-00000001"), id("k-00000002"));
    let store = open();
    assert_eq!(store.source(), source);
    assert_eq!(store.probe(), Ok(()));

    let (key, kdf) = store.create(&first).unwrap();
    let (other, other_kdf) = store.create(&second).unwrap();
    assert_ne!(key.secret(), other.secret(), "two keys are two");
    assert_ne!(key.secret(), &[0; 32]);
    assert!(!format!("{key:?}").contains(&format!("{:?}", key.secret()[0])));

    let again = open();
    assert_eq!(
        again.load(&first, kdf.as_ref()).unwrap().secret(),
        key.secret()
    );
    assert_eq!(
        again.load(&second, other_kdf.as_ref()).unwrap().secret(),
        other.secret()
    );

    if keeps {
        let refused = again.create(&first);
        assert!(
            matches!(refused, Err(KeyError::Failed { .. })),
            "{refused:?}"
        );
        assert_eq!(
            again.load(&first, None).unwrap().secret(),
            key.secret(),
            "not overwritten"
        );
        assert_eq!(
            again.load(&id("k-0000dead"), None).unwrap_err(),
            KeyError::Missing
        );
    }
    assert_eq!(store.destroy(&first), Ok(()));
    if keeps {
        assert_eq!(open().load(&first, None).unwrap_err(), KeyError::Missing);
    }
    assert_eq!(
        store.destroy(&first),
        Ok(()),
        "destroying twice is no error"
    );
    assert_eq!(
        open().load(&second, other_kdf.as_ref()).unwrap().secret(),
        other.secret()
    );
    assert_eq!(store.destroy(&second), Ok(()));
}

#[test]
fn in_memory() {
    let store = InMemory::default();
    conformance(KeySource::OsKeyring, true, &|| Box::new(store.clone()));
}

#[test]
fn plaintext() {
    let folder = TempDir::new().unwrap();
    let home = Home::at(folder.path().join("sso"));
    conformance(KeySource::Plaintext, true, &|| {
        Box::new(PlaintextFile::new(&home))
    });
    assert!(
        !home.root().join("key").exists(),
        "the last key destroyed takes the file along"
    );
}

#[test]
fn passphrase() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("passphrase");
    std::fs::write(&file, "correct horse\r\n").unwrap();
    conformance(KeySource::Passphrase, false, &|| {
        Box::new(Passphrase::from_file(&file).at_cost(CHEAP))
    });
}

#[test]
fn a_passphrase_is_told_from_a_wrong_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("passphrase");
    std::fs::write(&file, "right").unwrap();
    let (_, kdf) = Passphrase::from_file(&file)
        .at_cost(CHEAP)
        .create(&id("k-00000001"))
        .unwrap();
    let kdf = kdf.unwrap();
    let check = |text: &str, kdf: &kiro_credentials::Kdf, expected: Result<(), KeyError>| {
        std::fs::write(&file, text).unwrap();
        let found = Passphrase::from_file(&file).load(&id("k-00000001"), Some(kdf));
        assert_eq!(found.map(|_| ()), expected, "{text:?}");
    };
    let failed = |why: &str| {
        Err(KeyError::Failed {
            why: why.to_owned(),
        })
    };
    check("right", &kdf, Ok(()));
    check("right\n", &kdf, Ok(()));
    check("right\n\n", &kdf, Err(KeyError::WrongPassphrase));
    check("wrong", &kdf, Err(KeyError::WrongPassphrase));
    check("", &kdf, Err(KeyError::PassphraseNeeded));
    check("\n", &kdf, Err(KeyError::PassphraseNeeded));
    check(
        &"x".repeat(4097),
        &kdf,
        failed("KIRO_PASSPHRASE_FILE: more than 4096 bytes"),
    );
    let mut other = kdf.clone();
    other.alg = "scrypt".to_owned();
    check("right", &other, failed("`kdf.alg` is not argon2id"));
    let mut greedy = kdf.clone();
    greedy.memory_kib = 1024 * 1024 + 1;
    check(
        "right",
        &greedy,
        failed("`kdf` asks for more than is allowed"),
    );
    let mut broken = kdf;
    broken.salt = "*".to_owned();
    check("right", &broken, failed("`kdf.salt` is not base64url"));
}

#[test]
fn a_person_is_asked_only_without_a_file() {
    let answer = |text: Option<&'static str>| {
        let ask = Box::new(move || text.map(SecretString::from));
        Passphrase::from_env()
            .asking(ask)
            .at_cost(CHEAP)
            .create(&id("k-00000001"))
            .map(|_| ())
    };
    assert_eq!(answer(Some("words")), Ok(()));
    assert_eq!(answer(None), Err(KeyError::PassphraseNeeded));
    let nobody = Passphrase::from_env().at_cost(CHEAP);
    assert_eq!(nobody.probe(), Err(KeyError::PassphraseNeeded));
    assert_eq!(
        nobody.create(&id("k-00000001")).unwrap_err(),
        KeyError::PassphraseNeeded
    );
}
