//! The device page (RFC 8628 §3.3, §5): the code is typed, the device is shown, guesses are counted.

use jiff::SignedDuration;

use super::browser::{Browser, application, started};
use crate::directory::Organization;
use crate::oidc::tests::running::Running;
use crate::pages::device::user_code_digest;
use crate::secret::Digest;
use crate::store::DeviceCode;

fn waiting(service: &Running, typed: &str, client: &str) -> DeviceCode {
    let now = service.center.now();
    DeviceCode {
        code: Digest::of(&format!("device/{typed}")),
        user_code: user_code_digest(typed).unwrap(),
        client: client.to_owned(),
        organization: "acme".to_owned(),
        scopes: vec!["openid".to_owned()],
        place: "203.0.113.7".to_owned(),
        created_at: now,
        expires_at: now + SignedDuration::from_mins(10),
    }
}

async fn device(service: &Running, typed: &str, client: &str) -> DeviceCode {
    let device = waiting(service, typed, client);
    let kept = service.center.store.keep_device_code(device.clone(), 5);
    kept.await.unwrap();
    device
}

async fn state(service: &Running, device: &DeviceCode) -> String {
    let code = device.code;
    let state = service.center.store.read(move |tx| {
        Box::pin(async move {
            let sql = "SELECT state FROM device_codes WHERE digest = $1";
            let row = tx.row(sql, crate::store::values![code]).await?;
            row.unwrap().text(0).map(str::to_owned)
        })
    });
    state.await.unwrap()
}

#[tokio::test]
async fn a_device_is_shown_before_it_gets_anything() {
    let service = started().await;
    application(&service.center.store, "tv", "Acme Wall", false, vec![]).await;
    let first = device(&service, "BCDF-GHJK", "tv").await;
    let browser = Browser::new(&service);
    let at = browser.get("/device?user_code=BCDF-GHJK").await;
    at.shows(200, "Type the code that the device shows.");
    assert!(
        !at.text().contains("BCDF"),
        "nobody's link fills the code in"
    );
    let at = browser.post("/device", &[("user_code", "BCDF")]).await;
    at.shows(422, "A code has eight letters");
    let at = browser.post("/device", &[("user_code", "bcdf ghjk")]).await;
    at.shows(200, "Work e-mail or user name");
    let at = browser.aiko(&at).await;
    at.shows(200, "Connect this device?");
    for said in ["Acme Wall", "203.0.113.7", "UTC", "Aiko 愛子"] {
        assert!(at.text().contains(said), "{said}: {}", at.text());
    }
    at.shows(200, "who you are");
    assert_eq!(state(&service, &first).await, "pending");
    let done = browser.step(&at, "consent", &[("decision", "allow")]).await;
    done.shows(200, "The device is connected");
    assert_eq!(state(&service, &first).await, "approved");
    browser
        .step(&at, "consent", &[("decision", "allow")])
        .await
        .shows(410, "over");

    let second = device(&service, "LMNP-QRST", "tv").await;
    let at = browser.post("/device", &[("user_code", "LMNP-QRST")]).await;
    at.shows(200, "Connect this device?");
    let at = browser.step(&at, "consent", &[("decision", "deny")]).await;
    at.shows(200, "The device gets nothing");
    assert_eq!(state(&service, &second).await, "denied");

    let gone = service
        .center
        .store
        .deactivate_user(service.user, service.center.now());
    gone.await.unwrap().unwrap();
    assert_eq!(
        state(&service, &first).await,
        "denied",
        "approved, not yet fetched"
    );
}

#[tokio::test]
async fn guesses_at_a_devices_code_are_counted_and_told_to_nobody_who_is_not_signed_in() {
    let service = started().await;
    application(&service.center.store, "tv", "Acme Wall", false, vec![]).await;
    device(&service, "BCDF-GHJK", "tv").await;
    let (stranger, other) = (Browser::new(&service), Browser::new(&service));
    let right = stranger
        .post("/device", &[("user_code", "BCDF-GHJK")])
        .await;
    let wrong = other.post("/device", &[("user_code", "BCDF-GHJL")]).await;
    let plain = |text: String, id: &str| text.replace(id, "");
    assert_eq!(
        plain(right.text(), &right.sign_in()),
        plain(wrong.text(), &wrong.sign_in())
    );

    let browser = Browser::new(&service);
    let at = browser.get("/sessions").await;
    browser
        .aiko(&at)
        .await
        .shows(200, "Where you are signed in");
    for guess in [
        "BCDF-GHJL",
        "BCDF-GHJM",
        "BCDF-GHJN",
        "BCDF-GHJP",
        "BCDF-GHJQ",
    ] {
        let at = browser.post("/device", &[("user_code", guess)]).await;
        at.shows(422, "No device waits for this code.");
    }
    let at = browser.post("/device", &[("user_code", "BCDF-GHJK")]).await;
    at.shows(422, "No device waits for this code."); // locked: the right one is answered alike
    service.pass(31);
    let at = browser.post("/device", &[("user_code", "BCDF-GHJK")]).await;
    at.shows(200, "Connect this device?");
    let elsewhere = Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    let store = &service.center.store;
    let made = store.create_organization(elsewhere, service.center.now());
    made.await.unwrap().unwrap();
    let theirs = DeviceCode {
        organization: "hinoki".to_owned(),
        ..waiting(&service, "XZXZ-XZXZ", "tv")
    };
    store.keep_device_code(theirs, 5).await.unwrap();
    let at = browser.post("/device", &[("user_code", "XZXZ-XZXZ")]).await;
    at.shows(422, "No device waits for this code.");
    service.pass(600);
    let at = browser.post("/device", &[("user_code", "BCDF-GHJK")]).await;
    at.shows(422, "No device waits for this code.");
}
