//! The body of a PATCH, applied to a person and to a group.

use kiro_scim::{GROUP, Limits, Manner, Patch, Received, Resource, USER};
use serde_json::json;

pub(crate) fn run(data: &[u8]) {
    let _ = changed(data);
}

/// Whether the person became another one. Whatever is sent, what comes of it is well-formed, the same twice, and holds no password.
pub(crate) fn changed(data: &[u8]) -> bool {
    let limits = Limits {
        body: 64 * 1024,
        ..Limits::default()
    };
    let mut changed = false;
    for (kind, said) in [
        (
            &USER,
            json!({
                "schemas": [USER.schema.id], "userName": "a", "title": "t", "name": { "givenName": "g" },
                "emails": [{ "value": "a", "type": "work", "primary": true }, { "value": "b" }],
            }),
        ),
        (
            &GROUP,
            json!({ "schemas": [GROUP.schema.id], "displayName": "g" }),
        ),
    ] {
        let stored = Received::read(said.to_string().as_bytes(), kind, Manner::Rfc, &limits);
        let stored = stored.unwrap().create().unwrap().resource;
        for manner in [Manner::Rfc, Manner::Aws] {
            let outcome = Patch::read(data, kind, manner, &limits).and_then(|it| it.apply(&stored));
            match outcome {
                Ok(change) => {
                    let text = json!(change.resource.attributes()).to_string();
                    assert!(
                        !text.contains("\"password\":") && !text.contains(":null"),
                        "{text}"
                    );
                    assert_eq!(change.changed, change.resource != stored);
                    assert!(change.members.add.is_disjoint(&change.members.remove));
                    if *kind == USER {
                        assert!(change.resource.text("userName").is_some());
                        let back = Resource::from_user(change.resource.user_columns());
                        assert_eq!(back, change.resource);
                        changed |= change.changed;
                    }
                }
                Err(refusal) => {
                    let told = refusal.detail();
                    assert!((400..500).contains(&refusal.status()));
                    assert!(
                        told.len() < 1024 && !told.contains(char::is_control),
                        "{told}"
                    );
                }
            }
        }
    }
    changed
}
