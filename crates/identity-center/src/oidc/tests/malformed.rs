//! What nobody should send: each is refused with 4xx, and nothing is 5xx.

use super::service::Service;

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn whatever_is_sent_is_refused_and_never_breaks_anything() {
    let service = Service::start().await;
    let long = vec![b'a'; 70 * 1024];
    let many = "a=b&".repeat(20_000);
    let bodies: &[(&str, &str, &[u8])] = &[
        ("no body", FORM, b""),
        (
            "JSON",
            "application/json",
            b"{\"grant_type\":\"authorization_code\"}",
        ),
        (
            "JSON called a form",
            FORM,
            b"{\"grant_type\":\"authorization_code\"}",
        ),
        (
            "no content type",
            "",
            b"grant_type=refresh_token&client_id=native",
        ),
        (
            "multipart",
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=\"token\"\r\n\r\nx\r\n--x--",
        ),
        ("text", "text/plain", b"token=x&client_id=native"),
        ("a type that is none", "\u{1}/\u{2}", b"token=x"),
        ("bytes", FORM, b"\xff\xfe\x00\x01"),
        (
            "an escape that is none",
            FORM,
            b"token=%zz&client_id=native",
        ),
        ("an escape that is cut", FORM, b"token=%4"),
        ("not UTF-8", FORM, b"token=%ff&client_id=native"),
        (
            "a repeated parameter",
            FORM,
            b"token=x&token=y&client_id=native&grant_type=refresh_token&refresh_token=x",
        ),
        (
            "a repeated client",
            FORM,
            b"token=x&client_id=native&client_id=native",
        ),
        ("too long", FORM, &long),
        ("too many", FORM, many.as_bytes()),
        (
            "NUL",
            FORM,
            b"client_id=%00&token=%00&grant_type=%00&code=%00",
        ),
        ("a client with NUL", FORM, b"client_id=native%00&token=x"),
    ];
    for path in [
        "/oauth2/token",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/par",
        "/oauth2/authorize",
        "/oauth2/userinfo",
    ] {
        for (what, content_type, body) in bodies {
            let headers = [("content-type", *content_type)];
            let headers = &headers[usize::from(content_type.is_empty())..];
            let answer = service.send("POST", path, headers, body).await;
            assert!(
                (400..500).contains(&answer.status),
                "{path}: {what}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(answer.header("location").is_none());
            if answer.header("content-type") == Some("application/json") {
                assert!(!answer.error().is_empty(), "{path}: {what}");
            }
        }
        for method in ["PUT", "DELETE", "PATCH"] {
            assert_eq!(
                service.send(method, path, &[], b"").await.status,
                405,
                "{method} {path}"
            );
        }
    }
    for query in [
        "",
        "?",
        "?%",
        "?client_id=%ff",
        "?client_id",
        "?client_id=native&client_id=native",
        "?=",
        "?&&&",
        "?client_id=%00",
    ] {
        let answer = service.get(&format!("/oauth2/authorize{query}"), &[]).await;
        assert_eq!(answer.status, 400, "{query}");
        let answer = service
            .get(&format!("/oauth2/end_session{query}"), &[])
            .await;
        assert!(answer.status < 500, "{query}");
    }
    for authorization in [
        "Basic",
        "Basic ",
        "Basic %",
        "Basic AA==",
        "Basic Og==",
        "Basic /w==",
        "Basic YTol",
        "basic OjpAOg==",
    ] {
        let answer = service
            .post(
                "/oauth2/token",
                &[("authorization", authorization)],
                &[("grant_type", "refresh_token")],
            )
            .await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "invalid_client"),
            "{authorization}"
        );
    }
    // What a developer is told contains no more than RFC 6749 allows, and nothing of the sender's that could break a log.
    let answer = service
        .post(
            "/oauth2/token",
            &[],
            &[("a\"\\\r\n\u{1b}", "1"), ("a\"\\\r\n\u{1b}", "2")],
        )
        .await;
    let told = answer.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(told, "a was sent more than once");
}
