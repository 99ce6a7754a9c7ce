//! OAuth 2.0 and OpenID Connect, the client's side, for any provider.
//!
//! This crate owns safe HTTP, discovery, keys, PKCE, the callback's grammar, token requests and ID-token verification.
//! It knows no provider, no file and no screen. The protocol itself is `oauth2`'s and `openidconnect`'s; what stands here
//! is what they leave to their caller (THREATS.md T4–T8, T10, T11).

mod authorize;
mod callback;
mod certificate;
mod device;
mod discovery;
mod end_session;
mod http;
mod id_token;
mod introspection;
mod json;
mod jwks;
mod network;
mod reach;
mod retry_after;
mod token;

pub use authorize::{AuthorizationRequest, Code, CodeVerifier, Nonce, State, authorization_url};
pub use callback::{
    Answer, AuthorizationError, AuthorizationResponse, Callback, CallbackError, RedirectUri,
    check_issuer, parse_callback, parse_response,
};
pub use certificate::{CertificateFault, Secured};
pub use device::{DeviceAuthorization, DevicePoll, begin_device, poll_device};
pub use discovery::{DiscoveryError, IssuerRule, Metadata, clock_skew, discover};
pub use end_session::end_session_url;
pub use http::{Body, HttpClient, HttpError, HttpSettings, WebClient, display_host, secure_url};
pub use id_token::{
    IdTokenClaims, IdTokenError, IdTokenExpectation, IssuerExpectation, NonceExpectation,
};
pub use introspection::introspect;
pub use jwks::Jwks;
pub use network::{BadProxy, Network, Proxy};
pub use reach::{Reach, is_public};
pub use retry_after::retry_after;
pub use token::{
    ClientAuthentication, TokenError, TokenHint, TokenRefusal, TokenResponse, exchange_code,
    refresh, revoke,
};
