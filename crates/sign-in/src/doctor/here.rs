//! What this computer has to offer: the link handler, a listener, the key.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::{Finding, LinkOwner};
use crate::flow::blocking;
use crate::loopback::{Listener, Loopback};
use crate::organizations::REGISTERED_PORTS;
use crate::scheme::{self, SchemeOwner};
use crate::{Code, Context, Failure, KeySource};

/// A browser on this computer reaches a listener at once or not at all.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn links() -> Finding {
    let looked = tokio::task::spawn_blocking(|| (scheme::owner(), scheme::missing_program()));
    let (owner, missing) = looked.await.unwrap_or((SchemeOwner::Unknown, None));
    Finding::Links {
        missing,
        owner: match owner {
            SchemeOwner::Us => LinkOwner::Us,
            SchemeOwner::Nobody => LinkOwner::Nobody,
            SchemeOwner::Other { name } => LinkOwner::Other(name),
            SchemeOwner::Unknown => LinkOwner::Unknown,
        },
    }
}

/// Listens as a sign-in at Okta does, and calls by the name that the browser is sent to.
pub(super) async fn loopback(context: &Context) -> Finding {
    let allowed = Loopback {
        host: "localhost",
        ports: &REGISTERED_PORTS,
    };
    let fault = match Listener::bind(allowed).await {
        Err(ports) => {
            let mut failure = context.failure(Code::PortsTaken);
            failure.facts.ports = ports;
            Some(failure)
        }
        Ok(listener) => called(context, listener).await.err(),
    };
    Finding::Loopback { fault }
}

async fn called(context: &Context, listener: Listener) -> Result<(), Failure> {
    let address = listener
        .redirect_uri()
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let (heard, _nobody) = mpsc::channel(1);
    let _listening = listener.serve(String::new(), heard);
    let call = async {
        let mut stream = TcpStream::connect(&address).await?;
        let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.map(|_| answer)
    };
    let why = match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(answer)) if &answer == b"HTTP/" => return Ok(()),
        Ok(Ok(_)) => "something else answered".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(context
        .failure(Code::Unreachable)
        .at(address)
        .error("loopback")
        .because(why))
}

/// Whether the key can be had, without making one and without asking for a passphrase. A file that cannot be read names
/// no key: that is told of the file.
pub(super) async fn key(context: &Context) -> Option<Finding> {
    let snapshot = context.store.read().ok()?;
    let source = snapshot
        .key_source(&snapshot.active)
        .or_else(|| Some(snapshot.keys.values().next()?.source))
        .unwrap_or(KeySource::OsKeyring);
    let profiles: Vec<_> = snapshot.profiles.into_keys().collect();
    let probed = blocking(context, move |context| {
        match source {
            KeySource::OsKeyring => context.store.probe_key(source)?,
            KeySource::Plaintext | KeySource::Passphrase => {}
        }
        for profile in &profiles {
            context.store.session(profile)?;
        }
        Ok(())
    });
    let fault = probed.await.err().filter(|failure| {
        // Whether a passphrase is right, only its owner knows; what is wrong with the file is told by the file.
        !matches!(
            failure.code,
            Code::PassphraseNeeded | Code::FileDamaged | Code::NotPrivate | Code::FileNewer
        )
    });
    Some(Finding::Key { source, fault })
}
