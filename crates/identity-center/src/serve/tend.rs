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
                        match send_due(&center, &http).await {
                            Ok(0) => {}
                            // There may be more than are told at once.
                            Ok(_) => sign_outs.reset_immediately(),
                            Err(error) => tracing::warn!(%error, "sign-outs wait"),
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::{self, Write};
    use std::sync::{Mutex, PoisonError};

    use kiro_scim::Manner;

    use super::*;
    use crate::oidc::tests::running::Running;
    use crate::provisioning::{TOKEN_LIFETIME, issue};

    /// What the log says.
    #[derive(Default)]
    struct Log(Mutex<String>);

    impl Write for &Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_log_warns_of_the_token_in_use_louder_from_step_to_step() {
        const DAY: i64 = 24 * 60 * 60;
        let service = Running::start().await;
        let (store, made) = (&service.center.store, service.center.now());
        let kept = store.keep_provisioner("acme", "okta", Manner::Rfc, made);
        let okta = kept.await.unwrap();
        let (_, old) = issue();
        store
            .add_scim_token(okta.id, old, made)
            .await
            .unwrap()
            .unwrap();
        store.admit_provisioner(old, made).await.unwrap();
        let log = Arc::new(Log::default());
        let subscriber = tracing_subscriber::fmt().with_writer(Arc::clone(&log));
        let subscriber = subscriber.with_ansi(false).without_time().finish();
        let _reads = tracing::subscriber::set_default(subscriber);
        let warned = async || {
            log.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
            warn_of_ends(&service.center).await;
            let said = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let lines = said
                .lines()
                .filter(|line| line.contains("the SCIM token ends"));
            lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        let until = |days: i64| {
            let ends = made + TOKEN_LIFETIME;
            service.pass(ends.duration_since(service.center.now()).as_secs() - days * DAY);
        };
        let mut rotated = None;
        for (days, level) in [
            (91, ""),
            (90, "INFO"),
            (89, "INFO"),
            (31, "INFO"),
            (30, "WARN"),
            (29, "WARN"),
            (8, "WARN"),
            (7, "ERROR"),
            (6, "ERROR"),
            (0, "ERROR"),
        ] {
            until(days);
            let said = warned().await;
            assert_eq!(
                said.len(),
                usize::from(!level.is_empty()),
                "{days}: {said:?}"
            );
            assert!(
                said.iter().all(|line| line.starts_with(level)),
                "{days}: {said:?}"
            );
            let tells = |line: &String| {
                line.contains(&format!("days={days}")) && line.contains("connection=okta")
            };
            assert!(said.iter().all(tells), "{days}: {said:?}");
            if days == 30 {
                // One that nobody has entered yet takes nothing's place.
                let (_, new) = issue();
                let now = service.center.now();
                store
                    .add_scim_token(okta.id, new, now)
                    .await
                    .unwrap()
                    .unwrap();
                rotated = Some(new);
            }
        }
        store
            .admit_provisioner(rotated.unwrap(), service.center.now())
            .await
            .unwrap();
        assert_eq!(warned().await, [""; 0], "the new one is in use");
    }
}
