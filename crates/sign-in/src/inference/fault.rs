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

/// What an exception means, by its name and its words: the API has one name for several things.
fn meaning(exception: &str, words: &str) -> (Code, fn(Failure) -> Fault) {
    let says = |part: &str| words.to_ascii_lowercase().contains(part);
    match exception {
        "ThrottlingException"
        | "TooManyRequestsException"
        | "ServiceUnavailableException"
        | "ModelNotReadyException"
        | "InternalServerException" => (Code::ModelBusy, Fault::Busy),
        "ModelErrorException"
        | "ModelStreamErrorException"
        | "ModelTimeoutException"
        | "ServiceQuotaExceededException" => (Code::ModelBusy, Fault::Final),
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId" => (Code::RoleRefused, Fault::Credentials),
        "InvalidSignatureException" | "SignatureDoesNotMatch" | "IncompleteSignatureException" => {
            (Code::RoleRefused, Fault::Final)
        }
        "AccessDeniedException" if says("access to the model") || says("model access") => {
            (Code::ModelNotEnabled, Fault::Final)
        }
        "AccessDeniedException" => (Code::RoleRefused, Fault::Final),
        "ResourceNotFoundException" => (Code::ModelNotEnabled, Fault::Final),
        "ValidationException"
            if says("model identifier") || says("on-demand throughput") || says("use case") =>
        {
            (Code::ModelNotEnabled, Fault::Final)
        }
        "ValidationException" => (Code::QuestionRefused, Fault::Final),
        _ => (Code::MalformedAnswer, Fault::Final),
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
    let (code, next) = match error.raw_response().map(|answer| answer.status().as_u16()) {
        Some(status) if exception.is_empty() && (status >= 500 || status == 429) => {
            (Code::ModelBusy, Fault::Busy as fn(Failure) -> Fault)
        }
        Some(_) | None => meaning(exception, words),
    };
    let answer = error.raw_response();
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
            let (code, next) = meaning(exception, words);
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

/// Whether the model ended because there was no room for more.
pub(super) fn cut_short(reason: &StopReason) -> bool {
    matches!(
        reason,
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded
    )
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
            let (seen, fault) = meaning(exception, words);
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
