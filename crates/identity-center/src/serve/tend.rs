//! What is due from time to time: sign-outs that applications are told of, the service's keys, and what has ended.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::interval;

use crate::center::Center;
use crate::oidc::backchannel_logout::send_due;
use crate::provisioning::days_left;
use crate::store::secrets::Demand;

/// Applications hear of an ended session so soon.
const SIGN_OUTS: Duration = Duration::from_secs(2);
/// The service's keys are looked after so often, and what has ended is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// What ends soon is said so often.
const WARNINGS: Duration = Duration::from_secs(24 * 60 * 60);

/// Goes on until it is dropped. A failure is noted, and tried again the next time.
pub(super) async fn tend(center: Arc<Center>, audit_days: u32) {
    let (mut sign_outs, mut housekeeping) = (interval(SIGN_OUTS), interval(HOUSEKEEPING));
    let mut warnings = interval(WARNINGS);
    housekeeping.tick().await; // the keys were read just now
    loop {
        tokio::select! {
            _ = sign_outs.tick() => {
                match center.outgoing.client().await {
                    Ok(http) => {
                        if let Err(error) = send_due(&center, &http).await {
                            tracing::warn!(%error, "sign-outs wait");
                        }
                    }
                    Err(error) => tracing::error!(%error, "no application can be told of sign-outs"),
                }
            }
            _ = warnings.tick() => warn_of_ends(&center).await,
            _ = housekeeping.tick() => {
                if let Err(error) = center.tend_keys(Demand::default()).await {
                    tracing::error!(%error, "the service's keys were not looked after");
                }
                let now = center.now();
                let forgotten = center.store.forget_sessions(now).await;
                let days = SignedDuration::from_hours(24 * i64::from(audit_days));
                let forgotten = forgotten.and(center.store.forget_audit(now - days).await);
                let forgotten = forgotten.and(center.store.forget_expired_clients(now).await);
                if let Err(error) = forgotten {
                    tracing::warn!(%error, "what has ended was not forgotten");
                }
            }
        }
    }
}

/// Says which connections will soon have no good SCIM token any more, louder from step to step.
async fn warn_of_ends(center: &Center) {
    let ends = match center.store.scim_ends().await {
        Ok(ends) => ends,
        Err(error) => {
            tracing::warn!(%error, "when SCIM tokens end is not known");
            return;
        }
    };
    for (of, ends) in ends {
        let days = days_left(ends, center.now());
        let (connection, organization) = (&of.name, &of.organization);
        match days {
            ..=7 => {
                tracing::error!(%connection, %organization, days, "the SCIM token ends: nobody is provisioned then")
            }
            8..=30 => tracing::warn!(%connection, %organization, days, "the SCIM token ends soon"),
            31..=90 => {
                tracing::info!(%connection, %organization, days, "the SCIM token ends in this quarter")
            }
            _ => {}
        }
    }
}
