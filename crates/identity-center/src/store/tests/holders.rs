//! Who stands behind a session.

use super::cases::{at, live};
use crate::client::{Client, Details, Wire};
use crate::id::SessionId;
use crate::store::Store;

pub(super) async fn introspected(store: Store) {
    let client = Client {
        id: "site".to_owned(),
        organization: None,
        wire: Wire::Oidc,
        secret: None,
        name: "Site".to_owned(),
        details: Details::default(),
        issued_at: at(0),
        expires_at: Some(at(100)),
    };
    store.add_client(client).await.unwrap();
    let lives = live(&store).await;
    let (_, active, person) = store.session_and_person(lives.id).await.unwrap().unwrap();
    assert!(active);
    assert_eq!(
        (person.organization.as_str(), person.user_name),
        ("acme", lives.user.to_string())
    );
    let unknown = SessionId::random();
    let rows = [
        ("site", Some(lives.id), 99, (true, true)),
        ("site", Some(unknown), 99, (true, false)),
        ("site", None, 99, (true, false)),
        ("site", Some(lives.id), 100, (false, true)),
        ("another", Some(lives.id), 99, (false, false)),
    ];
    for (by, session, second, expected) in rows {
        let (client, found) = store.introspected(by, session, at(second)).await.unwrap();
        if let (Some(client), Some((session, active, person))) = (&client, &found) {
            assert_eq!((client.id.as_str(), client.name.as_str()), ("site", "Site"));
            assert_eq!((session.id, *active), (lives.id, true));
            assert_eq!(person.organization, "acme");
        }
        let seen = (client.is_some(), found.is_some());
        assert_eq!(seen, expected, "{by} about {session:?} at {second}");
    }
}
