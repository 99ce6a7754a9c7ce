//! Each trick by itself.

use super::*;

const NAMES: &str = "xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                     xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A signature of the element with this ID.
fn signature(id: &str) -> String {
    format!(
        "<d:Signature><d:SignedInfo><d:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><d:SignatureMethod Algorithm=\"{RSA}\"/>\
         <d:Reference URI=\"#{id}\"><d:Transforms><d:Transform Algorithm=\"{ENVELOPED}\"/><d:Transform Algorithm=\"{EXCLUSIVE}\"/></d:Transforms>\
         <d:DigestMethod Algorithm=\"{SHA}\"/><d:DigestValue>AA==</d:DigestValue></d:Reference></d:SignedInfo>\
         <d:SignatureValue>AA==</d:SignatureValue><d:KeyInfo><d:X509Data><d:X509Certificate>AA==</d:X509Certificate></d:X509Data></d:KeyInfo></d:Signature>"
    )
}

/// An assertion with a signature of its own.
fn signed() -> String {
    format!(
        "<a:Assertion ID=\"a1\">{}<a:Subject/></a:Assertion>",
        signature("a1")
    )
}

fn response(inner: &str) -> String {
    format!("<p:Response {NAMES} ID=\"r1\">{inner}</p:Response>")
}

#[test]
fn only_one_shape_leaves_no_room() {
    let check = |name: &str, xml: &str, expected: Option<Misshapen>| {
        assert_eq!(super::check(xml).err(), expected, "{name}");
    };
    let (signed, theirs, own) = (signed(), signature("a1"), signature("r1"));
    let good = response(&signed);
    check("plain", &good, None);
    check(
        "declared",
        &format!("<?xml version=\"1.0\"?>\n{good}\n"),
        None,
    );
    check("signed twice", &response(&format!("{own}{signed}")), None);
    check("a refusal", &response("<p:Status/>"), None);
    check(
        "characters by number",
        &response(&signed.replace("<a:Subject/>", "<a:Subject>&#65;&amp;</a:Subject>")),
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
        &format!("<x {NAMES}>{signed}</x>"),
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
            &response(&format!("{signed}<x>{trick}</x>")),
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

    let second = signed.replace("a1", "a2");
    check(
        "two assertions",
        &response(&format!("{signed}{second}")),
        Some(Misshapen::Assertions),
    );
    check(
        "one in another",
        &response(&signed.replace("<a:Subject/>", &second)),
        Some(Misshapen::Assertions),
    );
    check(
        "one elsewhere",
        &response(&format!("<p:Extensions>{signed}</p:Extensions>")),
        Some(Misshapen::Assertions),
    );
    check(
        "one of another namespace",
        &response(&signed.replace("a:Assertion", "p:Assertion")),
        Some(Misshapen::Assertions),
    );
    check(
        "one without a namespace",
        &response(&signed.replace("a:Assertion", "Assertion")),
        Some(Misshapen::Assertions),
    );
    check(
        "an encrypted one",
        &response("<a:EncryptedAssertion/>"),
        Some(Misshapen::Encrypted),
    );
    check(
        "an encrypted name",
        &response(&signed.replace("a:Subject", "a:EncryptedID")),
        Some(Misshapen::Encrypted),
    );

    check(
        "unsigned",
        &response("<a:Assertion ID=\"a1\"/>"),
        Some(Misshapen::Signatures),
    );
    check(
        "the response's signature alone",
        &response(&format!("{own}<a:Assertion ID=\"a1\"/>")),
        Some(Misshapen::Signatures),
    );
    check(
        "two of the assertion's",
        &response(&signed.replace(&theirs, &theirs.repeat(2))),
        Some(Misshapen::Signatures),
    );
    check(
        "two of the response's",
        &response(&format!("{own}{own}{signed}")),
        Some(Misshapen::Signatures),
    );
    check(
        "one behind the assertion",
        &response(&format!("{signed}{own}")),
        Some(Misshapen::Signatures),
    );
    check(
        "one deeper",
        &response(&signed.replace("<a:Subject/>", &format!("<a:Subject>{theirs}</a:Subject>"))),
        Some(Misshapen::Signatures),
    );
    check(
        "one in a signature",
        &response(&signed.replace("</d:Signature>", &format!("{theirs}</d:Signature>"))),
        Some(Misshapen::Signatures),
    );
    check(
        "one of another namespace",
        &response(&signed.replace("d:Signature", "a:Signature")),
        Some(Misshapen::Signatures),
    );
    check(
        "an object in it",
        &response(&signed.replace("</d:Signature>", "<d:Object/></d:Signature>")),
        Some(Misshapen::Algorithms),
    );
    check(
        "a refusal that is signed elsewhere",
        &response(&format!("<p:Status>{own}</p:Status>")),
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
            &response(&signed.replace("<a:Subject/>", &subject)),
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
    let signed = signed();
    let class = |xml: &str| check(xml).ok().and_then(|shape| shape.context);
    let within = response(&signed.replace(
        "<a:Subject/>",
        &format!("{}{}", statement(" urn:x "), statement("urn:y")),
    ));
    assert_eq!(class(&within).as_deref(), Some("urn:x"));
    // Inside of the signature nothing is signed, and nothing stands.
    let hidden = format!("{}</d:Signature>", statement("urn:z"));
    let hidden = response(&signed.replace("</d:Signature>", &hidden));
    assert_eq!(check(&hidden), Err(Misshapen::Algorithms));
    let outside = response(&format!("{}{signed}", statement("urn:z")));
    assert_eq!(class(&outside), None);
}

#[test]
fn a_signature_names_nothing_that_would_have_to_be_run_fetched_or_believed() {
    let (signed, theirs) = (signed(), signature("a1"));
    let good = response(&format!("{}{signed}", signature("r1")));
    assert!(check(&good).is_ok());
    let more = "http://www.w3.org/2001/04/xmldsig-more#";
    for (from, to) in [
        (RSA, format!("{more}rsa-sha384")),
        (RSA, format!("{more}rsa-sha512")),
        (SHA, format!("{more}sha384")),
        (SHA, "http://www.w3.org/2001/04/xmlenc#sha512".to_owned()),
    ] {
        assert!(check(&good.replace(from, &to)).is_ok(), "{to}");
    }
    let prefixes = format!(
        "<d:Transform Algorithm=\"{EXCLUSIVE}\"><e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"xs\"/></d:Transform>"
    );
    let plain = format!("<d:Transform Algorithm=\"{EXCLUSIVE}\"/>");
    assert!(check(&good.replace(&plain, &prefixes)).is_ok());

    let refused = |name: &str, xml: &str| {
        assert_ne!(xml, good, "{name}");
        assert_eq!(check(xml), Err(Misshapen::Algorithms), "{name}");
    };
    let old = "http://www.w3.org/2000/09/xmldsig#";
    for (what, from, to) in [
        ("RSA with SHA-1", RSA, format!("{old}rsa-sha1")),
        ("HMAC", RSA, format!("{old}hmac-sha1")),
        ("HMAC with SHA-2", RSA, format!("{more}hmac-sha256")),
        ("RSA with MD5", RSA, format!("{more}rsa-md5")),
        ("a method by numbers", RSA, RSA.replace('h', "&#104;")),
        ("SHA-1", SHA, format!("{old}sha1")),
        ("MD5", SHA, format!("{more}md5")),
        (
            "a stylesheet",
            ENVELOPED,
            "http://www.w3.org/TR/1999/REC-xslt-19991116".to_owned(),
        ),
        (
            "XPath",
            ENVELOPED,
            "http://www.w3.org/TR/1999/REC-xpath-19991116".to_owned(),
        ),
        ("base64", ENVELOPED, format!("{old}base64")),
        (
            "inclusive canonicalization",
            EXCLUSIVE,
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315".to_owned(),
        ),
        (
            "canonicalization with comments",
            EXCLUSIVE,
            format!("{EXCLUSIVE}WithComments"),
        ),
    ] {
        refused(what, &good.replace(from, &to));
    }
    for uri in [
        "",
        "#",
        "#r1",
        "#xpointer(/)",
        "#xpointer(id('a1'))",
        "https://evil.example/#a1",
        "file:///etc/passwd",
    ] {
        let other = good.replace("URI=\"#a1\"", &format!("URI=\"{uri}\""));
        refused(uri, &other);
    }
    refused("no URI", &good.replace(" URI=\"#a1\"", ""));
    refused("the other's", &good.replace("#r1", "#a1"));
    let nameless = response(&signed.replace(" ID=\"a1\"", "").replace("#a1", "#"));
    refused("an assertion without a name", &nameless);
    let from = theirs.find("<d:Reference").unwrap_or_default();
    let to = theirs.find("</d:SignedInfo>").unwrap_or_default();
    let reference = &theirs[from..to];
    refused(
        "two references",
        &good.replace(reference, &reference.repeat(2)),
    );
    refused("no reference", &good.replace(reference, ""));
    refused(
        "an empty one",
        &response(&signed.replace(&theirs, "<d:Signature/>")),
    );
    refused(
        "an attribute of another's",
        &good.replace("<d:Reference URI", "<d:Reference a:URI=\"#r1\" URI"),
    );
    for part in [
        "<d:RetrievalMethod URI=\"#a1\"/>",
        "<d:Manifest/>",
        "<a:Subject/>",
        "<InclusiveNamespaces/>",
    ] {
        let more = format!("{part}</d:KeyInfo>");
        refused(part, &good.replace("</d:KeyInfo>", &more));
    }
}
