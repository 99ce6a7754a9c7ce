//! Whom the programs connect to, by the kernel's word: docs/hosts.md is the list.

use std::collections::BTreeSet;

use kiro_tests::{Keyring, Peer, Person, REGISTERED, Tray, World, namespaces, program, until};
use serde_json::json;
use url::Url;

use crate::paste::{WITH_KEYRING, paste, said};
use crate::residency::{confined, kept};

/// The calls by which anything leaves a program.
const CALLS: [&str; 2] = ["-e", "trace=connect,sendto,sendmsg,sendmmsg"];

/// An address, and a port there.
type Place = (String, u16);

/// Every internet address that was tried.
fn tried(log: &str) -> BTreeSet<Place> {
    let mut tried = BTreeSet::new();
    for line in log.lines() {
        let families = [
            ("sin_port=htons(", "inet_addr(\""),
            ("sin6_port=htons(", "inet_pton(AF_INET6, \""),
        ];
        for (port, address) in families {
            let Some((_, rest)) = line.split_once(port) else {
                continue;
            };
            let (port, rest) = rest.split_once(')').unwrap();
            let (_, rest) = rest.split_once(address).unwrap();
            let (address, _) = rest.split_once('"').unwrap();
            tried.insert((address.to_owned(), port.parse().unwrap()));
        }
    }
    tried
}

fn places(peers: &[&Peer]) -> BTreeSet<Place> {
    let port = |peer: &&Peer| Url::parse(peer.word("origin")).unwrap().port().unwrap();
    peers
        .iter()
        .map(|peer| ("127.0.0.1".to_owned(), port(peer)))
        .collect()
}

#[tokio::test]
async fn the_desktop_connects_to_the_sign_in_server_and_to_nobody_else() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    world.only_note_addresses();
    let mut tray = Tray::new(&world);
    let log = world.path("desktop.strace");
    let mut strace = vec!["strace", "-f", "-qq", "-o", log.to_str().unwrap()];
    strace.extend(CALLS);
    let (_app, mut strace) = world.start_hidden_by(&strace);
    tray.says("Not signed in").await;
    tray.press("Open Kiro");
    world.sees_window("under-strace").await;
    peer.control(json!({ "at_ttl": 4 })).await;
    tray.press("Sign in with SSO");
    let callback = Person::new("aiko").callback(&world.opened().await).await;
    assert!(callback.starts_with("kiro://"), "{callback}");
    let second = world.desktop().arg(&callback).output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    tray.says("Aiko Tanaka · ").await;
    world.focus_window();
    until(
        "the session's health is asked for, and it is renewed",
        async || {
            let seen = peer.control(json!({})).await;
            let renewed = seen["grants"]["refresh_token"].as_u64() >= Some(1);
            (renewed && seen["introspections"] != 0).then_some(())
        },
    )
    .await;
    tray.press("Sign out");
    tray.says("Not signed in").await;
    until("the tokens are revoked", async || {
        (peer.control(json!({})).await["revocations"] == 2).then_some(())
    })
    .await;
    world.crash_desktop().await;
    until("strace has written it all", async || {
        strace.try_wait().unwrap()
    })
    .await;
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(tried(&log), places(&[&peer]));
}

#[tokio::test]
async fn a_sign_in_at_entra_id_its_renewal_and_its_end_connect_to_its_authority_alone() {
    let peer = Peer::entra(None);
    let world = World::new(Keyring::Unlocked);
    world.add_entra(&peer);
    peer.control(json!({ "at_ttl": 1 })).await;
    let log = world.path("login.strace");
    let kiro = program("kiro");
    let mut words = vec!["-f", "-qq", "-o", log.to_str().unwrap()];
    words.extend(CALLS);
    words.push(kiro.to_str().unwrap());
    words.extend(WITH_KEYRING);
    let login = paste(world.start_program("strace", &words, &[]), "aiko").await;
    assert_eq!(login.status.code(), Some(0), "{}", said(&login));
    world.token_ended().await;
    let expected = places(&[&peer]);
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(tried(&log), expected, "the sign-in");
    for words in [["auth", "token"], ["auth", "logout"]] {
        let (output, log) = world.traced_kiro(&CALLS, &words);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(tried(&log), expected, "{words:?}");
    }
}

#[tokio::test]
async fn the_doctor_connects_to_each_sign_in_server_and_to_its_own_listener() {
    let (okta, entra, aws) = (Peer::okta(30), Peer::entra(None), Peer::aws());
    let world = World::new(Keyring::Unlocked);
    let tenant = entra.word("issuer").rsplit('/').nth(1).unwrap();
    let (issuer, authority) = (okta.word("issuer"), entra.word("origin"));
    let (start_url, endpoint) = (aws.word("start_url"), aws.word("endpoint"));
    for (words, client) in [
        (vec!["okta", "one", "--issuer", issuer], Some(&okta)),
        (
            vec!["entra", "two", "--tenant", tenant, "--authority", authority],
            Some(&entra),
        ),
        (
            vec![
                "identity-center",
                "three",
                "--start-url",
                start_url,
                "--region",
                aws.word("region"),
                "--endpoint",
                endpoint,
            ],
            None,
        ),
    ] {
        let client = client.map(|peer| ["--client-id", peer.word("client_id")]);
        let words = [
            &["org", "add"],
            &words[..],
            client.as_slice().as_flattened(),
        ]
        .concat();
        let added = world.kiro(&words);
        assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    }
    world.needs_ports();
    let (output, log) = world.traced_kiro(&CALLS, &["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let expected = places(&[&okta, &entra, &aws]);
    let (own, others): (BTreeSet<_>, BTreeSet<_>) = tried(&log)
        .into_iter()
        .partition(|place| !expected.contains(place));
    assert_eq!(others, expected);
    let here = |(address, port): &Place| {
        ["127.0.0.1", "::1"].contains(&address.as_str()) && REGISTERED.contains(port)
    };
    assert!(!own.is_empty() && own.iter().all(here), "{own:?}");
}

const ORGANIZATIONS: &str = "[organizations.one]\nprovider = \"okta\"\nissuer = \"https://acme.okta.com/oauth2/default\"\nclient_id = \"0oakiro\"
[organizations.two]\nprovider = \"entra\"\ntenant = \"11111111-2222-4333-8444-555555555555\"\nclient_id = \"6f0d2b0e-0000-4000-8000-00000000c11e\"
[organizations.three]\nprovider = \"identity-center\"\nstart_url = \"https://acme.awsapps.com/start\"\nregion = \"eu-central-1\"\n";

#[test]
fn the_doctor_looks_up_and_reaches_for_the_names_on_the_list_alone() {
    if !namespaces() {
        return;
    }
    let world = World::new(Keyring::Absent);
    let authority = world.path("authority.pem");
    let network = format!("[network]\nproxy = \"none\"\nca_file = {authority:?}\n");
    kept(&world, "kiro/organizations.toml", ORGANIZATIONS);
    kept(&world, "kiro/settings.toml", &network);
    let doctor = json!({ "run": [program("kiro"), "doctor"] });
    let became = confined(&world, &[doctor]);
    let names = json!([
        "acme.okta.com",
        "login.microsoftonline.com",
        "oidc.eu-central-1.amazonaws.com"
    ]);
    let run = &became[0];
    assert_eq!((&run["names"], &run["hosts"]), (&names, &names), "{run}");
    let here = json!(["127.0.0.1", "::1"]);
    let addresses = run["addresses"].as_array().unwrap();
    let all = here.as_array().unwrap();
    assert!(addresses.iter().all(|one| all.contains(one)), "{run}");
}
