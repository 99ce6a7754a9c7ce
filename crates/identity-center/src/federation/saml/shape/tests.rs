//! Each trick by itself.

use super::*;

const NAMES: &str = "xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                     xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"";
const SIGNED: &str = "<a:Assertion ID=\"a1\"><d:Signature/><a:Subject/></a:Assertion>";

fn response(inner: &str) -> String {
    format!("<p:Response {NAMES} ID=\"r1\">{inner}</p:Response>")
}

#[test]
fn only_one_shape_leaves_no_room() {
    let check = |name: &str, xml: &str, expected: Option<Misshapen>| {
        assert_eq!(super::check(xml).err(), expected, "{name}");
    };
    let good = response(SIGNED);
    check("plain", &good, None);
    check(
        "declared",
        &format!("<?xml version=\"1.0\"?>\n{good}\n"),
        None,
    );
    check(
        "signed twice",
        &response(&format!("<d:Signature/>{SIGNED}")),
        None,
    );
    check("a refusal", &response("<p:Status/>"), None);
    check(
        "characters by number",
        &response(&SIGNED.replace("<a:Subject/>", "<a:Subject>&#65;&amp;</a:Subject>")),
        None,
    );

    check("nothing", "", Some(Misshapen::NotXml));
    check(
        "no end",
        &good.replace("</p:Response>", ""),
        Some(Misshapen::NotXml),
    );
    check(
        "another end",
        "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\"></p:Other>",
        Some(Misshapen::NotXml),
    );
    check(
        "two documents",
        &format!("{good}{good}"),
        Some(Misshapen::NotXml),
    );
    check("text behind", &format!("{good}x"), Some(Misshapen::NotXml));
    check("text before", &format!("x{good}"), Some(Misshapen::NotXml));
    check(
        "an undeclared name",
        &response("<z:x/>"),
        Some(Misshapen::NotXml),
    );
    check(
        "the same attribute twice",
        &response("<x y=\"1\" y=\"2\"/>"),
        Some(Misshapen::NotXml),
    );
    check(
        "deep",
        &response(&format!("{}{}", "<x>".repeat(32), "</x>".repeat(32))),
        Some(Misshapen::NotXml),
    );
    check(
        "long",
        &response(&" ".repeat(LONGEST)),
        Some(Misshapen::TooLong),
    );
    check(
        "another root",
        &format!("<x {NAMES}>{SIGNED}</x>"),
        Some(Misshapen::NotAResponse),
    );
    check(
        "the root of another namespace",
        &good.replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
        Some(Misshapen::NotAResponse),
    );
    check(
        "a response inside",
        &response("<p:Response/>"),
        Some(Misshapen::NotAResponse),
    );

    for (name, trick) in [
        ("a comment", "<!-- -->"),
        ("an instruction", "<?x y?>"),
        ("character data", "<![CDATA[x]]>"),
        ("an entity", "&a;"),
        ("a second declaration", "<?xml version=\"1.0\"?>"),
    ] {
        check(
            name,
            &response(&format!("{SIGNED}<x>{trick}</x>")),
            Some(Misshapen::Trickery),
        );
    }
    check(
        "a document type",
        &format!("<!DOCTYPE r>{good}"),
        Some(Misshapen::Trickery),
    );
    check(
        "a comment before",
        &format!("<!-- -->{good}"),
        Some(Misshapen::Trickery),
    );
    check(
        "a comment behind",
        &format!("{good}<!-- -->"),
        Some(Misshapen::Trickery),
    );

    let second = SIGNED.replace("a1", "a2");
    check(
        "two assertions",
        &response(&format!("{SIGNED}{second}")),
        Some(Misshapen::Assertions),
    );
    check(
        "one in another",
        &response(&SIGNED.replace("<a:Subject/>", &second)),
        Some(Misshapen::Assertions),
    );
    check(
        "one elsewhere",
        &response(&format!("<p:Extensions>{SIGNED}</p:Extensions>")),
        Some(Misshapen::Assertions),
    );
    check(
        "one of another namespace",
        &response(&SIGNED.replace("a:Assertion", "p:Assertion")),
        Some(Misshapen::Assertions),
    );
    check(
        "one without a namespace",
        &response(&SIGNED.replace("a:Assertion", "Assertion")),
        Some(Misshapen::Assertions),
    );
    check(
        "an encrypted one",
        &response("<a:EncryptedAssertion/>"),
        Some(Misshapen::Encrypted),
    );
    check(
        "an encrypted name",
        &response(&SIGNED.replace("a:Subject", "a:EncryptedID")),
        Some(Misshapen::Encrypted),
    );

    check(
        "unsigned",
        &response("<a:Assertion ID=\"a1\"/>"),
        Some(Misshapen::Signatures),
    );
    check(
        "the response's signature alone",
        &response("<d:Signature/><a:Assertion ID=\"a1\"/>"),
        Some(Misshapen::Signatures),
    );
    check(
        "two of the assertion's",
        &response(&SIGNED.replace("<d:Signature/>", "<d:Signature/><d:Signature/>")),
        Some(Misshapen::Signatures),
    );
    check(
        "two of the response's",
        &response(&format!("<d:Signature/><d:Signature/>{SIGNED}")),
        Some(Misshapen::Signatures),
    );
    check(
        "one behind the assertion",
        &response(&format!("{SIGNED}<d:Signature/>")),
        Some(Misshapen::Signatures),
    );
    check(
        "one deeper",
        &response(&SIGNED.replace("<a:Subject/>", "<a:Subject><d:Signature/></a:Subject>")),
        Some(Misshapen::Signatures),
    );
    check(
        "one in a signature",
        &response(&SIGNED.replace(
            "<d:Signature/>",
            "<d:Signature><d:Signature/></d:Signature>",
        )),
        Some(Misshapen::Signatures),
    );
    check(
        "one of another namespace",
        &response(&SIGNED.replace("d:Signature", "a:Signature")),
        Some(Misshapen::Signatures),
    );
    check(
        "an object in it",
        &response(&SIGNED.replace("<d:Signature/>", "<d:Signature><d:Object/></d:Signature>")),
        Some(Misshapen::Signatures),
    );
    check(
        "a refusal that is signed elsewhere",
        &response("<p:Status><d:Signature/></p:Status>"),
        Some(Misshapen::Signatures),
    );

    for (name, attribute) in [
        ("ID", "ID"),
        ("Id", "Id"),
        ("xml:id", "xml:id"),
        ("id", "id"),
    ] {
        let subject = format!("<a:Subject {attribute}=\"a1\"/>");
        check(
            name,
            &response(&SIGNED.replace("<a:Subject/>", &subject)),
            Some(Misshapen::SameId),
        );
    }
}

#[test]
fn a_refusal_s_codes_and_an_assertion_s_class_are_seen() {
    let codes = "<p:Status><p:StatusCode Value=\"outer\"><p:StatusCode Value=\"inner\"/></p:StatusCode></p:Status>";
    let seen = check(&response(codes)).map(|shape| (shape.assertion, shape.status, shape.context));
    let expected = (false, vec!["outer".to_owned(), "inner".to_owned()], None);
    assert_eq!(seen, Ok(expected));
    let statement = |class: &str| {
        format!(
            "<a:AuthnStatement><a:AuthnContext><a:AuthnContextClassRef>{class}</a:AuthnContextClassRef></a:AuthnContext></a:AuthnStatement>"
        )
    };
    let class = |xml: &str| check(xml).ok().and_then(|shape| shape.context);
    let within = response(&SIGNED.replace(
        "<a:Subject/>",
        &format!("{}{}", statement(" urn:x "), statement("urn:y")),
    ));
    assert_eq!(class(&within).as_deref(), Some("urn:x"));
    // Inside of the signature nothing is signed.
    let hidden = response(&SIGNED.replace(
        "<d:Signature/>",
        &format!("<d:Signature>{}</d:Signature>", statement("urn:z")),
    ));
    assert_eq!(class(&hidden), None);
    let outside = response(&format!("{}{SIGNED}", statement("urn:z")));
    assert_eq!(class(&outside), None);
}
