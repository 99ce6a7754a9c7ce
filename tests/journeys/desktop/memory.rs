//! A closed window gives its memory back (about 120 MiB of it outlive a destroyed window): the app goes on in the tray as one small process.

use kiro_tests::{Keyring, Tray, World, children_of, until};

/// What a closed window may leave, in MiB; an open one takes three times that.
const CLOSED: u64 = 80;

#[tokio::test]
async fn a_closed_window_leaves_one_small_process_and_the_tray() {
    let world = World::new(Keyring::Absent);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Open Kiro").await;
    let hidden = world.memory_of(world.desktop_processes()[0]);
    let mut first = None;
    for round in 0..3 {
        tray.says("Open Kiro").await;
        tray.press("Open Kiro");
        until("the window is there", async || {
            world.has_window().then_some(())
        })
        .await;
        // A helper that is about to start is for a moment the app once more.
        let app = until("one app is there", async || {
            let [app] = world.desktop_processes()[..] else {
                return None;
            };
            Some(app)
        })
        .await;
        until("WebKit's helpers run", async || {
            (!children_of(app).is_empty()).then_some(())
        })
        .await;
        world.close_window();
        until("the helpers are gone and reaped", async || {
            (!world.has_window()
                && world.desktop_processes() == [app]
                && children_of(app).is_empty())
            .then_some(())
        })
        .await;
        tray.says("Open Kiro").await;
        let memory = world.memory_of(app);
        assert!(
            (1..=CLOSED).contains(&memory),
            "round {round}: {memory} MiB, {hidden} MiB before any window"
        );
        // One that starts has a few more open for a moment; those that pile up stay.
        let most = *first.get_or_insert_with(|| world.descriptors_of(app)) + 1;
        until("descriptors do not pile up", async || {
            (world.descriptors_of(app) <= most).then_some(())
        })
        .await;
    }
}
