//! Provisioning by the programs alone: a token, the linter, the log.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::program::{self, Program};

/// `admin scim …`, as nobody yet.
pub(super) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
    command
        .args([&["admin", "scim"], arguments].concat())
        .env_clear()
        .env("TZ", "UTC")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// The same as the demonstration's owner.
fn as_owner(program: &Program, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command
        .env("KIRO_IC_ADMIN_TOKEN", program.text("admin_token"))
        .env("KIRO_IC_URL", program.text("issuer"));
    command
}

/// Its exit code, what it says, and its talk.
fn scim(program: &Program, arguments: &[&str]) -> (i32, String, String) {
    let output = as_owner(program, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

/// What it says and its talk, where it is done.
fn done(program: &Program, arguments: &[&str]) -> (String, String) {
    let (code, said, talk) = scim(program, arguments);
    assert_eq!(code, 0, "{arguments:?}: {talk}");
    (said, talk)
}

#[test]
fn a_token_is_made_the_endpoint_is_looked_at_and_the_log_tells_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &["--demo"]);
    let done = |arguments: &[&str]| done(&program, arguments);
    let base = program.text("scim_url").to_owned();
    let (token, talk) = done(&["token", "create", "demonstration"]);
    assert!(
        token.starts_with("kscim_") && token.lines().count() == 1,
        "{token}"
    );
    assert!(talk.contains(&format!("Base URL    {base} ·")), "{talk}");
    assert!(
        talk.contains(&format!("Tenant URL  {base}?aadOptscim062020")),
        "{talk}"
    );
    assert!(!talk.contains("kscim_"), "the secret goes to one place");

    let file = folder.path().join("token");
    fs::write(&file, &token).unwrap();
    let (table, _) = done(&["check", &base, "--token-file", file.to_str().unwrap()]);
    assert!(table.lines().count() > 18, "{table}");
    assert!(!table.contains('✗'), "{table}");

    let (log, _) = done(&["log", "demonstration"]);
    let lines: Vec<&str> = log.lines().map(|line| &line[17..]).collect();
    assert_eq!(
        lines[0], "✓ demonstration uses the token for the first time",
        "{log}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("+ kiro-check-") && line.ends_with(", active")),
        "{log}"
    );
    assert!(
        lines.iter().any(
            |line| line.contains("refused: `userName` is taken by kiro-check-")
                && line.contains("(409 uniqueness). At the identity provider")
        ),
        "{log}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("− kiro-check-") && line.ends_with(", removed")),
        "{log}"
    );

    fs::write(&file, "kscim_wrong\n").unwrap();
    let (code, said, talk) = scim(
        &program,
        &["check", &base, "--token-file", file.to_str().unwrap()],
    );
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(
        talk.contains("error: The endpoint refuses the token"),
        "{talk}"
    );
    let (tokens, _) = done(&["token", "list", "demonstration"]);
    assert_eq!(tokens.lines().count(), 3, "{tokens}");
    let id = tokens.lines().nth(2).unwrap().split(' ').next().unwrap();
    done(&["token", "revoke", "demonstration", id]);
    let (code, _, talk) = scim(&program, &["token", "create", "nobody"]);
    assert_eq!(code, 1);
    assert!(
        talk.contains("error: There is no such connection"),
        "{talk}"
    );
}

/// What an administrator does with a connection of a program of their own, from its first push to its last.
#[test]
fn a_connection_is_set_watched_put_right_and_removed() {
    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &["--demo"]);
    let done = |arguments: &[&str]| done(&program, arguments);
    let (_, set) = done(&["set", "hr"]);
    assert!(
        set.contains("hr may provision. `admin scim token create hr` makes its token"),
        "{set}"
    );
    let (token, _) = done(&["token", "create", "hr"]);
    let bearer = format!(
        "authorization: Bearer {}\r\ncontent-type: application/scim+json",
        token.trim()
    );
    let ask = |request: &str, body: &Value| {
        let (verb, path) = request.split_once(' ').unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        program.call_with(&format!("{verb} /acme/scim/v2{path}"), &bearer, &body)
    };

    let mut watch = as_owner(&program, &["watch", "hr"]);
    let mut watch = watch
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut talk = BufReader::new(watch.stderr.take().unwrap()).lines();
    assert_eq!(talk.next().unwrap().unwrap(), "Watching hr; Ctrl-C ends it");
    let mut seen = || lines.next().unwrap().unwrap()[9..].to_owned();
    let mut people = Vec::new();
    for number in 0..10 {
        let (status, made) = ask(
            "POST /Users",
            &json!({ "schemas": [USER], "userName": format!("p{number}") }),
        );
        assert_eq!(status, 201, "{made}");
        people.push(format!("/Users/{}", made["id"].as_str().unwrap()));
    }
    let (status, _) = ask(
        "POST /Users",
        &json!({ "schemas": [USER], "userName": "AIKO" }),
    );
    assert_eq!(status, 409);
    assert_eq!(seen(), "✓ hr uses the token for the first time");
    for number in 0..10 {
        assert_eq!(seen(), format!("+ p{number}, active"));
    }
    let refused = seen();
    assert!(
        refused.starts_with("✗ AIKO refused: `userName` is taken by aiko"),
        "{refused}"
    );

    let (code, _, talk) = scim(&program, &["undo", "hr"]);
    assert_eq!(code, 1, "there is nothing to take back");
    assert!(
        talk.contains("error: There is nothing to take back"),
        "{talk}"
    );
    let away = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "value": { "active": false } }] });
    for path in &people {
        assert_eq!(ask(&format!("PATCH {path}"), &away).0, 200);
    }
    for number in 0..9 {
        assert_eq!(seen(), format!("− p{number} may not sign in any more"));
    }
    let told = [seen(), seen()];
    assert!(
        told.contains(
            &"! 10 of 10 people left within an hour: `admin scim undo hr` takes it back".to_owned()
        ),
        "{told:?}"
    );
    let (_, undone) = done(&["undo", "hr"]);
    assert!(
        undone.contains("10 people may sign in again; what had ended stays ended."),
        "{undone}"
    );
    assert_eq!(
        ask(&format!("GET {}", people[9]), &Value::Null).1["active"],
        true
    );

    drop(lines); // as `| head` does
    assert_eq!(ask(&format!("PATCH {}", people[9]), &away).0, 200);
    assert!(watch.wait().unwrap().success());
    assert_eq!(done(&["log", "hr", "--limit", "3"]).0.lines().count(), 3);
    done(&["remove", "hr"]);
    assert_eq!(
        ask("GET /Users", &Value::Null).0,
        401,
        "its tokens are good no more"
    );
    assert!(!done(&["list"]).0.contains("hr "), "it provisions no more");
    done(&["set", "hr2"]);
    let (_, handed) = done(&["hand-over", "hr2", "--user", "p0"]);
    assert!(handed.contains("hr2 provisions p0 from now on"), "{handed}");
    let (token, _) = done(&["token", "create", "hr2"]);
    let bearer = format!("authorization: Bearer {}", token.trim());
    let (_, found) = program.call_with("GET /acme/scim/v2/Users", &bearer, "");
    assert_eq!(
        (&found["totalResults"], &found["Resources"][0]["userName"]),
        (&json!(1), &json!("p0"))
    );

    let owner = format!("authorization: Bearer {}", program.text("admin_token"));
    let owner = format!("{owner}\r\ncontent-type: application/json");
    let crew = json!({ "display_name": "Crew" }).to_string();
    let (status, made) = program.call_with("POST /admin/v1/groups", &owner, &crew);
    assert_eq!(status, 201, "{made}");
    let (_, handed) = done(&["hand-over", "hr2", "--group", "crew"]);
    assert!(
        handed.contains("hr2 provisions crew from now on"),
        "{handed}"
    );
    let groups = || program.call_with("GET /acme/scim/v2/Groups", &bearer, "");
    assert_eq!(groups().1["Resources"][0]["displayName"], "Crew");
    done(&["set", "hr2", "--manner", "aws"]);
    let (all, _) = done(&["list"]);
    let mut lines = all.lines();
    let line = lines.find(|line| line.starts_with("hr2 ")).unwrap();
    assert!(line.contains(" aws "), "{all}");
    let (tokens, _) = done(&["token", "list", "hr2"]);
    let id = tokens.lines().nth(1).unwrap().split(' ').next().unwrap();
    done(&["token", "revoke", "hr2", id]);
    assert_eq!(groups().0, 401, "the token is good no more");
}

/// Passwords come in whatever an identity provider sends, and in what is refused of it. They are written nowhere.
#[test]
fn a_password_that_is_sent_is_in_no_log_at_trace_and_in_no_file() {
    const PASSWORD: &str = "t1meMa$heen-canary";
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut serve = program::command(&data, &["--demo"]);
    serve.stderr(File::create(&log).unwrap());
    let program = Program::of(serve);
    let bearer = format!(
        "authorization: Bearer {}\r\ncontent-type: application/scim+json",
        program.text("scim_token")
    );
    let ask = |request: &str, body: &str| program.call_with(request, &bearer, body);
    let base = "/acme/scim/v2";
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "canary", "password": PASSWORD,
    });
    let (status, made) = ask(&format!("POST {base}/Users"), &user.to_string());
    assert_eq!(status, 201, "{made}");
    let at = format!("{base}/Users/{}", made["id"].as_str().unwrap());
    let patch = |operation: Value| {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        json!({ "schemas": [schema], "Operations": [operation] }).to_string()
    };
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user },
            { "method": "PUT", "path": at.strip_prefix(base), "data": user },
        ],
    });
    // Many who come and go: that is told in the log.
    let mut many = Vec::new();
    for number in 0..12 {
        let (name, mut user) = (format!("leaver-{number}"), user.clone());
        user["userName"] = json!(name);
        many.push(json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": user }));
        many.push(json!({ "method": "DELETE", "path": format!("/Users/bulkId:{name}") }));
    }
    let many = json!({ "schemas": bulk["schemas"], "Operations": many });
    let (password, nothing) = (json!(PASSWORD), String::new());
    for (request, body, expected) in [
        (format!("PUT {at}"), user.to_string(), 200),
        (
            format!("PATCH {at}"),
            patch(json!({ "op": "replace", "path": "password", "value": password })),
            200,
        ),
        (
            format!("PATCH {at}"),
            patch(json!({ "op": "add", "value": { "password": password } })),
            200,
        ),
        (
            format!("PATCH {at}"),
            patch(json!({ "op": "add", "path": "active", "value": password })),
            400,
        ),
        (format!("PATCH {at}"), patch(json!({ "op": password })), 400),
        (format!("POST {base}/Users"), user.to_string(), 409),
        (
            format!("POST {base}/Users"),
            format!("{{\"password\": \"{PASSWORD}\""),
            400,
        ),
        (
            format!("POST {base}/Users"),
            json!({ "password": password }).to_string(),
            400,
        ),
        (format!("POST {base}/Bulk"), bulk.to_string(), 200),
        (format!("POST {base}/Bulk"), many.to_string(), 200),
        (
            format!("GET {base}/Users?filter=password+eq+%22t1meMa%24heen-canary%22"),
            nothing,
            400,
        ),
    ] {
        let (status, said) = ask(&request, &body);
        assert_eq!(status, expected, "{request} {said}");
        assert!(!said.to_string().contains(PASSWORD), "{request}");
    }
    drop(program);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("unusually many people leave"), "{log}");
    let mut files = vec![("the log".to_owned(), log.into_bytes())];
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        files.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    assert!(files.len() > 2, "{}", files.len());
    for (name, bytes) in files {
        let mut parts = bytes.windows(PASSWORD.len());
        assert!(!parts.any(|part| part == PASSWORD.as_bytes()), "{name}");
    }
}
