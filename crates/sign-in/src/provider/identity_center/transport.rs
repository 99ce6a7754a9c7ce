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
use kiro_relying_party::{HttpClient, HttpError};

use crate::Context;
use crate::provider::whole_seconds;

#[derive(Clone)]
pub(super) struct Transport(Arc<dyn HttpClient>);

impl Transport {
    pub(super) fn new(context: &Context) -> Transport {
        Transport(Arc::clone(&context.http))
    }
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
        let http = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
            let response = http
                .send(request)
                .await
                .map_err(|error| ConnectorError::io(Box::new(error)))?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The seconds for which the service asks to be left alone.
pub(super) fn retry_after(answer: &HttpResponse) -> Option<u32> {
    let mut headers = http::HeaderMap::new();
    for name in [http::header::RETRY_AFTER, http::header::DATE] {
        if let Some(value) = answer.headers().get(name.as_str()) {
            headers.insert(name, value.parse().ok()?);
        }
    }
    kiro_relying_party::retry_after(&headers).map(whole_seconds)
}

/// Our own error inside the SDK's, if the network was the reason.
pub(super) fn http_error<E, R>(error: &SdkError<E, R>) -> Option<&HttpError> {
    let SdkError::DispatchFailure(dispatch) = error else {
        return None;
    };
    let mut cause: Option<&(dyn Error + 'static)> =
        dispatch.as_connector_error().and_then(Error::source);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return Some(http);
        }
        cause = error.source();
    }
    None
}
