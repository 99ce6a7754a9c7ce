//! The credentials by which a model is asked: of the organisation's role, from Identity Center or from STS by the ID token.

use aws_sdk_sts::error::ProvideErrorMetadata;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{ProfileName, Public, RefreshWhen, Session};
use kiro_models::{Endpoint, Residency};
use secrecy::{ExposeSecret, SecretString};

use crate::aws::{self, transport};
use crate::organizations::Provider;
use crate::role_credentials::{Role, RoleCredentials, asked, forget, kept_or};
use crate::session::refresh;
use crate::{Code, Context, Failure};

/// An ID token with less left than this is not shown to STS any more.
const LEEWAY: SignedDuration = SignedDuration::from_mins(1);

/// What credentials are asked by.
pub(super) struct By<'a> {
    pub(super) context: &'a Context,
    pub(super) profile: &'a ProfileName,
    /// The session's public part, authenticated.
    pub(super) public: &'a Public,
    pub(super) endpoint: &'a Endpoint,
    pub(super) residency: Option<Residency>,
}

impl By<'_> {
    /// Credentials that are good for now: what is kept, or by this session, which was just renewed if that was due.
    pub(super) async fn credentials(
        &self,
        session: Result<Session, Failure>,
    ) -> Result<RoleCredentials, Failure> {
        let role = self.role();
        let fetched = async {
            let session = session?;
            match Provider::parse(&session.public.provider) {
                Some(Provider::IdentityCenter) => {
                    asked(self.context, self.profile, session, &role).await
                }
                Some(Provider::Okta | Provider::Entra) | None => {
                    self.by_id_token(&session, &role).await
                }
            }
        };
        kept_or(self.context, self.profile, self.public, &role, fetched).await
    }

    /// Forgets what AWS does not take any more.
    pub(super) fn forget(&self) {
        forget(self.context, self.profile, self.public, &self.role());
    }

    fn role(&self) -> Role {
        let kiro_models::Role { account, name } = self.endpoint.role.clone();
        Role { account, name }
    }

    /// STS's, in the region that is asked and never at the global address (`AssumeRoleWithWebIdentity`).
    async fn by_id_token(
        &self,
        session: &Session,
        role: &Role,
    ) -> Result<RoleCredentials, Failure> {
        let token = self.id_token(session).await?;
        let region = &self.endpoint.region;
        let arn = format!(
            "arn:{}:iam::{}:role/{}",
            region.partition(),
            role.account,
            role.name
        );
        let endpoint = self.context.aws.sts.as_ref();
        let sdk = aws::sdk(self.context, region.as_str(), endpoint, self.residency).build();
        let answer = aws_sdk_sts::Client::new(&sdk)
            .assume_role_with_web_identity()
            .role_arn(&arn)
            .role_session_name(self.session_name())
            .web_identity_token(token.expose_secret())
            .send()
            .await
            .map_err(|error| {
                if let Some(outside) = transport::outside(&error) {
                    return self.context.outside_residency(&outside.host);
                }
                if let Some(http) = transport::http_error(&error) {
                    return self.context.network_failure(http);
                }
                let status = error.raw_response().map(|answer| answer.status().as_u16());
                let code = match status {
                    Some(status) if status >= 500 || status == 429 => Code::ServerError,
                    Some(_) => Code::RoleRefused,
                    None => Code::MalformedAnswer,
                };
                let mut failure = self.context.failure(code).about(arn.clone());
                failure.host = Some(format!("sts.{region}"));
                failure.detail.error = error.code().map(str::to_owned);
                failure.detail.description = error.message().map(str::to_owned);
                failure
            })?;
        let given = answer
            .credentials
            .ok_or_else(|| self.context.failure(Code::MalformedAnswer))?;
        let expires_at = Timestamp::from_second(given.expiration.secs())
            .map_err(|_| self.context.failure(Code::MalformedAnswer))?;
        Ok(RoleCredentials {
            access_key_id: given.access_key_id,
            secret_access_key: SecretString::from(given.secret_access_key),
            session_token: SecretString::from(given.session_token),
            expires_at,
        })
    }

    /// An ID token that is still good: the session's, or that of a renewed one. It lives shorter than the access token at
    /// some providers.
    async fn id_token(&self, session: &Session) -> Result<SecretString, Failure> {
        let now = self.context.now();
        let good = |session: &Session| {
            let token = session.tokens.id.clone()?;
            (ends(token.expose_secret())? > now + LEEWAY).then_some(token)
        };
        if let Some(token) = good(session) {
            return Ok(token);
        }
        // Where there are ID tokens there are no plans: nothing that was decided by changes.
        let when = RefreshWhen::Revision(session.public.revision);
        let renewed = refresh(self.context, self.profile, when).await?;
        good(&renewed.session).ok_or_else(|| {
            let failure = self.context.failure(Code::RoleRefused);
            failure
                .about(self.endpoint.role.name.clone())
                .error("no_id_token")
        })
    }

    /// Who it is, for AWS's audit trail: what of the subject may stand in a session's name.
    fn session_name(&self) -> String {
        let who = self.public.email.as_ref().or(self.public.subject.as_ref());
        let who = who.map(String::as_str).unwrap_or_default();
        let allowed = |c: &char| c.is_ascii_alphanumeric() || "_=,.@-".contains(*c);
        let name: String = who.chars().filter(allowed).take(64).collect();
        if name.len() < 2 {
            "kiro".to_owned()
        } else {
            name
        }
    }
}

/// When an ID token ends. It was verified when it came, and is under seal since.
fn ends(token: &str) -> Option<Timestamp> {
    let claims = token.split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}
