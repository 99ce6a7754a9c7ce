//! What `make bench` measures: whole processes beside the floor and beside what people use instead, in one run. A missed limit is
//! an exit code. `KIRO_BIN_DIR` names the release build; the argument is the folder with `floor` and `window`, and for the figures.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement tells its figures, and fails by panicking"
)]

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use kiro_tests::{Keyring, Peer, Person, World, checkout, program, python, until};
use serde_json::{Value, json};

/// The answer of the identity provider takes this long in the race.
const LATENCY: Duration = Duration::from_millis(50);
const MIB: f64 = 1024.0 * 1024.0;

/// One figure: what, how much, and the limit, if it has one.
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
}

impl Figure {
    fn missed(&self) -> bool {
        self.limit.is_some_and(|limit| self.value > limit)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let mut figures = Vec::new();
    let peer = Peer::okta(0);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    login(&world, &["--profile", "ring"]).await;
    login(&world, &["--profile", "plain", "--insecure-storage"]).await;
    commands(&world, &folder, &mut figures);
    race(&world, &peer, &mut figures).await;
    desktop(&world, &folder, &mut figures).await;
    report(&folder, &figures)
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

/// Whole commands, by hyperfine, without a shell, warm.
fn commands(world: &World, folder: &Path, figures: &mut Vec<Figure>) {
    let kiro = program("kiro").display().to_string();
    let floor = folder.join("floor").display().to_string();
    let boto = format!(
        "{} {}",
        python().display(),
        checkout().join("scripts/speed/boto_token.py").display()
    );
    prepare_peers(world);
    let measured: Vec<(&str, String, Option<f64>, f64)> = vec![
        // what, command, limit in floors, limit in milliseconds
        (
            "the floor: a Rust program that prints a line",
            floor,
            None,
            f64::MAX,
        ),
        (
            "`kiro auth token`, plain key",
            format!("{kiro} auth token --profile plain"),
            Some(2.0),
            f64::MAX,
        ),
        (
            "`kiro auth token`, key from the keyring",
            format!("{kiro} auth token --profile ring"),
            None,
            4.5,
        ),
        (
            "`kiro auth status`",
            format!("{kiro} auth status --profile plain"),
            None,
            f64::MAX,
        ),
        (
            "`oidc token` (crate `oidc-cli`)",
            "oidc token acme".to_owned(),
            None,
            f64::MAX,
        ),
        (
            "`secret-tool lookup`",
            "secret-tool lookup app bench".to_owned(),
            None,
            f64::MAX,
        ),
        (
            "`gh auth token`",
            "gh auth token".to_owned(),
            None,
            f64::MAX,
        ),
        ("botocore's SSO token provider", boto, None, f64::MAX),
    ];
    let there: Vec<_> = measured
        .into_iter()
        .filter(|(what, command, ..)| works(world, what, command))
        .collect();
    let json = folder.join("commands.json");
    let done = world
        .command("hyperfine")
        .args([
            "--shell=none",
            "--warmup=10",
            "--runs=50",
            "--style=none",
            "--export-json",
        ])
        .arg(&json)
        .args(there.iter().map(|(_, command, ..)| command))
        .stdout(Stdio::null())
        .status()
        .expect("hyperfine runs");
    assert!(done.success(), "each command succeeds each time");
    let results: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let medians: Vec<f64> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["median"].as_f64().unwrap() * 1000.0)
        .collect();
    for ((what, _, floors, most), median) in there.into_iter().zip(&medians) {
        let limit = floors.map_or(most, |floors| floors * medians[0]);
        figures.push(Figure {
            what: what.to_owned(),
            value: *median,
            unit: "ms",
            limit: (limit < f64::MAX).then_some(limit),
        });
    }
    figures.push(Figure {
        what: "memory of `kiro auth token`".to_owned(),
        value: peak(world, &[&kiro, "auth", "token", "--profile", "plain"]),
        unit: "MiB",
        limit: Some(5.0),
    });
}

/// Gives each of the other tools something valid to print.
fn prepare_peers(world: &World) {
    fs::create_dir_all(world.path(".config/gh")).unwrap();
    fs::write(
        world.path(".config/gh/hosts.yml"),
        "github.com:\n    user: aiko\n    oauth_token: gho_0123456789abcdef0123456789abcdef0123\n",
    )
    .unwrap();
    fs::create_dir_all(world.path(".config/oidc")).unwrap();
    fs::write(
        world.path(".config/oidc/config.yaml"),
        "clients:\n  acme:\n    issuer_url: https://login.acme.example\n    type: !Public\n      client_id: c\n    state:\n      access_token: a-token\n      id_token: null\n      refresh_token: null\n      expires: 2099-01-01T00:00:00Z\n",
    )
    .unwrap();
    let store = "printf secret | secret-tool store --label=bench app bench";
    assert!(
        world
            .command("sh")
            .args(["-c", store])
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir_all(world.path(".aws/sso/cache")).unwrap();
    fs::write(
        world.path(".aws/config"),
        "[profile acme]\nsso_session = acme\n[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
    )
    .unwrap();
    let cached = json!({ "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1", "accessToken": "a-token", "expiresAt": "2099-01-01T00:00:00Z" });
    // SHA-1 of the session's name.
    fs::write(
        world.path(".aws/sso/cache/293abb6b76d7791c0732cc517d38c4b5c734b87f.json"),
        cached.to_string(),
    )
    .unwrap();
}

fn works(world: &World, what: &str, command: &str) -> bool {
    let mut words = command.split(' ');
    let output = world
        .command(words.next().unwrap())
        .args(words)
        .stdin(Stdio::null())
        .output();
    let fine = output
        .as_ref()
        .is_ok_and(|output| output.status.success() && !output.stdout.is_empty());
    assert!(fine || !what.contains("kiro"), "{what}: {output:?}");
    if !fine {
        println!("not measured, it does not run here: {what}");
    }
    fine
}

/// The most memory that a command had, in MiB, by GNU time: a parent of ours would count as the child's until it executes.
fn peak(world: &World, words: &[&str]) -> f64 {
    let output = world
        .command("/usr/bin/time")
        .args(["--format=%M"])
        .args(words)
        .output()
        .expect("time runs");
    let text = String::from_utf8(output.stderr).unwrap();
    text.trim().parse::<f64>().expect("kilobytes") / 1024.0
}

/// 50 processes find the token ended; refresh tokens rotate, and using one twice would end the session.
async fn race(world: &World, peer: &Peer, figures: &mut Vec<Figure>) {
    peer.control(json!({ "at_ttl": 1 })).await;
    login(world, &["--profile", "race", "--insecure-storage"]).await;
    let mut spent = Vec::new();
    for _ in 0..5 {
        until("the access token ends", async || {
            let status = world.kiro(&["auth", "status", "--json", "--profile", "race"]);
            let status: Value = serde_json::from_slice(&status.stdout).ok()?;
            let ends: jiff::Timestamp = status["account"]["expires_at"].as_str()?.parse().ok()?;
            (jiff::Timestamp::now() > ends).then_some(())
        })
        .await;
        let before = peer
            .control(json!({ "next_token": [{ "slow_ms": LATENCY.as_millis() }] }))
            .await;
        let begun = Instant::now();
        let running: Vec<Child> = (0..50)
            .map(|_| {
                let mut kiro = world.command(program("kiro").to_str().unwrap());
                kiro.args(["auth", "token", "--profile", "race"]);
                kiro.stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let said: Vec<_> = running
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .collect();
        spent.push(begun.elapsed().as_secs_f64() * 1000.0);
        assert!(
            said.iter()
                .all(|each| each.status.success() && each.stdout == said[0].stdout),
            "50 equal tokens"
        );
        let after = peer.control(json!({})).await;
        let requests = |seen: &Value| seen["grants"]["refresh_token"].as_i64().unwrap_or(0);
        assert_eq!(requests(&after) - requests(&before), 1, "one token request");
    }
    figures.push(Figure {
        what: "50 × `kiro auth token` at once, token ended, provider answers in 50 ms: one request, 50 equal tokens".to_owned(),
        value: median(spent),
        unit: "ms",
        limit: Some((LATENCY + Duration::from_millis(100)).as_secs_f64() * 1000.0),
    });
}

/// The app's start and weight beside an empty window of the same toolkit, turn by turn.
async fn desktop(world: &World, folder: &Path, figures: &mut Vec<Figure>) {
    let (mut ours, mut empty) = (Vec::new(), Vec::new());
    let (mut weight, mut least, mut busy) = (0.0, 0.0, 0.0);
    for turn in 0..6 {
        let begun = Instant::now();
        let mut window = world
            .command(folder.join("window").to_str().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(window.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        if turn == 5 {
            tokio::time::sleep(Duration::from_secs(3)).await;
            least = memory(window.id());
        }
        end(&mut window);
        let log = world.path("kiro/logs/desktop.log");
        drop(fs::remove_file(&log));
        let started = Instant::now();
        let mut app = world
            .desktop()
            .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
            .env("KIRO_LOG", "kiro_desktop=debug")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !fs::read_to_string(&log).is_ok_and(|text| text.contains("page loaded")) {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the page loads"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let loaded = started.elapsed().as_secs_f64() * 1000.0;
        if turn == 5 {
            tokio::time::sleep(Duration::from_secs(10)).await; // the web view tidies up after the page
            weight = memory(app.id());
            let before = ticks(app.id());
            tokio::time::sleep(Duration::from_secs(20)).await;
            busy = (ticks(app.id()) - before) / 20.0;
        }
        end(&mut app);
        if turn > 0 {
            empty.push(took);
            ours.push(loaded);
        }
    }
    let (ours, empty) = (median(ours), median(empty));
    let mut add = |what: &str, value, unit, limit| {
        figures.push(Figure {
            what: what.to_owned(),
            value,
            unit,
            limit,
        })
    };
    add(
        "an empty WebKitGTK window: load finished",
        empty,
        "ms",
        None,
    );
    add("the app: load finished", ours, "ms", Some(empty + 150.0));
    add(
        "an empty WebKitGTK window: memory (PSS of all its processes)",
        least,
        "MiB",
        None,
    );
    add("the app: memory", weight, "MiB", Some(least + 30.0));
    // One tick of the kernel's clock in twenty seconds is 0.05 %.
    add("the app, idle: processor", busy, "%", Some(0.2));
}

fn end(child: &mut Child) {
    for process in family(child.id()).into_iter().rev() {
        drop(
            Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .stderr(Stdio::null())
                .status(),
        );
    }
    drop(child.wait());
}

/// A process and all below it.
fn family(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((
                process,
                text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?,
            ))
        })
        .collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, above)| *above == parent)
                .map(|(process, _)| process),
        );
        next += 1;
    }
    found
}

/// The proportional set size of a family, in MiB.
fn memory(root: u32) -> f64 {
    let one = |process: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    family(root).iter().filter_map(one).sum::<f64>() * 1024.0 / MIB
}

/// The processor time of a family, in hundredths of a second.
fn ticks(root: u32) -> f64 {
    let one = |process: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let words: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        Some(words.get(11)?.parse::<f64>().ok()? + words.get(12)?.parse::<f64>().ok()?)
    };
    family(root).iter().filter_map(one).sum()
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
        } = figure;
        let shown = |value: f64| {
            if value < 10.0 {
                format!("{value:.2} {unit}")
            } else {
                format!("{value:.0} {unit}")
            }
        };
        let limit = limit.map_or(String::new(), |limit| format!("≤ {}", shown(limit)));
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
        "\n`make bench`, {day}, Debian 12, {processors} cores, release build; medians, warm."
    )
    .unwrap();
    fs::write(folder.join("figures.md"), table).unwrap();
    let missed = figures.iter().filter(|figure| figure.missed()).count();
    println!("{} figures, {missed} over their limit", figures.len());
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
