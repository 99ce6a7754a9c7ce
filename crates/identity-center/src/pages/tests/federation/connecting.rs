//! An administrator connects a provider.

use serde_json::json;

use super::provider::{Provider, connect_as};
use crate::federation::{Connect, ConnectError, ConnectionRefusal};
use crate::oidc::tests::running::Running;

#[tokio::test]
async fn a_provider_is_looked_at_before_anything_is_kept() {
    let service = Running::start().await;
    let okta = Provider::okta().await;
    let refused = async |change: fn(&mut Connect)| {
        let mut asked = okta.described("okta.acme.example");
        change(&mut asked);
        let error = connect_as(&service, asked).await.unwrap_err();
        let kept = service.center.store.connections(None).await.unwrap();
        assert_eq!(kept, [], "{error}");
        error
    };
    let error = refused(|asked| asked.issuer.set_path("/elsewhere")).await;
    assert!(matches!(error, ConnectError::Discovery(_)), "{error}");
    let error = refused(|asked| asked.issuer = "http://idp.example".parse().unwrap()).await;
    assert!(matches!(error, ConnectError::Discovery(_)), "{error}");
    for inside in [
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "https://[fd00::1]/",
    ] {
        let mut asked = okta.described("okta.acme.example");
        asked.issuer = inside.parse().unwrap();
        let error = connect_as(&service, asked).await.unwrap_err();
        assert!(error.to_string().contains("private network"), "{error}");
    }
    let error = refused(|asked| asked.organization = "nobody".to_owned()).await;
    let expected = ConnectionRefusal::NoOrganization;
    assert!(
        matches!(&error, ConnectError::Refused(found) if *found == expected),
        "{error}"
    );
    let error = refused(|asked| asked.domains.clear()).await;
    assert!(matches!(error, ConnectError::NoDomain), "{error}");
    let error = refused(|asked| asked.name = "\u{200b}".to_owned()).await;
    assert!(matches!(error, ConnectError::NotAName(_)), "{error}");
    for (control, undone) in [
        (
            json!({ "tamper": "discovery_issuer" }),
            json!({ "tamper": null }),
        ),
        (
            json!({ "discovery_status": 503 }),
            json!({ "discovery_status": null }),
        ),
        (
            json!({ "jwks_status": 503 }),
            json!({ "jwks_status": null }),
        ),
        (
            json!({ "unreachable": true }),
            json!({ "unreachable": false }),
        ),
    ] {
        okta.control(control).await;
        refused(|_| {}).await;
        okta.control(undone).await;
    }
    let every_tenant = Provider::entra(Some("organizations")).await;
    let mut asked = every_tenant.described("entra.acme.example");
    asked.tenants.clear();
    let error = connect_as(&service, asked).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoTenant), "{error}");
}

#[tokio::test]
async fn a_connection_is_inactive_until_it_is_activated_and_can_be_changed() {
    let service = Running::start().await;
    let (okta, entra) = (Provider::okta().await, Provider::entra(None).await);
    let store = &service.center.store;
    let made = connect_as(&service, okta.described("okta.acme.example"));
    let made = made.await.unwrap();
    assert!(!made.active);
    assert_eq!(made.details.scopes, ["openid", "profile", "email"]);
    let secret = okta.described("x.example").client_secret;
    let secret = secrecy::ExposeSecret::expose_secret(&secret).as_bytes();
    let sealed = &made.sealed;
    assert!(!sealed.windows(secret.len()).any(|part| part == secret));

    // The same again with another secret and further scopes and domains: who is linked stays so.
    let now = service.center.now();
    assert!(
        store
            .set_connection_active(made.id, true, now)
            .await
            .unwrap()
    );
    let mut asked = okta.described("okta.acme.example");
    asked.domains.push("Acme.Test".to_owned());
    asked.scopes = vec!["groups".to_owned(), "email".to_owned()];
    let again = connect_as(&service, asked).await.unwrap();
    assert_eq!((again.id, again.active), (made.id, true));
    assert_ne!(again.sealed, made.sealed);
    assert_eq!(
        again.details.scopes,
        ["openid", "profile", "email", "groups"]
    );
    let kept = store.connections(Some("acme")).await.unwrap();
    assert_eq!(kept[0].domains, ["acme.test", "okta.acme.example"]);

    // Another issuer under that name would be other people; and a domain is one connection's.
    let mut other = entra.described("entra.acme.example");
    other.name = "okta".to_owned();
    let error = connect_as(&service, other).await.unwrap_err();
    assert!(matches!(error, ConnectError::OtherIssuer { .. }), "{error}");
    let mut other = okta.described("okta.acme.example");
    other.issuer.set_path("/oauth2/another");
    let error = connect_as(&service, other).await.unwrap_err();
    assert!(matches!(error, ConnectError::OtherIssuer { .. }), "{error}");
    let error = connect_as(&service, entra.described("ACME.test"));
    let error = error.await.unwrap_err();
    let expected = ConnectionRefusal::DomainTaken("acme.test".to_owned());
    assert!(
        matches!(&error, ConnectError::Refused(found) if *found == expected),
        "{error}"
    );
    assert!(
        store
            .remove_connection(made.id, service.center.now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .remove_connection(made.id, service.center.now())
            .await
            .unwrap()
    );
    let freed = connect_as(&service, entra.described("acme.test"));
    assert_eq!(freed.await.unwrap().domains, ["acme.test"]);
}

#[tokio::test]
async fn who_was_provisioned_before_it_was_connected_may_sign_in_there() {
    let service = Running::start().await;
    let (store, now) = (&service.center.store, service.center.now());
    let okta = Provider::okta().await;
    let asked = okta.described("okta.acme.example");
    let manner = kiro_scim::Manner::Rfc;
    let provisions = store.keep_provisioner(&asked.organization, &asked.name, manner, now);
    let provisions = provisions.await.unwrap();
    let connection = connect_as(&service, asked).await.unwrap();
    assert_eq!(connection.id, provisions.id);
}
