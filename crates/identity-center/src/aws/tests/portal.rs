//! The access portal: accounts and roles by assignment.

use jiff::SignedDuration;

use super::*;
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::id::GroupId;
use crate::session::Ended;
use crate::store::values;

/// Thirty accounts, of which the person has every one but the last, by themselves or by a group; and a role that nobody has.
pub(super) async fn furnish(service: &Running) -> GroupId {
    let store = &service.center.store;
    let group = GroupId::random();
    let user = service.user;
    let made = store.write(move |tx| {
        Box::pin(async move {
            let sql = "INSERT INTO groups (id, organization, display_name, display_name_folded, created_at, modified_at, version) \
                       VALUES ($1, 'acme', 'Engineers', 'engineers', 0, 0, 0)";
            tx.execute(sql, values![group]).await?;
            let sql = "INSERT INTO members (group_id, user_id) VALUES ($1, $2)";
            tx.execute(sql, values![group, user]).await
        })
    });
    made.await.unwrap();
    for name in ["Administrator", "Developer", "ReadOnly"] {
        let set = PermissionSet {
            name: name.to_owned(),
            description: String::new(),
            session: SignedDuration::from_hours(1),
        };
        store
            .put_permission_set("acme", set, service.center.now())
            .await
            .unwrap();
    }
    for number in 0..30 {
        let account = Account {
            id: format!("{number:012}"),
            name: format!("Account {number} 口座"),
            email: format!("aws+{number}@acme.example"),
        };
        store
            .put_account("acme", account, service.center.now())
            .await
            .unwrap();
    }
    for number in 0..29 {
        let principal = match number % 2 {
            0 => Principal::User(user),
            _ => Principal::Group(group),
        };
        assign(service, number, "Developer", principal).await;
    }
    // Twice, by two ways: it is one role.
    assign(service, 0, "Developer", Principal::Group(group)).await;
    assign(service, 0, "ReadOnly", Principal::Group(group)).await;
    let others = store.create_group("acme", "Others", None, service.center.now());
    let others = others.await.unwrap().unwrap().id;
    assign(service, 29, "ReadOnly", Principal::Group(others)).await;
    group
}

async fn assign(service: &Running, number: u32, role: &str, principal: Principal) {
    let assignment = assignment(number, role, principal);
    let assigned = service
        .center
        .store
        .assign("acme", assignment, service.center.now());
    assert!(assigned.await.unwrap());
}

fn assignment(number: u32, role: &str, principal: Principal) -> Assignment {
    Assignment {
        account: format!("{number:012}"),
        role: role.to_owned(),
        principal,
    }
}

pub(super) async fn token(service: &Running) -> String {
    let client = register(service).await;
    let code = code(service, &client).await;
    let tokens = create_token(service, &client, redemption(&code)).await;
    tokens.json()["accessToken"].as_str().unwrap().to_owned()
}

pub(super) async fn get(service: &Running, token: &str, path: &str) -> Answer {
    service
        .get(path, &[("x-amz-sso_bearer_token", token)])
        .await
}

pub(super) fn portal_refused(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), Some(kind));
    assert!(answer.header("x-amzn-requestid").is_some());
    assert!(answer.json()["message"].is_string());
}

#[tokio::test]
async fn a_person_sees_the_accounts_and_roles_that_are_assigned_to_them() {
    let service = Running::start().await;
    let group = furnish(&service).await;
    let token = token(&service).await;
    let list = async |path: &str, list: &str, name: &str| {
        let (mut names, mut sizes, mut next) = (Vec::new(), Vec::new(), String::new());
        loop {
            let answer = get(&service, &token, &format!("{path}{next}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let page = answer.json();
            let parts = page[list].as_array().unwrap();
            sizes.push(parts.len());
            names.extend(
                parts
                    .iter()
                    .map(|part| part[name].as_str().unwrap().to_owned()),
            );
            match page["nextToken"].as_str() {
                Some(token) => next = format!("&next_token={token}"),
                None => return (names, sizes),
            }
        }
    };
    let all: Vec<String> = (0..29).map(|number| format!("{number:012}")).collect();
    for (asked, expected) in [
        ("?", vec![20, 9]),
        ("?max_result=100", vec![29]),
        ("?max_result=29", vec![29]),
        ("?max_result=14", vec![14, 14, 1]),
    ] {
        let path = format!("/assignment/accounts{asked}");
        let (names, sizes) = list(&path, "accountList", "accountId").await;
        assert_eq!((names, sizes), (all.clone(), expected), "{asked}");
    }
    let first = get(&service, &token, "/assignment/accounts?max_result=1").await;
    let first = first.json()["accountList"][0].clone();
    assert_eq!(
        first,
        json!({ "accountId": "000000000000", "accountName": "Account 0 口座", "emailAddress": "aws+0@acme.example" })
    );
    let path = "/assignment/roles?account_id=000000000000";
    let both = vec!["Developer".to_owned(), "ReadOnly".to_owned()];
    assert_eq!(list(path, "roleList", "roleName").await.0, both);
    let path = "/assignment/roles?account_id=000000000000&max_result=1";
    assert_eq!(list(path, "roleList", "roleName").await, (both, vec![1, 1]));

    // What is taken away is gone at once: one's own, and that of a group that one has left.
    let taken = assignment(2, "Developer", Principal::User(service.user));
    assert!(
        service
            .center
            .store
            .unassign("acme", taken.clone(), service.center.now())
            .await
            .unwrap()
    );
    let again = service
        .center
        .store
        .unassign("acme", taken, service.center.now());
    assert!(!again.await.unwrap());
    let left = service.center.store.write(move |tx| {
        Box::pin(async move {
            tx.execute("DELETE FROM members WHERE group_id = $1", values![group])
                .await
        })
    });
    left.await.unwrap();
    let (names, _) = list("/assignment/accounts?", "accountList", "accountId").await;
    let own: Vec<String> = (0..29)
        .filter(|number| number % 2 == 0 && *number != 2)
        .map(|number| format!("{number:012}"))
        .collect();
    assert_eq!(names, own);
}

#[tokio::test]
async fn nobody_else_sees_anything() {
    let service = Running::start().await;
    furnish(&service).await;
    let token = token(&service).await;
    let paths = [
        "/assignment/accounts",
        "/assignment/roles?account_id=000000000000",
        "/federation/credentials?account_id=000000000000&role_name=Developer",
    ];
    for path in paths {
        let answer = service.get(path, &[]).await;
        portal_refused(&answer, 401, "UnauthorizedException");
        let twice = [
            ("x-amz-sso_bearer_token", token.as_str()),
            ("x-amz-sso_bearer_token", token.as_str()),
        ];
        portal_refused(
            &service.get(path, &twice).await,
            401,
            "UnauthorizedException",
        );
        for other in [
            "",
            "x",
            "kat_",
            &format!("{token}A"),
            &token.replace("kat_", "krt_"),
        ] {
            let answer = get(&service, other, path).await;
            portal_refused(&answer, 401, "UnauthorizedException");
        }
        // A session of OpenID Connect without the portal's scope.
        let tokens = service.tokens("openid").await;
        let answer = get(&service, tokens["access_token"].as_str().unwrap(), path).await;
        portal_refused(&answer, 403, "ForbiddenException");
    }
    for path in [
        "/assignment/accounts?max_result=0",
        "/assignment/accounts?max_result=101",
        "/assignment/accounts?max_result=1&max_result=2",
        "/assignment/accounts?next_token=%21",
        "/assignment/accounts?next_token=%ff",
        "/assignment/roles",
        "/assignment/roles?account_id=1",
        "/assignment/roles?account_id=00000000000x",
        "/federation/credentials?account_id=000000000000",
        "/federation/credentials?account_id=000000000000&role_name=a%2fb",
        "/federation/credentials?role_name=Developer",
    ] {
        portal_refused(
            &get(&service, &token, path).await,
            400,
            "InvalidRequestException",
        );
    }
    // The same for what is not there and for what is another's.
    for path in [
        "/assignment/roles?account_id=000000000029",
        "/assignment/roles?account_id=999999999999",
        "/federation/credentials?account_id=000000000029&role_name=ReadOnly",
        "/federation/credentials?account_id=000000000000&role_name=Administrator",
        "/federation/credentials?account_id=000000000000&role_name=Nothing",
        "/federation/credentials?account_id=999999999999&role_name=Developer",
    ] {
        let answer = get(&service, &token, path).await;
        portal_refused(&answer, 403, "ForbiddenException");
        assert_eq!(answer.json()["message"], "No access", "{path}");
    }
    let now = service.center.now();
    let ended = service
        .center
        .store
        .end_sessions_of(service.user, Ended::Deactivated, now);
    ended.await.unwrap();
    for path in paths {
        let answer = get(&service, &token, path).await;
        portal_refused(&answer, 401, "UnauthorizedException");
    }
}

#[tokio::test]
async fn without_sts_there_are_no_credentials_and_it_says_so() {
    let service = Running::start().await;
    furnish(&service).await;
    let token = token(&service).await;
    let path = "/federation/credentials?account_id=000000000000&role_name=Developer";
    let answer = get(&service, &token, path).await;
    portal_refused(&answer, 400, "InvalidRequestException");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("STS is not configured"), "{message}");
    assert!(answer.json().get("roleCredentials").is_none());
}
