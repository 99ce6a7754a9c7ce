//! Whether the application may: it is named, and so is where it sends the person. A device is always asked about.

use axum::response::Response;
use maud::{Markup, html};
use url::{Host, Url};

use super::entry::{Answer, Posted, Visit};
use super::layout::{fact, time};
use super::words::{Words, fill, shown};
use super::{Refusal, device, finish};
use crate::authorization::{Progress, Purpose};
use crate::aws;
use crate::claims::Claims;
use crate::client::{ADMINISTRATION, Wire};
use crate::id::UserId;
use crate::oidc::parameters::Parameters;

pub(super) async fn show(visit: &Visit, user: UserId) -> Answer {
    let words = visit.words();
    let store = &visit.center.store;
    let user = store.user(user).await?.ok_or(Refusal::Over)?;
    let you = html! { bdi { (shown(&user.profile.display_name)) } span.why { bdi { (shown(&user.profile.user_name)) } } };
    let (title, lead, facts) = match &visit.seen.request.purpose {
        Purpose::Code {
            client,
            redirect_uri,
            wire,
            ..
        } => {
            let application = store.client(client, visit.center.now()).await?;
            let application = application.ok_or(Refusal::ApplicationGone)?;
            let request = &visit.seen.request;
            let by_name = request.asked().granted(&application.details.scopes);
            let (lead, learns, uses) = match wire {
                Wire::Aws => (
                    words.consent_program,
                    told(words),
                    Some(uses(words, &request.scopes)),
                ),
                Wire::Oidc => (
                    words.consent_lead,
                    learns(words, &request.scopes, &by_name),
                    None,
                ),
            };
            let facts = html! {
                (fact(words.consent_to, &place(words, redirect_uri)))
                (fact(words.consent_you, &you))
                @if let Some(uses) = uses { (fact(words.consent_uses, &html! { (uses) })) }
                (fact(words.consent_learns, &html! { (learns) }))
            };
            let title = fill(words.consent_title, &[("app", &application.name)]);
            (title, lead, facts)
        }
        Purpose::Device(typed) => {
            let device = store.waiting_device(*typed, visit.center.now()).await?;
            let device = device.ok_or(Refusal::Over)?;
            let client = store.client(&device.client, visit.center.now()).await?;
            let client = client.ok_or(Refusal::ApplicationGone)?;
            let (learns, uses) = match client.wire {
                Wire::Aws => (told(words), Some(uses(words, &device.scopes))),
                Wire::Oidc => {
                    let rules = device.scopes.iter().any(|scope| scope == ADMINISTRATION);
                    let uses = rules.then(|| words.consent_administration.to_owned());
                    (learns(words, &device.scopes, &Claims::default()), uses)
                }
            };
            let facts = html! {
                (fact(words.device_application, &html! { bdi { (shown(&client.name)) } }))
                (fact(words.device_place, &html! { bdi { (shown(&device.place)) } }))
                (fact(words.device_time, &html! { (time(visit.language, device.created_at)) }))
                (fact(words.consent_you, &you))
                @if let Some(uses) = uses { (fact(words.consent_uses, &html! { (uses) })) }
                (fact(words.consent_learns, &html! { (learns) }))
            };
            (
                words.device_ask_title.to_owned(),
                words.device_ask_lead,
                facts,
            )
        }
        Purpose::OwnSessions | Purpose::Trial(_) => return Err(Refusal::Over),
    };
    let body = html! {
        h1 { (title) }
        p.lead { (lead) }
        dl.card { (facts) }
        form.pair method="post" action=(visit.form("consent")) {
            button.button.first name="decision" value="allow" { (words.allow) }
            button.button.other name="decision" value="deny" { (words.deny) }
        }
    };
    Ok(visit.page(title, false, body).respond())
}

/// What the application learns of the person, by its scopes and by name: never less than that.
fn learns(words: &Words, scopes: &[String], by_name: &Claims) -> String {
    let asks = |scope: &str| {
        scopes.iter().any(|asked| asked == scope) || by_name.scopes().any(|named| named == scope)
    };
    let mut learned = vec![words.consent_identity];
    learned.extend(asks("profile").then_some(words.consent_profile));
    learned.extend(asks("email").then_some(words.consent_email));
    learned.join(" · ")
}

/// What an AWS client is told of the person beside its tokens.
fn told(words: &Words) -> String {
    [
        words.consent_identity,
        words.consent_profile,
        words.consent_email,
    ]
    .join(" · ")
}

/// What an AWS client may use: AWS's own scope in words, others as they are written.
fn uses(words: &Words, scopes: &[String]) -> String {
    let named = scopes.iter().map(|scope| match scope.as_str() {
        aws::SCOPE => words.consent_accounts.to_owned(),
        other => shown(other),
    });
    named.collect::<Vec<_>>().join(" · ")
}

/// Where the answer goes, as a person knows it: the host, this computer, or whoever opens such links.
fn place(words: &Words, redirect_uri: &str) -> Markup {
    let Ok(url) = Url::parse(redirect_uri) else {
        return html! {};
    };
    let scheme = url.scheme();
    let text = match url.host() {
        Some(host) if matches!(scheme, "http" | "https") => match host {
            Host::Ipv4(address) if address.is_loopback() => {
                fill(words.consent_here, &[("host", &address.to_string())])
            }
            Host::Ipv6(address) if address.is_loopback() => {
                fill(words.consent_here, &[("host", &address.to_string())])
            }
            // The ASCII form: a look-alike shows its `xn--`.
            Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => host.to_string(),
        },
        Some(_) | None => fill(words.consent_app, &[("scheme", &format!("{scheme}://"))]),
    };
    html! { (text) }
}

/// `POST /sign-in/{id}/consent`
pub(super) async fn post(Posted(visit, form): Posted) -> Response {
    visit.answer(decided(&visit, &form).await)
}

async fn decided(visit: &Visit, form: &Parameters) -> Answer {
    let Progress::Consent {
        user,
        authentication,
    } = &visit.seen.progress
    else {
        return Ok(visit.onwards());
    };
    match (form.get("decision"), &visit.seen.request.purpose) {
        (Some("allow"), _) => finish::allowed(visit, *user, authentication.clone()).await,
        (Some("deny"), Purpose::Device(typed)) => {
            let store = &visit.center.store;
            let device = store.waiting_device(*typed, visit.center.now()).await?;
            let device = device.ok_or(Refusal::Over)?;
            store.deny_device(&visit.seen, &device).await?;
            Ok(device::denied(visit.language))
        }
        (Some("deny"), Purpose::Code { .. } | Purpose::OwnSessions | Purpose::Trial(_)) => {
            finish::told(&visit.center, &visit.seen, "access_denied").await
        }
        (Some(_) | None, _) => Ok(visit.onwards()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::EN;
    use super::*;

    #[test]
    fn where_the_answer_goes_is_said_as_a_person_knows_it() {
        let check = |redirect_uri: &str, expected: &str| {
            let said = place(&EN, redirect_uri).into_string();
            assert_eq!(
                said.replace(['\u{2068}', '\u{2069}'], ""),
                expected,
                "{redirect_uri}"
            );
        };
        check("https://app.acme.example:8443/cb?x=y", "app.acme.example");
        check("http://127.0.0.1:7/cb", "this computer (127.0.0.1)");
        check("http://[::1]:7/cb", "this computer (::1)");
        check(
            "kiro://kiro.oauth/callback",
            "the app for kiro:// links on this computer",
        );
        check("https://аpp.example/", "xn--pp-6kc.example");
        check("https://acme.example@evil.example/", "evil.example");
    }
}
