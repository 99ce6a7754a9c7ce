//! AWS's SDK as every client of AWS's here is made: over our network, in one region, without retries of its own.

pub(crate) mod transport;

use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use aws_types::sdk_config::{Builder, SdkConfig};
use kiro_models::Residency;
use transport::Transport;
use url::Url;

use crate::Context;

/// What a client is made with. With a residency, whatever the SDK or the environment (`AWS_ENDPOINT_URL_…`) says, nothing
/// is sent to a host that is not known to be inside.
pub(crate) fn sdk(
    context: &Context,
    region: &str,
    endpoint: Option<&Url>,
    residency: Option<Residency>,
) -> Builder {
    made(region, endpoint, Transport::whole(context, residency))
}

/// The same, for answers that come in pieces.
pub(crate) fn sdk_in_pieces(
    context: &Context,
    region: &str,
    endpoint: Option<&Url>,
    residency: Option<Residency>,
) -> Builder {
    made(region, endpoint, Transport::in_pieces(context, residency))
}

fn made(region: &str, endpoint: Option<&Url>, transport: Transport) -> Builder {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(transport);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint.as_str().trim_end_matches('/'));
    }
    config
}
