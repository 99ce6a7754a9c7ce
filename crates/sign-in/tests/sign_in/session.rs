//! A session in use: its renewal and its end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Clock, FileLock, file};
use kiro_relying_party::HttpError;
use kiro_sign_in::{
    Account, AccountChoice, Code, Failure, ProfileName, Request, Revoked, Via, access_token,
    account, begin, fresh_token, renewed_token, sign_out, way_back, write_aws_token,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::faults::{self, Peer};
use crate::flow::sign_in_with;
use crate::wire::Fault;
use crate::world::{TestClock, World};

#[tokio::test]
async fn invalid_grant_ends_the_session_and_a_passing_fault_does_not() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(58));
    world.behave(|behaviour| behaviour.offline = true);
    assert_eq!(
        access_token(&world.context, None)
            .await
            .unwrap()
            .expose_secret(),
        "access-1",
        "still good for two minutes"
    );
    world.clock.advance(SignedDuration::from_mins(5));
    assert!(access_token(&world.context, None).await.is_err());
    assert!(
        matches!(account(&world.context, None).unwrap(), Account::SignedIn(_)),
        "offline is no end"
    );
    world.clock.advance(SignedDuration::from_mins(1));
    world.behave(|behaviour| behaviour.offline = false);
    assert_eq!(
        access_token(&world.context, None)
            .await
            .unwrap()
            .expose_secret(),
        "access-2",
        "renewed"
    );
    world.clock.advance(SignedDuration::from_mins(61));
    world.behave(|behaviour| {
        behaviour
            .token_answers
            .push_back((400, json!({"error": "invalid_grant"})))
    });
    assert_eq!(
        access_token(&world.context, None).await.unwrap_err().code,
        Code::SessionEnded
    );
    let Account::NeedsAttention { reason, who } = account(&world.another_process(), None).unwrap()
    else {
        panic!("needs attention")
    };
    assert_eq!(
        (reason.code, who.name.as_deref()),
        (Code::SessionEnded, Some("Aiko Tanaka"))
    );
}

/// Why the session needs attention, as another process reads it from the files.
fn attention(world: &World) -> Failure {
    let Account::NeedsAttention { reason, .. } = account(&world.another_process(), None).unwrap()
    else {
        panic!("needs attention")
    };
    reason
}

#[tokio::test]
async fn the_end_of_a_session_says_its_reason_where_the_provider_does() {
    let refused = async |error: &str, description: &str, aadsts: Option<u32>| {
        let world = World::new();
        sign_in_with(&world, "code=c1").await.unwrap();
        world.clock.advance(SignedDuration::from_mins(61));
        let answer = json!({"error": error, "error_description": description});
        world.behave(|behaviour| behaviour.token_answers.push_back((400, answer)));
        let failure = access_token(&world.context, None).await.unwrap_err();
        let reason = attention(&world);
        assert_eq!(failure.code, reason.code);
        for detail in [failure.detail, reason.detail] {
            assert_eq!(detail.error.as_deref(), Some(error));
            assert_eq!(detail.aadsts, aadsts, "{description}");
        }
        (world, reason.code)
    };
    let old = "The refresh token is invalid or expired.";
    let (_, code) = refused("invalid_grant", old, None).await;
    assert_eq!(code, Code::SessionEnded);
    let changed = "AADSTS50173: The provided grant has expired due to it being revoked.";
    let (_, code) = refused("invalid_grant", changed, Some(50173)).await;
    assert_eq!(code, Code::SessionEnded);
    let unassigned = "User is not assigned to the client application.";
    let (world, code) = refused("access_denied", unassigned, None).await;
    assert_eq!(code, Code::EndedByOrg);
    // Assigned again, the person goes on with the same refresh token.
    world.clock.advance(SignedDuration::from_secs(31));
    let token = access_token(&world.context, None).await.unwrap();
    assert_eq!(token.expose_secret(), "access-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_renewal_met_is_told_whole_by_who_adopts_it() {
    let host = || "token.acme.test".to_owned();
    let unresolved = HttpError::Unreachable {
        host: host(),
        proxy: Some("10.1.1.1:3128".into()),
        why: "no such name".into(),
        unresolved: true,
    };
    let inspected = HttpError::Intercepted {
        host: host(),
        issuer: Some("Acme Web Gateway".into()),
    };
    let (proxy, inspector) = (Some("10.1.1.1:3128"), Some("Acme Web Gateway"));
    for (error, code, word, facts) in [
        (unresolved, Code::Unreachable, "unresolved", (proxy, None)),
        (
            inspected,
            Code::Intercepted,
            "intercepted",
            (None, inspector),
        ),
    ] {
        let (world, wire) = faults::signed_in(Peer::Okta).await;
        world.clock.advance(SignedDuration::from_mins(61));
        wire.cut("/v1/token", &Fault::Error(error), 1);
        for context in [&world.context, &world.another_process()] {
            let failure = access_token(context, None).await.unwrap_err();
            assert_eq!(failure.code, code, "{failure:?}");
            assert_eq!(failure.host, Some(host()), "not the issuer's");
            assert_eq!(failure.detail.error.as_deref(), Some(word));
            let told = &failure.facts;
            assert_eq!((told.proxy.as_deref(), told.inspector.as_deref()), facts);
        }
    }
}

#[tokio::test]
async fn an_end_after_a_renewal_that_was_cut_off_says_so() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    let profile = ProfileName::default();
    let session = world.context.store.session(&profile).unwrap().unwrap();
    let died = json!({"revision": session.public.revision, "started_at": world.clock.now(), "finished_at": null, "refusal": null, "interrupted": false});
    let record = world.context.store.home().locks().join("default.json");
    file::replace(&record, died.to_string().as_bytes()).unwrap();
    world.behave(|behaviour| {
        behaviour
            .token_answers
            .push_back((400, json!({"error": "invalid_grant"})))
    });
    for context in [world.context.clone(), world.another_process()] {
        let failure = access_token(&context, None).await.unwrap_err();
        assert_eq!(failure.code, Code::SessionEnded);
        assert_eq!(failure.detail.error.as_deref(), Some("interrupted"));
    }
    assert_eq!(
        attention(&world).detail.error.as_deref(),
        Some("interrupted")
    );
}

#[tokio::test]
async fn the_same_address_with_another_subject_is_another_person_at_renewal() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    world.behave(|behaviour| behaviour.claims = json!({"sub": "00u2", "nonce": null}));
    let failure = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::RefreshFailed);
    let Account::SignedIn(who) = account(&world.context, None).unwrap() else {
        panic!("the session is untouched")
    };
    assert_eq!(who.subject.as_deref(), Some("00u1"));
}

#[tokio::test]
async fn signing_out_is_local_first_and_says_what_was_not_revoked() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    let receipt = sign_out(&world.context, None).await.unwrap();
    assert_eq!((receipt.removed, receipt.revoked), (true, Revoked::Yes));
    assert!(
        receipt
            .end_session
            .unwrap()
            .as_str()
            .contains("id_token_hint=")
    );
    sign_in_with(&world, "code=c2").await.unwrap();
    world.behave(|behaviour| behaviour.offline = true);
    let receipt = sign_out(&world.context, None).await.unwrap();
    assert_eq!((receipt.removed, receipt.revoked), (true, Revoked::Offline));
    assert!(matches!(
        account(&world.context, None).unwrap(),
        Account::SignedOut { .. }
    ));
    assert_eq!(
        sign_out(&world.context, None).await.unwrap_err().code,
        Code::NotSignedIn
    );
}

#[tokio::test]
async fn a_profile_that_is_named_and_nobody_s_is_unknown() {
    let world = World::new();
    let (work, active) = ("work".parse().unwrap(), ProfileName::default());
    let check = |profile: &ProfileName, token: Code| {
        let failure = fresh_token(&world.context, Some(profile)).unwrap_err();
        assert_eq!(failure.code, token, "{profile}");
    };
    check(&work, Code::UnknownProfile);
    check(&active, Code::NotSignedIn);
    let failure = account(&world.context, Some(&work)).unwrap_err();
    assert_eq!(failure.facts.subject.as_deref(), Some("work"));
    assert!(account(&world.context, Some(&active)).is_ok());
    let failure = sign_out(&world.context, Some(&work)).await.unwrap_err();
    assert_eq!(failure.code, Code::UnknownProfile);
}

#[tokio::test]
async fn a_link_that_came_is_remembered_beyond_signing_out_and_one_through_localhost_is_not() {
    let world = World::new();
    let way = || way_back(&world.another_process(), &AccountChoice::Any);
    let attempt = begin(&world.context, world.request(Via::Loopback))
        .await
        .unwrap();
    let callback = world.callback(attempt.url(), "code=c1");
    attempt.handle().offer(&callback).unwrap();
    attempt.wait(&world.context).await.unwrap();
    assert_eq!(way(), Via::DeepLink);

    sign_in_with(&world, "code=c2").await.unwrap();
    sign_out(&world.context, None).await.unwrap();
    assert_eq!(way(), Via::Loopback);
    world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(way(), Via::DeepLink);
    // A refusal comes by the same link.
    sign_in_with(&world, "error=access_denied")
        .await
        .unwrap_err();
    assert_eq!(way(), Via::Loopback);
}

#[tokio::test]
async fn a_renewed_session_that_the_disk_refuses_is_used_and_stored_later() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    let blocked = world
        .folder
        .path()
        .join("home/credentials.json.tmp/in the way");
    std::fs::create_dir_all(&blocked).unwrap();
    let renewed = renewed_token(&world.context, None).await.unwrap();
    assert_eq!(renewed.token.expose_secret(), "access-2", "it is good");
    assert_eq!(renewed.unsaved.unwrap().code, Code::CouldNotSave);
    std::fs::remove_dir_all(blocked.parent().unwrap()).unwrap();
    let again = renewed_token(&world.context, None).await.unwrap();
    assert!(again.token.expose_secret() == "access-2" && again.unsaved.is_none());
    let other = access_token(&world.another_process(), None).await.unwrap();
    assert_eq!(other.expose_secret(), "access-2");
    let asked = world.provider.token_requests.lock().unwrap().len();
    assert_eq!(asked, 2, "the code, and one refresh");
}

/// A clock that is asked once the session was read, and before anything is waited for: then something else happens.
struct Between(Arc<TestClock>, Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Clock for Between {
    fn now(&self) -> Timestamp {
        let happens = self.1.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        self.0.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_out_meanwhile_leaves_the_profile_that_is_active_then() {
    let world = World::new();
    let names = ["default", "work"].map(|name| name.parse::<ProfileName>().unwrap());
    for profile in &names {
        let request = Request {
            profile: Some(profile.clone()),
            ..world.request(Via::DeepLink)
        };
        let attempt = begin(&world.context, request).await.unwrap();
        let callback = world.callback(attempt.url(), "code=c1");
        attempt.handle().offer(&callback).unwrap();
        attempt.wait(&world.context).await.unwrap();
    }
    world.clock.advance(SignedDuration::from_mins(58));
    let [_, work] = names;
    let token = async |named: Option<&ProfileName>| {
        let store = world.another_process().store;
        let renewing = FileLock::try_acquire(&store.home().locks().join("work"));
        let _renewing = renewing.unwrap().unwrap();
        let signed_out = work.clone();
        let mut context = world.another_process();
        context.clock = Arc::new(Between(
            Arc::clone(&world.clock),
            Mutex::new(Some(Box::new(move || drop(store.remove(&signed_out))))),
        ));
        access_token(&context, named).await
    };
    assert_eq!(token(None).await.unwrap().expose_secret(), "access-3");
    let named = token(Some(&work)).await.unwrap_err();
    assert_eq!(named.code, Code::NotSignedIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_tools_were_given_goes_when_somebody_signs_in_anew() {
    let (world, wire) = faults::signed_in(Peer::IdentityCenter).await;
    let home = tempfile::tempdir().unwrap();
    let given = async || {
        let written = write_aws_token(&world.context, None, None, home.path()).await;
        written.unwrap().path
    };
    let path = given().await;
    // A sign-in that fails leaves it with the session.
    wire.cut(
        "/token",
        &Fault::Bytes("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n"),
        usize::MAX,
    );
    assert!(faults::sign_in(&world, Peer::IdentityCenter).await.is_err());
    assert!(path.exists());
    wire.mend();
    faults::sign_in(&world, Peer::IdentityCenter).await.unwrap();
    assert!(!path.exists());
    assert_eq!(given().await, path);
}

/// The tokens in the file: the access token, the refresh token, and what the ID token says of its key.
fn kept(world: &World) -> (String, String, String) {
    let profile = ProfileName::default();
    let session = world.context.store.session(&profile).unwrap().unwrap();
    let secret = |token: Option<&SecretString>| token.unwrap().expose_secret().to_owned();
    let tokens = session.tokens;
    let header = jsonwebtoken::decode_header(secret(tokens.id.as_ref())).unwrap();
    (
        secret(Some(&tokens.access)),
        secret(tokens.refresh.as_ref()),
        header.kid.unwrap(),
    )
}

#[tokio::test]
async fn a_renewed_id_token_whose_key_is_not_to_be_had_yet_costs_no_session() {
    let world = World::new();
    let expected = |access: &str, refresh: &str, kid: &str| {
        let (access, refresh, kid) = (access.to_owned(), refresh.to_owned(), kid.to_owned());
        assert_eq!(kept(&world), (access, refresh, kid));
    };
    sign_in_with(&world, "code=c1").await.unwrap();
    world.behave(|behaviour| (behaviour.kid, behaviour.keys_lag) = (Some("k2"), true));
    for (access, refresh) in [("access-2", "refresh-2"), ("access-3", "refresh-3")] {
        world.clock.advance(SignedDuration::from_mins(61));
        access_token(&world.context, None).await.unwrap();
        expected(access, refresh, "k1");
    }
    assert_eq!(world.provider.revoked.load(Ordering::SeqCst), 0);
    world.behave(|behaviour| behaviour.keys_lag = false);
    world.clock.advance(SignedDuration::from_mins(61));
    access_token(&world.context, None).await.unwrap();
    expected("access-4", "refresh-4", "k2");
    // Another's is known by its own word, whether its key is to be had or not.
    for (kid, claims) in [
        ("k2", json!({"sub": "00u2"})),
        ("k3", json!({"sub": "00u2"})),
        ("k3", json!({"iss": "https://login.evil.test"})),
        ("k2", json!({"aud": "another-application"})),
        ("k2", json!({"iat": 0, "at_hash": "another"})),
    ] {
        world.behave(|behaviour| {
            behaviour.kid = Some(kid);
            behaviour.keys_lag = kid == "k3";
            behaviour.claims = claims.clone();
        });
        world.clock.advance(SignedDuration::from_mins(61));
        let failure = access_token(&world.context, None).await.unwrap_err();
        assert_eq!(failure.code, Code::RefreshFailed, "{kid} {claims}");
        expected("access-4", "refresh-4", "k2");
    }
}

#[tokio::test]
async fn keys_that_the_provider_rotated_are_found_at_a_renewal_and_at_a_sign_in() {
    let world = World::new();
    let signed_by = || kept(&world).2;
    sign_in_with(&world, "code=c1").await.unwrap();
    assert_eq!(signed_by(), "k1");
    world.behave(|behaviour| behaviour.kid = Some("k2"));
    world.clock.advance(SignedDuration::from_mins(61));
    access_token(&world.context, None).await.unwrap();
    assert_eq!(signed_by(), "k2", "the new ID token was verified and kept");
    world.behave(|behaviour| behaviour.kid = Some("k3"));
    world.clock.advance(SignedDuration::from_mins(2));
    sign_in_with(&world, "code=c2").await.unwrap();
    assert_eq!(signed_by(), "k3");
}

#[tokio::test]
async fn a_sign_in_that_the_disk_refuses_leaves_the_older_session_and_no_tokens_at_the_provider() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    let attempt = begin(&world.context, world.request(Via::DeepLink))
        .await
        .unwrap();
    let callback = world.callback(attempt.url(), "code=c2");
    let blocked = world
        .folder
        .path()
        .join("home/credentials.json.tmp/in the way");
    std::fs::create_dir_all(&blocked).unwrap();
    attempt.handle().offer(&callback).unwrap();
    let failure = attempt.wait(&world.context).await.unwrap_err();
    assert_eq!(failure.code, Code::CouldNotSave, "{failure:?}");
    let revoked = world.provider.revoked.load(Ordering::SeqCst);
    assert_eq!(revoked, 2, "the refresh token and the access token");
    let token = access_token(&world.another_process(), None).await.unwrap();
    assert_eq!(token.expose_secret(), "access-1", "the older session");
    std::fs::remove_dir_all(blocked.parent().unwrap()).unwrap();
    sign_in_with(&world, "code=c3").await.unwrap();
}
