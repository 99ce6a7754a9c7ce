//! The process that is broken or killed: this test binary once more, told by its environment.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use kiro_credentials::{
    Home, KeySource, Keys, NewPublic, ProfileName, RefreshWhen, Renewal, Store, SystemClock,
    Tokens, create_new, replace,
};
use secrecy::{ExposeSecret as _, SecretString};

/// What such a process does to a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The very first sign-in, its key included.
    First,
    /// A sign-in to `default`.
    SignIn,
    /// A refresh of `default`.
    Refresh,
    /// `work` becomes the active profile.
    Switch,
    /// Signs `work` out.
    SignOut,
    /// Signs everything out.
    SignOutAll,
    /// A file of a sign-in under way, and a callback left for it.
    Pending,
    /// Signs in to `default` again and again; says the generation that each write was given.
    Again,
    /// As [`Act::Again`], by the writer that anybody would write first.
    Naive,
}

const ACTS: [Act; 9] = [
    Act::First,
    Act::SignIn,
    Act::Refresh,
    Act::Switch,
    Act::SignOut,
    Act::SignOutAll,
    Act::Pending,
    Act::Again,
    Act::Naive,
];
const ACT: &str = "KIRO_TEST_ACT";
const HOME: &str = "KIRO_TEST_ACT_HOME";

/// The words of a child that is to do this.
pub(crate) fn command(
    act: Act,
    home: &Home,
) -> (std::path::PathBuf, Vec<String>, [(String, String); 2]) {
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", "actor::acts", "--nocapture", "--test-threads=1"];
    let variables = [
        (ACT.to_owned(), format!("{act:?}")),
        (HOME.to_owned(), home.root().to_str().unwrap().to_owned()),
    ];
    (program, words.map(str::to_owned).to_vec(), variables)
}

/// A child that does this, unbroken.
pub(crate) fn child(act: Act, home: &Home) -> Command {
    let (program, words, variables) = command(act, home);
    let mut command = Command::new(program);
    command.args(words).envs(variables);
    command
}

/// Where the exchange of [`Act::Refresh`] leaves its mark: the IdP has rotated.
pub(crate) fn mark(home: &Home) -> std::path::PathBuf {
    home.root().with_extension("rotated")
}

#[test]
fn acts() {
    let (Ok(act), Ok(home)) = (std::env::var(ACT), std::env::var(HOME)) else {
        return; // not a child
    };
    let act = ACTS.into_iter().find(|known| format!("{known:?}") == act);
    match act.unwrap().done_in(&Home::at(home)) {
        Ok(()) => say("outcome: ok"),
        Err(error) => say(&format!("outcome: error: {error}")),
    }
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n{line}").unwrap();
    stdout.flush().unwrap();
}

type Error = Box<dyn std::error::Error>;

impl Act {
    /// Does it in this process.
    pub(crate) fn done_in(self, home: &Home) -> Result<(), Error> {
        let store = store(home);
        match self {
            Act::First => {
                store.ensure_key(Some(KeySource::Plaintext))?;
                store.save(&name("default"), public(), tokens("first"))?;
            }
            Act::SignIn => drop(store.save(&name("default"), public(), tokens("new"))?),
            Act::Refresh => {
                let mut exchange = |_: &kiro_credentials::Session| {
                    std::fs::write(mark(home), "").unwrap();
                    Ok(renewal())
                };
                let fresh =
                    store.refresh(&name("default"), RefreshWhen::Always, &Hasty, &mut exchange)?;
                assert_eq!(
                    fresh.session.tokens.access.expose_secret(),
                    "access-renewed"
                );
                if let Some(unsaved) = fresh.unsaved {
                    return Err(unsaved.into());
                }
            }
            Act::Switch => store.switch(&name("work"))?,
            Act::SignOut => drop(store.remove(&name("work"))?),
            Act::SignOutAll => store.remove_all()?,
            Act::Pending => {
                home.ensure()?;
                let file = |end: &str| home.sign_ins().join(format!("attempt.{end}"));
                replace(&file("json"), b"{\"step\":\"waiting\"}")?;
                kiro_credentials::remove(&file("callback"))?;
                create_new(&file("callback"), b"kiro://kiro.oauth/callback")?;
            }
            Act::Again => loop {
                store.save(&name("default"), public(), tokens("again"))?;
                say(&format!("generation: {}", store.read()?.generation));
            },
            Act::Naive => {
                let bytes = std::fs::read(home.credentials_file())?;
                let mut file: serde_json::Value = serde_json::from_slice(&bytes)?;
                loop {
                    let generation = file["generation"].as_u64().unwrap_or_default() + 1;
                    file["generation"] = generation.into();
                    let naive = std::fs::File::create(home.credentials_file())?;
                    serde_json::to_writer_pretty(naive, &file)?;
                    say(&format!("generation: {generation}"));
                }
            }
        }
        Ok(())
    }
}

/// A clock on which every pause is over at once.
struct Hasty;

impl kiro_credentials::Clock for Hasty {
    fn now(&self) -> Timestamp {
        kiro_credentials::Clock::now(&SystemClock)
    }

    fn pause(&self, _time: std::time::Duration) {}
}

/// The store of a process that has loaded nothing yet.
pub(crate) fn store(home: &Home) -> Store {
    Store::new(home.clone(), Keys::new(home), "faults/1.0")
}

/// Signed in to `work` and `default`, the active one, so that there is a `.bak`; the key in a file.
pub(crate) fn signed_in(home: &Path) -> Home {
    let home = Home::at(home);
    let store = store(&home);
    store.ensure_key(Some(KeySource::Plaintext)).unwrap();
    for profile in ["work", "default"] {
        store
            .save(&name(profile), public(), tokens(profile))
            .unwrap();
    }
    home
}

pub(crate) fn name(text: &str) -> ProfileName {
    text.parse().unwrap()
}

fn later(hours: i64) -> Timestamp {
    Timestamp::now() + jiff::SignedDuration::from_hours(hours)
}

fn public() -> NewPublic {
    NewPublic {
        provider: "okta".to_owned(),
        organization: "acme".to_owned(),
        issuer: "https://acme.okta.example".to_owned(),
        client_id: "0oa1".to_owned(),
        endpoint: None,
        subject: Some("00u1".to_owned()),
        name: Some("Ada Example".to_owned()),
        email: None,
        scopes: vec!["openid".to_owned()],
        region: None,
        models: None,
        expires_at: later(1),
        session_expires_at: None,
        signed_in_at: later(0),
    }
}

fn tokens(mark: &str) -> Tokens {
    Tokens {
        access: SecretString::from(format!("access-{mark}")),
        refresh: Some(SecretString::from(format!("refresh-{mark}"))),
        id: None,
    }
}

fn renewal() -> Renewal {
    Renewal {
        access: SecretString::from("access-renewed"),
        refresh: Some(SecretString::from("refresh-renewed")),
        id: None,
        expires_at: later(2),
        session_expires_at: None,
        scopes: None,
        models: None,
    }
}
