//! `/start/{organization}`: what a browser shows at an organisation's start URL. Who is signed in here, what they may use in AWS, and
//! what programs are to be told.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::entry::{Answer, chosen_language, form};
use super::layout::{Page, Standing, fact};
use super::name::initial;
use super::sessions::known;
use super::words::{Words, fill, shown};
use super::{Language, Refusal, refusal};
use crate::account::Account;
use crate::authorization::{self, Purpose};
use crate::center::Center;
use crate::directory::{Organization, User};
use crate::oidc::parameters::Parameters;
use crate::start_url;

/// So many accounts stand on a page.
const ACCOUNTS: u32 = 50;
/// So many roles are named in an account.
const ROLES: u32 = 50;

/// `GET /start/{organization}`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let language = Language::of(&center.settings, &headers, &[]);
    let organization = match organization(&center, &name).await {
        Ok(organization) => organization,
        Err(why) => return refusal(language, why),
    };
    let path = path(&organization);
    if let Some(chosen) = chosen_language(&center, query.as_deref(), &path) {
        return chosen;
    }
    let after = query.and_then(|query| Parameters::parse(query.as_bytes()).ok());
    let after = after.as_ref().and_then(|query| query.get("after"));
    let page = show(&center, language, &headers, &organization, after).await;
    page.unwrap_or_else(|why| refusal(language, why))
}

/// `POST /start/{organization}`: one of its people signs in, and comes back.
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    match form(&center, request).await {
        Ok((language, (headers, _))) => {
            let begun = begin(&center, &headers, &name).await;
            begun.unwrap_or_else(|why| refusal(language, why))
        }
        Err(refused) => refused,
    }
}

async fn begin(center: &Center, headers: &HeaderMap, name: &str) -> Answer {
    let organization = organization(center, name).await?;
    let request = authorization::Request {
        organization: Some(organization.name),
        ..authorization::Request::of_person(Purpose::OwnSessions)
    };
    Ok(authorization::begin(center, headers, request).await?)
}

async fn organization(center: &Center, name: &str) -> Result<Organization, Refusal> {
    let address = start_url::of(&center.settings, name);
    let name = start_url::organization(&center.settings, &address);
    let found = center
        .store
        .organization(name.ok_or(Refusal::NoOrganization)?);
    found.await?.ok_or(Refusal::NoOrganization)
}

fn path(organization: &Organization) -> String {
    format!("/start/{}", organization.name)
}

async fn show(
    center: &Center,
    language: Language,
    headers: &HeaderMap,
    organization: &Organization,
    after: Option<&str>,
) -> Answer {
    let words = language.words();
    let browser = known(center, headers).await?;
    let user = browser
        .map(|browser| browser.user)
        .filter(|user| user.organization == organization.name);
    let path = path(organization);
    let body = html! {
        h1 { (shown(&organization.title)) }
        @if let Some(user) = &user {
            p.lead { (fill(words.start_you, &[("name", &user.profile.display_name)])) }
            (accounts(center, words, user, &path, after.unwrap_or_default()).await?)
            p.foot { a.plain href="/sessions" { (words.sessions_title) } }
        } @else {
            p.lead { (words.start_nobody) }
            form method="post" action=(path) { button.button.first { (words.name_title) } }
        }
        details {
            summary { (words.start_programs) }
            dl.card.near {
                (fact(words.start_address, &html! { code { (start_url::of(&center.settings, &organization.name)) } }))
                (fact(words.start_region, &html! { code { (center.settings.region) } }))
            }
        }
    };
    let page = Page {
        language,
        standing: match user {
            Some(_) => Standing::SignedIn,
            None => Standing::SignedOut,
        },
        status: StatusCode::OK,
        title: organization.title.clone(),
        path: Some(path),
        leads_to: None,
        body,
    };
    Ok(page.respond())
}

/// The accounts in which a person has a role, behind the one named `after`, with their roles.
async fn accounts(
    center: &Center,
    words: &Words,
    user: &User,
    path: &str,
    after: &str,
) -> Result<Markup, Refusal> {
    let store = &center.store;
    let mut accounts = store.accounts_of(user.id, after, ACCOUNTS + 1).await?;
    let more = accounts.len() > ACCOUNTS as usize;
    accounts.truncate(ACCOUNTS as usize);
    let mut rows = Vec::new();
    for account in &accounts {
        let roles = store.roles_of(user.id, &account.id, "", ROLES).await?;
        rows.push(row(account, &roles));
    }
    Ok(html! {
        @if rows.is_empty() {
            p.none { (words.start_none) }
        } @else {
            h2.other { (words.start_accounts) }
            ul.card.near { @for row in &rows { (row) } }
        }
        @if let Some(last) = accounts.last().filter(|_| more) {
            p.foot { a.plain href={ (path) "?after=" (last.id) } { (words.start_more) } }
        }
    })
}

fn row(account: &Account, roles: &[String]) -> Markup {
    html! {
        li.row {
            span.letter aria-hidden="true" { (initial(&account.name)) }
            span {
                bdi.what { (shown(&account.name)) }
                span.why { (account.id) }
                span.why { (roles.join(" · ")) }
            }
        }
    }
}
