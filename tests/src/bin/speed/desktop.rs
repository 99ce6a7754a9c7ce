//! The app's window, beside an empty window of the same toolkit; what is left of it once it is closed; and how soon it says "signed in".

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kiro_tests::{Keyring, Peer, Person, Tray, Window, World, until};

use crate::processes::{end, family, memory, spent};
use crate::{Figure, RUNS, median};

/// How often each window is opened; the first time does not count.
const TURNS: usize = 1 + RUNS;
/// The web view tidies up after a page for so long.
const TIDYING: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);

/// Start, weight and idleness beside the empty window, turn by turn.
pub(crate) async fn measure(world: &World, folder: &Path, figures: &mut Vec<Figure>) {
    let (mut ours, mut empty) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let (mut window, took) = empty_window(world, folder);
        if turn + 1 < TURNS {
            end(&mut window);
        }
        let (mut app, loaded) = app(world).await;
        if turn > 0 {
            empty.push(took);
            ours.push(loaded);
        }
        if turn + 1 < TURNS {
            end(&mut app);
            continue;
        }
        // Both at once, so that they share what they can share, and whatever else the computer does meets both.
        tokio::time::sleep(TIDYING).await;
        let (least, weight) = (memory(window.id()), memory(app.id()));
        let before = (spent(window.id()), spent(app.id()));
        tokio::time::sleep(IDLE).await;
        let share = |spent: Duration| spent.as_secs_f64() * 100.0 / IDLE.as_secs_f64();
        let still = share(spent(window.id()).saturating_sub(before.0));
        let busy = share(spent(app.id()).saturating_sub(before.1));
        end(&mut app);
        end(&mut window);
        let (ours, empty) = (median(ours.clone()), median(empty.clone()));
        let mut add = |what: &str, value, unit, limit| {
            figures.push(Figure::new(what, value, unit, limit));
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
        add(
            "an empty WebKitGTK window, idle: processor",
            still,
            "%",
            None,
        );
        add("the app, idle: processor", busy, "%", Some(still + 0.1));
    }
}

/// The empty window, and how long its load took.
fn empty_window(world: &World, folder: &Path) -> (Child, f64) {
    let begun = Instant::now();
    let mut window = world
        .command(folder.join("window").to_str().unwrap())
        .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
        .env_remove("GDK_GL")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(window.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (window, begun.elapsed().as_secs_f64() * 1000.0)
}

/// The app with its window, and how long its load took.
async fn app(world: &World) -> (Child, f64) {
    let log = world.path("kiro/logs/desktop.log");
    drop(fs::remove_file(&log));
    let begun = Instant::now();
    let app = world
        .desktop()
        .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
        .env_remove("GDK_GL")
        .env("KIRO_LOG", "kiro_desktop=debug")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !fs::read_to_string(&log).is_ok_and(|text| text.contains("page loaded")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the page loads");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (app, begun.elapsed().as_secs_f64() * 1000.0)
}

/// What the app holds after its window was opened and closed once.
pub(crate) async fn closed(figures: &mut Vec<Figure>) {
    let world = World::new(Keyring::Absent);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Open Kiro").await;
    tray.press("Open Kiro");
    until("the window is there", async || {
        world.has_window().then_some(())
    })
    .await;
    // A program that it starts is for a moment another one of it.
    let app = until("one app", async || match world.desktop_processes()[..] {
        [app] => Some(app),
        _ => None,
    })
    .await;
    until("WebKit's helpers run", async || {
        (family(app).len() > 1).then_some(())
    })
    .await;
    world.close_window();
    until("one process is left", async || {
        (!world.has_window() && world.desktop_processes() == [app] && family(app) == [app])
            .then_some(())
    })
    .await;
    tray.says("Open Kiro").await;
    figures.push(Figure::new(
        "the app after its window was opened and closed: memory of its one process",
        memory(app),
        "MiB",
        Some(80.0),
    ));
}

/// From the callback's arrival at this computer to the page that says "signed in", painted. The provider answers at once; its few
/// milliseconds are in the figure.
pub(crate) async fn signed_in(peer: &Peer, figures: &mut Vec<Figure>) {
    let mut spent = Vec::new();
    for _ in 0..RUNS {
        let world = World::new(Keyring::Unlocked);
        world.add_okta(peer);
        let opened = world.path("opened");
        let noting = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
        let kinds = ["x-scheme-handler/http", "x-scheme-handler/https"];
        world.install_handler("browser", &noting, &kinds);
        let window = Window::open_unpictured(&world).await;
        window.press("Sign in with SSO").await;
        let address = until("the browser is opened", async || {
            let text = fs::read_to_string(&opened).ok()?;
            text.strip_suffix('\n').map(str::to_owned)
        })
        .await;
        let callback = Person::new("aiko").callback(&address).await;
        window.note_when_painted("Sign out of this computer").await;
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut link = world.desktop();
        let mut link = link.arg(&callback).stderr(Stdio::null()).spawn().unwrap();
        spent.push(window.painted().await - begun.as_secs_f64() * 1000.0);
        drop(link.wait());
    }
    figures.push(Figure::new(
        "from the callback to \"signed in\" on the screen, the provider's answers included",
        median(spent),
        "ms",
        Some(300.0),
    ));
}
