//! Instances are killed at random (SIGKILL) while applications get, renew and revoke tokens through the balancer. Whatever was answered
//! holds; whatever was not may be asked again.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::cluster::{Cluster, INSTANCES};
use application::Application;

mod application;

/// Applications that are busy at the same time.
const APPLICATIONS: u64 = 8;
/// The number of answers that ends a run.
pub(super) const OVER: u64 = u64::MAX;

/// So many answers are waited for. Long runs set `KIRO_SOAK`.
fn answers() -> u64 {
    if std::env::var_os("KIRO_SOAK").is_some() {
        60_000
    } else {
        1_200
    }
}

/// Random numbers; each seed gives others.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.below(1);
        dice
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What became of requests.
pub(super) struct Tally {
    pub(super) answered: watch::Sender<u64>,
    pub(super) unanswered: AtomicU64,
}

/// Kills the instance after some answers, again and again, and starts it anew each time. Returns it, running, and how often.
async fn kill(
    cluster: Arc<Cluster>,
    number: usize,
    mut dice: Dice,
    mut answered: watch::Receiver<u64>,
) -> (crate::program::Program, u32) {
    let mut kills = 0;
    loop {
        let start = Arc::clone(&cluster);
        let started = tokio::task::spawn_blocking(move || start.start(number)).await;
        let program = started.unwrap();
        let next = answered.borrow().saturating_add(20 + dice.below(100));
        let seen = *answered.wait_for(|count| *count >= next).await.unwrap();
        if seen == OVER {
            return (program, kills);
        }
        drop(program);
        kills += 1;
    }
}

/// One for each instance.
pub(super) fn killers(
    cluster: &Arc<Cluster>,
    seed: u64,
    seen: &watch::Receiver<u64>,
) -> JoinSet<(crate::program::Program, u32)> {
    let killer = |number| {
        let dice = Dice::new(seed + number as u64);
        kill(Arc::clone(cluster), number, dice, seen.clone())
    };
    (0..INSTANCES).map(killer).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_are_killed_lose_nothing_that_was_answered() {
    let seed = u64::from(std::process::id());
    drop(writeln!(io::stderr(), "seed {seed}"));
    let cluster = Arc::new(Cluster::new().await);
    let (answered, seen) = watch::channel(0);
    let tally = Arc::new(Tally {
        answered,
        unanswered: AtomicU64::new(0),
    });
    let mut killers = killers(&cluster, seed, &seen);
    let mut busy = JoinSet::new();
    for number in 0..APPLICATIONS {
        let user = cluster.joined_by(&format!("person-{number}")).await;
        let dice = Dice::new(seed + 100 + number);
        let application = Application::new(Arc::clone(&cluster), Arc::clone(&tally), user, dice);
        busy.spawn(application.works(answers()));
    }
    let mut applications = Vec::new();
    while applications.len() < APPLICATIONS as usize {
        // An instance that cannot be started ends the test, too.
        tokio::select! {
            Some(done) = busy.join_next() => applications.push(done.unwrap()),
            Some(ended) = killers.join_next() => panic!("{ended:?}", ended = ended.map(|(_, kills)| kills)),
        }
    }
    let answers = tally.answered.send_replace(OVER);
    let running = killers.join_all().await;
    let kills: u32 = running.iter().map(|(_, kills)| kills).sum();
    for mut application in applications {
        application.still_has_what_it_was_given().await;
    }
    let unanswered = tally.unanswered.load(Ordering::Relaxed);
    drop(writeln!(
        io::stderr(),
        "{answers} answers, {kills} kills, {unanswered} requests without an answer"
    ));
    // Else nothing was tried.
    assert!(
        kills >= 10 && unanswered >= 5,
        "{kills} kills, {unanswered} without an answer"
    );
    let whole = cluster.store.verify_audit().await.unwrap();
    assert!(whole.is_ok(), "{whole:?}");
    assert_eq!(cluster.logs(), "");
}
