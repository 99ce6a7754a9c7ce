//! What has to stay in the EU stays, by the real command on a computer that has no network: a namespace of its own, in which every
//! name that is looked up and every address that is tried is written down (`tests/peers/confined.py`).

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use kiro_tests::{Keyring, World, checkout, namespaces, program, python};
use serde_json::{Value, json};

const ORGANIZATION: &str = "[organizations.acme]\nprovider = \"identity-center\"\nstart_url = \"https://acme.awsapps.com/start\"\nregion = \"eu-central-1\"\n";
const INFERENCE: &str =
    "[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";
/// What the model says there.
const ANSWER: &str = "Once upon a time – 日本\n";

/// Has these steps done on a computer of its own, and returns what became of each run.
pub(crate) fn confined(world: &World, steps: &[Value]) -> Vec<Value> {
    let mut child = world
        .unshared(&["--net", "--mount"])
        .arg(python())
        .arg(checkout().join("tests/peers/confined.py"))
        .arg(world.path("authority.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Whoever could not begin says so on stderr.
    drop(stdin.write_all(json!(steps).to_string().as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "a network namespace is needed; where there is none: KIRO_TEST_WITHOUT_NAMESPACES=1\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn kept(world: &World, file: &str, text: &str) {
    fs::create_dir_all(world.path("kiro")).unwrap();
    fs::set_permissions(world.path("kiro"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(world.path(file), text).unwrap();
    fs::set_permissions(world.path(file), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn nothing_but_the_eu_is_looked_up_or_reached_for_where_data_has_to_stay_there() {
    if !namespaces() {
        return;
    }
    let world = World::new(Keyring::Absent);
    let stays = format!("{ORGANIZATION}residency = \"eu\"\n{INFERENCE}");
    let authority = world.path("authority.pem");
    let network = format!("[network]\nproxy = \"none\"\nca_file = {authority:?}\n");
    kept(&world, "kiro/organizations.toml", &stays);
    kept(&world, "kiro/settings.toml", &network);
    let kiro = program("kiro");
    let run = |words: &[&str], env: Value| {
        let words: Vec<_> = [kiro.to_str().unwrap()]
            .iter()
            .chain(words)
            .copied()
            .collect();
        json!({ "run": words, "env": env })
    };
    let away = |services: &[(&str, &str)]| {
        let address = |(name, service): &(&str, &str)| {
            let address = format!("https://{service}.us-east-1.amazonaws.com");
            (format!("AWS_ENDPOINT_URL_{name}"), json!(address))
        };
        Value::Object(services.iter().map(address).collect())
    };
    let model = away(&[("BEDROCK_RUNTIME", "bedrock-runtime")]);
    let all = away(&[
        ("SSO_OIDC", "oidc"),
        ("SSO", "portal.sso"),
        ("BEDROCK_RUNTIME", "bedrock-runtime"),
    ]);
    let login = ["auth", "login", "--sso", "--device", "--insecure-storage"];
    let ask = ["ask", "What is a monad?"];
    let elsewhere = ["ask", "--region", "us-east-1", "What is a monad?"];
    let file = world.path("kiro/organizations.toml");
    let credentials = world.path("kiro/credentials.json");
    let control = |peer: &str, asked: Value| json!({ "control": peer, "asked": asked });
    let busy = json!({ "status": 429, "kind": "ThrottlingException" });
    let steps = [
        run(&login, json!({})),
        run(&ask, json!({})),
        run(&elsewhere, json!({})),
        run(&ask, model.clone()),
        run(&["auth", "logout"], all.clone()),
        run(&login, all),
        // A session that is renewed on the way, and a busy model that is asked again.
        control("sso", json!({ "token_ttl": 1 })),
        run(&login, json!({})),
        json!({ "ended": credentials }),
        control("sso", json!({ "token_ttl": 3600 })),
        control("bedrock", json!({ "faults": [busy] })),
        run(&ask, json!({})),
        run(&["auth", "logout"], json!({})),
        // The same where nothing has to stay: then it is written down.
        json!({ "write": file, "text": format!("{ORGANIZATION}{INFERENCE}") }),
        run(&login, json!({})),
        run(&ask, model),
    ];
    let became = confined(&world, &steps);
    let at = |services: &[&str], region: &str| -> Value {
        let host = |service: &&str| json!(format!("{service}.{region}.amazonaws.com"));
        services.iter().map(host).collect()
    };
    let expected = [
        (0, at(&["oidc"], "eu-central-1")),
        (0, at(&["bedrock-runtime", "portal.sso"], "eu-central-1")),
        (4, json!([])),
        (4, json!([])),
        (0, json!([])),
        (4, json!([])),
        (0, at(&["oidc"], "eu-central-1")),
        (
            0,
            at(&["bedrock-runtime", "oidc", "portal.sso"], "eu-central-1"),
        ),
        (0, at(&["portal.sso"], "eu-central-1")),
        (0, at(&["oidc"], "eu-central-1")),
    ];
    for (run, (code, names)) in became.iter().zip(&expected) {
        assert_eq!(
            (&run["code"], &run["names"]),
            (&json!(code), names),
            "{run}"
        );
        assert_eq!(&run["hosts"], names, "{run}");
    }
    assert_eq!(became[1]["stdout"], ANSWER);
    assert_eq!(became[7]["stdout"], ANSWER);
    let out = became.last().unwrap();
    let names = out["names"].as_array().unwrap();
    assert!(
        names.contains(&json!("bedrock-runtime.us-east-1.amazonaws.com")),
        "{out}"
    );
    for run in &became {
        let mut addresses = run["addresses"].as_array().unwrap().iter();
        let here = |address: &Value| ["127.0.0.1", "::1"].contains(&address.as_str().unwrap());
        assert!(addresses.all(here), "{run}");
    }
}
