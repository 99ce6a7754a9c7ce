//! A `credentials.json`, whatever became of it on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use kiro_credentials::{Home, Keys, Store};

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

pub(crate) fn run(data: &[u8]) {
    let home = Home::at(FOLDER.path().join("home"));
    home.ensure().unwrap();
    let path = home.credentials_file();
    fs::write(&path, data).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let before = listing(&home);
    let store = Store::new(home.clone(), Keys::new(&home), "fuzz/0");
    let told = format!("{:?}", store.read());
    assert_eq!(
        told,
        format!("{:?}", store.read()),
        "the same file, the same answer"
    );
    if let Ok(snapshot) = store.read() {
        for profile in snapshot.profiles.keys() {
            let _ = store.session(profile); // no key is there: an error, never a panic
            let _ = store.refresh_record(profile);
        }
    }
    assert_eq!(listing(&home), before, "readers write nothing");
    assert_eq!(fs::read(&path).unwrap(), data);
}

fn listing(home: &Home) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(home.root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}
