//! What the app leaves on the disk, and where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kiro_tests::{Keyring, Peer, World, until};

use crate::paste::{LOGIN, paste, said};

/// The registration for `kiro://` links, and what the system makes of it.
const REGISTRATION: [&str; 3] = [
    ".config/mimeapps.list",
    ".local/share/applications/kiro-sign-in.desktop",
    ".local/share/applications/mimeinfo.cache",
];

#[tokio::test]
async fn outside_its_home_the_app_leaves_the_links_registration_alone() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    let before = below(&world.path(""));
    let mut app = world
        .desktop()
        .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER")
        .spawn()
        .unwrap();
    world.sees_window("as-a-person-starts-it").await;
    let login = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(login.status.code(), Some(0), "{}", said(&login));
    until("the app knows", async || {
        let log = std::fs::read_to_string(world.path("kiro/logs/desktop.log")).ok()?;
        log.contains("account=\"signed in\"").then_some(())
    })
    .await;
    app.kill().unwrap();
    app.wait().unwrap();
    let ours = |path: &&PathBuf| {
        let tests = path.starts_with("run") || path.extension().is_some_and(|end| end == "log");
        !tests && !path.starts_with("kiro")
    };
    let found = below(&world.path(""));
    let left: BTreeSet<_> = found.difference(&before).filter(ours).collect();
    let expected = REGISTRATION.map(PathBuf::from);
    assert!(
        left.iter().all(|path| expected.contains(path)),
        "{left:?} outside KIRO_HOME"
    );
}

/// Every file and folder below `root`, by its path from there.
fn below(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            found.insert(entry.path().strip_prefix(root).unwrap().to_owned());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            }
        }
    }
    found
}
