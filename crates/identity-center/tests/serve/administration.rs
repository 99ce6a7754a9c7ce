//! From nothing to a first person: `init`, the set-up link, `admin login` and the verbs, by the programs themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kiro_identity_center::totp;
use serde_json::Value;

use super::computer::{Computer, link, login, set_up};
use super::program::Program;
use super::walk::Browser;

#[test]
fn from_nothing_to_the_first_person_by_the_programs_alone() {
    let computer = Computer::new();
    let said = computer.init(&[]);
    for made in [
        "config.toml",
        "data (0700)",
        "master key",
        "signing key ES256",
        "the organisation acme",
    ] {
        assert!(
            said.contains(&format!("Created {made}")) || said.contains(made),
            "{made}: {said}"
        );
    }
    assert!(!said.to_lowercase().contains("password:"), "{said}");
    let settings = fs::metadata(computer.path("etc/config.toml")).unwrap();
    assert_eq!(settings.permissions().mode() & 0o777, 0o640);
    let first = link(&said);
    let said = computer.init(&[]);
    assert!(
        !said.contains("Created"),
        "a second time makes nothing: {said}"
    );
    assert!(
        said.contains("the link that was made is good until ") && !said.contains("/setup/"),
        "{said}"
    );
    let newer = link(&computer.init(&["--new-setup-link"]));

    let program = computer.serve();
    let mut stranger = Browser::new(&program);
    let (_, page) = stranger.open("GET", &first, &[]);
    assert!(page.contains("This link is good no more"), "{page}");
    let password = "a-password-of-the-owner";
    let form = |again| {
        [
            ("user_name", "root"),
            ("password", password),
            ("again", again),
        ]
    };
    let (_, page) = stranger.open("GET", &newer, &[]);
    assert!(
        page.contains("You become an owner of \u{2068}Acme GmbH\u{2069}"),
        "{page}"
    );
    let (_, page) = stranger.open("POST", &newer, &form("another-password"));
    assert!(page.contains("The two passwords differ"), "{page}");
    let short = [
        ("user_name", "root"),
        ("password", "short"),
        ("again", "short"),
    ];
    let (_, page) = stranger.open("POST", &newer, &short);
    assert!(page.contains("too short"), "{page}");
    let (mut owner, seed) = set_up(&program, &newer, "root", password);
    let (_, page) = stranger.open("POST", &newer, &form(password));
    assert!(page.contains("This link is good no more"), "{page}");

    assert_eq!(
        computer.refused(&["status"]),
        (
            3,
            "error: Not signed in\nhint: Run `kiro-identity-center admin login`\n".to_owned()
        )
    );
    let (code, said) = login(&computer, &mut owner);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.ends_with("✓ Signed in as root (owner), to administer acme for 60 min\n"),
        "{said}"
    );
    let saved =
        Path::new(computer.home.path()).join(".local/state/kiro-identity-center/admin.json");
    assert_eq!(
        fs::metadata(&saved).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let said = computer.admin(&[
        "user",
        "add",
        "maya",
        "--display-name",
        "Maya Fischer",
        "--setup-link",
    ]);
    let (mut maya, _) = set_up(&program, &link(&said), "ignored", "a-password-of-maya");
    computer.admin(&["group", "add", "Engineers"]);
    computer.admin(&["group", "join", "engineers", "MAYA"]);
    computer.admin(&["account", "set", "111122223333", "--name", "Development"]);
    computer.admin(&["role", "set", "Developer"]);
    computer.admin(&[
        "role",
        "assign",
        "111122223333",
        "Developer",
        "--group",
        "Engineers",
    ]);
    let said = computer.admin(&["role", "assignments"]);
    assert_eq!(
        said,
        "ACCOUNT       ROLE       TO\n111122223333  Developer  Engineers\n"
    );
    let (_, page) = maya.open("GET", "/start/acme", &[]);
    assert!(
        page.contains("111122223333") && page.contains("Developer"),
        "{page}"
    );
    let said = computer.admin(&["status"]);
    assert!(said.contains("2 users · 1 group · 1 session\n"), "{said}");
    let said = computer.admin(&["client-settings", "--organisation", "acme"]);
    assert!(
        said.contains("default = \"acme\"") && said.contains("it@acme.example"),
        "{said}"
    );
    let said = computer.admin(&["audit", "--limit", "1"]);
    assert!(
        said.contains("root") && said.contains("assignment.add"),
        "{said}"
    );
    models(&computer);

    let show = || computer.admin(&["user", "show", "maya"]);
    let email = "maya@acme.example";
    computer.admin(&["user", "change", "maya", "--email", email]);
    assert!(
        show().contains(email) && show().contains("Maya Fischer"),
        "{}",
        show()
    );
    computer.admin(&["user", "change", "maya", "--no-email"]);
    assert!(
        !show().contains(email) && show().contains("Maya Fischer"),
        "{}",
        show()
    );
    let both = ["user", "change", "maya", "--email", email, "--no-email"];
    let (code, said) = computer.refused(&both);
    assert!(code == 2 && said.contains("cannot be used with"), "{said}");
    applications(&computer);

    // Maya administers nothing; her own token for it is refused and forgotten.
    let (code, said) = login(&computer, &mut maya);
    assert_eq!(code, 1, "{said}");
    let left = computer.admin(&["user", "sessions", "maya"]);
    assert_eq!(left.lines().count(), 1, "its token is revoked: {left}");
    assert!(said.contains("error: You are no administrator"), "{said}");
    assert!(
        computer.admin(&["whoami"]).contains("root"),
        "who was signed in stays"
    );
    let (code, said) = computer.refused(&["user", "deactivate", "root"]);
    assert_eq!(code, 1);
    assert!(said.contains("error: This is the last owner"), "{said}");
    let (_, said) = computer.refused(&["user", "show", "nobody"]);
    assert!(said.contains("There is nobody called nobody"), "{said}");

    // Whoever leaves is out; what lies outside is said.
    let ends = |arguments: &[&str]| {
        let (code, _, said) = computer.run(&[&["admin"], arguments].concat());
        assert_eq!(code, 0, "{arguments:?}: {said}");
        let outside = "AWS credentials that were given live to their own end; sessions at Okta or Entra ID are ended there\n";
        assert!(said.ends_with(outside), "{arguments:?}: {said}");
    };
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let metadata = format!("{here}/../../fuzz/src/saml_metadata.xml");
    let connect = [
        "idp",
        "connect",
        "okta",
        "--no-test",
        "--domain",
        "okta.acme.example",
    ];
    computer.admin(&[&connect[..], &["--metadata", &metadata]].concat());
    ends(&["idp", "deactivate", "okta", "--end-sessions"]);
    let (_, _, said) = computer.run(&["admin", "idp", "deactivate", "okta"]);
    assert!(said.contains("goes on; `--end-sessions` ends it"), "{said}");
    ends(&["user", "deactivate", "maya"]);
    let (_, page) = maya.open("GET", "/sessions", &[]);
    assert!(page.contains("name=\"user_name\""), "{page}");

    ends(&["user", "forget-second-factor", "maya"]);
    ends(&["user", "sign-out", "maya"]);
    ends(&["group", "leave", "engineers", "maya"]);
    ends(&["group", "remove", "engineers"]);
    ends(&["user", "remove", "maya"]);

    let token = fs::read_to_string(&saved).unwrap();
    let token: Value = serde_json::from_str(&token).unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    computer.admin(&["logout"]);
    assert!(!saved.exists());
    let bearer = format!("authorization: Bearer {token}");
    assert_eq!(
        program.call_with("GET /admin/v1/me", &bearer, "").0,
        401,
        "revoked"
    );
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{log}");
    for secret in [
        password,
        &token,
        newer.rsplit('/').next().unwrap(),
        &totp::base32(&seed),
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let said = computer.init(&[]);
    assert!(said.contains("Owner: root."), "{said}");
    assert!(!said.contains("/setup/"), "{said}");
    let said = computer.init(&["--new-setup-link"]);
    assert!(said.contains("Another owner: open once"), "{said}");
}

/// Models are given to a group, and decided about for people's computers; what is not named stays.
fn models(computer: &Computer) {
    let list = || computer.admin(&["plan", "list"]);
    assert_eq!(list(), "GROUP  MODELS\n");
    computer.admin(&["plan", "set", "engineers", "opus-4.6", "haiku"]);
    assert_eq!(list(), "GROUP      MODELS\nEngineers  haiku opus-4.6\n");
    computer.admin(&["plan", "set", "Engineers", "haiku"]);
    assert_eq!(list(), "GROUP      MODELS\nEngineers  haiku\n");
    let (code, said) = computer.refused(&["plan", "set", "Engineers", "Opus 4.6"]);
    assert!(code == 1 && said.contains("opus-4.6"), "{said}");
    computer.admin(&["plan", "remove", "Engineers"]);
    assert_eq!(list(), "GROUP  MODELS\n");
    let in_force = || {
        computer
            .admin(&["plan", "list", "--json"])
            .contains("\"in_force\":true")
    };
    assert!(in_force());
    computer.admin(&["plan", "end"]);
    assert!(!in_force());

    let settings = |words: &[&str]| computer.admin(&[&["client-settings"], words].concat());
    let said = settings(&["--inference-region", "us-east-1", "--lock-region", "true"]);
    let locks = "[locks]\nown_organizations = true\nregion = true";
    assert!(said.contains(locks), "{said}");
    let role = [
        "--inference-account",
        "111122223333",
        "--inference-role",
        "Kiro",
    ];
    let said = settings(&[&role[..], &["--residency", "us", "--model", "opus-4.6"]].concat());
    for line in [
        "residency = \"us\"",
        "[organizations.acme.inference]\naccount = \"111122223333\"",
        "region = \"us-east-1\"\nrole = \"Kiro\"",
        "models = [\"opus-4.6\"]",
        locks,
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(settings(&[]), said, "it is kept");
    let (_, said) = computer.refused(&["client-settings", "--inference-region", "mars"]);
    let error = "error: People’s computers could not use that: that is no region\n";
    let hint = "hint: Name a region where there are models, such as eu-central-1";
    assert!(said.starts_with(&format!("{error}{hint}")), "{said}");
    let (code, said) = computer.refused(&["client-settings", "--residency", "eu"]);
    assert!(code == 1 && said.contains("us-east-1 is outside"), "{said}");
    let back = [
        "--no-residency",
        "--no-inference-region",
        "--no-inference-role",
        "--every-model",
    ];
    let said = settings(&back);
    assert!(
        !said.contains("inference") && !said.contains("locks"),
        "{said}"
    );
}

/// An application is registered and changed; what is not named stays.
fn applications(computer: &Computer) {
    let uri = "https://builds.acme.example/cb";
    let made = computer.admin(&[
        "--json",
        "application",
        "add",
        "Builds",
        "--redirect-uri",
        uri,
        "--confidential",
    ]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = made["client_id"].as_str().unwrap();
    let change = |more: &[&str]| {
        let arguments = [&["--json", "application", "change", id], more].concat();
        let changed = computer.admin(&arguments);
        let mut changed: Value = serde_json::from_str(&changed).unwrap();
        let groups = changed["groups"].as_array().unwrap().len();
        changed["groups"] = groups.into();
        changed
    };
    let out = "https://builds.acme.example/out";
    let changed = change(&[
        "--name",
        "Builds 2",
        "--device",
        "true",
        "--group",
        "engineers",
        "--backchannel-logout-uri",
        out,
    ]);
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("client_secret");
    expected["registered_at"] = changed["registered_at"].clone();
    expected["name"] = "Builds 2".into();
    expected["groups"] = 1.into();
    expected["backchannel_logout_uri"] = out.into();
    let grants = expected["grants"].as_array_mut().unwrap();
    grants.push("urn:ietf:params:oauth:grant-type:device_code".into());
    assert_eq!(changed, expected);
    let more = [
        "--device",
        "false",
        "--everybody",
        "--no-backchannel-logout-uri",
        "--redirect-uri",
        "https://other.acme.example/cb",
    ];
    let changed = change(&more);
    expected["grants"] = made["grants"].clone();
    expected["groups"] = 0.into();
    expected["backchannel_logout_uri"] = Value::Null;
    expected["redirect_uris"] = serde_json::json!(["https://other.acme.example/cb"]);
    assert_eq!(changed, expected);
    let narrow = ["admin", "application", "change", id, "--group", "engineers"];
    let (_, _, said) = computer.run(&narrow);
    assert!(said.contains("none of its groups has ended"), "{said}");
    let log = computer.admin(&["audit", "--limit", "2"]);
    assert_eq!(log.matches("application.change").count(), 2, "{log}");
    // A secret that nobody read is lost, and said to be; a list is there the next time.
    let unread = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = computer.command(arguments);
        command.stdout(writer).output().unwrap().status.code()
    };
    assert_eq!(unread(&["admin", "application", "list"]), Some(0));
    assert_eq!(unread(&["admin", "application", "secret", id]), Some(1));
    let (_, said) = computer.refused(&["application", "change", "nothing", "--name", "x"]);
    assert!(said.contains("There is no application nothing"), "{said}");
}

#[test]
fn the_master_key_is_replaced_and_everybody_signs_in_as_before() {
    let computer = Computer::new();
    let said = computer.init(&[]);
    let key = Path::new(&computer.path("data")).join("master.key");
    let old = fs::read_to_string(&key).unwrap();
    let program = computer.serve();
    let (_, seed) = set_up(&program, &link(&said), "root", "a-password-of-the-owner");
    let settings = computer.path("etc/config.toml");
    let step = |verb: &str| {
        let (code, said, talk) = computer.run(&["master-key", verb, "--settings", &settings]);
        assert!(
            !said.contains(old.trim()) && !talk.contains(old.trim()),
            "{said} {talk}"
        );
        (code, said, talk)
    };
    assert_eq!(step("add").0, 0);
    let both = fs::read_to_string(&key).unwrap();
    assert!(both.ends_with(&old) && both.lines().count() == 2);
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (code, said, talk) = step("drop");
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(talk.contains("Something is still sealed under"), "{talk}");
    assert!(program.stop("TERM").0.success());
    // With both keys; sealed anew while it serves.
    let program = computer.serve();
    let (code, said, talk) = step("reseal");
    assert_eq!(code, 0, "{talk}");
    assert!(said.contains("Sealed 4 secrets under"), "{said}");
    let (code, said, talk) = step("drop");
    assert_eq!(code, 0, "{talk}");
    assert!(said.contains("alone is in"), "{said}");
    let new = fs::read_to_string(&key).unwrap();
    assert_eq!(new.trim(), both.lines().next().unwrap());
    let sign_in = |program: &Program, steps: i64| {
        let mut browser = Browser::new(program);
        let (at, _) = browser.open("GET", "/sessions", &[]);
        let (at, _) = browser.step(&at, "name", &[("user_name", "root")]);
        let (at, page) = browser.step(&at, "password", &[("password", "a-password-of-the-owner")]);
        assert!(page.contains("name=\"code\""), "{page}");
        let step = totp::step(jiff::Timestamp::now()) + steps;
        let code = format!("{:06}", totp::code(&seed, step));
        browser.step(&at, "code", &[("code", &code)]).1
    };
    let page = sign_in(&program, 1);
    assert!(page.contains("Where you are signed in"), "{page}");
    assert!(program.stop("TERM").0.success());
    // With the new key alone, and not with the old one.
    let program = computer.serve();
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{log}");
    fs::write(&key, &old).unwrap();
    let output = computer
        .command(&["serve", "--settings", &settings])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("The store is sealed under the master key"),
        "{told}"
    );
}
