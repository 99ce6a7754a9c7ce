//! What `make bench` measures: whole processes beside the floor and beside what people use instead, in one run. A missed limit is
//! an exit code. `KIRO_BIN_DIR` names the release build; the argument is the folder with `floor` and `window`, and for the figures; behind
//! it `client`, `identity-center` or `provisioning` measures that part alone.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement tells its figures, and fails by panicking"
)]

mod asking;
mod commands;
mod desktop;
mod identity_center;
mod processes;
mod provisioning;
mod race;
mod wire;

/// The server of the store's own tests.
#[path = "../../../../crates/identity-center/src/store/tests/server.rs"]
mod postgresql;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kiro_tests::{Keyring, Peer, Person, World};

/// What is timed is timed so often at the least, and the median is told.
const RUNS: usize = 20;

/// One figure: what, how much, and the limit, if it has one.
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
    /// Whether the limit is the least.
    least: bool,
}

impl Figure {
    fn new(what: &str, value: f64, unit: &'static str, limit: Option<f64>) -> Figure {
        Figure {
            what: what.to_owned(),
            value,
            unit,
            limit,
            least: false,
        }
    }

    fn at_least(what: &str, value: f64, unit: &'static str, limit: Option<f64>) -> Figure {
        Figure {
            least: true,
            ..Figure::new(what, value, unit, limit)
        }
    }

    fn missed(&self) -> bool {
        self.limit.is_some_and(|limit| match self.least {
            true => self.value < limit,
            false => self.value > limit,
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let mut figures = Vec::new();
    let part = std::env::args().nth(2);
    let wanted = |name: &str| part.as_ref().is_none_or(|part| part == name);
    if wanted("client") {
        client(&folder, &mut figures).await;
    }
    if wanted("identity-center") {
        identity_center::measure(&folder, &mut figures).await;
    }
    if wanted("provisioning") {
        provisioning::measure(&mut figures).await;
    }
    report(&folder, &figures)
}

/// The command and the app.
async fn client(folder: &Path, figures: &mut Vec<Figure>) {
    let peer = Peer::okta(0);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    login(&world, &["--profile", "ring"]).await;
    login(&world, &["--profile", "plain", "--insecure-storage"]).await;
    commands::measure(&world, folder, figures);
    race::measure(&world, &peer, figures).await;
    desktop::measure(&world, folder, figures).await;
    asking::measure(&world, figures).await;
    drop(world);
    desktop::closed(figures).await;
    desktop::signed_in(&Peer::okta(0), figures).await;
}

async fn login(world: &World, words: &[&str]) {
    let login = [
        "auth",
        "login",
        "--sso",
        "--org",
        "acme",
        "--no-browser",
        "--force",
    ];
    let mut running = world.start_kiro(&[&login, words].concat());
    let callback = Person::new("aiko").callback(&running.address()).await;
    running.type_line(&callback);
    let output = running.end();
    assert!(output.status.success(), "{output:?}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints the figures, keeps them as a table, and says whether each limit holds.
fn report(folder: &Path, figures: &[Figure]) -> ExitCode {
    let mut table = String::from("| | | limit |\n|---|---:|---:|\n");
    for figure in figures {
        let Figure {
            what,
            value,
            unit,
            limit,
            least,
        } = figure;
        let shown = |value: f64| {
            if value < 10.0 {
                format!("{value:.2} {unit}")
            } else {
                format!("{value:.0} {unit}")
            }
        };
        let than = if *least { "≥" } else { "≤" };
        let limit = limit.map_or(String::new(), |limit| format!("{than} {}", shown(limit)));
        println!(
            "{} {:>10}  {:>12}  {what}",
            if figure.missed() { "✗" } else { " " },
            shown(*value),
            limit
        );
        writeln!(table, "| {what} | {} | {limit} |", shown(*value)).unwrap();
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let day = jiff::Zoned::now().date();
    writeln!(
        table,
        "\n`make bench`, {day}, Debian 12, {processors} cores, release build; medians of {RUNS} or more, warm."
    )
    .unwrap();
    fs::write(folder.join("figures.md"), table).unwrap();
    let missed = figures.iter().filter(|figure| figure.missed()).count();
    println!("{} figures, {missed} over their limit", figures.len());
    if missed == 0 && !figures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
