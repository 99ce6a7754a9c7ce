//! Who may do what, and in whose organisation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod applications;
mod connections;
mod description;
mod keys;
mod models;
mod people;
mod provisioning;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::administrator::Role;
use crate::client::Client;
use crate::directory::{Organization, Profile};
use crate::id::UserId;
use crate::oidc::tests::running::{Answer, Running};
use crate::plan::Plan;
use crate::session::{Authentication, Session, State};
use crate::token::{Kind, Token};

/// A token for a session of this person's.
async fn token(service: &Running, user: UserId, scopes: &[&str], methods: &[&str]) -> String {
    bound(service, user, scopes, methods, None).await
}

/// The same, bound to a key (RFC 9449).
async fn bound(
    service: &Running,
    user: UserId,
    scopes: &[&str],
    methods: &[&str],
    binding: Option<&str>,
) -> String {
    let found = service.center.store.user(user).await.unwrap().unwrap();
    let client = Client::id_of_administration(&found.organization);
    given(service, user, &client, scopes, methods, binding).await
}

/// … of any application.
async fn given(
    service: &Running,
    user: UserId,
    client: &str,
    scopes: &[&str],
    methods: &[&str],
    binding: Option<&str>,
) -> String {
    let (center, now) = (&service.center, service.center.now());
    let proved = Authentication::here(now, methods);
    let session = Session {
        state: State::Live,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        binding: binding.map(str::to_owned),
        ..Session::offered(user, client, proved, now, SignedDuration::from_hours(1))
    };
    let token = Token {
        session: session.id,
        rotation: 0,
        ends: session.expires_at,
    };
    center.store.grant_directly(session).await.unwrap();
    let issued = center.token_keys.issue(Kind::Access, &token);
    issued.expose_secret().to_owned()
}

async fn person(service: &Running, organization: &str, user_name: &str) -> UserId {
    let profile = Profile {
        user_name: user_name.to_owned(),
        display_name: user_name.to_owned(),
        ..Profile::default()
    };
    let (store, now) = (&service.center.store, service.center.now());
    let made = store.create_user(organization, profile, now).await.unwrap();
    made.unwrap().id
}

/// An administrator of this role, with a password, and their token.
async fn administrator(service: &Running, organization: &str, role: Role) -> (UserId, String) {
    let user = person(service, organization, role.word()).await;
    let (store, now) = (&service.center.store, service.center.now());
    store
        .set_administrator(user, Some(role), now)
        .await
        .unwrap()
        .unwrap();
    store
        .set_password(user, "hash".to_owned(), now)
        .await
        .unwrap();
    let token = token(service, user, &["openid", "admin"], &["pwd", "otp", "mfa"]).await;
    (user, token)
}

async fn ask(service: &Running, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let path = format!("{}{path}", super::BASE);
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    service.send(method, &path, &headers, body.as_bytes()).await
}

/// Every operation that is described: its method and path.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(super::description()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let methods = |(path, of): (String, Value)| -> Vec<(String, String)> {
        let path = path.strip_prefix(super::BASE).unwrap().to_owned();
        let of = of.as_object().unwrap();
        let known = ["get", "put", "post", "delete", "patch"];
        let of = of.keys().filter(|method| known.contains(&method.as_str()));
        of.map(|method| (method.to_uppercase(), path.clone()))
            .collect()
    };
    paths.into_iter().flat_map(methods).collect()
}

/// What an operation needs, told by what it is about.
fn needed(method: &str, path: &str) -> Role {
    let people = path.starts_with("/users")
        || path.starts_with("/groups")
        || path.starts_with("/sessions")
        || path.contains("/roles/");
    match method {
        "GET" => Role::ReadOnly,
        _ if people => Role::Operator,
        _ => Role::Owner,
    }
}

fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    kind.strip_prefix("urn:kiro:problem:")
        .unwrap_or(&kind)
        .to_owned()
}

#[tokio::test]
async fn each_operation_is_for_its_roles_and_nobody_else() {
    let service = Running::start().await;
    let roles = [Role::ReadOnly, Role::Operator, Role::Owner];
    let mut administrators = Vec::new();
    for role in roles {
        administrators.push((role, administrator(&service, "acme", role).await.1));
    }
    let nobody = person(&service, "acme", "nobody").await;
    let owner = service.center.store.administrators("acme").await.unwrap();
    let owner = owner
        .iter()
        .find(|one| one.role == Role::Owner)
        .unwrap()
        .user;
    let others = [
        (String::new(), 401, "token"),
        ("kat_AAAA".to_owned(), 401, "token"),
        (
            token(&service, nobody, &["openid", "admin"], &["mfa"]).await,
            403,
            "not-an-administrator",
        ),
        (
            token(&service, owner, &["openid", "profile"], &["mfa"]).await,
            403,
            "insufficient-scope",
        ),
        (
            bound(&service, owner, &["admin"], &["mfa"], Some("a-key")).await,
            403,
            "insufficient-scope",
        ),
        (
            // Anybody may register an application that names the scope, or has one in another organisation.
            given(&service, owner, "a-program", &["admin"], &["mfa"], None).await,
            403,
            "insufficient-scope",
        ),
        (
            given(&service, owner, "admin-other", &["admin"], &["mfa"], None).await,
            403,
            "insufficient-scope",
        ),
        (
            token(&service, owner, &["openid", "admin"], &["pwd"]).await,
            403,
            "second-factor",
        ),
    ];
    let all = operations();
    assert!(all.len() > 45, "{all:?}");
    for (method, path) in &all {
        // What it names is not there: whoever may ask is told so, and nothing is changed.
        let named = path.replace(['{', '}'], "");
        for (token, status, expected) in &others {
            let answer = ask(&service, token, method, &named, &json!({})).await;
            let found = (answer.status, kind(&answer));
            assert_eq!(found, (*status, (*expected).to_owned()), "{method} {path}");
            let json = answer.header("content-type");
            assert_eq!(json, Some("application/problem+json"));
            assert_eq!(answer.header("www-authenticate").is_some(), *status == 401);
        }
        for (role, token) in &administrators {
            if path == "/keys/rotate" && *role == Role::Owner {
                continue; // it would
            }
            let answer = ask(&service, token, method, &named, &json!({})).await;
            assert_ne!(answer.status, 401, "{method} {path}");
            let may = *role >= needed(method, path);
            assert_eq!(answer.status != 403, may, "{method} {path} {role:?}");
            assert!(answer.status < 500, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            if !may {
                assert_eq!(kind(&answer), "role", "{method} {path}");
            }
        }
    }
}

/// Everything that an organisation can have, in another one: (what stands in a path, its name there).
async fn another(service: &Running) -> Vec<(&'static str, String)> {
    let (store, now) = (&service.center.store, service.center.now());
    let organization = Organization {
        name: "other".to_owned(),
        title: "Other".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    store
        .create_organization(organization, now)
        .await
        .unwrap()
        .unwrap();
    let user = person(service, "other", "theirs").await;
    let group = store
        .create_group("other", "Theirs", None, now)
        .await
        .unwrap();
    let group = group.unwrap().id;
    store.add_member(group, user, now).await.unwrap().unwrap();
    let plan = Plan {
        group,
        models: BTreeSet::from(["theirs".to_owned()]),
    };
    store.set_plan(plan, now).await.unwrap().unwrap();
    let account = Account {
        id: "999988887777".to_owned(),
        name: "Theirs".to_owned(),
        email: String::new(),
    };
    store.put_account("other", account, now).await.unwrap();
    let set = PermissionSet {
        name: "Theirs".to_owned(),
        description: String::new(),
        session: SignedDuration::from_hours(1),
    };
    store.put_permission_set("other", set, now).await.unwrap();
    for principal in [Principal::User(user), Principal::Group(group)] {
        let assignment = Assignment {
            account: "999988887777".to_owned(),
            role: "Theirs".to_owned(),
            principal,
        };
        assert!(store.assign("other", assignment, now).await.unwrap());
    }
    let client = Client {
        id: "their-application".to_owned(),
        ..Client::of_administration("other", now)
    };
    store.put_client(client, now).await.unwrap();
    let token = token(service, user, &["openid"], &["pwd"]).await;
    let session = service
        .center
        .token_keys
        .read(Kind::Access, &token)
        .unwrap()
        .session;
    let of = store.keep_provisioner("other", "theirs", kiro_scim::Manner::Rfc, now);
    let (_, digest) = crate::provisioning::issue();
    let scim = store.add_scim_token(of.await.unwrap().id, digest, now);
    let scim = scim.await.unwrap().unwrap().id;
    vec![
        ("{token}", scim.to_string()),
        ("{user}", user.to_string()),
        ("{group}", group.to_string()),
        ("{account}", "999988887777".to_owned()),
        ("{role}", "Theirs".to_owned()),
        ("{client_id}", "their-application".to_owned()),
        ("{session}", session.to_string()),
        ("{connection}", "theirs".to_owned()),
    ]
}

#[tokio::test]
async fn nobody_reaches_into_another_organisation() {
    let service = Running::start().await;
    let (_, owner) = administrator(&service, "acme", Role::Owner).await;
    let theirs = another(&service).await;
    let store = &service.center.store;
    let before = store.audit_of("other", i64::MAX, 500).await.unwrap();
    let bodies = [
        ("/administrators", json!({ "role": "owner" })),
        ("/applications", json!({ "name": "x", "grants": [] })),
        ("/users", json!({ "user_name": "stolen" })),
        ("/groups", json!({ "models": ["opus-4.6"] })),
    ];
    let mut reached = 0;
    for (method, path) in operations() {
        if !path.contains('{') {
            continue;
        }
        let named = theirs.iter().fold(path.clone(), |path, (place, name)| {
            path.replace(place, name)
        });
        assert!(!named.contains('{'), "{named}");
        // An account or a permission set of that name may be one's own, too.
        let makes = method == "PUT" && named.matches('/').count() == 2;
        if makes
            && (path.contains("{account}")
                || path.contains("{role}")
                || path.contains("{connection}"))
        {
            continue;
        }
        let body = bodies.iter().find(|(of, _)| path.starts_with(of));
        let body = body.map_or(Value::Null, |(_, body)| body.clone());
        let answer = ask(&service, &owner, &method, &named, &body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        assert_eq!(kind(&answer), "not-found", "{method} {path}");
        reached += 1;
    }
    assert!(reached > 25, "{reached}");
    assert_eq!(
        store.audit_of("other", i64::MAX, 500).await.unwrap(),
        before
    );
    for path in [
        "/users",
        "/groups",
        "/accounts",
        "/assignments",
        "/plans",
        "/applications",
        "/audit",
    ] {
        let list = ask(&service, &owner, "GET", path, &Value::Null)
            .await
            .text();
        assert!(!list.contains("heirs"), "{path}: {list}");
    }
}

#[tokio::test]
async fn whoever_loses_the_role_has_lost_it_with_the_next_request() {
    let service = Running::start().await;
    let (owner, token) = administrator(&service, "acme", Role::Owner).await;
    let (second, _) = administrator(&service, "acme", Role::Operator).await;
    let (store, now) = (&service.center.store, service.center.now());
    store
        .set_administrator(second, Some(Role::Owner), now)
        .await
        .unwrap()
        .unwrap();
    let me = async || ask(&service, &token, "GET", "/me", &Value::Null).await;
    assert_eq!(me().await.json()["role"], "owner");
    store
        .set_administrator(owner, Some(Role::ReadOnly), now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(me().await.json()["role"], "read-only");
    store
        .set_administrator(owner, None, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kind(&me().await), "not-an-administrator");
    store
        .set_administrator(owner, Some(Role::Owner), now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(me().await.status, 200);
    store.deactivate_user(owner, now).await.unwrap().unwrap();
    assert_eq!(kind(&me().await), "token");
    store.reactivate_user(owner, now).await.unwrap().unwrap();
    assert_eq!(kind(&me().await), "token", "coming back revives nothing");
}

#[tokio::test]
async fn what_comes_in_is_read_strictly_and_refused_in_words() {
    let service = Running::start().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    let path = format!("{}/users", super::BASE);
    let bearer = format!("Bearer {token}");
    let check = async |content_type: &str, body: &[u8], status: u16, expected: &str| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", content_type),
        ];
        let answer = service.send("POST", &path, &headers, body).await;
        let said = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (status, expected),
            "{said}"
        );
        assert!(
            !answer.text().contains("s3cret"),
            "nothing that was sent is repeated"
        );
    };
    check("text/plain", b"{}", 415, "media-type").await;
    check("application/json", b"", 400, "body").await;
    check("application/json", b"{\"user_name\":\"s3cret", 400, "body").await;
    check("application/json", b"[]", 400, "body").await;
    check(
        "application/json",
        b"{\"user_name\":\"a\",\"admin\":true}",
        400,
        "body",
    )
    .await;
    check(
        "application/json",
        b"{\"user_name\":\"a\",\"user_name\":\"b\"}",
        400,
        "body",
    )
    .await;
    check(
        "application/json",
        br#"{"user_name":"a\u0000"}"#,
        400,
        "body",
    )
    .await;
    check(
        "application/json",
        br#"{"user_name":"a\u202eb"}"#,
        400,
        "body",
    )
    .await;
    check("application/json", br#"{"user_name":" "}"#, 400, "body").await;
    check(
        "application/json; charset=utf-8",
        br#"{"user_name":"NATIVE"}"#,
        201,
        "",
    )
    .await;
    check(
        "application/json",
        br#"{"user_name":"native"}"#,
        409,
        "taken",
    )
    .await;
    let endless = vec![b' '; 300 * 1024];
    check("application/json", &endless, 413, "too-large").await;
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    check("application/json", &deep, 400, "body").await;
    for query in ["?limit=x", "?after=%00", "?user_name=%00", "?limit=-1"] {
        let answer = ask(
            &service,
            &token,
            "GET",
            &format!("/users{query}"),
            &Value::Null,
        )
        .await;
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (400, "query"),
            "{query}"
        );
    }
}
