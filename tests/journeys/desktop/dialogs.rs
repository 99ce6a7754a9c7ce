//! The system's file dialogs: what is chosen in them is what the app uses.

use std::fs;
use std::path::Path;
use std::process::Command;

use kiro_tests::{Keyring, Peer, Window, World, until};
use serde_json::Value;

/// A certificate authority of its own, in this folder.
fn make_ca(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/O=Acme Web Gateway", "-keyout", "ca.key", "-out"])
        .arg("ca.pem")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn names_in(zip: &Path) -> String {
    let listed = Command::new("python3")
        .args(["-m", "zipfile", "--list"])
        .arg(zip)
        .output()
        .unwrap();
    String::from_utf8_lossy(&listed.stdout).into_owned()
}

fn report_in(zip: &Path) -> Value {
    let read =
        "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('report.json').decode())";
    let read = Command::new("python3").args(["-c", read]).arg(zip).output();
    serde_json::from_slice(&read.unwrap().stdout).unwrap()
}

/// A report without its program and what it measured.
fn lasting(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("program");
    for finding in report["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        for measured in ["milliseconds", "skew_seconds"] {
            finding.remove(measured);
        }
    }
    report
}

#[tokio::test]
async fn diagnostics_and_a_ca_file_go_where_and_come_from_where_the_person_says() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.start_accessibility();
    world.add_okta(&peer);
    make_ca(&world.path(""));
    let window = Window::open(&world).await;
    window.press_named("Settings").await;

    window.press("Export diagnostics").await;
    let dialog = "Export diagnostics";
    world.answer_dialog(dialog, &["cancel"]).await;
    window
        .says("Findings, organisations and logs. No tokens.")
        .await;
    let report = world.path("report for Aiko.zip");
    window.press("Export diagnostics").await;
    let asked = ["save", report.to_str().unwrap()];
    world.answer_dialog(dialog, &asked).await;
    window.says("Written: report.json, ").await;
    let told = world.kiro(&["doctor", "--json"]).stdout;
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert!(told["findings"].as_array().unwrap().len() > 5, "{told}");
    assert_eq!(lasting(report_in(&report)), lasting(told), "one report");
    let names = names_in(&report);
    assert!(names.contains("organizations.toml"), "{names}");

    let settings = || fs::read_to_string(world.path("kiro/settings.toml")).unwrap_or_default();
    let wanted = format!("ca_file = \"{}\"", world.path("ca.pem").display());
    let dialog = "Add CA file";
    window.press("Proxy and certificates").await;
    window.press("Add…").await;
    world.answer_dialog(dialog, &["open", "bus.conf"]).await;
    window.says("The CA file cannot be used").await;
    window.says("bus.conf").await;
    assert_eq!(settings(), "");
    window.press("Try again").await;
    world.answer_dialog(dialog, &["open", "ca.pem"]).await;
    until("the file is in use", async || {
        settings().contains(&wanted).then_some(())
    })
    .await;
    window.press("Proxy and certificates").await;
    window.says("ca.pem").await;
    window.picture("ca-file").await;
    window.press("Remove").await;
    until("it is no longer", async || {
        (!settings().contains("ca_file")).then_some(())
    })
    .await;
}
