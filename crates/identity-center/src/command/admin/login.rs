//! Signing in to administer: a device code (RFC 8628), since servers have no browser. The token lives an hour at most and cannot be
//! renewed; nothing else is kept.

use std::io::{self, Write};
use std::time::Duration;

use axum::http::StatusCode;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::remote::{Remote, Saved};
use crate::client::{ADMINISTRATION, Client};
use crate::command::init::derived;
use crate::command::{Failure, Installation};
use crate::device::GRANT;

/// Which service, and whose.
#[derive(Args)]
pub(super) struct Login {
    /// The service's address [default: `url` of the settings on this computer]
    #[arg(long)]
    url: Option<Url>,
    /// The organisation's short name [default: from the address]
    #[arg(long, value_name = "NAME", alias = "organisation")]
    organization: Option<String>,
    #[command(flatten)]
    installation: Installation,
}

pub(super) async fn login(asked: Login) -> Result<(), Failure> {
    let url = match asked.url {
        Some(url) => url,
        None => {
            let configuration = asked.installation.read(Vec::new());
            let url = configuration
                .ok()
                .and_then(|configuration| configuration.url);
            url.ok_or_else(|| {
                Failure::new("The service's address is not known here").hint("Name it with --url")
            })?
        }
    };
    let organization = asked.organization.unwrap_or_else(|| derived(&url));
    let client = Client::id_of_administration(&organization);
    let remote = Remote::new(url.clone(), SecretString::default()).await?;
    let scope = format!("openid {ADMINISTRATION}");
    let form = [("client_id", client.as_str()), ("scope", &scope)];
    let (status, begun) = remote.form("/oauth2/device_authorization", &form).await?;
    if !status.is_success() {
        return Err(
            Failure::new(format!("{url} has no organisation called {organization}"))
                .hint("Name it with --organization"),
        );
    }
    let text = |name: &str| begun[name].as_str().unwrap_or_default().to_owned();
    writeln!(
        io::stderr().lock(),
        "Open {} on any computer, sign in and type  {}\nWaiting for you, 10 minutes at most · Ctrl-C cancels",
        text("verification_uri"),
        text("user_code")
    )?;
    let interval = begun["interval"].as_u64().unwrap_or(5);
    let tokens = granted(&remote, &client, &text("device_code"), interval).await?;
    let access_token = tokens["access_token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let lives = tokens["expires_in"].as_i64().unwrap_or(0);
    let signed_in = Remote::new(url.clone(), SecretString::from(access_token.clone())).await?;
    let me = match signed_in.get("/me").await {
        Ok(me) => me,
        Err(why) => {
            revoke(&remote, &client, &access_token).await;
            return Err(why);
        }
    };
    let saved = Saved {
        url,
        access_token,
        expires_at: Timestamp::now() + SignedDuration::from_secs(lives),
    };
    saved.keep()?;
    let member = |name: &str| me[name].as_str().unwrap_or_default().to_owned();
    writeln!(
        io::stderr().lock(),
        "✓ Signed in as {} ({}), to administer {} for {} min",
        member("user_name"),
        member("role"),
        member("organization"),
        lives / 60
    )?;
    Ok(())
}

async fn granted(
    remote: &Remote,
    client: &str,
    code: &str,
    mut interval: u64,
) -> Result<Value, Failure> {
    let form = [
        ("grant_type", GRANT),
        ("client_id", client),
        ("device_code", code),
    ];
    loop {
        tokio::time::sleep(Duration::from_secs(interval)).await;
        let (status, answer) = remote.form("/oauth2/token", &form).await?;
        if status == StatusCode::OK {
            return Ok(answer);
        }
        match answer["error"].as_str().unwrap_or_default() {
            "authorization_pending" => {}
            "slow_down" => interval += 5,
            "access_denied" => {
                return Err(
                    Failure::new("The sign-in was refused on the other computer")
                        .hint("Run `admin login` again, and allow it there"),
                );
            }
            "expired_token" => {
                return Err(
                    Failure::new("Nobody typed the code in time").hint("Run `admin login` again")
                );
            }
            _ => {
                let why = answer["error_description"]
                    .as_str()
                    .unwrap_or("the service refused");
                return Err(Failure::new(format!("The sign-in failed: {why}")));
            }
        }
    }
}

pub(super) async fn logout() -> Result<(), Failure> {
    let saved = Saved::read()?;
    Saved::forget()?;
    let Some(saved) = saved else {
        writeln!(io::stderr().lock(), "Nobody was signed in")?;
        return Ok(());
    };
    let token = SecretString::from(saved.access_token.clone());
    let remote = Remote::new(saved.url, token).await?;
    // Who it is: the organisation names the client.
    let revoked = match remote.get("/me").await {
        Ok(me) => {
            let client =
                Client::id_of_administration(me["organization"].as_str().unwrap_or_default());
            revoke(&remote, &client, &saved.access_token).await
        }
        Err(_) => false,
    };
    let said = if revoked {
        "✓ Signed out, and the token is good no more"
    } else {
        "✓ Signed out here. The token ends by itself"
    };
    writeln!(io::stderr().lock(), "{said}")?;
    Ok(())
}

async fn revoke(remote: &Remote, client: &str, token: &str) -> bool {
    let form = [("client_id", client), ("token", token)];
    matches!(remote.form("/oauth2/revoke", &form).await, Ok((status, _)) if status.is_success())
}
