//! Signing everybody out of this computer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{
    Account, Code, Request, Revoked, Via, account, begin, receive, sign_out, sign_out_all,
};
use tokio::sync::Semaphore;

use crate::flow::sign_in_with;
use crate::world::{Provider, World};

#[tokio::test]
async fn a_damaged_file_keeps_nobody_from_signing_out() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    // Beside it a registration and credentials of a role.
    let home = world.folder.path().join("home");
    std::fs::create_dir_all(home.join("role-credentials")).unwrap();
    for kept in ["registrations/a.json", "role-credentials/a.json"] {
        kiro_credentials::replace(&home.join(kept), b"{}").unwrap();
    }
    for file in ["credentials.json", "credentials.json.bak"] {
        kiro_credentials::replace(&home.join(file), b"{").unwrap();
    }
    let context = world.another_process();
    let failure = sign_out(&context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::FileDamaged);
    assert_eq!(sign_out_all(&context).await.unwrap(), []);
    for folder in ["registrations", "role-credentials"] {
        assert_eq!(world.files(folder).len(), 0, "{folder}");
    }
    let left = world.files("");
    let names: Vec<_> = left.iter().filter_map(|path| path.file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().starts_with("credentials.json")),
        "{names:?}"
    );
    assert!(matches!(
        account(&context, None).unwrap(),
        Account::SignedOut { .. }
    ));
}

/// The provider, which lets nobody's tokens be revoked until it may.
struct Hanging {
    provider: Arc<Provider>,
    asked: Semaphore,
    may: Semaphore,
}

#[async_trait]
impl HttpClient for Hanging {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        if request.uri().path().ends_with("/revoke") {
            self.asked.add_permits(1);
            let _may = self.may.acquire().await.unwrap();
        }
        self.provider.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_signed_out_here_before_a_provider_is_asked() {
    let mut world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    let request = Request {
        profile: Some("work".parse().unwrap()),
        ..world.request(Via::DeepLink)
    };
    let attempt = begin(&world.context, request).await.unwrap();
    let callback = world.callback(attempt.url(), "code=c2");
    let other = world.another_process();
    let (who, _) = tokio::join!(attempt.wait(&world.context), receive(&other, &callback));
    who.unwrap();
    assert_eq!(other.store.read().unwrap().profiles.len(), 2);
    let hanging = Arc::new(Hanging {
        provider: Arc::clone(&world.provider),
        asked: Semaphore::new(0),
        may: Semaphore::new(0),
    });
    world.context.http = Arc::clone(&hanging) as Arc<dyn HttpClient>;
    let context = world.context.clone();
    let leaving = tokio::spawn(async move { sign_out_all(&context).await });
    let both = hanging.asked.acquire_many(2);
    let asked = tokio::time::timeout(Duration::from_secs(10), both).await;
    assert!(asked.is_ok(), "both providers are asked at once");
    assert!(other.store.read().unwrap().profiles.is_empty());
    assert!(
        world
            .files("")
            .iter()
            .all(|path| !path.ends_with("credentials.json"))
    );
    hanging.may.add_permits(100);
    let receipts = leaving.await.unwrap().unwrap();
    let of = |at: usize| (receipts[at].profile.as_str(), receipts[at].revoked);
    assert_eq!(receipts.len(), 2);
    assert_eq!(of(0), ("default", Revoked::Yes));
    assert_eq!(of(1), ("work", Revoked::Yes));
}

#[tokio::test]
async fn signing_in_to_another_organisation_signs_nobody_out() {
    let world = World::new();
    let at = async |organization: &str, profile: Option<&str>| {
        let mut request = world.request(Via::DeepLink);
        request.organization.name = organization.into();
        request.profile = profile.map(|profile| profile.parse().unwrap());
        let attempt = begin(&world.context, request).await.unwrap();
        let callback = world.callback(attempt.url(), "code=c");
        let other = world.another_process();
        let (who, _) = tokio::join!(attempt.wait(&world.context), receive(&other, &callback));
        who.unwrap().profile.to_string()
    };
    assert_eq!(at("acme", None).await, "default");
    assert_eq!(at("hinoki", None).await, "hinoki");
    assert_eq!(at("acme", None).await, "default", "its own, again");
    assert_eq!(at("sugi", Some("default")).await, "default", "as named");
    let snapshot = world.context.store.read().unwrap();
    assert_eq!(snapshot.active.as_str(), "default");
    assert_eq!(snapshot.profiles.len(), 2);
}
