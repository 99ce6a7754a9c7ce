//! AWS's SDK over our HTTP client, so that proxy, CA file, time limits and size caps hold there too.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient as SmithyClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};
use kiro_models::Residency;
use kiro_relying_party::{HttpClient, HttpError};

use crate::Context;
use crate::provider::whole_seconds;

#[derive(Clone)]
pub(crate) struct Transport {
    http: Arc<dyn HttpClient>,
    residency: Option<Residency>,
    in_pieces: bool,
}

impl Transport {
    /// Answers come whole.
    pub(crate) fn whole(context: &Context, residency: Option<Residency>) -> Transport {
        Transport {
            http: Arc::clone(&context.http),
            residency,
            in_pieces: false,
        }
    }

    /// Answers come in pieces.
    pub(crate) fn in_pieces(context: &Context, residency: Option<Residency>) -> Transport {
        Transport {
            in_pieces: true,
            ..Transport::whole(context, residency)
        }
    }
}

/// A request that was not sent, because what is sent has to stay elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("{host} is outside")]
pub(crate) struct Outside {
    /// Where it would have gone.
    pub(crate) host: String,
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transport")
    }
}

impl SmithyClient for Transport {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Transport {
            http,
            residency,
            in_pieces,
        } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let host = request.uri().host().unwrap_or_default();
            if residency.is_some_and(|residency| !residency.admits_host(host)) {
                let host = host.to_owned();
                return Err(ConnectorError::user(Box::new(Outside { host })));
            }
            let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
            let broken = |error: HttpError| ConnectorError::io(Box::new(error));
            let response = if in_pieces {
                let response = http.stream(request).await.map_err(broken)?;
                response.map(SdkBody::from_body_1_x)
            } else {
                let response = http.send(request).await.map_err(broken)?;
                response.map(SdkBody::from)
            };
            HttpResponse::try_from(response)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The seconds for which the service asks to be left alone.
pub(crate) fn retry_after(answer: &HttpResponse) -> Option<u32> {
    kiro_relying_party::retry_after(&times(answer)?).map(whole_seconds)
}

/// The service's clock minus ours.
pub(crate) fn skew(answer: &HttpResponse, now: Timestamp) -> Option<SignedDuration> {
    kiro_relying_party::clock_skew(&times(answer)?, now)
}

/// The headers that tell times.
fn times(answer: &HttpResponse) -> Option<http::HeaderMap> {
    let mut headers = http::HeaderMap::new();
    for name in [http::header::RETRY_AFTER, http::header::DATE] {
        if let Some(value) = answer.headers().get(name.as_str()) {
            headers.insert(name, value.parse().ok()?);
        }
    }
    Some(headers)
}

/// Our own error inside the SDK's, if the network was the reason.
pub(crate) fn http_error<E, R>(error: &SdkError<E, R>) -> Option<&HttpError> {
    inside(error)
}

/// The same, if the request was not sent.
pub(crate) fn outside<E, R>(error: &SdkError<E, R>) -> Option<&Outside> {
    inside(error)
}

fn inside<E, R, T: Error + 'static>(error: &SdkError<E, R>) -> Option<&T> {
    let SdkError::DispatchFailure(dispatch) = error else {
        return None;
    };
    let mut cause: Option<&(dyn Error + 'static)> =
        dispatch.as_connector_error().and_then(Error::source);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<T>() {
            return Some(ours);
        }
        cause = error.source();
    }
    None
}
