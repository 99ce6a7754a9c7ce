//! The way of one sign-in, and every way it can be disturbed.

use std::sync::atomic::Ordering;

use crate::world::{ISSUER, World};
use jiff::SignedDuration;
use kiro_sign_in::{
    Account, AccountChoice, Browser, BrowserError, Code, Failure, Received, Request, SignedIn,
    SystemBrowser, Via, access_token, account, begin, begin_device, receive, under_way,
};
use secrecy::ExposeSecret;
use serde_json::json;

/// Signs in with this callback, handed over by another process as a deep link is.
pub(crate) async fn sign_in_with(world: &World, extra: &str) -> Result<SignedIn, Failure> {
    let attempt = begin(&world.context, world.request(Via::DeepLink)).await?;
    let callback = world.callback(attempt.url(), extra);
    let other = world.another_process();
    let (result, received) = tokio::join!(attempt.wait(&world.context), receive(&other, &callback));
    assert!(
        matches!(received, Received::Left(_)),
        "the beginner lives and takes it: {received:?}"
    );
    result
}

#[tokio::test]
async fn a_callback_left_by_another_process_signs_in_and_every_process_sees_it() {
    let world = World::new();
    let who = sign_in_with(&world, "code=c1").await.unwrap();
    assert_eq!(
        (
            who.name.as_deref(),
            who.email.as_deref(),
            who.subject.as_deref()
        ),
        (Some("Aiko Tanaka"), Some("aiko@acme.com"), Some("00u1"))
    );
    assert_eq!(who.issuer, ISSUER);
    let Account::SignedIn(seen) = account(&world.another_process(), None).unwrap() else {
        panic!("another process sees the session")
    };
    assert_eq!(seen, who);
    assert_eq!(
        access_token(&world.another_process(), None)
            .await
            .unwrap()
            .expose_secret(),
        "access-1"
    );
    let sent = world.provider.token_requests.lock().unwrap().join("\n");
    assert!(
        sent.contains("code_verifier=")
            && sent.contains("code=c1")
            && sent.contains("redirect_uri=kiro%3A%2F%2Fkiro.oauth%2Fcallback"),
        "{sent}"
    );
}

#[tokio::test]
async fn one_sign_in_asks_for_document_keys_and_tokens_once_each() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    assert_eq!(world.provider.requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_callback_whose_beginner_died_is_finished_by_whoever_receives_it() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    let callback = world.callback(attempt.url(), "code=c1");
    die(attempt);
    let Received::Finished(result) = receive(&world.another_process(), &callback).await else {
        panic!("this process finishes")
    };
    assert_eq!(result.unwrap().name.as_deref(), Some("Aiko Tanaka"));
    // The browser's Back button sends the link again: nothing happens.
    let before = world.provider.requests.load(Ordering::SeqCst);
    assert!(matches!(
        receive(&world.another_process(), &callback).await,
        Received::NotOurs
    ));
    assert_eq!(world.provider.requests.load(Ordering::SeqCst), before);
}

/// As if the process were killed: the lock goes, the file stays.
fn die(attempt: kiro_sign_in::Attempt) {
    attempt.abandon();
}

#[tokio::test]
async fn what_does_not_check_out_signs_nobody_in_and_its_tokens_are_revoked() {
    let rows = [
        (json!({"nonce": "another"}), Code::UntrustedAnswer),
        (json!({"nonce": null}), Code::UntrustedAnswer),
        (json!({"iss": "https://evil.test"}), Code::UntrustedAnswer),
        (json!({"aud": "another"}), Code::UntrustedAnswer),
        (
            json!({"aud": ["kiro-desktop", "another"]}),
            Code::UntrustedAnswer,
        ),
        (json!({"azp": "another"}), Code::UntrustedAnswer),
        (json!({"exp": 1}), Code::UntrustedAnswer),
        (json!({"exp": "2030"}), Code::UntrustedAnswer),
        (json!({"at_hash": "wrong"}), Code::UntrustedAnswer),
        (json!({"sub": null}), Code::UntrustedAnswer),
    ];
    for (claims, expected) in rows {
        let world = World::new();
        world.behave(|behaviour| behaviour.claims = claims.clone());
        let failure = sign_in_with(&world, "code=c1").await.unwrap_err();
        assert_eq!(failure.code, expected, "{claims}");
        assert_eq!(
            world.provider.revoked.load(Ordering::SeqCst),
            2,
            "{claims}: both tokens are revoked"
        );
        assert!(
            matches!(
                account(&world.context, None).unwrap(),
                Account::SignedOut { reason: Some(_) }
            ),
            "{claims}"
        );
    }
    let world = World::new();
    world.behave(|behaviour| behaviour.wrong_key = true);
    assert_eq!(
        sign_in_with(&world, "code=c1").await.unwrap_err().code,
        Code::UntrustedAnswer
    );
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_any_token_request() {
    for iss in ["iss=https%3A%2F%2Fevil.test", ""] {
        let world = World::new();
        let attempt = begin(&world.context, world.request(Via::DeepLink))
            .await
            .unwrap();
        let callback = world.callback(attempt.url(), "code=c1");
        let mixed = callback
            .split('&')
            .filter(|part| !part.starts_with("iss="))
            .collect::<Vec<_>>()
            .join("&")
            + "&"
            + iss;
        let other = world.another_process();
        let (result, _) = tokio::join!(attempt.wait(&world.context), receive(&other, &mixed));
        assert_eq!(result.unwrap_err().code, Code::UntrustedAnswer, "{iss}");
        assert!(world.provider.token_requests.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn errors_of_the_provider_become_codes_and_an_older_session_lives_on() {
    let rows = [
        (
            "error=access_denied&error_description=User+is+not+assigned+to+the+client+application.",
            Code::NotAssigned,
        ),
        ("error=access_denied", Code::Cancelled),
        ("error=login_required", Code::LoginRequired),
        (
            "error=interaction_required&claims=%7B%7D",
            Code::StepUpNeeded,
        ),
        ("error=server_error", Code::ServerError),
    ];
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    for (extra, expected) in rows {
        let failure = sign_in_with(&world, extra).await.unwrap_err();
        assert_eq!(failure.code, expected, "{extra}");
        assert_eq!(failure.contact.as_deref(), Some("it-help@acme.com"));
        assert!(
            matches!(account(&world.context, None).unwrap(), Account::SignedIn(_)),
            "{extra}"
        );
    }
    world.behave(|behaviour| behaviour.token_answers.push_back((503, json!({}))));
    assert_eq!(
        sign_in_with(&world, "code=c2").await.unwrap_err().code,
        Code::ServerError
    );
    assert_eq!(
        access_token(&world.context, None)
            .await
            .unwrap()
            .expose_secret(),
        "access-1"
    );
}

#[tokio::test]
async fn a_sign_in_gives_up_after_ten_minutes_unless_extended_and_cancels_at_once() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    let late = world.callback(attempt.url(), "code=c1");
    let handle = attempt.handle();
    handle.extend().unwrap();
    world.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(
        under_way(&world.another_process()).len(),
        1,
        "extended: still open"
    );
    world.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(
        attempt.wait(&world.context).await.unwrap_err().code,
        Code::NoAnswer
    );
    assert!(
        matches!(
            receive(&world.another_process(), &late).await,
            Received::NotOurs
        ),
        "late"
    );
    assert!(world.provider.token_requests.lock().unwrap().is_empty());

    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    attempt.handle().cancel();
    assert_eq!(
        attempt.wait(&world.context).await.unwrap_err().code,
        Code::Cancelled
    );
    assert!(world.files("sign-ins").is_empty(), "nothing of it stays");
}

#[tokio::test]
async fn loopback_ignores_strangers_and_tells_the_browser_only_after_the_session_is_saved() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::Loopback))
        .await
        .unwrap();
    let callback = world.callback(attempt.url(), "code=of-aiko");
    let origin = callback.split("/oauth").next().unwrap().to_owned();
    let context = world.context.clone();
    let waiting = tokio::spawn(async move { attempt.wait(&context).await });
    let strangers = [
        (format!("{origin}/favicon.ico"), 404),
        (format!("{origin}/oauth/callback"), 400),
        (
            format!("{origin}/oauth/callback?code=evil&state=wrong"),
            400,
        ),
        (
            format!("{origin}/oauth/callback?code=a&code=b&state=x"),
            400,
        ),
    ];
    for (address, expected) in strangers {
        assert_eq!(get(&address).await.0, expected, "{address}");
    }
    let rebound = callback.replace("localhost", "127.0.0.1");
    assert_eq!(get(&rebound).await.0, 421, "another Host");
    assert!(world.provider.token_requests.lock().unwrap().is_empty());
    let (status, page) = get(&callback).await;
    assert_eq!(status, 200);
    assert!(
        page.contains("You are signed in.") && !page.contains("of-aiko"),
        "{page}"
    );
    assert!(waiting.await.unwrap().is_ok());
}

/// A browser's GET, by hand: what is sent is what stands here.
async fn get(address: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let url = url::Url::parse(address).unwrap();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", url.port().unwrap()))
        .await
        .unwrap();
    let target = &address[address.find(&url.port().unwrap().to_string()).unwrap()
        + url.port().unwrap().to_string().len()..];
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: {}:{}\r\nAccept-Language: en\r\n\r\n",
        url.host_str().unwrap(),
        url.port().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

#[tokio::test]
async fn a_pasted_callback_counts_and_another_text_does_not() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::Loopback))
        .await
        .unwrap();
    let callback = world.callback(attempt.url(), "code=c1");
    let handle = attempt.handle();
    assert!(handle.offer("hello").is_err());
    assert!(
        handle
            .offer(&callback.replace("state=", "state=x"))
            .is_err()
    );
    assert!(
        handle
            .offer("kiro://kiro.oauth/callback?code=c&state=s")
            .is_err()
    );
    handle.offer(&format!("  {callback}\n")).unwrap();
    assert!(attempt.wait(&world.context).await.is_ok());
}

#[tokio::test]
async fn a_device_code_is_asked_for_only_where_it_is_offered_and_allowed() {
    use std::os::unix::fs::PermissionsExt;
    let mut world = World::new();
    let failure = begin_device(&world.context, world.request(Via::Loopback))
        .await
        .err()
        .unwrap();
    assert_eq!(failure.code, Code::DeviceFlowNotOffered);
    let path = world.folder.path().join("managed.toml");
    std::fs::write(
        &path,
        "[locks]\ndevice_flow = true\ninsecure_storage = true\n",
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.context.managed_organizations = path;
    let before = world.provider.requests.load(Ordering::SeqCst);
    let failure = begin_device(&world.context, world.request(Via::Loopback))
        .await
        .err()
        .unwrap();
    assert_eq!(
        (failure.code, failure.facts.subject.as_deref()),
        (Code::ManagedByOrganization, Some("device_flow"))
    );
    let failure = begin(&world.context, world.request(Via::Loopback))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.code, failure.facts.subject.as_deref()),
        (Code::ManagedByOrganization, Some("insecure_storage"))
    );
    assert_eq!(
        world.provider.requests.load(Ordering::SeqCst),
        before,
        "nothing was asked of anybody"
    );
}

#[test]
fn only_addresses_that_a_browser_should_open_reach_one() {
    for address in [
        "http://evil.test/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "kiro://kiro.oauth/callback",
        "https://user@evil.test/",
        "https://acme.test/#x",
    ] {
        let refused = SystemBrowser.open(&address.parse().unwrap());
        assert!(matches!(refused, Err(BrowserError::Insecure)), "{address}");
    }
}

#[tokio::test]
async fn no_secret_stands_in_any_file_in_the_clear() {
    let world = World::new();
    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    let state = attempt
        .url()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let nonce = attempt
        .url()
        .query_pairs()
        .find(|(name, _)| name == "nonce")
        .unwrap()
        .1
        .into_owned();
    for file in world.files("sign-ins") {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains(&state) && !text.contains(&nonce),
            "{}",
            file.display()
        );
    }
    let callback = world.callback(attempt.url(), "code=c1");
    let other = world.another_process();
    let (result, _) = tokio::join!(attempt.wait(&world.context), receive(&other, &callback));
    result.unwrap();
    let text = std::fs::read_to_string(world.folder.path().join("home/credentials.json")).unwrap();
    assert!(!text.contains("access-1") && !text.contains("refresh-1"));
}

#[tokio::test]
async fn choices_reach_the_provider_in_its_own_words() {
    let world = World::new();
    let rows = [
        (AccountChoice::Select, "prompt", "login"),
        (
            AccountChoice::Hint("aiko@acme.com".into()),
            "login_hint",
            "aiko@acme.com",
        ),
    ];
    for (choice, name, value) in rows {
        let attempt = begin(
            &world.context,
            Request {
                account: choice,
                ..world.request(Via::DeepLink)
            },
        )
        .await
        .unwrap();
        assert!(
            attempt
                .url()
                .query_pairs()
                .any(|(key, found)| key == name && found == value),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_wrong_issuer_or_clock_is_told_before_a_browser_opens() {
    let world = World::new();
    world.behave(|behaviour| behaviour.issuer = Some("https://evil.test".into()));
    assert_eq!(
        begin(&world.context, world.request(Via::DeepLink))
            .await
            .unwrap_err()
            .code,
        Code::WrongIssuer
    );
    world.behave(|behaviour| (behaviour.issuer, behaviour.offline) = (None, true));
    assert_eq!(
        begin(&world.context, world.request(Via::DeepLink))
            .await
            .unwrap_err()
            .code,
        Code::Unreachable
    );
    assert!(world.files("sign-ins").is_empty());
}
