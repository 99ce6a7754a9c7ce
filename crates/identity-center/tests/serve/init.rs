//! `kiro-identity-center init`: what it makes, and what it leaves alone.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::computer::Computer;
use super::program::Program;

#[test]
fn a_trial_in_a_folder_leaves_the_computer_s_settings_alone() {
    let computer = Computer::new();
    let data = computer.path("data");
    let installed = Path::new("/etc/kiro-identity-center/config.toml");
    let was_there = installed.exists();
    let (code, said, talk) = computer.run(&["init", "--url", &computer.url, "--data", &data]);
    assert_eq!((code, talk.as_str()), (0, ""), "{said}");
    assert_eq!(installed.exists(), was_there);
    assert!(!said.contains("config.toml"), "{said}");
    let listen = computer.url.strip_prefix("http://").unwrap();
    let serve = format!(
        "serve --data {data} --url {} --listen {listen}",
        computer.url
    );
    assert!(said.contains(&serve), "{said}");
    let mut command = computer.command(&serve.split(' ').collect::<Vec<_>>());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    assert!(Program::of(command).stop("TERM").0.success());

    let named = computer.path("named.toml");
    let mut command = computer.command(&["init", "--url", &computer.url, "--data", &data]);
    let output = command.env("KIRO_IC_SETTINGS", &named).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with(&format!("Created {named}\n")), "{said}");
    assert!(Path::new(&named).exists());
}

#[test]
fn a_reader_that_goes_away_leaves_no_set_up_half_done() {
    let computer = Computer::new();
    let data = computer.path("data");
    let init = ["init", "--url", &computer.url, "--data", &data];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = computer.command(&init);
    let output = command.stdout(writer).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), talk.as_str()), (Some(0), ""));
    let (code, said, _) = computer.run(&init);
    assert_eq!(code, 0);
    assert!(
        said.contains("First administrator: the link that was made is good until"),
        "{said}"
    );
}

#[test]
fn what_init_cannot_do_is_said_and_nothing_is_made() {
    let computer = Computer::new();
    let (settings, data) = (computer.path("etc/config.toml"), computer.path("data"));
    let check = |arguments: &[&str], expected: &str| {
        let all = [
            &["init", "--settings", &settings, "--data", &data],
            arguments,
        ]
        .concat();
        let (code, said, talk) = computer.run(&all);
        assert_eq!((code, said.as_str()), (1, ""), "{arguments:?}");
        assert!(talk.contains(expected), "{arguments:?}: {talk}");
    };
    check(
        &["--url", "http://id.acme.example"],
        "is no address for the service",
    );
    check(
        &["--url", "https://id.acme.example/?x"],
        "is no address for the service",
    );
    check(
        &[
            "--url",
            "https://id.acme.example",
            "--organization",
            "Acme GmbH",
        ],
        "is no short name",
    );
    assert!(!Path::new(&settings).exists());
    drop(computer.init(&[]));
    check(
        &["--url", "https://id.acme.example"],
        "The settings have another `url`",
    );
    let address = format!("{}/", computer.url);
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.contains(&address), "{text}");
}
