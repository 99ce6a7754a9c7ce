//! The access portal, where a session is ended.

use kiro_credentials::Tokens;
use secrecy::ExposeSecret;

use super::{IdentityCenter, transport};
use crate::session::Revoked;

impl IdentityCenter {
    /// Ends the session at the service.
    pub(super) async fn end(&self, tokens: &Tokens) -> Revoked {
        match self
            .portal()
            .logout()
            .access_token(tokens.access.expose_secret())
            .send()
            .await
        {
            Ok(_) => Revoked::Yes,
            Err(error) if transport::http_error(&error).is_some() => Revoked::Offline,
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|response| response.status().as_u16() == 401) =>
            {
                Revoked::Yes
            } // it was over already
            Err(_) => Revoked::Failed,
        }
    }

    fn portal(&self) -> aws_sdk_sso::Client {
        let endpoint = self.endpoint.as_ref().or(self.context.aws.portal.as_ref());
        aws_sdk_sso::Client::new(&self.sdk(endpoint))
    }
}
