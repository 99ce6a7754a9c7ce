//! What a service of ours adds to AWS's token answer, for clients that know it: who signed in (`name`, `email`), `sessionExpiresAt`, and
//! `models`, which the person's groups give them. AWS has none of it, its SDK passes over it, and nobody is kept from their tokens for
//! want of it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use kiro_models::is_model_id;
use serde::Deserialize;
use serde_json::Value;

/// A person has so many models at most. The answer's own size is the network's to limit.
const MOST: usize = 1000;
/// A name or an address has so many bytes at most.
const LONGEST: usize = 1024;

/// Reads an answer beside AWS's SDK.
#[derive(Clone, Debug, Default)]
pub(super) struct Extension(Arc<Mutex<Told>>);

/// What an answer told; each is `None` where it told nothing that can be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// What the person is called.
    pub(super) name: Option<String>,
    /// Their e-mail address.
    pub(super) email: Option<String>,
    /// The models that the person's groups give them.
    pub(super) models: Option<Vec<String>>,
    /// The session's end.
    pub(super) session_expires_at: Option<Timestamp>,
}

impl Extension {
    /// What the answer told.
    pub(super) fn told(&self) -> Told {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }
}

impl Intercept for Extension {
    fn name(&self) -> &'static str {
        "Extension"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        if context.response().status().is_success() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = read(body);
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Members {
    name: Value,
    email: Value,
    models: Value,
    session_expires_at: Value,
}

fn read(body: &[u8]) -> Told {
    let members: Members = serde_json::from_slice(body).unwrap_or_else(|_| {
        unusable("anything");
        Members::default()
    });
    Told {
        name: told(members.name, "name", text),
        email: told(members.email, "email", text),
        models: told(members.models, "models", models),
        session_expires_at: told(members.session_expires_at, "sessionExpiresAt", end),
    }
}

/// What is told by a member, if it can be used.
fn told<T>(member: Value, name: &str, read: fn(Value) -> Option<T>) -> Option<T> {
    if member.is_null() {
        return None;
    }
    let told = read(member);
    if told.is_none() {
        unusable(name);
    }
    told
}

fn unusable(member: &str) {
    tracing::warn!(
        member,
        "what a token answer tells beside its tokens is not used"
    );
}

fn text(member: Value) -> Option<String> {
    let text: String = serde_json::from_value(member).ok()?;
    let usable = !text.trim().is_empty() && text.len() <= LONGEST;
    usable.then_some(text)
}

fn models(member: Value) -> Option<Vec<String>> {
    let models: Vec<String> = serde_json::from_value(member).ok()?;
    let named = models.len() <= MOST && models.iter().all(|model| is_model_id(model));
    named.then_some(models)
}

fn end(member: Value) -> Option<Timestamp> {
    Timestamp::from_second(member.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_models_is_none_at_all() {
        let check = |member: &str, expected: Option<&[&str]>| {
            let body = format!("{{\"accessToken\":\"a\"{member}}}");
            let seen = read(body.as_bytes()).models;
            let expected = expected.map(|all| all.iter().map(ToString::to_string).collect());
            assert_eq!(seen, expected, "{member:.60}");
        };
        check("", None);
        check(r#","models":null"#, None);
        check(r#","models":[]"#, Some(&[]));
        let both: &[&str] = &["opus-4.6", "haiku"];
        check(r#","models":["opus-4.6","haiku"]"#, Some(both));
        for wrong in [
            r#""opus-4.6""#,
            "7",
            "true",
            r#"{"opus-4.6":true}"#,
            "[1]",
            "[null]",
            r#"["opus-4.6",["haiku"]]"#,
            r#"["Opus 4.6"]"#,
            r#"["../../etc"]"#,
            r#"[""]"#,
            r#"["\u001b[2J"]"#,
        ] {
            check(&format!(",\"models\":{wrong}"), None);
        }
        check(r#","models":["haiku"],"models":["opus-4.6"]"#, None);
        check(&format!(",\"models\":[\"{}\"]", "a".repeat(65)), None);
        let many = vec!["\"a\""; MOST + 1].join(",");
        check(&format!(",\"models\":[{many}]"), None);
        let deep = "[".repeat(10_000);
        check(&format!(",\"models\":{deep}"), None);
        assert_eq!(read(b"<html>"), Told::default());
        assert_eq!(read(b""), Told::default());
    }

    #[test]
    fn what_is_no_time_is_none_and_spoils_nothing_else() {
        let check = |end: &str, expected: Option<i64>| {
            let body = format!(r#"{{"sessionExpiresAt":{end},"models":["haiku"]}}"#);
            let seen = read(body.as_bytes());
            let end = seen.session_expires_at.map(Timestamp::as_second);
            assert_eq!(end, expected, "{body}");
            assert_eq!(seen.models.as_deref(), Some(&["haiku".to_owned()][..]));
        };
        check("1800000000", Some(1_800_000_000));
        check("null", None);
        check("\"1800000000\"", None);
        check("1.8e9", None);
        check("999999999999999999", None);
        check("[]", None);
    }

    #[test]
    fn who_signed_in_is_a_name_and_an_address() {
        let check = |name: &str, expected: Option<&str>| {
            let body = format!(r#"{{"email":"aiko@acme.example","name":{name}}}"#);
            let seen = read(body.as_bytes());
            assert_eq!(seen.name.as_deref(), expected, "{body:.60}");
            assert_eq!(seen.email.as_deref(), Some("aiko@acme.example"));
        };
        check("\"田中 愛子\"", Some("田中 愛子"));
        check("null", None);
        check("\" \"", None);
        check("7", None);
        check("[\"Aiko\"]", None);
        check(&format!("\"{}\"", "a".repeat(LONGEST + 1)), None);
    }
}
