//! The same callback reaches several processes at once, two desktops and a command: one token request, one outcome.

use std::sync::Arc;

use kiro_credentials::KeySource;
use kiro_sign_in::{Account, Received, Via, account, begin, receive};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use crate::world::World;

const PROCESSES: usize = 3;
/// Each time they meet in another order.
const ROUNDS: usize = 25;

/// As many processes as there are, each of which receives this at the same moment.
fn receivers(world: &World, callback: &str) -> Vec<JoinHandle<Received>> {
    let together = Arc::new(Barrier::new(PROCESSES));
    (0..PROCESSES)
        .map(|_| {
            let (context, callback) = (world.another_process(), callback.to_owned());
            let together = Arc::clone(&together);
            tokio::spawn(async move {
                together.wait().await;
                receive(&context, &callback).await
            })
        })
        .collect()
}

/// Somebody is signed in, the code was redeemed once, and no callback lies about.
fn one_sign_in(world: &World, round: usize) {
    let requests = world.provider.token_requests.lock().unwrap().len();
    assert_eq!(requests, 1, "round {round}: a code is redeemed once");
    let found = account(&world.another_process(), None).unwrap();
    assert!(matches!(found, Account::SignedIn(_)), "round {round}");
    let left = world.files("sign-ins");
    let callbacks = left.iter().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".callback") || name.ends_with(".tmp")
    });
    assert_eq!(callbacks.count(), 0, "round {round}: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginner_lives_and_alone_finishes_what_several_processes_receive() {
    for round in 0..ROUNDS {
        let world = World::new();
        let attempt = begin(&world.context, world.request(Via::DeepLink))
            .await
            .unwrap();
        let callback = world.callback(attempt.url(), "code=c1");
        let handle = attempt.handle();
        let context = world.context.clone();
        let beginner = tokio::spawn(async move { attempt.wait(&context).await });
        let received = receivers(&world, &callback);
        let _ = handle.offer(&callback); // and it is pasted as well
        for each in received {
            let received = each.await.unwrap();
            assert!(
                matches!(received, Received::Left(_) | Received::NotOurs),
                "round {round}: {received:?}"
            );
        }
        let who = beginner.await.unwrap().unwrap();
        assert_eq!(who.name.as_deref(), Some("Aiko Tanaka"), "round {round}");
        one_sign_in(&world, round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginner_has_died_and_exactly_one_of_the_receivers_finishes() {
    for round in 0..ROUNDS {
        let world = World::new();
        let attempt = begin(&world.context, world.request(Via::DeepLink))
            .await
            .unwrap();
        let callback = world.callback(attempt.url(), "code=c1");
        attempt.abandon();
        let mut finished = 0;
        for each in receivers(&world, &callback) {
            match each.await.unwrap() {
                Received::Finished(result) => {
                    let who = result.unwrap();
                    assert_eq!(
                        who.key_source,
                        KeySource::Plaintext,
                        "kept where its beginner was told to"
                    );
                    finished += 1;
                }
                Received::Left(_) | Received::NotOurs => {}
                Received::Opened(id) => panic!("round {round}: {id}"),
            }
        }
        assert_eq!(finished, 1, "round {round}");
        one_sign_in(&world, round);
    }
}
