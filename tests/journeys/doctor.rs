//! `kiro doctor`: each fault is put in, found, and gone after its remedy.

use std::process::Output;

use kiro_tests::{Keyring, Peer, World, python};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste, said, signed_in};

fn report(world: &World) -> (Option<i32>, Value) {
    world.needs_ports();
    let output = world.kiro(&["doctor", "--json"]);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("a report: {}", said(&output)));
    (output.status.code(), report)
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

fn sh(world: &World, script: &str) {
    let output = world
        .command("sh")
        .args(["-euc", script])
        .env("F", world.path("kiro/credentials.json"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}", said(&output));
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_healthy_computer_has_no_problem_and_says_what_its_server_offers() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let before = world.kiro(&["doctor"]);
    assert_eq!(before.status.code(), Some(0), "{}", printed(&before));
    assert!(printed(&before).contains("nothing is stored yet"));
    let words = ["auth", "login", "--sso", "--no-browser"];
    let output = paste(world.start_kiro(&words), "aiko").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let files = world.credentials();
    let (code, report) = report(&world);
    assert_eq!(
        (code, &report["problems"]),
        (Some(0), &json!(0)),
        "{report}"
    );
    let server = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == "server")
        .unwrap();
    assert_eq!(
        [
            &server["pkce"],
            &server["device_flow"],
            &server["revocation"]
        ],
        [&json!(true), &json!(true), &json!(true)]
    );
    assert_eq!(world.credentials(), files, "the doctor changes nothing");
}

/// A fault as a shell script, the exit code, the code, and whether its printed remedy is a command that heals.
const FILES: [(&str, i32, &str, bool); 12] = [
    ("chmod 644 $F", 6, "not_private", true),
    ("chmod 777 $KIRO_HOME", 6, "not_private", true),
    (
        "cp -p $F $KIRO_HOME/registrations/a.json; chmod 644 $KIRO_HOME/registrations/a.json",
        6,
        "not_private",
        true,
    ),
    (
        "chmod 622 $KIRO_HOME/organizations.toml",
        6,
        "not_private",
        true,
    ),
    ("mv $F $F.x; ln -s $F.x $F", 6, "not_private", true),
    (
        "cp -p $F $F.x; rm $F; mkfifo -m 600 $F",
        6,
        "not_private",
        false,
    ),
    (
        "cp -p $F $F.x; printf '{' > $F; printf '{' > $F.bak",
        6,
        "file_damaged",
        false,
    ),
    (
        "cp -p $F $F.x; sed -i 's/\"min_reader\":1/\"min_reader\":99/; s/\"min_reader\": 1/\"min_reader\": 99/' $F",
        6,
        "file_newer",
        false,
    ),
    ("rm $KIRO_HOME/key", 3, "key_gone", false),
    (
        "echo 'nonsense' >> $KIRO_HOME/organizations.toml",
        7,
        "organizations_invalid",
        false,
    ),
    (
        "umask 022; echo > $KIRO_HOME/settings.toml",
        6,
        "not_private",
        true,
    ),
    (
        "umask 077; echo 'language = \"de\"' > $KIRO_HOME/settings.toml",
        7,
        "organizations_invalid",
        false,
    ),
];

#[tokio::test]
async fn every_fault_of_a_file_is_found_and_its_remedy_heals_it() {
    let peer = Peer::okta(30);
    let world = signed_in(&peer).await;
    let twice = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(twice.status.code(), Some(0), "{}", said(&twice));
    sh(&world, "cp -a $KIRO_HOME $HOME/saved");
    for (fault, code, word, heals) in FILES {
        sh(&world, fault);
        let (exit, found) = report(&world);
        assert_eq!(
            (exit, codes(&found)),
            (Some(code), vec![word]),
            "{fault}: {found}"
        );
        let text = printed(&world.kiro(&["doctor"]));
        let fix = text
            .lines()
            .skip_while(|line| !line.starts_with('✗'))
            .find_map(|line| line.trim().strip_prefix("fix: "))
            .unwrap_or_else(|| panic!("{fault}: a remedy in {text}"));
        if heals {
            sh(&world, fix);
            assert_eq!(report(&world).0, Some(0), "{fault} heals by {fix}");
        }
        sh(&world, "rm -rf $KIRO_HOME; cp -a $HOME/saved $KIRO_HOME");
    }
    sh(&world, "printf '{' > $F");
    let (exit, found) = report(&world);
    assert_eq!((exit, codes(&found)), (Some(0), Vec::new()), "{found}");
    assert!(
        found["findings"].to_string().contains("recovered"),
        "{found}"
    );
}

#[tokio::test]
async fn a_locked_and_an_absent_keyring_are_told_apart() {
    let rows = [
        (Keyring::Locked, "keyring_locked"),
        (Keyring::Absent, "no_keyring"),
    ];
    for (keyring, word) in rows {
        let world = World::new(keyring);
        let (exit, found) = report(&world);
        assert_eq!((exit, codes(&found)), (Some(6), vec![word]), "{found}");
    }
}

#[tokio::test]
async fn what_is_wrong_between_here_and_the_server_is_named() {
    let peer = Peer::okta(30);
    let mut world = signed_in(&peer).await;
    for (seconds, exit, level) in [
        (38, 0, "warning"),
        (7200, 5, "problem"),
        (-7200, 5, "problem"),
    ] {
        peer.control(json!({ "clock": seconds })).await;
        let (code, found) = report(&world);
        let clock = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["check"] == "clock")
            .unwrap();
        assert_eq!(
            (code, &clock["level"]),
            (Some(exit), &json!(level)),
            "{found}"
        );
    }
    peer.control(json!({ "clock": 0, "tamper": "discovery_issuer" }))
        .await;
    assert_eq!(codes(&report(&world).1), ["wrong_issuer"]);
    peer.control(json!({ "tamper": null })).await;
    sh(
        &world,
        "printf '[Desktop Entry]\\nType=Application\\nName=Kiro IDE\\nExec=true %%u\\nMimeType=x-scheme-handler/kiro;\\n' > .local/share/applications/ide.desktop; xdg-mime default ide.desktop x-scheme-handler/kiro",
    );
    let text = printed(&world.kiro(&["doctor"]));
    assert!(text.contains("opened by another app: Kiro IDE"), "{text}");
    sh(
        &world,
        "sed -i 's|^Exec=.*|Exec=/opt/gone/ide %u|' .local/share/applications/ide.desktop",
    );
    let text = printed(&world.kiro(&["doctor"]));
    assert!(
        text.contains("their program is missing or cannot be started: /opt/gone/ide")
            && text.contains("fix: install Kiro IDE again"),
        "{text}"
    );
    world.take_ports(&kiro_tests::REGISTERED);
    assert_eq!(codes(&report(&world).1), ["ports_taken"]);
    drop(peer);
    let (exit, found) = report(&world);
    assert_eq!(
        (exit, codes(&found)),
        (Some(5), vec!["ports_taken", "unreachable"]),
        "{found}"
    );
}

#[tokio::test]
async fn an_identity_center_is_asked_by_the_client_that_is_there_and_keeps_no_trace() {
    let (peer, world) = crate::aws::at_identity_center().await;
    let registered = async || peer.control(json!({})).await["registrations"].clone();
    let before = registered().await;
    for _ in 0..2 {
        let (exit, found) = report(&world);
        assert_eq!((exit, codes(&found)), (Some(0), Vec::new()), "{found}");
    }
    peer.control(json!({ "clock": -7200 })).await;
    let (exit, found) = report(&world);
    assert_eq!((exit, codes(&found)), (Some(5), vec!["clock"]), "{found}");
    peer.control(json!({ "clock": 0, "start_url": "https://other.awsapps.com/start" }))
        .await;
    let (exit, found) = report(&world);
    assert_eq!(
        (exit, codes(&found)),
        (Some(7), vec!["wrong_region"]),
        "{found}"
    );
    assert_eq!(registered().await, before);
    // Nobody is signed in: it is looked at all the same, and no client is registered for that.
    let logout = world.kiro(&["auth", "logout", "--all"]);
    assert_eq!(logout.status.code(), Some(0), "{}", said(&logout));
    let text = printed(&world.kiro(&["doctor"]));
    assert!(text.contains("ms · PKCE S256, device flow yes"), "{text}");
    assert_eq!(registered().await, before);
}

/// A server for `python -c`: its certificate is signed by nobody whom this computer knows.
const GATEWAY: &str = "import http.server, ssl
server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('gateway.pem', 'gateway.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()";

#[tokio::test]
async fn who_inspects_the_connection_is_named() {
    let mut world = World::new(Keyring::Absent);
    sh(
        &world,
        "mkdir -m 700 $KIRO_HOME
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/O=Acme Web Gateway' 2>/dev/null
        openssl req -newkey rsa:2048 -nodes -keyout gateway.key -out gateway.csr -subj '/CN=localhost' 2>/dev/null
        echo subjectAltName=DNS:localhost > names
        openssl x509 -req -in gateway.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out gateway.pem 2>/dev/null",
    );
    let port = world.start_and_read(&[python().to_str().unwrap(), "-c", GATEWAY]);
    let settings = format!(
        "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://localhost:{port}\"\nclient_id = \"c\"\nsupport_contact = \"it-help@acme.com\"\n"
    );
    std::fs::write(world.path("kiro/organizations.toml"), settings).unwrap();
    sh(&world, "chmod 600 $KIRO_HOME/organizations.toml");
    let text = printed(&world.kiro(&["doctor"]));
    assert!(
        text.contains("The connection is inspected by \"Acme Web Gateway\"")
            && text.contains("fix: Ask it-help@acme.com for the CA file"),
        "{text}"
    );
    // With the company's authority in place the server is trusted, and is no sign-in server.
    sh(
        &world,
        "printf '[network]\\nca_file = \"%s\"\\n' $HOME/ca.pem >> $KIRO_HOME/organizations.toml",
    );
    let (_, found) = report(&world);
    assert_eq!(
        codes(&found),
        ["no_keyring", "not_an_identity_provider"],
        "{found}"
    );
    let at = format!("https://localhost:{port}");
    let document = json!({
        "issuer": at, "authorization_endpoint": format!("{at}/a"), "token_endpoint": format!("{at}/t"),
        "jwks_uri": format!("{at}/ca.pem"), "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
    });
    std::fs::create_dir(world.path(".well-known")).unwrap();
    std::fs::write(
        world.path(".well-known/openid-configuration"),
        document.to_string(),
    )
    .unwrap();
    let text = printed(&world.kiro(&["doctor"]));
    assert!(
        text.contains("TLS 1.3, issuer Acme Web Gateway, proxy none"),
        "{text}"
    );
}

#[tokio::test]
async fn the_report_says_what_is_in_it_and_holds_no_secret() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    let login = world.start_kiro_with(&LOGIN, &[("KIRO_LOG", "trace")]);
    let output = paste(login, "aiko").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let export = ["doctor", "--export", "report.zip"];
    let output = world.kiro(&export);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let parts = ["report.json", "organizations.toml", "logs/kiro.log"];
    assert!(
        parts.iter().all(|part| said(&output).contains(part)),
        "{}",
        said(&output)
    );
    let script = "import sys, zipfile\nz = zipfile.ZipFile('report.zip')\nfor name in z.namelist(): print(name); sys.stdout.buffer.write(z.read(name))";
    let unpacked = world
        .command(python().to_str().unwrap())
        .args(["-c", script])
        .output()
        .unwrap();
    let text = printed(&unpacked);
    assert!(
        parts.iter().all(|part| text.contains(part)),
        "{}",
        said(&unpacked)
    );
    let seen = peer.control(json!({})).await;
    for secret in seen["secrets"].as_array().unwrap() {
        assert!(
            !text.contains(secret.as_str().unwrap()),
            "a secret in the report"
        );
    }
    let again = world.kiro(&export);
    assert_eq!(again.status.code(), Some(6), "nothing is overwritten");
}
