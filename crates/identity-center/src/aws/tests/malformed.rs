//! Whatever is sent to AWS's endpoints is refused in their words and breaks nothing.

use super::*;

/// What ends a call of each endpoint that takes a body well.
async fn good(service: &Running, path: &str) -> Value {
    let client = register(service).await;
    let mut body =
        json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
    match path {
        "/client/register" => registration(),
        "/device_authorization" => {
            body["startUrl"] = crate::start_url::of(&service.center.settings, "acme").into();
            body
        }
        _ => {
            body["grantType"] = "refresh_token".into();
            body["refreshToken"] = "x".into();
            body
        }
    }
}

#[tokio::test]
async fn no_body_of_the_wrong_form_breaks_anything() {
    let service = Running::start().await;
    let deep = "[".repeat(60_000);
    let long = format!("{{\"clientId\":\"{}\"}}", "a".repeat(70_000));
    let bodies: [&[u8]; 22] = [
        b"",
        b" ",
        b"null",
        b"true",
        b"0",
        b"\"x\"",
        b"[]",
        b"{}",
        b"{",
        b"{}{}",
        b"{\"a\":1,}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"clientId\":\"\xff\"}",
        b"{\"clientId\":\"\\ud800\"}",
        b"{\"clientId\":null,\"clientSecret\":null}",
        b"{\"clientId\":{},\"clientSecret\":[]}",
        b"{\"clientId\":1e999}",
        b"clientId=a&clientSecret=b",
        b"<clientId>a</clientId>",
        deep.as_bytes(),
        long.as_bytes(),
    ];
    for path in ["/client/register", "/device_authorization", "/token"] {
        for body in bodies {
            for headers in [
                &[("content-type", "application/json")][..],
                &[("content-type", "application/x-amz-json-1.1")],
                &[("content-type", "text/html")],
                &[],
            ] {
                let answer = service.send("POST", path, headers, body).await;
                refused(&answer, 400, "InvalidRequestException", "invalid_request");
            }
        }
        // Each member of the wrong type, missing, too long, and with what no text has.
        let good = good(&service, path).await;
        for name in good.as_object().unwrap().keys() {
            for value in [
                Value::Null,
                json!(1),
                json!(true),
                json!({}),
                json!([1]),
                json!([[]]),
                json!("\u{0}"),
                json!("x".repeat(60_000)),
                json!(["x".repeat(60_000)]),
                json!(vec!["x"; 10_000]),
            ] {
                let mut body = good.clone();
                body[name] = value.clone();
                let answer = call(&service, path, &body).await;
                let ends_well = answer.status == 200 && name == "issuerUrl";
                let shown: String = value.to_string().chars().take(20).collect();
                assert!(
                    ends_well || matches!(answer.status, 400 | 401),
                    "{path} {name} {shown}: {}",
                    answer.status
                );
                if !ends_well {
                    assert!(answer.header("x-amzn-errortype").is_some(), "{path} {name}");
                    assert!(!answer.error().is_empty(), "{path} {name}");
                }
            }
        }
        let answer = call(&service, path, &good).await;
        assert!(matches!(answer.status, 200 | 400), "it goes on: {path}");
    }
}

#[tokio::test]
async fn a_body_is_no_larger_than_the_limit() {
    let service = Running::start().await;
    for (length, status) in [(crate::aws::LIMIT, 200), (crate::aws::LIMIT + 1, 400)] {
        let mut body = registration().to_string();
        body.push_str(&" ".repeat(length - body.len()));
        let answer = service
            .send("POST", "/client/register", &[], body.as_bytes())
            .await;
        assert_eq!(answer.status, status, "{length}");
    }
}

#[tokio::test]
async fn a_call_of_another_method_or_cut_off_changes_nothing() {
    let service = Running::start().await;
    for (path, method) in [
        ("/client/register", "GET"),
        ("/device_authorization", "GET"),
        ("/token", "GET"),
        ("/token", "PUT"),
        ("/logout", "GET"),
        ("/assignment/accounts", "POST"),
        ("/assignment/roles", "DELETE"),
        ("/federation/credentials", "POST"),
        ("/authorize", "POST"),
    ] {
        let answer = service.send(method, path, &[], b"").await;
        assert_eq!(answer.status, 405, "{method} {path}");
    }
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = service.issuer().replace("http://", "");
    for half in [
        "POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"clientId\":",
        "POST /token HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"cli",
        "POST /token HTTP/1.1\r\nhost: x\r\ncontent-len",
        "POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}   ",
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer).await);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
            "{half:?}: {answer}"
        );
    }
    register(&service).await;
}
