//! A second factor is enrolled where policy demands one and the person has none; its recovery codes are shown once.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, PreEscaped, html};
use qrcode::{EcLevel, QrCode};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::entry::{Answer, Posted, Visit};
use super::layout::alert;
use super::words::fill;
use super::{Refusal, finish};
use crate::authorization::Progress;
use crate::center::Center;
use crate::id::{AuthorizationId, UserId};
use crate::oidc::parameters::Parameters;
use crate::session::Authentication;
use crate::store::{SecondFactor, Value, secrets};
use crate::totp;

/// What a seed is sealed for while it is being enrolled.
fn purpose(id: AuthorizationId) -> String {
    format!("enrolment/{id}")
}

/// A seed that nobody has seen, sealed for this sign-in.
pub(super) fn fresh_seed(center: &Center, id: AuthorizationId) -> String {
    URL_SAFE_NO_PAD.encode(center.master.seal(&purpose(id), &*totp::seed()))
}

fn seed(visit: &Visit, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok();
    let seed = sealed.and_then(|sealed| visit.center.master.open(&purpose(visit.seen.id), &sealed));
    seed.ok_or(Refusal::Over)
}

pub(super) async fn show(visit: &Visit, user: UserId, sealed: &str, wrong: Option<&str>) -> Answer {
    let words = visit.words();
    let seed = seed(visit, sealed)?;
    let user = visit.center.store.user(user).await?.ok_or(Refusal::Over)?;
    let organization = visit.center.store.organization(&user.organization).await?;
    let title = organization.map_or(user.organization, |organization| organization.title);
    let uri = totp::uri(&title, &user.profile.user_name, &seed);
    let letters = Zeroizing::new(totp::base32(&seed));
    let groups: Vec<&str> = (0..letters.len())
        .step_by(4)
        .filter_map(|at| letters.get(at..(at + 4).min(letters.len())))
        .collect();
    let body = html! {
        h1 { (words.enrol_title) }
        p.lead { (fill(words.enrol_lead, &[("organization", &title)])) }
        div.picture { (picture(&uri, words.enrol_picture)) }
        details {
            summary { (words.enrol_key) }
            p.key #key { code { (groups.join(" ")) } }
        }
        form method="post" action=(visit.form("enrolment")) {
            (alert(wrong))
            label.field {
                span.label { (words.enrol_label) }
                input.code type="text" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16"
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            }
            button.button.first { (words.enrol_button) }
        }
    };
    Ok(visit
        .page(words.enrol_title.to_owned(), wrong.is_some(), body)
        .respond())
}

/// A QR code, drawn in place: no request tells its content. Dark on light in both themes, as readers need it.
fn picture(uri: &SecretString, says: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(uri.expose_secret(), EcLevel::M) else {
        return html! {};
    };
    let width = code.width();
    let dark = code.to_colors();
    let mut path = String::new();
    for (at, color) in dark.iter().enumerate() {
        if *color == qrcode::Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + 4, at / width + 4));
        }
    }
    let size = width + 8;
    html! {
        svg viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(says) shape-rendering="crispEdges" {
            (PreEscaped("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"))
            path d=(path) fill="#000" {}
        }
    }
}

/// `POST /sign-in/{id}/enrolment`
pub(super) async fn post(Posted(visit, form): Posted) -> Response {
    visit.answer(enrolled(&visit, &form).await)
}

async fn enrolled(visit: &Visit, form: &Parameters) -> Answer {
    let Progress::Enrolment { user, sealed_seed } = &visit.seen.progress else {
        return Ok(visit.onwards());
    };
    let (user, now, store) = (*user, visit.center.now(), &visit.center.store);
    let seed = seed(visit, sealed_seed)?;
    let typed = form.get("code").unwrap_or_default();
    let Some(step) = totp::matching(&seed, typed, i64::MIN, now) else {
        return show(visit, user, sealed_seed, Some(visit.words().code_wrong)).await;
    };
    let place = secrets::purpose("totp", &Value::from(user));
    let factor = SecondFactor {
        sealed: visit.center.master.seal(&place, &seed),
        last_step: step,
    };
    let codes = totp::recovery_codes();
    let digests = totp::recovery_digests(&codes);
    if !store.enrol(user, factor, digests, now).await? {
        // Another window was first: its code is asked for.
        return visit.advance(Progress::SecondFactor { user }).await;
    }
    let authentication = Authentication::here(now, &["pwd", "otp", "mfa"]);
    let progress = Progress::Enrolled {
        user,
        authentication,
    };
    store.advance_authorization(&visit.seen, progress).await?;
    Ok(kept(visit, visit.words().kept_lead, &codes))
}

/// Recovery codes: now, or (without any) after they were shown.
pub(super) fn kept(visit: &Visit, lead: &str, codes: &[SecretString]) -> Response {
    let words = visit.words();
    let body = html! {
        h1 { (words.kept_title) }
        p.lead { (lead) }
        @if !codes.is_empty() { (listed(codes)) }
        form method="post" action=(visit.form("continue")) {
            button.button.first { @if codes.is_empty() { (words.next) } @else { (words.kept_button) } }
        }
    };
    visit
        .page(words.kept_title.to_owned(), false, body)
        .respond()
}

/// Recovery codes, this once.
pub(super) fn listed(codes: &[SecretString]) -> Markup {
    html! { ul.codes { @for code in codes { li { code { (code.expose_secret()) } } } } }
}

/// `POST /sign-in/{id}/continue`
pub(super) async fn go_on(Posted(visit, _): Posted) -> Response {
    match visit.seen.progress.clone() {
        Progress::Enrolled {
            user,
            authentication,
        } => {
            let (center, language) = (&visit.center, visit.language);
            finish::authenticated(center, language, &visit.seen, user, authentication).await
        }
        Progress::Name
        | Progress::Password { .. }
        | Progress::SecondFactor { .. }
        | Progress::Enrolment { .. }
        | Progress::Upstream { .. }
        | Progress::Answered { .. }
        | Progress::Consent { .. } => visit.onwards(),
    }
}
