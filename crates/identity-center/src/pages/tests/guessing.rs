//! Guessing at names, passwords and codes.

use secrecy::SecretString;

use super::browser::{Browser, PASSWORD, Place, code, person, started, with_password};
use crate::directory::{Organization, Profile};
use crate::lockout::GUESSES;
use crate::password;
use crate::store::Guess;

#[tokio::test]
async fn a_known_and_an_unknown_name_are_answered_alike() {
    let service = started().await;
    person(&service, "provisioned", "No password").await;
    let walked = async |user_name: &'static str| {
        let browser = Browser::new(&service);
        let mut answers = Vec::new();
        let at = browser.begin("native", &[]).await;
        let id = at.sign_in();
        let at = browser.step(&at, "name", &[("user_name", user_name)]).await;
        let mut keep = |place: &Place| {
            let text = place.text().replace(&id, "ID").replace(user_name, "NAME");
            let headers = ["retry-after", "content-security-policy"]
                .map(|name| place.answer.header(name).map(str::to_owned));
            answers.push((place.answer.status, headers, text));
        };
        keep(&at);
        for attempt in 0..7 {
            let at = browser
                .step(&at, "password", &[("password", "not the password")])
                .await;
            assert_eq!(
                at.answer.status,
                if attempt < 5 { 422 } else { 429 },
                "{user_name} {attempt}"
            );
            keep(&at);
        }
        service.pass(31);
        keep(
            &browser
                .step(&at, "password", &[("password", "not the password")])
                .await,
        );
        keep(
            &browser
                .step(&at, "password", &[("password", "not the password")])
                .await,
        );
        answers
    };
    let unknown = walked("nobody").await;
    let seconds = |answers: &[(u16, [Option<String>; 2], String)]| -> Vec<(u16, String)> {
        // A lock's last second may have passed between two requests.
        let digits = |text: &str| {
            text.chars()
                .filter(|character| !character.is_ascii_digit())
                .collect()
        };
        answers
            .iter()
            .map(|(status, _, text)| (*status, digits(text)))
            .collect()
    };
    for known in ["aiko", "provisioned"] {
        assert_eq!(seconds(&walked(known).await), seconds(&unknown), "{known}");
    }
    let retry = unknown
        .iter()
        .find_map(|(_, headers, _)| headers[0].clone())
        .unwrap();
    assert!(
        (29..=31).contains(&retry.parse::<i64>().unwrap()),
        "{retry}"
    );
}

#[tokio::test]
async fn a_lock_holds_against_the_right_password_and_in_every_browser() {
    let service = started().await;
    let browser = Browser::new(&service);
    let first = browser.begin("native", &[]).await;
    for user_name in ["aiko", "AIKO", " aiko ", "Aiko", "aiKo"] {
        let at = browser
            .password(&first, user_name, "not the password")
            .await;
        at.shows(422, "The name or the password is not right.");
        browser.step(&at, "back", &[]).await;
    }
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let at = other.password(&at, "aiko", PASSWORD).await;
    at.shows(429, "Too many attempts. Try again in 3");
    service.pass(31);
    other
        .step(&at, "password", &[("password", PASSWORD)])
        .await
        .shows(200, "Enter your code");
}

#[tokio::test]
async fn a_name_has_one_count_whichever_way_in_is_taken() {
    let service = started().await;
    let hinoki = Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    let made = service
        .center
        .store
        .create_organization(hinoki, service.center.now());
    made.await.unwrap().unwrap();
    let tried = async |way: &str, user_name: &str, password: &str| {
        let browser = Browser::new(&service);
        let at = match way {
            "native" => browser.begin(way, &[]).await,
            start if start.starts_with("/start") => browser.post(start, &[]).await,
            path => browser.get(path).await,
        };
        let at = browser.password(&at, user_name, password).await;
        at.answer.status
    };
    for user_name in ["aiko", "nobody"] {
        let wrong = async |way| tried(way, user_name, "not the password").await;
        for way in [
            "native",
            "/sessions",
            "/start/acme",
            "/sessions",
            "/start/hinoki",
            "native",
        ] {
            assert_eq!(wrong(way).await, 422, "{user_name} {way}");
        }
        for way in ["native", "/sessions", "/start/acme"] {
            let found = tried(way, user_name, PASSWORD).await;
            assert_eq!(found, 429, "{user_name} {way}");
        }
        assert_eq!(wrong("/start/hinoki").await, 422, "{user_name}: another's");
    }
    // Whoever signs in begins with a clean count, whichever way they came.
    service.pass(31);
    let browser = Browser::new(&service);
    let at = browser.get("/sessions").await;
    browser.aiko(&at).await.shows(200, "Aiko 愛子, at Acme");
    for way in ["/sessions", "native", "/sessions", "native"] {
        assert_eq!(tried(way, "aiko", "not the password").await, 422, "{way}");
    }
    // So do codes.
    let browser = Browser::new(&service);
    let at = browser.get("/sessions").await;
    let at = browser.password(&at, "aiko", PASSWORD).await;
    let wrong = [("code", "AAAA-AAAA-AAAA-AAAA")];
    let at = browser.step(&at, "code", &wrong).await;
    at.shows(422, "That code is not right");
    assert_eq!(tried("native", "aiko", PASSWORD).await, 429);
}

#[tokio::test]
async fn guessing_one_time_codes_locks_and_a_right_password_does_not_begin_anew() {
    let service = started().await;
    let browser = Browser::new(&service);
    let wrong = |number: u32| {
        let taken = [-2, -1, 0, 1, 2].map(|steps| code(&service, steps));
        let guess = (number..).map(|guess| format!("{guess:06}"));
        guess
            .into_iter()
            .find(|guess| !taken.contains(guess))
            .unwrap()
    };
    let at = browser.begin("native", &[]).await;
    let mut at = browser.password(&at, "aiko", PASSWORD).await;
    for number in 0..4 {
        at = browser.step(&at, "code", &[("code", &wrong(number))]).await;
        at.shows(422, "That code is not right");
    }
    let other = Browser::new(&service);
    let second = other.begin("native", &[]).await;
    let second = other.password(&second, "aiko", PASSWORD).await;
    second.shows(200, "Enter your code");
    other
        .step(&second, "code", &[("code", &wrong(9))])
        .await
        .shows(422, "That code is not right");
    let right = code(&service, 0);
    let locked = browser.step(&at, "code", &[("code", &right)]).await;
    locked.shows(429, "Too many attempts.");
    service.pass(31);
    let right = code(&service, 0);
    browser
        .step(&at, "code", &[("code", &right)])
        .await
        .outside();
}

#[tokio::test]
async fn who_signs_in_begins_with_a_clean_count() {
    let service = started().await;
    for _ in 0..2 {
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        for _ in 0..3 {
            let wrong = browser.password(&at, "aiko", "not the password").await;
            wrong.shows(422, "The name or the password is not right.");
        }
        browser.aiko(&at).await.outside();
    }
}

#[tokio::test]
async fn an_address_that_tried_many_names_is_locked_whichever_it_types() {
    let service = started().await;
    let from = [Guess::from("127.0.0.1".parse().unwrap())];
    let (store, now) = (&service.center.store, service.center.now());
    for _ in 0..GUESSES.burst - 1 {
        store.attempt(&from, now).await.unwrap().unwrap();
    }
    let tried = async |user_name: &str, password: &str| {
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        browser.password(&at, user_name, password).await
    };
    let at = tried("nobody", "not the password").await;
    at.shows(422, "The name or the password is not right.");
    let said = async |user_name: &str, password: &str| {
        let at = tried(user_name, password).await;
        at.shows(429, "Too many attempts. Try again in ");
        let text = at.text().replace(&at.sign_in(), "ID");
        let text = text.replace(user_name, "NAME");
        let shown = |character: &char| !character.is_ascii_digit();
        text.chars().filter(shown).collect::<String>()
    };
    let unknown = said("nobody else", "not the password").await;
    assert_eq!(said("aiko", PASSWORD).await, unknown, "right or wrong");
    // One is forgotten; a right password takes its own back.
    service.pass(31);
    for _ in 0..2 {
        tried("aiko", PASSWORD).await.shows(200, "Enter your code");
    }
    let at = tried("somebody", "not the password").await;
    at.shows(422, "The name or the password is not right.");
    said("aiko", PASSWORD).await;
}

#[tokio::test]
async fn a_name_that_another_organisation_has_as_well_keeps_nobody_out() {
    let service = started().await;
    let (store, now) = (&service.center.store, service.center.now());
    let other = Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: false,
    };
    store
        .create_organization(other, now)
        .await
        .unwrap()
        .unwrap();
    let profile = Profile {
        user_name: "AIKO".to_owned(),
        display_name: "Another Aiko".to_owned(),
        ..Profile::default()
    };
    let theirs = store.create_user("hinoki", profile, now).await;
    let theirs = theirs.unwrap().unwrap().id;
    // Whether they have a password or not, and whichever it is.
    let sessions = async |password: &str| {
        let browser = Browser::new(&service);
        let at = browser.get("/sessions").await;
        browser.password(&at, "aiko", password).await
    };
    sessions(PASSWORD).await.shows(200, "Enter your code");
    let hash = password::hash(&SecretString::from("another password"));
    store.set_password(theirs, hash, now).await.unwrap();
    sessions(PASSWORD).await.shows(200, "Enter your code");
    sessions("another password")
        .await
        .shows(200, "Another Aiko");
    sessions("a third password").await.shows(422, "not right");
    // Two who have the same one are not told apart.
    with_password(&service, theirs).await;
    sessions(PASSWORD).await.shows(422, "not right");
}
