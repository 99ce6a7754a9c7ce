//! Answers that are not what they look like (THREATS.md T23). Each is refused and uses nothing up: the genuine one is taken after it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::provider::{ACS, Idp, brought, delivered, led};
use crate::oidc::tests::running::query;
use crate::pages::tests::browser::{Browser, person, started};

const AIKO: &str = "aiko@saml.acme.example";

/// The assertion of an answer, from its first to its last letter.
fn assertion(xml: &str) -> &str {
    let from = xml.find("<ns1:Assertion").unwrap();
    let end = "</ns1:Assertion>";
    &xml[from..xml.find(end).unwrap() + end.len()]
}

fn signature(assertion: &str) -> &str {
    let from = assertion.find("<ns2:Signature ").unwrap();
    let end = "</ns2:Signature>";
    &assertion[from..assertion.find(end).unwrap() + end.len()]
}

/// The same about somebody else, under another ID and without a signature.
fn evil(genuine: &str) -> String {
    let id = genuine
        .split("ID=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    genuine
        .replace(signature(genuine), "")
        .replace(id, "evil")
        .replace("aiko@", "root@")
        .replace("00u1", "00u0")
}

/// Signature wrapping: the eight forms of "On Breaking SAML" (Somorovsky et al. 2012), and what else changes a signed answer.
fn wrapped(xml: &str) -> Vec<(&'static str, String)> {
    let signed = assertion(xml);
    let signature = signature(signed);
    let evil = evil(signed);
    let bare = signed.replace(signature, "");
    let inside = |outer: &str, place: &str, inner: &str| {
        outer.replacen(place, &format!("{inner}{place}"), 1)
    };
    let response = |inner: &str| xml.replace(signed, inner);
    let in_object = signature.replacen(
        "</ns2:Signature>",
        &format!("<ns2:Object>{bare}</ns2:Object></ns2:Signature>"),
        1,
    );
    let extended = |inner: &str| format!("<ns0:Extensions>{inner}</ns0:Extensions>");
    let second_response = xml.replacen("<?xml version=\"1.0\"?>", "", 1);
    vec![
        (
            "XSW1: the answer inside the signature of another",
            response(&format!("{evil}{second_response}")),
        ),
        (
            "XSW2: the answer before another",
            response(&format!("{second_response}{evil}")),
        ),
        (
            "XSW3: a forged assertion before the signed one",
            response(&format!("{evil}{signed}")),
        ),
        (
            "XSW4: the signed assertion inside a forged one",
            response(&inside(&evil, "</ns1:Assertion>", signed)),
        ),
        (
            "XSW5: the signed one at the end, its signature in the forged one",
            response(&format!(
                "{}{bare}",
                evil.replacen("<ns1:Subject>", &format!("{signature}<ns1:Subject>"), 1)
            )),
        ),
        (
            "XSW6: the signed one inside the signature of the forged one",
            response(&evil.replacen(
                "<ns1:Subject>",
                &format!(
                    "{}<ns1:Subject>",
                    signature.replacen("<ns2:KeyInfo>", &format!("{bare}<ns2:KeyInfo>"), 1)
                ),
                1,
            )),
        ),
        (
            "XSW7: the signed one in extensions",
            response(&format!("{}{evil}", extended(signed))),
        ),
        (
            "XSW8: the signed one in an object of the signature",
            response(&evil.replacen("<ns1:Subject>", &format!("{in_object}<ns1:Subject>"), 1)),
        ),
        (
            "a forged one behind the signed one",
            response(&format!("{signed}{evil}")),
        ),
        (
            "two elements with one ID",
            response(&signed.replacen(
                "<ns1:Subject>",
                &format!(
                        "<ns1:Subject ID=\"{}\">",
                        signed
                            .split("ID=\"")
                            .nth(1)
                            .unwrap()
                            .split('"')
                            .next()
                            .unwrap()
                    ),
                1,
            )),
        ),
        ("another name", xml.replace("aiko@", "root@")),
        ("another id", xml.replace("00u1", "00u0")),
        (
            "a comment in the name",
            xml.replace("aiko@saml", "aiko@saml<!-- -->"),
        ),
        (
            "a comment behind the name",
            xml.replace(">00u1<", ">00u1<!-- -->x<"),
        ),
        (
            "a processing instruction",
            xml.replace("<ns1:Subject>", "<?x y?><ns1:Subject>"),
        ),
        (
            "character data",
            xml.replace(">00u1<", "><![CDATA[00u1]]><"),
        ),
        (
            "a document type",
            xml.replacen(
                "<ns0:Response",
                "<!DOCTYPE r [<!ENTITY a \"root\">]><ns0:Response",
                1,
            ),
        ),
        (
            "an entity bomb",
            xml.replacen(
                "<ns0:Response",
                "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><ns0:Response",
                1,
            )
            .replace("00u1", "&b;"),
        ),
        ("no signature", xml.replace(signature, "")),
        (
            "a signature value of nothing",
            xml.replacen(
                signature
                    .split("<ns2:SignatureValue>")
                    .nth(1)
                    .unwrap()
                    .split('<')
                    .next()
                    .unwrap(),
                "",
                1,
            ),
        ),
        (
            "SHA-1 named in the signature",
            xml.replace("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        ),
        (
            "HMAC named in the signature",
            xml.replace(
                "2001/04/xmldsig-more#rsa-sha256",
                "2000/09/xmldsig#hmac-sha1",
            ),
        ),
        (
            "a reference to everything",
            xml.replace("<ns2:Reference URI=\"#", "<ns2:Reference URI=\"\" X=\""),
        ),
        (
            "a reference to elsewhere",
            xml.replace(
                "<ns2:Reference URI=\"#",
                "<ns2:Reference URI=\"https://evil.example/#",
            ),
        ),
        (
            "a stylesheet for a transform",
            xml.replace(
                "2000/09/xmldsig#enveloped-signature",
                "TR/1999/REC-xslt-19991116",
            ),
        ),
        (
            "an XPath for a transform",
            xml.replace(
                "2000/09/xmldsig#enveloped-signature",
                "TR/1999/REC-xpath-19991116",
            ),
        ),
        (
            "another Response around it",
            format!("<x>{second_response}</x>"),
        ),
        ("something behind it", format!("{xml}<x/>")),
        ("nothing of the kind", "<ns0:Response/>".to_owned()),
        ("no XML", "{}".to_owned()),
        (
            "deep",
            format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000)),
        ),
        (
            "long",
            xml.replace(
                "<ns1:Subject>",
                &format!("{}<ns1:Subject>", " ".repeat(260_000)),
            ),
        ),
    ]
}

#[tokio::test]
async fn a_signed_answer_that_was_changed_signs_nobody_in_and_the_genuine_one_does() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    person(&service, "root@saml.acme.example", "Root").await;
    for sign in ["assertion", "both"] {
        idp.control(json!({ "sign": sign })).await;
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        let sent = led(&browser, &at, AIKO).await;
        let genuine = idp.answer(&sent, "aiko").await;
        let forged = wrapped(&genuine);
        assert!(forged.len() > 30);
        for (name, xml) in &forged {
            assert_ne!(*xml, genuine, "{name}");
            let page = brought(&browser, &sent, xml).await;
            assert_eq!(page.answer.status, 502, "{sign}, {name}: {}", page.text());
            assert!(
                page.text().contains("could not be verified"),
                "{name}: {}",
                page.text()
            );
        }
        brought(&browser, &sent, &genuine).await.outside();
        brought(&browser, &sent, &genuine).await.shows(410, "over");
    }
}

#[tokio::test]
async fn an_answer_that_is_signed_but_not_for_this_signs_nobody_in() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    let other = format!("{}/federation/saml/acme/other/acs", service.issuer());
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let sent = led(&browser, &at, AIKO).await;
    for (change, why) in [
        (json!({ "sign": "none" }), "signature"),
        (json!({ "sign": "response" }), "signature"),
        (json!({ "algorithm": "sha1" }), "algorithm"),
        (json!({ "key": "other" }), ""),
        (json!({ "key": "second" }), ""),
        (
            json!({ "audience": "https://other.example/metadata" }),
            "audience",
        ),
        (json!({ "audience": "" }), "audience"),
        (json!({ "recipient": other }), "recipient"),
        (json!({ "recipient": "" }), "recipient"),
        (json!({ "destination": other }), "destination"),
        (json!({ "destination": "" }), "Destination"),
        (json!({ "mute": true }), "AuthnInstant"),
        (json!({ "in_response_to": "_another" }), "esponse"),
        (json!({ "in_response_to": "" }), "esponse"),
        (json!({ "issuer": "https://evil.example/" }), "issuer"),
        (json!({ "skew": -400 }), ""),
        (json!({ "skew": 120 }), ""),
        (json!({ "endless": true }), "NotOnOrAfter"),
    ] {
        idp.control(change.clone()).await;
        let xml = idp.answer(&sent, "aiko").await;
        let page = brought(&browser, &sent, &xml).await;
        assert_eq!(page.answer.status, 502, "{change}: {}", page.text());
        assert!(
            page.text().contains("could not be verified"),
            "{change}: {}",
            page.text()
        );
        assert!(page.text().contains(why), "{change}: {}", page.text());
        let undone: serde_json::Map<String, Value> = change
            .as_object()
            .unwrap()
            .keys()
            .map(|name| (name.clone(), Value::Null))
            .collect();
        idp.control(Value::Object(undone)).await;
    }
    // A genuine assertion for another request, or for none, in an envelope that says it is for this one: the envelope is not signed.
    let id = idp.request(&sent);
    let id = id.split("ID=\"").nth(1).unwrap().split('"').next().unwrap();
    for theirs in ["_another", ""] {
        idp.control(json!({ "in_response_to": theirs })).await;
        let xml = idp.answer(&sent, "aiko").await;
        let head = &xml[..xml.find("<ns1:Assertion").unwrap()];
        let bare = head.replace(" InResponseTo=\"_another\"", "");
        let said = bare.replace(
            "<ns0:Response ",
            &format!("<ns0:Response InResponseTo=\"{id}\" "),
        );
        let page = brought(&browser, &sent, &xml.replace(head, &said)).await;
        page.shows(502, "could not be verified");
        page.shows(502, "InResponseTo");
    }
    idp.control(json!({ "in_response_to": null })).await;
    // Two clocks that differ by less than a minute.
    idp.control(json!({ "skew": 45 })).await;
    let xml = idp.answer(&sent, "aiko").await;
    brought(&browser, &sent, &xml).await.outside();
}

async fn is_nobody(browser: &Browser<'_>) {
    let at = browser.get("/sessions").await;
    at.shows(200, "Work e-mail or user name");
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
}

#[tokio::test]
async fn an_answer_goes_on_in_the_browser_that_asked_for_it_and_brought_it_alone() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    let (attacker, victim) = (Browser::new(&service), Browser::new(&service));
    let at = attacker.begin("native", &[]).await;
    let sent = led(&attacker, &at, AIKO).await;
    let genuine = idp.answer(&sent, "aiko").await;
    // Somebody follows the attacker's link, their provider answers at once, and their browser brings the answer: they are not signed in
    // as the attacker, and the attacker is not signed in as them.
    let to = delivered(&victim, &sent, &genuine).await;
    let answered = &to[url::Position::BeforePath..];
    victim.get(answered).await.shows(410, "over");
    is_nobody(&victim).await;
    for guessed in ["", "?brought=", &format!("?brought={}", "A".repeat(43))] {
        let path = format!("{}/answered{guessed}", at.path);
        attacker.get(&path).await.shows(410, "over");
    }
    let page = attacker.get(&at.path).await;
    page.shows(200, "Work e-mail or user name");
    is_nobody(&attacker).await;
    // Whoever has both goes on, once.
    let at = attacker.begin("native", &[]).await;
    let sent = led(&attacker, &at, AIKO).await;
    let genuine = idp.answer(&sent, "aiko").await;
    let to = delivered(&attacker, &sent, &genuine).await;
    let answered = &to[url::Position::BeforePath..];
    attacker.get(answered).await.outside();
    attacker.get(answered).await.shows(410, "over");

    // A RelayState that nobody was given, or another connection's, leads nowhere.
    let at = attacker.begin("native", &[("prompt", "login")]).await;
    let sent = led(&attacker, &at, AIKO).await;
    let genuine = STANDARD.encode(idp.answer(&sent, "aiko").await);
    let relay = query(&sent, "RelayState").unwrap();
    let guessed = format!("{}.{}", relay.split('.').next().unwrap(), "0".repeat(40));
    let form = [
        ("SAMLResponse", genuine.as_str()),
        ("RelayState", guessed.as_str()),
    ];
    attacker
        .post_from_elsewhere(ACS, &form)
        .await
        .shows(410, "over");
    let form = [
        ("SAMLResponse", genuine.as_str()),
        ("RelayState", relay.as_str()),
    ];
    idp.connected_as(&service, "other", false).await;
    for other in ["none", "other"] {
        let elsewhere = format!("/federation/saml/acme/{other}/acs");
        attacker
            .post_from_elsewhere(&elsewhere, &form)
            .await
            .shows(410, "over");
    }
    let twice = [form[0], form[0], form[1]];
    attacker
        .post_from_elsewhere(ACS, &twice)
        .await
        .shows(400, "cannot be read");
    attacker
        .post_from_elsewhere(ACS, &[form[1]])
        .await
        .shows(400, "cannot be read");
    attacker.post_from_elsewhere(ACS, &form).await.outside();
}
