//! What a browser gets for each address of the table: the sign-in, or a page. Never a redirect to anywhere else.

use super::*;
use crate::client::{Client, Details, Grant, Wire};
use crate::redirect::registrable;
use crate::redirect::tests::{ALLOWED, REFUSED, REGISTERED};

/// An application of this wire with whatever of the table it may register.
async fn application(service: &Running, wire: Wire, id: &str) {
    let registered = REGISTERED.iter().filter(|uri| registrable(wire, uri));
    let client = Client {
        id: id.to_owned(),
        organization: None,
        wire,
        secret: None,
        name: id.to_owned(),
        details: Details {
            redirect_uris: registered.map(|uri| (*uri).to_owned()).collect(),
            grants: vec![Grant::AuthorizationCode],
            scopes: vec!["openid".to_owned()],
            ..Details::default()
        },
        issued_at: service.center.now(),
        expires_at: None,
    };
    service.center.store.add_client(client).await.unwrap();
}

#[tokio::test]
async fn every_address_of_the_table_gets_its_answer_on_both_wires() {
    let service = Running::start().await;
    assert!(ALLOWED.len() + REFUSED.len() >= 120);
    let challenge = challenge(VERIFIER);
    for (wire, id, path, words) in [
        (Wire::Aws, "table-aws", "/authorize", "scopes"),
        (Wire::Oidc, "table-oidc", "/oauth2/authorize", "scope"),
    ] {
        application(&service, wire, id).await;
        let check = async |uri: &str, allowed: bool| {
            let parameters = [
                ("response_type", "code"),
                ("client_id", id),
                ("redirect_uri", uri),
                (words, "openid"),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ];
            let good = format!("{path}?{}", encode(&parameters));
            let answer = service.get(&good, &[]).await;
            // A request that is wrong elsewhere is told to the application only where the address is right.
            let wrong = good.replace("response_type=code", "response_type=token");
            let told = service.get(&wrong, &[]).await;
            if allowed {
                assert_eq!((answer.status, told.status), (302, 302), "{wire:?} {uri}");
                assert!(answer.location().path().starts_with("/sign-in/"), "{uri}");
                let separator = if uri.contains('?') { '&' } else { '?' };
                let told = told.header("location").unwrap();
                assert!(
                    told.starts_with(&format!("{uri}{separator}error=")),
                    "{told}"
                );
            } else {
                for answer in [answer, told] {
                    let found = (answer.status, answer.header("location"));
                    assert_eq!(found, (400, None), "{wire:?} {uri}");
                    let kind = answer.header("content-type").unwrap_or_default();
                    assert!(kind.starts_with("text/html"), "{wire:?} {uri}: {kind}");
                    assert!(answer.header("set-cookie").is_none(), "{wire:?} {uri}");
                }
            }
        };
        for uri in ALLOWED {
            let aws =
                !uri.contains("localhost") && !uri.contains("/fixed") && uri.starts_with("http://");
            check(uri, wire == Wire::Oidc || aws).await;
        }
        for uri in REFUSED {
            check(uri, false).await;
        }
    }
}
