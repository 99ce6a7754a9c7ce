//! The sign-in servers: reached, trusted, themselves, on time, and what they offer.

use std::time::Instant;

use super::{Finding, Server};
use crate::organizations::{Organization, check};
use crate::{Code, Context};

/// What the server of this organisation answers, and what its clock says of ours.
pub(super) async fn ask(context: &Context, organization: &Organization) -> Vec<Finding> {
    let begun = Instant::now();
    match check(context, organization).await {
        Ok(checked) => {
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
                proxy: proxy(&checked.host, |name| std::env::var(name).ok()),
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

/// The proxy that these variables name for a host of the network.
fn proxy(host: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let name = host.split(':').next().unwrap_or_default();
    if matches!(name, "localhost" | "127.0.0.1" | "[") {
        return None;
    }
    let excepted = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable);
    let excepted = excepted.is_some_and(|list| {
        list.split(',').map(str::trim).any(|entry| {
            let entry = entry.trim_start_matches('.');
            entry == "*"
                || (!entry.is_empty() && (name == entry || name.ends_with(&format!(".{entry}"))))
        })
    });
    if excepted {
        return None;
    }
    let address = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(variable)?;
    let url = url::Url::parse(&address).ok()?;
    Some(kiro_relying_party::display_host(&url))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_proxy_is_named_where_one_is_used() {
        let check = |host: &str, set: &[(&str, &str)], expected: Option<&str>| {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(super::proxy(host, variable).as_deref(), expected, "{set:?}");
        };
        let acme = "login.acme.com";
        let proxy = ("HTTPS_PROXY", "http://user:secret@10.1.1.1:3128");
        check(acme, &[], None);
        check(acme, &[proxy], Some("10.1.1.1:3128"));
        check(acme, &[proxy, ("NO_PROXY", "other.com,.acme.com")], None);
        check(acme, &[proxy, ("no_proxy", "*")], None);
        check(
            acme,
            &[proxy, ("NO_PROXY", "cme.com")],
            Some("10.1.1.1:3128"),
        );
        check("127.0.0.1:8080", &[proxy], None);
    }
}
