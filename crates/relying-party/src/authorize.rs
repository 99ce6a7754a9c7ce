//! The authorization request (RFC 6749 §4.1.1, RFC 7636, OIDC Core §3.1.2.1) and its single-use values.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use crate::discovery::Metadata;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// The value. Single use; never for a log.
            pub fn secret(&self) -> &str {
                &self.0
            }

            /// Takes back a value that was kept sealed or came by the wire.
            pub fn from_secret(value: String) -> $name {
                $name(Zeroizing::new(value))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}
macro_rules! generated {
    ($name:ident) => {
        impl $name {
            /// 32 random bytes of the operating system, base64url.
            pub fn generate() -> $name {
                $name(random())
            }
        }
    };
}

secret! {
    /// RFC 6749 §10.12: binds the callback to this sign-in.
    State
}
secret! {
    /// OIDC Core §3.1.2.1: binds the ID token to this sign-in.
    Nonce
}
secret! {
    /// RFC 7636 §4.1: 43 characters, without which the code is worth nothing.
    CodeVerifier
}
secret! {
    /// RFC 6749 §4.1.2: the authorization code. Redeemed by value, once.
    Code
}
generated!(State);
generated!(Nonce);
generated!(CodeVerifier);

fn random() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    #[expect(
        clippy::expect_used,
        reason = "an operating system without randomness can sign nobody in"
    )]
    getrandom::fill(bytes.as_mut_slice()).expect("the operating system gives random bytes");
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

impl State {
    /// The lower-case hex SHA-256 of the value: names a file without telling the value.
    pub fn file_id(&self) -> String {
        Sha256::digest(self.0.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl CodeVerifier {
    /// RFC 7636 §4.2: the S256 challenge.
    pub fn challenge(&self) -> String {
        self.s256().as_str().to_owned()
    }

    fn s256(&self) -> PkceCodeChallenge {
        PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(self.0.to_string()))
    }
}

/// What the authorization URL is built from.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The provider.
    pub metadata: &'a Metadata,
    /// The public client.
    pub client_id: &'a str,
    /// Where the callback goes.
    pub redirect_uri: &'a str,
    /// The scopes, `openid` among them.
    pub scopes: &'a [String],
    /// Binds the callback.
    pub state: &'a State,
    /// Binds the ID token.
    pub nonce: &'a Nonce,
    /// Binds the code.
    pub verifier: &'a CodeVerifier,
    /// Further parameters, such as `prompt` or `claims`.
    pub extra: &'a [(String, String)],
}

/// The address for the browser: response type `code`, PKCE with S256, always.
pub fn authorization_url(request: &AuthorizationRequest<'_>) -> Url {
    let mut client = BasicClient::new(ClientId::new(request.client_id.to_owned())).set_auth_uri(
        AuthUrl::from_url(request.metadata.authorization_endpoint.clone()),
    );
    if let Ok(redirect) = RedirectUrl::new(request.redirect_uri.to_owned()) {
        client = client.set_redirect_uri(redirect);
    }
    let state = CsrfToken::new(request.state.secret().to_owned());
    let mut url = client
        .authorize_url(|| state)
        .set_pkce_challenge(request.verifier.s256())
        .add_scopes(request.scopes.iter().cloned().map(Scope::new))
        .add_extra_param("nonce", request.nonce.secret().to_owned());
    for (name, value) in request.extra {
        url = url.add_extra_param(name.clone(), value.clone());
    }
    url.url().0
}
