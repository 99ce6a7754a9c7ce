//! The way back: the answer is of this sign-in and of this issuer, its code is redeemed, its ID token verified.

use kiro_relying_party::{
    Answer, AuthorizationResponse, ClientAuthentication, CodeVerifier, IdTokenExpectation,
    IssuerExpectation, Nonce, NonceExpectation, check_issuer, exchange_code,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::begin::{Expected, asks_anew, at};
use super::{Connection, Fault, Identity, identity};
use crate::authorization::Authorization;
use crate::center::Center;
use crate::id::AuthorizationId;
use crate::session::Authentication;

/// Whom the provider vouches for, and how it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Who.
    pub identity: Identity,
    /// How.
    pub authentication: Authentication,
}

/// Whether the answer is of the sign-in whose `expected` this is.
#[must_use]
pub(crate) fn belongs(
    center: &Center,
    id: AuthorizationId,
    expected: &Value,
    response: &AuthorizationResponse,
) -> bool {
    Expected::open(center, id, expected).is_some_and(|kept| kept.is_of(response.state.secret()))
}

/// What the answer proves. It [`belongs`] to the sign-in, and was taken: it comes here once.
///
/// # Errors
/// See [`Fault`].
pub async fn complete(
    center: &Center,
    connection: &Connection,
    seen: &Authorization,
    expected: &Value,
    response: AuthorizationResponse,
) -> Result<Proof, Fault> {
    let (details, now) = (&connection.details, center.now());
    let expected = Expected::open(center, seen.id, expected);
    let expected = expected.ok_or_else(|| Fault::Untrusted("state".to_owned()))?;
    let http = center.outgoing.client().await?;
    let provider = center.providers.of(http.as_ref(), details, now).await?;
    let metadata = &provider.metadata;
    let issuer = details.expects(metadata);
    is_of(&issuer, metadata.iss_parameter, response.issuer.as_deref())?;
    let code = match response.answer {
        Answer::Code(code) => code,
        Answer::Error(error) => {
            return Err(Fault::answered(&error.error, error.description.as_deref()));
        }
    };
    let secret = connection.secret(center);
    let secret = secret.ok_or_else(|| Fault::SetUp("the client secret is not readable".into()))?;
    let granted = exchange_code(
        http.as_ref(),
        metadata,
        &details.client_id,
        ClientAuthentication::by_secret(metadata, &secret),
        &center.settings.at(&connection.callback()),
        code,
        CodeVerifier::from_secret(expected.verifier.clone()),
    )
    .await?;
    let token = granted.id.ok_or_else(|| {
        Fault::SetUp("the provider gave no ID token (is the scope `openid` allowed?)".into())
    })?;
    let nonce = Nonce::from_secret(expected.nonce.clone());
    let expectation = IdTokenExpectation {
        issuer,
        client_id: &details.client_id,
        nonce: NonceExpectation::Exactly(&nonce),
        access_token: Some(&granted.access),
        algorithms: &metadata.id_token_algorithms,
        subject: None,
        now,
    };
    let claims = provider
        .keys
        .verify_id_token(http.as_ref(), &token, &expectation)
        .await?;
    let asked = identity::Asked {
        anew: asks_anew(details.kind, &seen.request),
        max_age: seen.request.max_age,
        began: at(expected.began),
    };
    Ok(Proof {
        authentication: identity::authentication(
            connection.id,
            identity::Said::of(&claims),
            asked,
            now,
        )?,
        identity: identity::identity(connection, &claims)?,
    })
}

/// RFC 9207 §2.4, also for a template: then it is one of the allowed tenants'.
fn is_of(
    expected: &IssuerExpectation<'_>,
    required: bool,
    answered: Option<&str>,
) -> Result<(), Fault> {
    let fits = match expected {
        IssuerExpectation::Exact(issuer) => check_issuer(answered, issuer, required).is_ok(),
        IssuerExpectation::Tenant { template, allowed } => match answered {
            None => !required,
            Some(_) => allowed.iter().any(|tenant| {
                let issuer = template.replace("{tenantid}", tenant);
                check_issuer(answered, &issuer, required).is_ok()
            }),
        },
    };
    if fits {
        Ok(())
    } else {
        Err(Fault::Untrusted("the answer is from another issuer".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_of_the_expected_issuer() {
        let allowed = ["t1".to_owned(), "t2".to_owned()];
        let exact = IssuerExpectation::Exact("https://idp.example");
        let template = IssuerExpectation::Tenant {
            template: "https://idp.example/{tenantid}",
            allowed: &allowed,
        };
        let check = |expected: &IssuerExpectation<'_>, required, answered, fits| {
            assert_eq!(
                is_of(expected, required, answered).is_ok(),
                fits,
                "{answered:?}"
            );
        };
        check(&exact, true, Some("https://idp.example"), true);
        check(&exact, true, None, false);
        check(&exact, false, None, true);
        check(&exact, false, Some("https://evil.example"), false);
        check(&exact, false, Some("https://idp.example/"), false);
        check(&template, false, None, true);
        check(&template, true, None, false);
        check(&template, false, Some("https://idp.example/t2"), true);
        check(&template, false, Some("https://idp.example/t3"), false);
        check(
            &template,
            false,
            Some("https://idp.example/{tenantid}"),
            false,
        );
    }
}
