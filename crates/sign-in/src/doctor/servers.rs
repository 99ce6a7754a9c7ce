//! The sign-in servers: reached, trusted, themselves, on time, and what they offer.

use std::time::Instant;

use url::Url;

use super::{Finding, Server};
use crate::organizations::{Organization, look};
use crate::{Code, Context};

/// What the server of this organisation answers, and what its clock says of ours.
pub(super) async fn ask(context: &Context, organization: &Organization) -> Vec<Finding> {
    let begun = Instant::now();
    match look(context, organization).await {
        Ok(checked) => {
            let secured = checked.secured.as_ref();
            let clock = checked
                .clock_skew_seconds
                .map(|skew_seconds| Finding::Clock {
                    host: checked.host.clone(),
                    skew_seconds,
                });
            let server = Finding::Server(Server {
                organization: organization.display_name.clone(),
                provider: organization.provider(),
                milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                proxy: proxy(context, &checked.host),
                tls: secured.and_then(|secured| secured.version.map(str::to_owned)),
                signer: secured.and_then(|secured| secured.signer.clone()),
                pkce: checked.pkce,
                device_flow: checked.device_flow,
                revocation: checked.revocation,
                host: checked.host,
            });
            clock.into_iter().chain([server]).collect()
        }
        // The server was reached: what is wrong is the clock alone.
        Err(failure) if failure.code == Code::Clock && failure.facts.skew_seconds.is_some() => {
            vec![Finding::Clock {
                host: failure.host.unwrap_or_else(|| organization.sign_in_host()),
                skew_seconds: failure.facts.skew_seconds.unwrap_or_default(),
            }]
        }
        Err(fault) => vec![Finding::NoServer {
            organization: organization.display_name.clone(),
            host: fault
                .host
                .clone()
                .unwrap_or_else(|| organization.sign_in_host()),
            fault,
        }],
    }
}

/// The proxy that requests to this host go through.
fn proxy(context: &Context, host: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    if matches!(url.host_str()?, "localhost" | "127.0.0.1" | "[::1]") {
        return None;
    }
    context.network().proxy.of(&url)
}
