//! Somebody leaves: what one instance has decided, every other one knows at the next request.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kiro_identity_center::id::UserId;
use kiro_identity_center::session::Ended;
use kiro_identity_center::store::Granted;
use serde_json::Value;

use super::cluster::{APPLICATION, Cluster, INSTANCES};
use super::person::{approves, signs_in};
use super::wire::{TOKEN, ask, poll, post, redemption, renewal, text};

/// Everything has ended everywhere by then.
const SOON: Duration = Duration::from_secs(2);

/// What a person has given to the application.
pub(super) struct Given {
    pub(super) access: String,
    refresh: String,
    /// Not yet redeemed.
    code: String,
    /// Not yet asked for again since it was approved.
    device_code: String,
}

pub(super) async fn gives(cluster: &Cluster, user: UserId) -> Given {
    let (store, at) = (&cluster.store, cluster.instances[0]);
    let first = signs_in(store, user).await;
    let (status, tokens) = post(at, TOKEN, &redemption(&first)).await.unwrap();
    assert_eq!(status, 200, "{tokens}");
    let begin = [("client_id", APPLICATION), ("scope", "openid")];
    let begun = post(at, "/oauth2/device_authorization", &begin).await;
    let (_, begun) = begun.unwrap();
    let approved = approves(store, user, &text(&begun, "user_code")).await;
    assert_eq!(approved, Granted::Yes);
    Given {
        access: text(&tokens, "access_token"),
        refresh: text(&tokens, "refresh_token"),
        code: signs_in(store, user).await,
        device_code: text(&begun, "device_code"),
    }
}

/// Whether introspection, userinfo and the portal take the access token there.
pub(super) async fn is_taken(at: SocketAddr, access: &str) -> [bool; 3] {
    let form = [("client_id", APPLICATION), ("token", access)];
    let (status, said) = post(at, "/oauth2/introspect", &form).await.unwrap();
    assert_eq!(status, 200, "{said}");
    let bearer = format!("authorization: Bearer {access}");
    let userinfo = ask(at, "GET /oauth2/userinfo", &bearer, &[]).await.unwrap();
    let bearer = format!("x-amz-sso_bearer_token: {access}");
    let portal = ask(at, "GET /assignment/accounts", &bearer, &[])
        .await
        .unwrap();
    let accepted = |(status, said): (u16, Value)| {
        assert!(status == 200 || status == 401, "{status} {said}");
        status == 200
    };
    [said["active"] == true, accepted(userinfo), accepted(portal)]
}

/// Since `begun`, before they were sent away.
pub(super) async fn nothing_is_left(cluster: &Cluster, given: &Given, how: &str, begun: Instant) {
    for at in &cluster.instances {
        assert_eq!(is_taken(*at, &given.access).await, [false; 3], "{how}");
        let refused = async |form: &[(&str, &str)], expected: &str| {
            let (status, said) = post(*at, TOKEN, form).await.unwrap();
            assert_eq!(
                (status, said["error"].as_str()),
                (400, Some(expected)),
                "{how}: {said}"
            );
        };
        refused(&renewal(&given.refresh), "invalid_grant").await;
        refused(&redemption(&given.code), "invalid_grant").await;
        refused(&poll(&given.device_code), "access_denied").await;
    }
    assert!(begun.elapsed() < SOON, "{how}: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_ends_has_ended_on_every_other() {
    let cluster = Cluster::new().await;
    let _running: Vec<_> = (0..INSTANCES).map(|number| cluster.start(number)).collect();
    let store = &cluster.store;
    for how in ["deactivated", "deleted", "ended", "left the group"] {
        let user = cluster.joined_by(how).await;
        let given = gives(&cluster, user).await;
        for at in &cluster.instances {
            // Whatever an instance could keep of this person, it has now.
            assert_eq!(is_taken(*at, &given.access).await, [true; 3], "{how}");
        }
        let (begun, now) = (Instant::now(), Timestamp::now());
        match how {
            "deactivated" => drop(store.deactivate_user(user, now).await.unwrap().unwrap()),
            "deleted" => store.delete_user(user, now).await.unwrap().unwrap(),
            "ended" => {
                let ended = store.end_sessions_of(user, Ended::ByAdministrator, now);
                assert_eq!(ended.await.unwrap(), 3);
            }
            _ => assert_eq!(
                store.remove_member(cluster.group, user, now).await.unwrap(),
                3
            ),
        }
        nothing_is_left(&cluster, &given, how, begun).await;
        // Coming back revives nothing.
        let begun = Instant::now();
        match how {
            "deactivated" => store.reactivate_user(user, now).await.unwrap().unwrap(),
            "left the group" => {
                assert!(
                    store
                        .add_member(cluster.group, user, now)
                        .await
                        .unwrap()
                        .unwrap()
                );
            }
            _ => continue,
        }
        nothing_is_left(&cluster, &given, how, begun).await;
    }
}
