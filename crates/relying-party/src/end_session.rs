//! Ending the browser's session at the provider (OpenID Connect RP-Initiated Logout 1.0 §2).

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The address to open. It carries the ID token as a hint: for the browser alone.
pub fn end_session_url(
    endpoint: &Url,
    id_token: Option<&SecretString>,
    client_id: &str,
    post_logout_redirect_uri: Option<&str>,
) -> Url {
    let mut url = endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(token) = id_token {
            query.append_pair("id_token_hint", token.expose_secret());
        }
        query.append_pair("client_id", client_id);
        if let Some(redirect) = post_logout_redirect_uri {
            query.append_pair("post_logout_redirect_uri", redirect);
        }
    }
    url
}
