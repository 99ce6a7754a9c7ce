//! An identity provider's first synchronisation, to a service on SQLite that is killed in the midst of it: it begins anew, and nobody is
//! there twice, and nobody gone who was answered.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::program::{Program, command};

const PEOPLE: usize = 120;
const GROUPS: usize = 6;
/// How many requests are answered before each kill.
const KILLS: [usize; 3] = [40, 80, 120];

/// A provider that works with four connections at once.
struct Provider<'a> {
    at: SocketAddr,
    token: String,
    answered: AtomicUsize,
    /// The ids of what was made, before a kill and after it, by their names.
    made: &'a Mutex<BTreeMap<String, String>>,
}

impl<'a> Provider<'a> {
    fn of(program: &Program, made: &'a Mutex<BTreeMap<String, String>>) -> Provider<'a> {
        Provider {
            at: program.address().parse().unwrap(),
            token: program.text("scim_token").to_owned(),
            answered: AtomicUsize::new(0),
            made,
        }
    }

    /// The status and the body; nothing where the connection ended.
    fn ask(&self, request: &str, body: &Value) -> Option<(u16, Value)> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (method, path) = request.split_once(' ')?;
        let mut stream = TcpStream::connect(self.at).ok()?;
        write!(
            stream,
            "{method} /acme/scim/v2{path} HTTP/1.0\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        self.answered.fetch_add(1, Ordering::SeqCst);
        let body = if body.is_empty() { "null" } else { body };
        Some((status, serde_json::from_str(body).ok()?))
    }

    /// As Okta and Entra ID do: looked up, and made where nobody is found.
    fn pushes(&self, endpoint: &str, name: &str, said: &Value) -> Option<String> {
        let called = said[name].as_str().unwrap();
        let found = self
            .ask(
                &format!("GET {endpoint}?filter={name}+eq+%22{called}%22"),
                &Value::Null,
            )?
            .1;
        let known = self.made.lock().unwrap().get(called).cloned();
        if let Some(id) = found["Resources"][0]["id"].as_str() {
            assert!(known.is_none_or(|known| known == id), "another {called}");
            return Some(id.to_owned());
        }
        assert_eq!(known, None, "{called} was answered, and is gone");
        let (status, made) = self.ask(&format!("POST {endpoint}"), said)?;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str()?.to_owned();
        self.made
            .lock()
            .unwrap()
            .insert(called.to_owned(), id.clone());
        Some(id)
    }

    /// A quarter of everything; nothing where the service went away.
    fn quarter(&self, quarter: usize) -> Option<()> {
        let mut ids = Vec::new();
        for number in (quarter..PEOPLE).step_by(4) {
            let said = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("p{number}") });
            ids.push(self.pushes("/Users", "userName", &said)?);
        }
        for number in 0..GROUPS {
            let said = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": format!("g{quarter}.{number}") });
            let group = self.pushes("/Groups", "displayName", &said)?;
            let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
            let operations = json!([{ "op": "add", "path": "members", "value": members }]);
            let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
            let (status, said) = self.ask(&format!("PATCH /Groups/{group}"), &patch)?;
            assert_eq!(status, 204, "{said}");
        }
        Some(())
    }

    /// Everything; whether all of it was answered. After so many answers this happens.
    fn syncs(&self, answers: usize, then: impl FnOnce()) -> bool {
        std::thread::scope(|scope| {
            let quarters = [0, 1, 2, 3].map(|number| scope.spawn(move || self.quarter(number)));
            while self.answered.load(Ordering::SeqCst) < answers
                && !quarters.iter().all(|it| it.is_finished())
            {
                std::thread::yield_now();
            }
            then();
            quarters
                .map(|it| it.join().unwrap())
                .iter()
                .all(Option::is_some)
        })
    }
}

/// Who and what is there: the names, and who is in the groups.
fn everything(provider: &Provider<'_>, endpoint: &str, name: &str) -> Vec<(String, usize)> {
    let (status, all) = provider
        .ask(&format!("GET {endpoint}?count=1000"), &Value::Null)
        .unwrap();
    assert_eq!(
        (status, &all["totalResults"]),
        (200, &json!(all["Resources"].as_array().unwrap().len()))
    );
    let of = all["Resources"].as_array().unwrap().iter();
    let mut told: Vec<_> = of
        .map(|one| {
            let members = one["members"].as_array().map_or(0, Vec::len);
            (one[name].as_str().unwrap().to_owned(), members)
        })
        .collect();
    told.sort();
    told
}

fn started<'a>(data: &Path, made: &'a Mutex<BTreeMap<String, String>>) -> (Program, Provider<'a>) {
    let mut command = command(data, &["--demo"]);
    // Nobody reads its log, and so many requests fill a pipe.
    command.stderr(Stdio::null());
    let program = Program::of(command);
    let provider = Provider::of(&program, made);
    (program, provider)
}

#[test]
fn a_sync_that_is_broken_off_is_repeated_and_nobody_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let made = Mutex::default();
    let mut broken = 0;
    for answers in KILLS {
        let (program, provider) = started(&data, &made);
        let whole = provider.syncs(answers, || program.tell("KILL"));
        broken += usize::from(!whole);
    }
    assert_eq!(broken, KILLS.len(), "else nothing was tried");
    let (_program, provider) = started(&data, &made);
    assert!(provider.syncs(0, || {}));
    let mine = |told: Vec<(String, usize)>, first: char| -> Vec<(String, usize)> {
        let is_mine = |(name, _): &(String, usize)| {
            name.starts_with(first) && name[1..].starts_with(|digit: char| digit.is_ascii_digit())
        };
        told.into_iter().filter(is_mine).collect()
    };
    let mut people: Vec<_> = (0..PEOPLE)
        .map(|number| (format!("p{number}"), 0))
        .collect();
    people.sort();
    assert_eq!(
        mine(everything(&provider, "/Users", "userName"), 'p'),
        people
    );
    let groups = (0..4).flat_map(|quarter| {
        (0..GROUPS).map(move |number| (format!("g{quarter}.{number}"), PEOPLE / 4))
    });
    assert_eq!(
        mine(everything(&provider, "/Groups", "displayName"), 'g'),
        groups.collect::<Vec<_>>()
    );
    // Once more, and nothing of it is new.
    assert!(provider.syncs(0, || {}));
    assert_eq!(
        mine(everything(&provider, "/Users", "userName"), 'p'),
        people
    );
}
