//! Who is let in.

use super::*;
use crate::directory::Organization;
use crate::provisioning::TOKEN_LIFETIME;

/// An answer but for its date, byte for byte.
fn whole(answer: &Answer) -> String {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    format!(
        "{} {:?} {}",
        answer.status,
        headers.collect::<Vec<_>>(),
        answer.text()
    )
}

/// Nothing tells a wrong tenant from a wrong token, nor either from none.
#[tokio::test]
async fn a_wrong_tenant_and_a_wrong_token_are_answered_alike() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let (store, now) = (
        &endpoint.service.center.store,
        endpoint.service.center.now(),
    );
    let hinoki = Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    store
        .create_organization(hinoki, now)
        .await
        .unwrap()
        .unwrap();
    let (_, other) = connect(&endpoint.service, "hinoki", "okta", Manner::Aws).await;
    let own = format!("Bearer {}", endpoint.token);
    let others = format!("Bearer {other}");
    let wrong = format!("Bearer kscim_{}", "A".repeat(43));
    let basic = "Basic b2t0YTpwYXNzd29yZA==".to_owned();
    let bare = endpoint.token.clone();
    let prefixless = own.replace("kscim_", "");
    let padded = format!("{own}x");
    let asked: [(&str, &[(&str, &str)]); 12] = [
        ("acme", &[]),
        ("acme", &[("authorization", &wrong)]),
        ("acme", &[("authorization", &others)]),
        ("hinoki", &[("authorization", &own)]),
        ("nobody", &[("authorization", &own)]),
        ("nobody", &[("authorization", &wrong)]),
        ("ACME", &[("authorization", &own)]),
        ("acme", &[("authorization", &own), ("authorization", &own)]),
        ("acme", &[("authorization", &basic)]),
        ("acme", &[("authorization", &bare)]),
        ("acme", &[("authorization", &prefixless)]),
        ("acme", &[("authorization", &padded)]),
    ];
    for path in [
        "/Users",
        "/Users/00000000000000000000000000000000",
        "/Nowhere",
        "/Bulk",
        "",
    ] {
        let mut answers = Vec::new();
        for (organization, headers) in &asked {
            let path = format!("/{organization}/scim/v2{path}");
            let answer = endpoint.service.get(&path, headers).await;
            assert_refused(&answer, 401, None, &format!("{path} {headers:?}"));
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"SCIM\"")
            );
            answers.push(whole(&answer));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
    // A body is not looked at before the token.
    let none = endpoint
        .service
        .send("POST", "/acme/scim/v2/Users", &[FORM], b"{")
        .await;
    assert_refused(&none, 401, None, "a body");
    assert_eq!(endpoint.get("/Users").await.status, 200);
}

#[tokio::test]
async fn a_token_is_good_for_a_year_and_until_it_is_revoked() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let lower = format!("bearer   {}", endpoint.token);
    let lower = endpoint
        .service
        .get("/acme/scim/v2/Users", &[("authorization", &lower)])
        .await;
    assert_eq!(lower.status, 200, "a scheme has no case");
    endpoint.service.pass(TOKEN_LIFETIME.as_secs() - 60);
    assert_eq!(endpoint.get("/Users").await.status, 200);
    endpoint.service.pass(61);
    assert_refused(&endpoint.get("/Users").await, 401, None, "expired");

    let (connection, token) = connect(&endpoint.service, "acme", "okta", Manner::Rfc).await;
    let endpoint = Endpoint {
        connection,
        token,
        ..endpoint
    };
    assert_eq!(endpoint.get("/Users").await.status, 200);
    let (store, now) = (
        &endpoint.service.center.store,
        endpoint.service.center.now(),
    );
    let tokens = store.scim_tokens(endpoint.connection.id).await.unwrap();
    assert_eq!(tokens.len(), 1, "what has ended is gone");
    let revoked = store.revoke_scim_token(&endpoint.connection, tokens[0].id, now);
    revoked.await.unwrap().unwrap();
    assert_refused(&endpoint.get("/Users").await, 401, None, "revoked");
}
