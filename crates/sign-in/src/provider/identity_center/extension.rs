//! What a service of ours adds to AWS's token answer, for clients that know it: `models`, which the person's groups give them.
//! AWS has none, its SDK passes over it, and nobody is kept from their tokens for want of it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use kiro_models::is_model_id;
use serde::Deserialize;

/// A person has so many at most. The answer's own size is the network's to limit.
const MOST: usize = 1000;

/// Reads an answer beside AWS's SDK.
#[derive(Clone, Debug, Default)]
pub(super) struct Extension(Arc<Mutex<Option<Vec<String>>>>);

impl Extension {
    /// The models that the answer told; `None` where it told none, or nothing that can be used.
    pub(super) fn models(&self) -> Option<Vec<String>> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.take()
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
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = models(body);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Told {
    models: Option<Vec<String>>,
}

/// The models that stand in an answer.
fn models(body: &[u8]) -> Option<Vec<String>> {
    let unusable = |why: &str| tracing::warn!(why, "the models of a token answer are not used");
    let told: Told = serde_json::from_slice(body)
        .map_err(|_| unusable("they are no list of names"))
        .ok()?;
    let models = told.models?;
    if models.len() > MOST || !models.iter().all(|model| is_model_id(model)) {
        unusable("no catalogue has such names, or they are too many");
        return None;
    }
    Some(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_models_is_none_at_all() {
        let check = |member: &str, expected: Option<&[&str]>| {
            let body = format!("{{\"accessToken\":\"a\"{member}}}");
            let seen = models(body.as_bytes());
            let expected = expected.map(|all| all.iter().map(ToString::to_string).collect());
            assert_eq!(seen, expected, "{member:.60}");
        };
        check("", None);
        check(r#","models":null"#, None);
        check(r#","models":[]"#, Some(&[]));
        check(
            r#","models":["opus-4.6","haiku"]"#,
            Some(&["opus-4.6", "haiku"]),
        );
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
        assert_eq!(models(b"<html>"), None);
        assert_eq!(models(b""), None);
    }
}
