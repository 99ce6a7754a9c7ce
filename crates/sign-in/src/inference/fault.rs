//! What the inference API's errors mean: for the next try, and to a person.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamError;
use aws_sdk_bedrockruntime::types::StopReason;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use kiro_models::Endpoint;

use crate::aws::transport;
use crate::{Code, Context, Failure};

/// What an error means for the next try.
#[derive(Debug)]
pub(super) enum Fault {
    /// AWS does not take the credentials: others may do.
    Credentials(Failure),
    /// Later it may do.
    Busy(Failure),
    /// It would be the same again.
    Final(Failure),
}

impl Fault {
    pub(super) fn failure(self) -> Failure {
        match self {
            Fault::Credentials(failure) | Fault::Busy(failure) | Fault::Final(failure) => failure,
        }
    }
}

/// What it is to a person, and for the next try.
type Meaning = (Code, fn(Failure) -> Fault);

/// What an exception means, by its name and its words: the API has one name for several things, and AWS's common errors have
/// names of their own (`ServiceUnavailable` beside Bedrock's `ServiceUnavailableException`).
fn meaning(exception: &str, words: &str) -> Option<Meaning> {
    let says = |part: &str| words.to_ascii_lowercase().contains(part);
    let known: Meaning = match exception.strip_suffix("Exception").unwrap_or(exception) {
        "Throttling" | "TooManyRequests" | "ServiceUnavailable" | "ModelNotReady"
        | "InternalServer" | "InternalFailure" => (Code::ModelBusy, Fault::Busy),
        "ModelError" | "ModelStreamError" | "ModelTimeout" | "ServiceQuotaExceeded" => {
            (Code::ModelBusy, Fault::Final)
        }
        "ExpiredToken" | "UnrecognizedClient" | "InvalidClientTokenId" => {
            (Code::RoleRefused, Fault::Credentials)
        }
        "InvalidSignature" | "SignatureDoesNotMatch" | "IncompleteSignature" | "RequestExpired" => {
            (Code::RoleRefused, Fault::Final)
        }
        "AccessDenied" if says("access to the model") || says("model access") => {
            (Code::ModelNotEnabled, Fault::Final)
        }
        "AccessDenied" => (Code::RoleRefused, Fault::Final),
        "ResourceNotFound" => (Code::ModelNotEnabled, Fault::Final),
        "Validation" | "ValidationError"
            if says("model identifier") || says("on-demand throughput") || says("use case") =>
        {
            (Code::ModelNotEnabled, Fault::Final)
        }
        "Validation" | "ValidationError" => (Code::QuestionRefused, Fault::Final),
        _ => return None,
    };
    Some(known)
}

/// What an answer means whose exception nobody knows, or that names none.
fn meaning_of_status(status: Option<u16>) -> Meaning {
    match status {
        Some(429 | 500..) => (Code::ModelBusy, Fault::Busy),
        Some(_) | None => (Code::MalformedAnswer, Fault::Final),
    }
}

/// A request's error.
pub(super) fn of_request(
    context: &Context,
    endpoint: &Endpoint,
    error: &SdkError<ConverseStreamError, HttpResponse>,
) -> Fault {
    if let Some(outside) = transport::outside(error) {
        return Fault::Final(context.outside_residency(&outside.host));
    }
    if let Some(http) = transport::http_error(error) {
        return Fault::Final(context.network_failure(http));
    }
    let exception = error.code().unwrap_or_default();
    let words = error.message().unwrap_or_default();
    let answer = error.raw_response();
    let status = answer.map(|answer| answer.status().as_u16());
    let meant = meaning(exception, words);
    let (code, next) = meant.unwrap_or_else(|| meaning_of_status(status));
    // What is signed by a clock that is off is refused in the same words as what is signed wrongly.
    let date = answer.and_then(|answer| transport::skew(answer, context.now()));
    if matches!(code, Code::RoleRefused)
        && let Err(failure) = context.on_time(date)
    {
        return Fault::Final(failure.at(host(endpoint)));
    }
    let mut failure = told(context, endpoint, code, exception, words);
    failure.detail.correlation_id = error.request_id().map(str::to_owned);
    failure.facts.retry_after = answer.and_then(transport::retry_after);
    next(failure)
}

/// An error in the answer's stream.
pub(super) fn of_stream<R: std::fmt::Debug>(
    context: &Context,
    endpoint: &Endpoint,
    error: &SdkError<ConverseStreamOutputError, R>,
) -> Fault {
    match error.as_service_error() {
        Some(service) => {
            let exception = service.code().unwrap_or_else(|| name(service));
            let words = service.message().unwrap_or_default();
            let meant = meaning(exception, words);
            let (code, next) = meant.unwrap_or_else(|| meaning_of_status(None));
            next(told(context, endpoint, code, exception, words))
        }
        // The connection went, or what came was no event.
        None => Fault::Final(cut(context, endpoint).because(format!(
            "{}",
            aws_smithy_types::error::display::DisplayErrorContext(error)
        ))),
    }
}

/// In a stream the exception's name is the event's alone.
fn name(error: &ConverseStreamOutputError) -> &'static str {
    let kinds = [
        (
            error.is_internal_server_exception(),
            "InternalServerException",
        ),
        (
            error.is_model_stream_error_exception(),
            "ModelStreamErrorException",
        ),
        (error.is_validation_exception(), "ValidationException"),
        (error.is_throttling_exception(), "ThrottlingException"),
        (
            error.is_service_unavailable_exception(),
            "ServiceUnavailableException",
        ),
    ];
    let known = kinds.into_iter().find(|(is, _)| *is);
    known.map(|(_, name)| name).unwrap_or_default()
}

/// The answer ended before its end.
pub(super) fn cut(context: &Context, endpoint: &Endpoint) -> Failure {
    told(context, endpoint, Code::AnswerCut, "", "")
}

/// Whether an answer with this end is whole (`false`), or the model ended for want of room (`true`).
///
/// # Errors
/// `question_refused` where a filter kept back the answer or the rest of it, `answer_cut` where the model broke down.
pub(super) fn cut_short(
    context: &Context,
    endpoint: &Endpoint,
    reason: &StopReason,
) -> Result<bool, Failure> {
    let ended = |code| told(context, endpoint, code, reason.as_str(), "");
    match reason.as_str() {
        "max_tokens" | "model_context_window_exceeded" => Ok(true),
        "content_filtered" | "guardrail_intervened" => Err(ended(Code::QuestionRefused)),
        "malformed_model_output" | "malformed_tool_use" => Err(ended(Code::AnswerCut)),
        _ => Ok(false),
    }
}

fn host(endpoint: &Endpoint) -> String {
    format!("bedrock-runtime.{}", endpoint.region)
}

fn told(
    context: &Context,
    endpoint: &Endpoint,
    code: Code,
    exception: &str,
    words: &str,
) -> Failure {
    let Endpoint {
        model,
        region,
        role,
        ..
    } = endpoint;
    let subject = if code == Code::RoleRefused {
        format!("{} ({})", role.name, role.account)
    } else {
        format!("{model} ({region})")
    };
    let mut failure = context.failure(code).about(subject).at(host(endpoint));
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    failure.detail.error = filled(exception);
    failure.detail.description = filled(words);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exception_has_its_meaning() {
        let check = |exception, words, code, next| {
            let meant = meaning(exception, words);
            let (seen, fault) = meant.unwrap_or_else(|| meaning_of_status(Some(400)));
            let failure = Failure::new(seen, jiff::Timestamp::UNIX_EPOCH);
            let then = match fault(failure) {
                Fault::Credentials(_) => "others",
                Fault::Busy(_) => "later",
                Fault::Final(_) => "never",
            };
            assert_eq!((seen, then), (code, next), "{exception} {words}");
        };
        check("ThrottlingException", "", Code::ModelBusy, "later");
        check("ModelNotReadyException", "", Code::ModelBusy, "later");
        check("InternalServerException", "", Code::ModelBusy, "later");
        check("InternalFailure", "", Code::ModelBusy, "later");
        check("ServiceUnavailable", "", Code::ModelBusy, "later");
        check("RequestExpired", "", Code::RoleRefused, "never");
        check("ModelErrorException", "", Code::ModelBusy, "never");
        check("ExpiredTokenException", "", Code::RoleRefused, "others");
        check(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            Code::RoleRefused,
            "others",
        );
        check(
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
            Code::RoleRefused,
            "never",
        );
        check(
            "AccessDeniedException",
            "User is not authorized to perform: bedrock:InvokeModelWithResponseStream",
            Code::RoleRefused,
            "never",
        );
        check(
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            Code::ModelNotEnabled,
            "never",
        );
        check(
            "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.",
            Code::ModelNotEnabled,
            "never",
        );
        check(
            "ValidationException",
            "The provided model identifier is invalid.",
            Code::ModelNotEnabled,
            "never",
        );
        check(
            "ValidationException",
            "Input is too long for requested model.",
            Code::QuestionRefused,
            "never",
        );
        check("SomethingNewException", "", Code::MalformedAnswer, "never");
    }
}
