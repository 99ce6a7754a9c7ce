//! Bad requests: each is refused in SCIM's words, and leaves everything as it was.

mod bodies;
mod filters;
mod patches;
mod requests;

use super::*;
use crate::store::tests::provisioned::{assert_same, everything};

/// What nobody may read in an answer or in the log.
const PASSWORD: &str = "t1meMa$heen";

/// A bad request, and what it is answered.
struct Bad {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    scim_type: Option<&'static str>,
}

impl Bad {
    fn get(path: impl Into<String>, scim_type: &'static str) -> Bad {
        Bad {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            status: 400,
            scim_type: Some(scim_type),
        }
    }

    fn given(
        method: &'static str,
        path: impl Into<String>,
        body: impl Into<Vec<u8>>,
        scim_type: &'static str,
    ) -> Bad {
        Bad {
            method,
            headers: vec![(FORM.0, FORM.1.to_owned())],
            body: body.into(),
            ..Bad::get(path, scim_type)
        }
    }

    /// With another status, and no `scimType`.
    fn status(self, status: u16) -> Bad {
        Bad {
            status,
            scim_type: None,
            ..self
        }
    }
}

/// Whom and what the requests are about.
struct Given {
    /// `/Users/…`
    user: String,
    /// `/Groups/…`
    group: String,
    /// The person's id.
    id: String,
}

#[tokio::test]
async fn every_bad_request_of_the_table_is_refused_and_changes_nothing() {
    every(&Endpoint::start(Manner::Rfc).await, Looks::Each).await;
}

/// When everything is looked at: after each request, or once after all of them, which is cheaper.
#[derive(PartialEq)]
pub(super) enum Looks {
    Each,
    Once,
}

pub(super) async fn every(endpoint: &Endpoint, looks: Looks) {
    let said = json!({
        "userName": "ben", "externalId": "e1", "title": "Guide", "password": PASSWORD,
        "emails": [{ "value": "ben@acme.example", "type": "work", "primary": true }, { "value": "b@home.example", "type": "home" }],
    });
    let (ben, ada) = (
        endpoint.user(said).await,
        endpoint.user(json!({ "userName": "ada" })).await,
    );
    let team = endpoint.group("Team", &[&ben, &ada]).await;
    endpoint.group("Taken", &[]).await;
    let given = Given {
        user: path(&ben),
        group: path(&team),
        id: ben["id"].as_str().unwrap().to_owned(),
    };
    let mut table = filters::table(&given);
    table.extend(bodies::table(&given));
    table.extend(patches::table(&given));
    table.extend(requests::table(&given));
    assert!(table.len() >= 200, "{}", table.len());

    let store = &endpoint.service.center.store;
    let before = everything(store).await;
    let mut wrong = Vec::new();
    for bad in &table {
        let headers: Vec<(&str, &str)> = bad
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = endpoint
            .send(bad.method, &bad.path, &headers, &bad.body)
            .await;
        let body: String = String::from_utf8_lossy(&bad.body)
            .chars()
            .take(200)
            .collect();
        let what = format!(
            "{} {} {body}",
            bad.method,
            bad.path.chars().take(300).collect::<String>()
        );
        assert!(
            !answer.text().contains(PASSWORD),
            "{what}: {}",
            answer.text()
        );
        let answered: Value = serde_json::from_str(&answer.text()).unwrap_or_default();
        let refused = (answer.status, answered["scimType"].as_str());
        if refused == (bad.status, bad.scim_type) {
            assert_refused(&answer, bad.status, bad.scim_type, &what);
        } else {
            wrong.push(format!(
                "{what}: {:?} expected, {}",
                (bad.status, bad.scim_type),
                answer.text()
            ));
        }
        if looks == Looks::Each {
            assert_same(&before, &everything(store).await, &what);
        }
    }
    assert_same(&before, &everything(store).await, "all of them");
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        table.len()
    );
    let log = format!("{:?}", store.audit_entries(0, 10_000).await.unwrap());
    assert!(log.contains("scim.refuse") && !log.contains(PASSWORD));
    assert_eq!(store.verify_audit().await.unwrap().err(), None);
}
