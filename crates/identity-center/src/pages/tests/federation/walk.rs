//! A person signs in there, and the application learns it here.

use serde_json::json;

use super::provider::{AIKO, Provider, brought, led, signed_in};
use crate::oidc::tests::running::{Running, claims, query};
use crate::pages::tests::browser::{Browser, Place, person, started};

/// The claims of the ID token that the application gets at the end. Introspection says the same of how the person was authenticated.
async fn told(service: &Running, end: &Place) -> serde_json::Value {
    let code = query(&end.outside(), "code").unwrap();
    let tokens = service.redeem(&code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let tokens = tokens.json();
    let said = claims(&tokens["id_token"]);
    let token = tokens["access_token"].as_str().unwrap();
    let form = [("client_id", "native"), ("token", token)];
    let introspected = service.post("/oauth2/introspect", &[], &form).await.json();
    for name in ["sub", "auth_time", "amr", "acr"] {
        assert_eq!(introspected[name], said[name], "{name}");
    }
    said
}

#[tokio::test]
async fn a_person_signs_in_at_okta_and_the_application_learns_who_and_how() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    let aiko = person(&service, "Aiko@okta.acme.example", "Aiko Tanaka").await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let policy = at.answer.header("content-security-policy").unwrap();
    let origin = okta.origin().origin().ascii_serialization();
    let mut leads_to = ["http://127.0.0.1:7", &origin];
    leads_to.sort_unstable();
    let expected = format!("form-action 'self' {};", leads_to.join(" "));
    assert!(policy.contains(&expected), "{policy}");

    let address = led(&browser, &at, " AIKO@okta.acme.example ").await;
    let sent = |name: &str| query(&address, name);
    assert_eq!(sent("response_type").as_deref(), Some("code"));
    assert_eq!(sent("client_id").as_deref(), Some("identity-center"));
    assert_eq!(sent("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(sent("code_challenge").unwrap().len(), 43);
    assert_eq!(sent("nonce").unwrap().len(), 43);
    assert_eq!(sent("scope").as_deref(), Some("openid profile email"));
    assert_eq!(
        sent("login_hint").as_deref(),
        Some("AIKO@okta.acme.example")
    );
    let redirect_uri = format!("{}/federation/oidc/acme/okta/callback", service.issuer());
    assert_eq!(sent("redirect_uri"), Some(redirect_uri));
    for absent in ["prompt", "max_age", "acr_values", "claims"] {
        assert_eq!(sent(absent), None, "{absent}");
    }

    let says = json!({ "amr": ["pwd", "mfa"], "acr": "urn:acme:mfa", "sid": "okta-1", "auth_time": 1_700_000_000 });
    okta.control(json!({ "tamper": says })).await;
    let back = okta.sign_in(address, "aiko").await;
    let end = brought(&browser, &back).await;
    let said = told(&service, &end).await;
    assert_eq!(said["sub"], aiko.to_string());
    assert_eq!(said["amr"], json!(["pwd", "mfa"]));
    assert_eq!(said["acr"], "urn:acme:mfa");
    assert_eq!(said["auth_time"], 1_700_000_000);
    assert_eq!(said["preferred_username"], "Aiko@okta.acme.example");

    // The next application asks nothing: here as there, one sign-in is enough.
    let end = browser.begin("other", &[]).await;
    assert!(query(&end.outside(), "code").is_some());
    assert_eq!(okta.seen("token_requests").await, 1);
    let own = service
        .center
        .store
        .own_sessions(aiko, service.center.now());
    let own = own.await.unwrap();
    let is_named = |name: &Option<String>| name.as_deref().is_some_and(|name| name == "native");
    assert!(own.iter().any(|(_, name)| is_named(name)), "{own:?}");
    let how = &own.first().unwrap().0.authentication;
    assert_eq!(how.upstream_session.as_deref(), Some("okta-1"));
    assert!(how.connection.is_some());
}

#[tokio::test]
async fn a_person_signs_in_at_entra_id_whichever_way_its_tenant_is_named() {
    for tenant in [None, Some("organizations")] {
        let service = started().await;
        let entra = Provider::entra(tenant).await;
        let connection = entra.connected(&service).await;
        assert_eq!(connection.details.tenants.len(), 1);
        let maya = person(&service, "maya@entra.acme.example", "Maya").await;
        for _ in 0..2 {
            let browser = Browser::new(&service);
            let at = browser.begin("native", &[]).await;
            let end = signed_in(&browser, &at, &entra, "maya@entra.acme.example").await;
            let said = told(&service, &end).await;
            assert_eq!(said["sub"], maya.to_string(), "{tenant:?}");
            assert_eq!(
                said["auth_time"],
                serde_json::Value::Null,
                "it does not say when, so neither do we"
            );
        }
        let link = service.center.store.read(|tx| {
            Box::pin(async move {
                let row = tx.row("SELECT subject FROM links", &[]).await?;
                row.unwrap().text(0).map(str::to_owned)
            })
        });
        let oid = "00000000-0000-4000-8000-00006d617961";
        let tid = "11111111-2222-4333-8444-555555555555";
        assert_eq!(link.await.unwrap(), format!("{tid}/{oid}"));
    }
}

#[tokio::test]
async fn two_providers_stand_side_by_side_and_the_directory_beside_them() {
    let service = started().await;
    let (okta, entra) = (Provider::okta().await, Provider::entra(None).await);
    okta.connected(&service).await;
    let second = entra.connected(&service).await;
    let aiko = person(&service, AIKO, "Aiko O.").await;
    let other = person(&service, "aiko@entra.acme.example", "Aiko E.").await;
    for (provider, user_name, user) in [
        (&okta, AIKO, aiko),
        (&entra, "aiko@entra.acme.example", other),
    ] {
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        let end = signed_in(&browser, &at, provider, user_name).await;
        assert_eq!(told(&service, &end).await["sub"], user.to_string());
    }
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    browser.aiko(&at).await.outside();
    // A connection that is switched off sends nobody anywhere: its names are the directory's.
    let store = &service.center.store;
    let off = store.set_connection_active(second.id, false, service.center.now());
    assert!(off.await.unwrap());
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let policy = at.answer.header("content-security-policy").unwrap();
    let origin = entra.origin().origin().ascii_serialization();
    assert!(!policy.contains(&origin), "{policy}");
    browser
        .step(&at, "name", &[("user_name", "aiko@entra.acme.example")])
        .await
        .shows(200, "Enter your password");
}

#[tokio::test]
async fn what_is_known_of_a_provider_is_kept_and_a_new_key_is_looked_for() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let walked = async || {
        let browser = Browser::new(&service);
        // Its clock goes with ours.
        let now = service.center.now().as_second();
        let says = json!({ "iat": now, "exp": now + 600 });
        okta.control(json!({ "tamper": says })).await;
        let at = browser.begin("native", &[]).await;
        signed_in(&browser, &at, &okta, AIKO).await
    };
    let fetched = async || (okta.seen("discovery").await, okta.seen("jwks").await);
    for _ in 0..3 {
        walked().await.outside();
    }
    assert_eq!(fetched().await, (1, 1), "asked when it was connected");
    okta.control(json!({ "rotate_keys": true })).await;
    service.pass(61);
    walked().await.outside();
    assert_eq!(fetched().await, (1, 2));
    service.pass(3600);
    walked().await.outside();
    assert_eq!(fetched().await, (2, 3));
    // It cannot be asked any more; what was known is good for a day.
    okta.control(json!({ "discovery_status": 503 })).await;
    service.pass(3600 * 2);
    walked().await.outside();
    service.pass(3600 * 24);
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let named = [("user_name", AIKO)];
    let at = browser.step(&at, "name", &named).await;
    at.shows(503, "Your organisation’s sign-in is not available");
}
