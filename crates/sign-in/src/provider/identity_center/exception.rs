//! AWS's exceptions: their OAuth names, and what they mean to a person (PROTOCOLS.md §1).

use crate::Code;

/// `InvalidGrantException` → `invalid_grant`: the exception's name is what every AWS client branches on.
pub(super) fn oauth_error(exception: &str) -> &str {
    match exception {
        "AccessDeniedException" => "access_denied",
        "AuthorizationPendingException" => "authorization_pending",
        "ExpiredTokenException" => "expired_token",
        "InternalServerException" => "server_error",
        "InvalidClientException" => "invalid_client",
        "InvalidClientMetadataException" => "invalid_client_metadata",
        "InvalidGrantException" => "invalid_grant",
        "InvalidRedirectUriException" => "invalid_redirect_uri",
        "InvalidRequestException" => "invalid_request",
        "InvalidRequestRegionException" => "invalid_request_region",
        "InvalidScopeException" => "invalid_scope",
        "SlowDownException" => "slow_down",
        "UnauthorizedClientException" => "unauthorized_client",
        "UnauthorizedException" => "unauthorized",
        "UnsupportedGrantTypeException" => "unsupported_grant_type",
        other => other,
    }
}

/// What an error means.
pub(super) fn code(error: &str) -> Code {
    match error {
        "access_denied" => Code::Cancelled,
        "invalid_grant" | "unauthorized" => Code::SessionEnded,
        "expired_token" => Code::DeviceCodeExpired,
        "server_error" | "slow_down" => Code::ServerError,
        "invalid_request_region" => Code::WrongRegion,
        "invalid_redirect_uri" => Code::RedirectUri,
        "invalid_client"
        | "unauthorized_client"
        | "invalid_scope"
        | "invalid_client_metadata"
        | "invalid_request"
        | "unsupported_grant_type" => Code::ClientSetup,
        _ => Code::Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exception_has_its_meaning() {
        let rows = [
            ("InvalidGrantException", Code::SessionEnded),
            ("ExpiredTokenException", Code::DeviceCodeExpired),
            ("AccessDeniedException", Code::Cancelled),
            ("InvalidClientException", Code::ClientSetup),
            ("InvalidRequestRegionException", Code::WrongRegion),
            ("InternalServerException", Code::ServerError),
            ("SlowDownException", Code::ServerError),
            ("SomethingNewException", Code::Denied),
        ];
        for (exception, expected) in rows {
            assert_eq!(code(oauth_error(exception)), expected, "{exception}");
        }
    }
}
