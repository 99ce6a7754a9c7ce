//! Figures for Prometheus: what happens, how often and how fast; never to whom. Each label has few values, all of them written in this
//! program: no name, no address, nothing that somebody sends.
//!
//! Without a recorder ([`install`]) counting costs next to nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Unit, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::center::Center;
use crate::client::{Grant, Wire};

use crate::federation::{Fault, Kind};
use crate::session::Ended;

const REQUESTS: &str = "kiro_http_request_duration_seconds";
const TOKENS: &str = "kiro_tokens_issued_total";
const REFUSALS: &str = "kiro_refusals_total";
const SIGN_INS: &str = "kiro_sign_ins_total";
const ENDS: &str = "kiro_sessions_ended_total";
const FAULTS: &str = "kiro_upstream_faults_total";
const LEAVINGS: &str = "kiro_scim_unusual_leavings_total";
const TOKEN_ENDS: &str = "kiro_scim_token_ends_timestamp_seconds";
const WRITES: &str = "kiro_store_write_duration_seconds";
const WAITING_WRITES: &str = "kiro_store_writes_waiting";
const PASSWORDS: &str = "kiro_passwords_in_check";
const BUILD: &str = "kiro_build_info";

/// Seconds: a look-up takes less than the first, a request that meets a full queue no more than the last.
const BUCKETS: [f64; 11] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
/// Counted durations are put into their buckets so often, whether or not anybody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What a transaction did, counted once it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// Somebody signed in, or was refused.
    SignIn {
        /// Whether it came about.
        done: bool,
    },
    /// So many sessions ended.
    Ended(Ended, u64),
    /// More people were deactivated or removed by SCIM than leave a company in an hour.
    UnusualLeaving,
}

/// Counts from now on, for the whole process.
///
/// # Errors
/// [`BuildError`] if something else does already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for name in [REQUESTS, WRITES] {
        let matcher = Matcher::Full(name.to_owned());
        builder = builder.set_buckets_for_metric(matcher, &BUCKETS)?;
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(BuildError::FailedToSetGlobalRecorder)?;
    describe();
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1);
    Ok(handle)
}

fn describe() {
    let histogram = |name, said: &'static str| {
        metrics::describe_histogram!(name, Unit::Seconds, said);
    };
    histogram(
        REQUESTS,
        "Requests, by their route's template and the class of their status",
    );
    histogram(
        WRITES,
        "Transactions that write, with the wait for their turn",
    );
    for (name, said) in [
        (TOKENS, "Grants that were answered with tokens"),
        (
            REFUSALS,
            "Requests of applications that were refused, by their error",
        ),
        (SIGN_INS, "People who proved who they are, or did not"),
        (ENDS, "Sessions that ended before their time, and why"),
        (
            FAULTS,
            "Sign-ins at an identity provider that led to nobody",
        ),
        (
            LEAVINGS,
            "Hours in which unusually many people left through a connection by SCIM",
        ),
    ] {
        metrics::describe_counter!(name, said);
    }
    for (name, said) in [
        (WAITING_WRITES, "Transactions that wait for the store"),
        (PASSWORDS, "Passwords that are checked or wait for it"),
        (
            TOKEN_ENDS,
            "When the first connection will have no good SCIM token any more",
        ),
        (BUILD, "The running version"),
    ] {
        metrics::describe_gauge!(name, said);
    }
}

/// `GET /metrics`.
pub fn router(center: Arc<Center>, handle: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(scraped))
        .with_state((center, handle))
}

async fn scraped(State((center, handle)): State<(Arc<Center>, PrometheusHandle)>) -> Response {
    gauge!(WAITING_WRITES).set(count(center.store.waiting_writes()));
    gauge!(PASSWORDS).set(count(center.hashing.busy()));
    if let Ok(Some(ends)) = center.store.first_scim_end().await {
        gauge!(TOKEN_ENDS).set(seconds(ends));
    }
    let form = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (form, handle.render()).into_response()
}

/// Keeps the durations from piling up. Goes on until it is dropped.
pub async fn tend(handle: PrometheusHandle) {
    let mut due = tokio::time::interval(UPKEEP);
    loop {
        due.tick().await;
        handle.run_upkeep();
    }
}

/// Notes how long a request took, be it answered or given up: its client had gone, or its time was over. Its path is the route's: what
/// stands in it is nobody's concern.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let mut measured = Measured {
        route: route.map_or_else(|| "none".to_owned(), |route| route.as_str().to_owned()),
        begun: Instant::now(),
        outcome: "given_up",
    };
    let response = next.run(request).await;
    measured.outcome = match response.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    response
}

/// A request under way.
struct Measured {
    route: String,
    begun: Instant,
    outcome: &'static str,
}

impl Drop for Measured {
    fn drop(&mut self) {
        let route = std::mem::take(&mut self.route);
        let figure = histogram!(REQUESTS, "route" => route, "status" => self.outcome);
        figure.record(self.begun.elapsed());
    }
}

pub(crate) fn issued(wire: Wire, grant: Grant) {
    let grant = match grant {
        Grant::AuthorizationCode => "authorization_code",
        Grant::RefreshToken => "refresh_token",
        Grant::DeviceCode => "device_code",
    };
    counter!(TOKENS, "wire" => word(wire), "grant" => grant).increment(1);
}

/// `error` is a word of the wire.
pub(crate) fn refused(wire: Wire, error: &'static str) {
    counter!(REFUSALS, "wire" => word(wire), "error" => error).increment(1);
}

pub(crate) fn fault(provider: Kind, fault: &Fault) {
    let provider = match provider {
        Kind::Okta => "okta",
        Kind::Entra => "entra",
        Kind::Oidc => "oidc",
    };
    counter!(FAULTS, "provider" => provider, "fault" => fault.word()).increment(1);
}

pub(crate) fn written(took: Duration) {
    histogram!(WRITES).record(took);
}

pub(crate) fn happened(what: Happened) {
    match what {
        Happened::SignIn { done } => {
            let outcome = if done { "done" } else { "refused" };
            counter!(SIGN_INS, "outcome" => outcome).increment(1);
        }
        Happened::Ended(because, sessions) => {
            let because = match because {
                Ended::SignedOut => "signed_out",
                Ended::ByPerson => "by_person",
                Ended::ByAdministrator => "by_administrator",
                Ended::Deactivated => "deactivated",
                Ended::PasswordReset => "password_reset",
                Ended::PasswordChanged => "password_changed",
                Ended::GroupLost => "group_lost",
                Ended::CodeReplayed => "code_replayed",
                Ended::RefreshTokenReused => "refresh_token_reused",
                Ended::Restored => "restored",
            };
            counter!(ENDS, "because" => because).increment(sessions);
        }
        Happened::UnusualLeaving => counter!(LEAVINGS).increment(1),
    }
}

fn word(wire: Wire) -> &'static str {
    match wire {
        Wire::Aws => "aws",
        Wire::Oidc => "oidc",
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_second() as f64
}

fn count(of: usize) -> f64 {
    u32::try_from(of).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::task::{Context, Waker};

    use axum::body::Body;
    use axum::http::Uri;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;
    use kiro_scim::{Expected, Limits, Manner, Received, USER};

    use super::*;
    use crate::oidc::tests::running::Running;
    use crate::provisioning::issue;

    #[test]
    fn a_fault_is_counted_without_what_the_provider_said() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            fault(
                Kind::Okta,
                &Fault::Unprovisioned("maya@acme.example".to_owned()),
            );
            fault(
                Kind::Entra,
                &Fault::Away("10.0.0.9 did not answer".to_owned()),
            );
            fault(Kind::Entra, &Fault::Away("nor did it later".to_owned()));
        });
        let text = recorder.handle().render();
        let mut lines: Vec<&str> = text.lines().filter(|line| line.contains('{')).collect();
        lines.sort_unstable();
        let expected = [
            r#"kiro_upstream_faults_total{provider="entra",fault="away"} 2"#,
            r#"kiro_upstream_faults_total{provider="okta",fault="unprovisioned"} 1"#,
        ];
        assert_eq!(lines, expected);
    }

    #[tokio::test]
    async fn the_end_of_the_token_in_use_and_who_leaves_at_once_are_told() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _counting = metrics::set_default_local_recorder(&recorder);
        let service = Running::start().await;
        let (center, now) = (&service.center, service.center.now());
        let kept = center
            .store
            .keep_provisioner("acme", "okta", Manner::Rfc, now);
        let okta = kept.await.unwrap();
        let told = async || {
            let handle = recorder.handle();
            let answer = scraped(State((Arc::clone(center), handle)))
                .await
                .into_body();
            let text = axum::body::to_bytes(answer, usize::MAX).await.unwrap();
            let text = String::from_utf8(text.to_vec()).unwrap();
            let value = |figure: &str| {
                let line = text
                    .lines()
                    .find(|line| line.starts_with(&format!("{figure} ")))?;
                line.rsplit_once(' ')?.1.parse::<f64>().ok()
            };
            (value(TOKEN_ENDS), value(LEAVINGS))
        };
        assert_eq!(told().await, (None, None));
        let token = async |age: i64| {
            let (_, digest) = issue();
            let made = now - jiff::SignedDuration::from_hours(age);
            let token = center.store.add_scim_token(okta.id, digest, made);
            (digest, seconds(token.await.unwrap().unwrap().expires_at))
        };
        let (old, first) = token(300 * 24).await;
        center.store.admit_provisioner(old, now).await.unwrap();
        let (new, second) = token(0).await;
        assert_eq!(told().await.0, Some(first), "the new one is not in use yet");
        service.pass(60);
        center
            .store
            .admit_provisioner(new, center.now())
            .await
            .unwrap();
        assert_eq!(told().await.0, Some(second));
        for number in 0..10 {
            let body = serde_json::json!({ "schemas": [USER.schema.id], "userName": format!("p{number}") });
            let body = serde_json::from_value(body).unwrap();
            let received = Received::of(&body, &USER, Manner::Rfc, &Limits::default());
            let person = received.unwrap().create().unwrap().resource;
            let made = center.store.provision_user(&okta, person, center.now());
            let id = made.await.unwrap().unwrap().id.parse().unwrap();
            assert_eq!(told().await.1, None);
            let expected = Expected::default();
            let gone = center
                .store
                .delete_provisioned_user(&okta, id, expected, center.now());
            gone.await.unwrap().unwrap();
        }
        assert_eq!(told().await.1, Some(1.0));
    }

    #[test]
    fn a_request_that_is_given_up_is_measured() {
        let slow = get(std::future::pending::<()>);
        let router = Router::new().route("/slow", slow);
        let router = router.layer(axum::middleware::from_fn(measure));
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = Uri::from_static("/slow");
            let mut answer = Box::pin(TowerToHyperService::new(router).call(request));
            let mut context = Context::from_waker(Waker::noop());
            assert!(answer.as_mut().poll(&mut context).is_pending());
        });
        let text = recorder.handle().render();
        let given_up =
            r#"kiro_http_request_duration_seconds_count{route="/slow",status="given_up"} 1"#;
        assert!(text.contains(given_up), "{text}");
    }
}
