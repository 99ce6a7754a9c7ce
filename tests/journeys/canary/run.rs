//! A run that is looked at from its beginning: what every process was started with, what every screen said, what was written.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kiro_tests::{Peer, World, python};
use serde_json::{Value, json};
use url::Url;

use crate::paste::said;

/// The programs whose arguments the person's other programs can read as well.
const OURS: [&str; 3] = ["kiro", "kiro-verbs", "kiro-desktop"];
/// What the browser and the test's own hands keep for themselves.
const OTHERS: [&str; 4] = [
    ".config/chromium-kiro",
    "chromedriver.log",
    "opened",
    "links",
];
const UNPACK: &str = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";

/// A program's name, and its arguments or its environment.
type Seen = (String, Vec<u8>);

/// Looks at every process that there is, until it is dropped.
struct Watch {
    over: Arc<AtomicBool>,
    looking: Option<JoinHandle<BTreeSet<Seen>>>,
}

impl Watch {
    fn begin() -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let looking = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !until.load(Ordering::Relaxed) {
                look_at_processes(&mut seen);
            }
            seen
        });
        Watch {
            over,
            looking: Some(looking),
        }
    }

    fn end(mut self) -> BTreeSet<Seen> {
        self.over.store(true, Ordering::Relaxed);
        let mut seen = self.looking.take().unwrap().join().unwrap();
        look_at_processes(&mut seen);
        seen
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// A process's file in one call: its next one may be answered by the program that the process has become, of the same name even.
fn at_once(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 256 * 1024];
    let read = fs::File::open(file)?.read(&mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// The arguments and the environment of every process. One that becomes another program meanwhile is looked at next time.
fn look_at_processes(seen: &mut BTreeSet<Seen>) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let program = || fs::read_link(entry.path().join("exe")).unwrap_or_default();
        for file in ["cmdline", "environ"] {
            let before = program();
            if let Ok(bytes) = at_once(&entry.path().join(file))
                && program() == before
            {
                let name = before.file_name().unwrap_or_default();
                seen.insert((name.to_string_lossy().into_owned(), bytes));
            }
        }
    }
}

/// It writes its arguments anew for each of its processes, and what was there before may still stand behind them.
const BROWSER: &str = "chromium";

/// The one exception: the words that are visible by their nature where an address is handed from one program to another as an
/// argument of its own (THREATS.md T13), or shown alone on a line for the person to open.
pub(crate) struct Handed {
    address: String,
    words: [&'static str; 2],
    /// Whose argument it may not be.
    never: &'static [&'static str],
}

impl Handed {
    /// What the browser is to open, with its `state` and `nonce`: an argument of whoever opens it, and of no program of ours.
    pub(crate) fn to_browser(address: &str) -> Handed {
        Handed {
            address: address.to_owned(),
            words: ["state", "nonce"],
            never: &OURS,
        }
    }

    /// The link by which the browser comes back, with its one-time `code` and its `state`: an argument of whoever hands it on, the
    /// app's second instance included, and never of the command.
    pub(crate) fn back(link: &str) -> Handed {
        Handed {
            address: link.to_owned(),
            words: ["code", "state"],
            never: &OURS[..2],
        }
    }

    /// The text without these words: what else is in the address is no exception.
    fn emptied(&self, text: &str) -> String {
        let url = Url::parse(&self.address).unwrap();
        let words = url
            .query_pairs()
            .filter(|(name, _)| self.words.contains(&name.as_ref()));
        words.fold(text.to_owned(), |text, (_, word)| text.replace(&*word, ""))
    }
}

/// What a process was started with, but for what may be visible there.
pub(crate) fn bare(program: &str, process: &[u8], handed: &[Handed]) -> Vec<u8> {
    let arguments = String::from_utf8_lossy(process);
    if program == BROWSER {
        let opened = handed.iter().filter(|one| one.words.contains(&"nonce"));
        let emptied = opened.fold(arguments.into_owned(), |left, one| one.emptied(&left));
        return emptied.into_bytes();
    }
    let handed = handed.iter().filter(|one| !one.never.contains(&program));
    apart(&arguments, '\0', handed).into_bytes()
}

/// The text in its parts; those that are such an address, and nothing else, without its words.
fn apart<'a>(text: &str, at: char, handed: impl Iterator<Item = &'a Handed>) -> String {
    let handed: Vec<_> = handed.collect();
    let left = |part: &str| match handed.iter().find(|one| one.address == part.trim()) {
        Some(one) => one.emptied(part),
        None => part.to_owned(),
    };
    text.split(at).map(left).collect::<Vec<_>>().join("\n")
}

/// A run, and what it has left so far.
pub(crate) struct Run {
    watch: Watch,
    screens: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl Run {
    /// A run at TRACE in this world.
    pub(crate) fn begin(world: &mut World) -> Run {
        world.trace();
        Run {
            watch: Watch::begin(),
            screens: Vec::new(),
            files: Vec::new(),
        }
    }

    /// A screen of this name says this.
    pub(crate) fn shows(&mut self, name: &str, text: String) {
        assert!(!text.trim().is_empty(), "{name} says something");
        self.screens.push((name.to_owned(), text));
    }

    /// What a command said on stderr, and on stdout where that is no secret by the command's nature.
    pub(crate) fn told(&mut self, words: &[&str], output: &Output) {
        let given = ["token", "aws-credentials"].map(|verb| words.contains(&verb));
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stdout = if given.contains(&true) { "" } else { &stdout };
        let text = format!("{}{stdout}", said(output));
        self.screens.push((format!("{words:?}"), text));
    }

    /// Runs the command to its end.
    pub(crate) fn kiro(&mut self, world: &World, words: &[&str], expected: i32) {
        let output = world.kiro(words);
        let code = output.status.code();
        assert_eq!(code, Some(expected), "{words:?}: {}", said(&output));
        self.told(words, &output);
    }

    /// The report for the help desk, as whoever gets it unpacks it.
    pub(crate) fn report(&mut self, world: &World) {
        let words = ["doctor", "--export", "report.zip"];
        self.told(&words, &world.kiro(&words));
        let unpacked = world
            .command(python().to_str().unwrap())
            .args(["-c", UNPACK, "report.zip", "report"])
            .status()
            .unwrap();
        assert!(unpacked.success() && world.path("report/logs").is_dir());
    }

    /// Everything that stands in the world's files by now.
    pub(crate) fn files(&mut self, world: &World) {
        let home = world.path("");
        let found = files(&home);
        for (path, _) in &found {
            let name = path.rsplit('/').next().unwrap();
            assert!(!name.starts_with("core"), "{path}: a core");
        }
        let ours = |(path, _): &(String, Vec<u8>)| {
            let below = Path::new(path).strip_prefix(&home).unwrap();
            !OTHERS.iter().any(|other| below.starts_with(other))
        };
        self.files.extend(found.into_iter().filter(ours));
    }

    /// At its end: these programs have logged, and none of the secrets that the peers gave away is anywhere but under seal.
    pub(crate) async fn leaves_nothing(
        self,
        logs: &[&str],
        peers: &[&Peer],
        least: usize,
        handed: &[Handed],
    ) {
        let processes = self.watch.end();
        for log in logs {
            let mut logs = self.files.iter().filter(|(path, _)| path.ends_with(log));
            assert!(
                logs.any(|(_, text)| holds(text, b"TRACE")),
                "{log} at TRACE"
            );
            let seen = |(_, process): &Seen| holds(process, b"KIRO_LOG=trace");
            assert!(processes.iter().any(seen), "processes were looked at");
        }
        let mut secrets = Vec::new();
        for peer in peers {
            let seen = peer.control(json!({})).await;
            let of_this = seen["secrets"].as_array().unwrap().iter();
            secrets.extend(of_this.filter_map(Value::as_str).map(str::to_owned));
        }
        assert!(secrets.len() >= least, "{} secrets", secrets.len());
        let processes = processes.iter().map(|(program, process)| {
            let name = format!("{program}: {:.80}", String::from_utf8_lossy(process));
            (name, bare(program, process, handed))
        });
        let screens = self.screens.iter().map(|(name, text)| {
            let name = format!("a screen: {name}");
            (name, apart(text, '\n', handed.iter()).into_bytes())
        });
        let places: Vec<_> = self
            .files
            .iter()
            .cloned()
            .chain(processes)
            .chain(screens)
            .collect();
        let leaks = leaks(&secrets, &places);
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}

/// Every file below, links not followed.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push((
                path.display().to_string(),
                fs::read(&path).unwrap_or_default(),
            ));
        }
    }
    found
}

/// A secret as it may be written: in the clear, or in a coat that hides nothing.
pub(crate) fn coats(secret: &str) -> [Vec<u8>; 4] {
    [
        secret.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        STANDARD
            .encode(secret)
            .trim_end_matches('=')
            .as_bytes()
            .to_vec(),
        secret
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into_bytes(),
    ]
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Where which secret stands, in any coat.
pub(crate) fn leaks(secrets: &[String], places: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, secret) in secrets.iter().enumerate() {
        let coats = coats(secret);
        for (name, bytes) in places {
            if coats.iter().any(|coat| holds(bytes, coat)) {
                found.push(format!("secret no. {number} in {name}"));
            }
        }
    }
    found
}
