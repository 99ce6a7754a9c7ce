//! One browser, several sign-ins at once: each has its own proof that the browser began it.

use super::browser::{Browser, PASSWORD, Place, code, started};
use crate::cookie::AT_ONCE;
use crate::oidc::tests::running::{Running, query};

/// The cookies of its sign-ins.
fn proofs(browser: &Browser<'_>) -> Vec<String> {
    let jar = browser.jar.borrow();
    let proofs = jar.keys().filter(|name| name.starts_with("kiro-sign-in-"));
    proofs.cloned().collect()
}

/// The code, which is good once.
async fn finish(service: &Running, browser: &Browser<'_>, at: &Place) -> Place {
    service.pass(31);
    let code = code(service, 0);
    browser.step(at, "code", &[("code", &code)]).await
}

#[tokio::test]
async fn two_tabs_sign_in_at_the_same_time_and_both_come_to_their_end() {
    let service = started().await;
    let browser = Browser::new(&service);
    let first = browser.begin("native", &[("state", "first")]).await;
    let second = browser.begin("native", &[("state", "second")]).await;
    assert_eq!(proofs(&browser).len(), 2);
    // Step by step, in turn.
    for at in [&first, &second] {
        let at = browser.step(at, "name", &[("user_name", "aiko")]).await;
        at.shows(200, "Password");
    }
    for at in [&first, &second] {
        let at = browser
            .step(at, "password", &[("password", PASSWORD)])
            .await;
        at.shows(200, "Enter your code");
    }
    for (at, state) in [(&first, "first"), (&second, "second")] {
        let back = finish(&service, &browser, at).await.outside();
        assert_eq!(query(&back, "state").as_deref(), Some(state), "{back}");
        assert!(query(&back, "code").is_some(), "{back}");
        browser
            .get(&at.path)
            .await
            .shows(410, "This sign-in is over");
    }
    assert_eq!(proofs(&browser), [""; 0], "what is over needs no proof");

    // Cancelled in one tab, finished in the other.
    let first = browser.begin("native", &[("prompt", "login")]).await;
    let second = browser.begin("native", &[("prompt", "login")]).await;
    let back = browser.step(&first, "cancel", &[]).await.outside();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    let back = browser.aiko(&second).await.outside();
    assert!(query(&back, "code").is_some(), "{back}");
}

#[tokio::test]
async fn a_proof_is_good_for_its_own_sign_in_alone() {
    let service = started().await;
    let (browser, thief) = (Browser::new(&service), Browser::new(&service));
    let at = browser.begin("native", &[]).await;
    let own = thief.begin("native", &[]).await;
    let value = thief.jar.borrow()[&proofs(&thief)[0]].clone();
    // Under the other's name, and beside it.
    for name in [proofs(&browser)[0].clone(), "kiro-sign-in".to_owned()] {
        thief.jar.borrow_mut().insert(name, value.clone());
        let seen = thief.get(&at.path).await;
        seen.shows(410, "begun in another browser");
        thief.get(&own.path).await.shows(200, "Work e-mail");
    }
    browser.get(&at.path).await.shows(200, "Work e-mail");
}

#[tokio::test]
async fn a_browser_keeps_no_more_proofs_than_it_may_begin_sign_ins_at_once() {
    let service = started().await;
    let browser = Browser::new(&service);
    for _ in 0..3 * AT_ONCE {
        let at = browser.begin("native", &[]).await;
        at.shows(200, "Work e-mail");
        assert!(proofs(&browser).len() <= AT_ONCE);
    }
    assert_eq!(proofs(&browser).len(), AT_ONCE);
    let last = browser.begin("native", &[]).await;
    let back = browser.aiko(&last).await.outside();
    assert!(query(&back, "code").is_some(), "{back}");
}
