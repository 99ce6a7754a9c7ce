//! The Secret Service, as much of it as reading a key takes: one blocking socket, four calls, no thread, no key exchange.
//!
//! Owns the conversation from the session bus's greeting to the secret. Does not write, unlock, or tell why a secret cannot be
//! had: for all of that there is the store crate, whose start takes longer than everything else that `kiro auth token` does
//! (`docs/decisions/0013-a-key-is-read-in-four-calls.md`).

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use serde::Serialize;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::connection::socket::ReadHalf;
use zbus::message::Type;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};
use zbus::{Address, Error, Message};
use zeroize::Zeroizing;

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const ITEM: &str = "org.freedesktop.Secret.Item";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// `Secret`: session, parameters, value, content type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A session with the Secret Service of this login session.
pub(super) struct Secrets {
    bus: Wire,
    session: OwnedObjectPath,
}

impl Secrets {
    /// Connects over the session bus's socket. `None`: it is not a socket of this user's alone, where a secret may go in the clear.
    pub(super) fn connect() -> Result<Option<Secrets>, Error> {
        let address = Address::session()?;
        let Transport::Unix(unix) = address.transport() else {
            return Ok(None);
        };
        let UnixSocket::File(path) = unix.path() else {
            return Ok(None);
        };
        if std::fs::metadata(path)?.uid() != rustix::process::geteuid().as_raw() {
            return Ok(None);
        }
        Self::over(UnixStream::connect(path)?).map(Some)
    }

    fn over(stream: UnixStream) -> Result<Secrets, Error> {
        let mut bus = Wire {
            stream,
            received: Vec::new(),
        };
        let hello = Message::method_call(BUS_PATH, "Hello")?
            .destination(BUS)?
            .interface(BUS)?
            .build(&())?;
        let open = call(
            SERVICE_PATH,
            SERVICE,
            "OpenSession",
            &("plain", Value::from("")),
        )?;
        // Nothing of it depends on an answer, so it goes at once: who we are, the bus takes from the socket.
        bus.send(
            &[
                b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n",
                &hello.data()[..],
                &open.data()[..],
            ]
            .concat(),
        )?;
        bus.admitted()?;
        bus.reply(&hello)?;
        let (_, session): (OwnedValue, OwnedObjectPath) = bus.reply(&open)?.body().deserialize()?;
        Ok(Secrets { bus, session })
    }

    /// The secret of the one item with these attributes, if there is one and it is not locked.
    pub(super) fn secret(
        &mut self,
        attributes: &[(&str, &str)],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
        let search = call(SERVICE_PATH, SERVICE, "SearchItems", &(attributes,))?;
        self.bus.send(search.data())?;
        let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.bus.reply(&search)?.body().deserialize()?;
        let ([item], []) = (&open[..], &locked[..]) else {
            return Ok(None);
        };
        let get = call(item.as_str(), ITEM, "GetSecret", &(&self.session,))?;
        self.bus.send(get.data())?;
        let ((_, _, value, _),): (Secret,) = self.bus.reply(&get)?.body().deserialize()?;
        Ok(Some(Zeroizing::new(value)))
    }
}

fn call(
    path: &str,
    interface: &str,
    member: &str,
    body: &(impl Serialize + DynamicType),
) -> Result<Message, Error> {
    Message::method_call(path, member)?
        .destination(NAME)?
        .interface(interface)?
        .build(body)
}

/// The socket to the bus; a call on it blocks.
#[derive(Debug)]
struct Wire {
    stream: UnixStream,
    /// What came with the answers to the greeting.
    received: Vec<u8>,
}

impl Wire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Reads what the bus answers to `AUTH` and `DATA`.
    fn admitted(&mut self) -> Result<(), Error> {
        const END: &[u8] = b"\r\n";
        let lines = loop {
            let ends: Vec<usize> = (0..self.received.len().saturating_sub(1))
                .filter(|&at| self.received[at..].starts_with(END))
                .collect();
            if let &[first, second, ..] = &ends[..] {
                break (first + END.len(), second + END.len());
            }
            let mut buffer = [0; 512];
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                count => self.received.extend_from_slice(&buffer[..count]),
            }
        };
        let answer: Vec<u8> = self.received.drain(..lines.1).collect();
        if answer.starts_with(b"DATA") && answer[lines.0..].starts_with(b"OK ") {
            Ok(())
        } else {
            Err(Error::Handshake(
                String::from_utf8_lossy(&answer).into_owned(),
            ))
        }
    }

    /// The answer to this call; what else comes meanwhile is nobody's.
    fn reply(&mut self, call: &Message) -> Result<Message, Error> {
        loop {
            let mut received = std::mem::take(&mut self.received);
            let message = now(self.receive_message(0, &mut received, &mut Vec::new()))?;
            self.received = received;
            if message.header().reply_serial() != Some(call.primary_header().serial_num()) {
                continue;
            }
            return match message.message_type() {
                Type::MethodReturn => Ok(message),
                Type::MethodCall | Type::Error | Type::Signal => Err(message.into()),
            };
        }
    }
}

impl ReadHalf for Wire {
    fn recvmsg<'me, 'buffer, 'answer>(
        &'me mut self,
        buffer: &'buffer mut [u8],
    ) -> Pin<Box<dyn Future<Output = io::Result<(usize, Vec<OwnedFd>)>> + Send + 'answer>>
    where
        'me: 'answer,
        'buffer: 'answer,
        Self: 'answer,
    {
        let read = self.stream.read(buffer).map(|count| (count, Vec::new()));
        Box::pin(std::future::ready(read))
    }
}

/// What a future answers that only ever reads a blocking socket.
fn now<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(io::Error::from(io::ErrorKind::WouldBlock).into()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::thread::JoinHandle;

    use super::*;

    const SESSION: &str = "/org/freedesktop/secrets/session/s1";
    const ATTRIBUTES: [(&str, &str); 2] = [("service", "kiro"), ("username", "k-1")];

    /// What the service finds: items that are open, and items that are locked.
    #[derive(Clone, Copy)]
    struct Items(&'static [&'static str], &'static [&'static str]);

    /// A bus that answers as the daemon and the keyring do, until the caller goes. Returns the members that were called.
    fn bus(answer: &'static str, items: Items) -> (UnixStream, JoinHandle<Vec<String>>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let serve = move || {
            let mut bus = Wire {
                stream: theirs,
                received: Vec::new(),
            };
            let mut greeting = [0; b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n".len()];
            bus.stream.read_exact(&mut greeting).unwrap();
            assert_eq!(&greeting, b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
            bus.stream.write_all(answer.as_bytes()).unwrap();
            let mut called = Vec::new();
            while let Ok(call) = now(bus.receive_message(0, &mut Vec::new(), &mut Vec::new())) {
                let header = call.header();
                let member = header.member().unwrap().to_string();
                let noise = Message::signal(BUS_PATH, BUS, "NameAcquired").unwrap();
                let noise = noise.build(&(":1.7",)).unwrap();
                let reply = Message::method_return(&header).unwrap();
                let reply = match member.as_str() {
                    "Hello" => reply.build(&(":1.7",)),
                    "OpenSession" => {
                        let (algorithm, _): (String, OwnedValue) =
                            call.body().deserialize().unwrap();
                        assert_eq!(algorithm, "plain");
                        let session = OwnedObjectPath::try_from(SESSION).unwrap();
                        reply.build(&(Value::from(""), session))
                    }
                    "SearchItems" => {
                        let (asked,): (HashMap<String, String>,) =
                            call.body().deserialize().unwrap();
                        assert_eq!(asked["service"], "kiro");
                        assert_eq!(asked["username"], "k-1");
                        let paths = |names: &[&'static str]| -> Vec<OwnedObjectPath> {
                            names.iter().map(|&name| name.try_into().unwrap()).collect()
                        };
                        reply.build(&(paths(items.0), paths(items.1)))
                    }
                    "GetSecret" => {
                        let session = OwnedObjectPath::try_from(SESSION).unwrap();
                        let value = b"a key".to_vec();
                        reply.build(&((session, Vec::<u8>::new(), value, "text/plain"),))
                    }
                    _ => Message::error(&header, "org.freedesktop.DBus.Error.UnknownMethod")
                        .unwrap()
                        .build(&("no",)),
                };
                called.push(member);
                if bus.send(noise.data()).is_err() || bus.send(reply.unwrap().data()).is_err() {
                    break;
                }
            }
            called
        };
        (ours, std::thread::spawn(serve))
    }

    #[test]
    fn only_the_one_item_that_is_open_is_read_and_nothing_is_unlocked() {
        let check = |items: Items, expected: Option<&[u8]>, last: &str| {
            let (stream, bus) = bus("DATA\r\nOK 0123456789abcdef\r\n", items);
            let mut secrets = Secrets::over(stream).unwrap();
            let secret = secrets.secret(&ATTRIBUTES).unwrap();
            assert_eq!(secret.as_ref().map(|secret| secret.as_slice()), expected);
            drop(secrets);
            let called = bus.join().unwrap();
            assert_eq!(called.last().unwrap(), last, "{called:?}");
        };
        check(Items(&["/a"], &[]), Some(b"a key"), "GetSecret");
        check(Items(&[], &[]), None, "SearchItems");
        check(Items(&[], &["/a"]), None, "SearchItems");
        check(Items(&["/a"], &["/b"]), None, "SearchItems");
        check(Items(&["/a", "/b"], &[]), None, "SearchItems");
    }

    #[test]
    fn a_bus_that_refuses_goes_or_talks_otherwise_is_an_error() {
        let check = |answer: &'static str, expected: &str| {
            let (stream, _bus) = bus(answer, Items(&[], &[]));
            let error = Secrets::over(stream).map(drop).unwrap_err();
            assert!(error.to_string().contains(expected), "{answer}: {error}");
        };
        check("REJECTED EXTERNAL\r\nERROR\r\n", "REJECTED");
        check("DATA\r\nREJECTED EXTERNAL\r\n", "REJECTED");
        let (stream, other) = UnixStream::pair().unwrap();
        drop(other);
        assert!(Secrets::over(stream).is_err());
    }
}
