//! Forged callbacks during a sign-in (THREATS.md T2): nothing changes, and the genuine one still wins.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use kiro_sign_in::{Received, Step, Via, begin, receive};

use crate::world::World;

const FORGED: usize = 10_000;
/// Far less than a byte for each forged callback would come to, were its text kept.
const MEMORY: usize = 2 * 1024 * 1024;

/// The forms a web page or another program could think of.
fn forged(number: usize, id: &str) -> String {
    match number % 8 {
        0 => format!("kiro://kiro.oauth/callback?code=evil&state=forged-{number}"),
        1 => format!("kiro://kiro.oauth/callback?error=access_denied&state=forged-{number}"),
        2 => format!("kiro://kiro.oauth/callback?code=evil&state={id}"), // the public name is no state
        3 => format!("http://localhost:3128/oauth/callback?code=evil&state=forged-{number}"),
        4 => format!("kiro://open?attempt={number:064x}"),
        5 => format!("kiro://kiro.oauth/callback?code=evil&state=../../{number}"),
        6 => format!(
            "kiro://kiro.oauth/callback?code={}&state=forged-{number}",
            "x".repeat(8_000)
        ),
        _ => format!("kiro://kiro.oauth/callback?state=a&state={number}&code=evil"),
    }
}

/// Every file of this computer's home, and when it changed.
fn files(world: &World) -> Vec<(std::path::PathBuf, SystemTime)> {
    let changed = |path: &std::path::PathBuf| path.metadata().unwrap().modified().unwrap();
    ["", "sign-ins", "locks", "registrations"]
        .into_iter()
        .flat_map(|folder| world.files(folder))
        .map(|path| (path.clone(), changed(&path)))
        .collect()
}

/// The memory of this process, in bytes.
pub(crate) fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test]
async fn ten_thousand_forged_callbacks_change_nothing_and_the_real_one_wins() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    let genuine = world.callback(attempt.url(), "code=c1");
    let (handle, id) = (attempt.handle(), attempt.id().to_string());
    let other = world.another_process();
    let flood = async |count| {
        for number in 0..count {
            let text = forged(number, &id);
            let received = receive(&other, &text).await;
            assert!(
                matches!(received, Received::NotOurs),
                "{text:.80}: {received:?}"
            );
            assert!(handle.offer(&text).is_err(), "{text:.80}");
        }
    };
    flood(1_000).await; // whatever is made at the first use is made now
    let asked = world.provider.requests.load(Ordering::SeqCst);
    let (files_before, memory) = (files(&world), resident());
    flood(FORGED).await;
    assert_eq!(
        world.provider.requests.load(Ordering::SeqCst),
        asked,
        "nobody was asked"
    );
    assert_eq!(files(&world), files_before, "no file was touched");
    // Tests of one process share its memory; run alone, as they are by nextest, this one says something of it.
    if std::env::var_os("NEXTEST").is_some() {
        let grown = resident().saturating_sub(memory);
        assert!(grown < MEMORY, "{grown} bytes more");
    }
    assert_eq!(*handle.step().borrow(), Step::Waiting);

    let (result, received) = tokio::join!(attempt.wait(&world.context), receive(&other, &genuine));
    assert!(matches!(received, Received::Left(_)), "{received:?}");
    assert_eq!(result.unwrap().name.as_deref(), Some("Aiko Tanaka"));
}
