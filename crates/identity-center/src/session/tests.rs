#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn session(state: State) -> Session {
    Session {
        id: SessionId::from([1; 16]),
        user: UserId::from([2; 16]),
        client: "app".to_owned(),
        state,
        scopes: vec![],
        claims: Claims::default(),
        authentication: Authentication::here(at(0), &["pwd"]),
        binding: None,
        rotation: 3,
        rotated_at: at(100),
        created_at: at(0),
        expires_at: at(1000),
    }
}

fn ended() -> State {
    State::Ended {
        at: at(1),
        because: Ended::SignedOut,
    }
}

#[test]
fn a_refresh_token_is_rotated_repeated_or_ends_its_session() {
    let check = |rotation, state: State, client: &str, active, now, expected| {
        let token = Token {
            session: SessionId::from([1; 16]),
            rotation,
            ends: at(5000),
        };
        let found = rotate(&session(state.clone()), &token, client, active, at(now));
        assert_eq!(
            found, expected,
            "{rotation} {state:?} {client} {active} {now}"
        );
    };
    use Rotation::{Next, Refused, Reused, Same};
    check(3, State::Live, "app", true, 101, Next);
    check(3, State::Live, "app", true, 999, Next);
    check(2, State::Live, "app", true, 100, Same);
    check(2, State::Live, "app", true, 160, Same);
    check(2, State::Live, "app", true, 161, Reused);
    check(2, State::Live, "app", true, 99, Same); // another instance's clock is a second behind
    check(1, State::Live, "app", true, 101, Reused);
    check(0, State::Live, "app", true, 101, Reused);
    check(4, State::Live, "app", true, 101, Refused);
    check(3, State::Live, "app", true, 1000, Refused);
    check(3, State::Live, "other", true, 101, Refused);
    check(1, State::Live, "other", true, 101, Refused); // a stranger ends nobody's session
    check(3, State::Live, "app", false, 101, Refused);
    check(3, State::Offered, "app", true, 101, Refused);
    check(3, ended(), "app", true, 101, Refused);
    check(0, ended(), "app", true, 101, Refused);
}

#[test]
fn a_code_is_redeemed_once_by_whom_and_where_it_was_meant() {
    let offer = Offer {
        redirect_uri: "http://127.0.0.1:1/cb".to_owned(),
        code_challenge: "challenge".to_owned(),
        nonce: None,
        expires_at: at(60),
    };
    let check =
        |state: State, client: &str, redirect: &str, challenge: &str, active, now, expected| {
            let redemption = Redemption {
                client: client.to_owned(),
                redirect_uri: redirect.to_owned(),
                challenge: challenge.to_owned(),
            };
            let found = redeem(&session(state), &offer, &redemption, active, at(now));
            assert_eq!(
                found, expected,
                "{client} {redirect} {challenge} {active} {now}"
            );
        };
    let (right, challenge) = ("http://127.0.0.1:1/cb", "challenge");
    check(State::Offered, "app", right, challenge, true, 59, Ok(()));
    check(
        State::Offered,
        "app",
        right,
        challenge,
        true,
        60,
        Err(CodeRefusal::Expired),
    );
    check(
        State::Offered,
        "other",
        right,
        challenge,
        true,
        1,
        Err(CodeRefusal::OtherClient),
    );
    check(
        State::Offered,
        "app",
        "http://127.0.0.1:2/cb",
        challenge,
        true,
        1,
        Err(CodeRefusal::OtherRedirect),
    );
    check(
        State::Offered,
        "app",
        "",
        challenge,
        true,
        1,
        Err(CodeRefusal::OtherRedirect),
    );
    check(
        State::Offered,
        "app",
        right,
        "",
        true,
        1,
        Err(CodeRefusal::WrongVerifier),
    );
    check(
        State::Offered,
        "app",
        right,
        challenge,
        false,
        1,
        Err(CodeRefusal::Inactive),
    );
    check(
        State::Live,
        "app",
        right,
        challenge,
        true,
        1,
        Err(CodeRefusal::Replayed),
    );
    check(
        State::Live,
        "other",
        "",
        "",
        false,
        90,
        Err(CodeRefusal::Replayed),
    );
    check(
        ended(),
        "app",
        right,
        challenge,
        true,
        1,
        Err(CodeRefusal::Replayed),
    );
}

#[test]
fn an_access_token_is_good_while_it_its_session_and_its_person_are() {
    let check = |rotation, ends, state: State, active, now, expected| {
        let token = Token {
            session: SessionId::from([1; 16]),
            rotation,
            ends: at(ends),
        };
        assert_eq!(
            good(&session(state), &token, active, at(now)),
            expected,
            "{rotation} {ends} {active} {now}"
        );
    };
    check(3, 200, State::Live, true, 199, true);
    check(0, 200, State::Live, true, 199, true); // rotation ends refresh tokens, not the access tokens before it
    check(3, 200, State::Live, true, 200, false);
    check(3, 2000, State::Live, true, 1000, false);
    check(4, 200, State::Live, true, 1, false);
    check(3, 200, State::Live, false, 1, false);
    check(3, 200, State::Offered, true, 1, false);
    check(3, 200, ended(), true, 1, false);
}
