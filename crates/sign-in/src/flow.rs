//! The way of one sign-in, top to bottom.
//!
//! ```text
//! begin ─► key probed ─► discover ─► listener bound ─► pending sign-in written ─► Attempt { url }
//!                                     system browser … IdP … callback
//! complete ─► state, redirect, issuer ─► sealed part removed ─► exchange ─► verify ─► save
//! ```
//! Two functions with a value between them: whichever process receives the callback can run the second.

use jiff::Timestamp;
use kiro_credentials::{KeySource, NewPublic, ProfileName, Tokens};
use kiro_relying_party::{Answer, Callback, CodeVerifier, Nonce, RedirectUri, State, check_issuer};
use subtle::ConstantTimeEq;

use crate::account::{self, SignedIn};
use crate::attempt::Attempt;
use crate::loopback::Listener;
use crate::organizations::{DEEP_LINK, Organization, Organizations, use_last};
use crate::pending::{Files, LIFETIME, Outcome, PendingSignIn};
use crate::provider::{self, Authorization, Grant, IdentityProvider};
use crate::session::{file_failure, store_failure};
use crate::slot::slot;
use crate::way_back::link_came;
use crate::{Code, Context, Failure, aws_token_cache, role_credentials};

/// What the caller wants.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose IdP.
    pub organization: Organization,
    /// The slot to fill; the one of [`crate::slot`] if `None`.
    pub profile: Option<ProfileName>,
    /// How the callback comes back.
    pub via: Via,
    /// Which account.
    pub account: AccountChoice,
    /// A claims challenge to answer (JSON).
    pub claims: Option<String>,
    /// Where the sealing key lives; the store's present choice if `None`.
    pub key_source: Option<KeySource>,
}

impl Request {
    /// A sign-in with this organisation, with nothing special about it.
    pub fn new(organization: Organization, via: Via) -> Request {
        Request {
            organization,
            profile: None,
            via,
            account: AccountChoice::Any,
            claims: None,
            key_source: None,
        }
    }
}

/// How the callback comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Via {
    /// By `kiro://kiro.oauth/callback`. Identity Center allows loopback only and falls back to it.
    DeepLink,
    /// By a listener on this computer.
    Loopback,
}

/// Which account the IdP should offer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AccountChoice {
    /// Whichever the browser has.
    Any,
    /// This one first: OIDC `login_hint`.
    Hint(String),
    /// Another one: `prompt=select_account` (Entra ID, Identity Center) or `prompt=login` (Okta).
    Select,
}

/// Prepares a sign-in. When this returns, the key works, the listener is bound and the sign-in can be finished by any
/// process: now the browser may open [`Attempt::url`].
///
/// # Errors
/// The keyring's, the network's and discovery's failures, `ports_taken`, `clock`. Nothing has changed then.
pub async fn begin(context: &Context, request: Request) -> Result<Attempt, Failure> {
    let Request {
        organization,
        profile,
        via,
        account,
        claims,
        key_source,
    } = request;
    let of = |failure: Failure| failure.of(&organization);
    let profile = prepare_store(context, &organization, profile, key_source).await?;

    let idp = provider::of(context, &organization);
    let listener = match (via, idp.deep_link_allowed()) {
        (Via::DeepLink, true) => None,
        (Via::DeepLink, false) | (Via::Loopback, _) => {
            Some(Listener::bind(idp.loopback()).await.map_err(|ports| {
                let mut failure = of(context.failure(Code::PortsTaken));
                failure.facts.ports = ports;
                failure
            })?)
        }
    };
    let redirect_uri = listener.as_ref().map_or_else(
        || DEEP_LINK.to_owned(),
        |listener| listener.redirect_uri().to_owned(),
    );

    let (state, nonce, verifier) = (
        State::generate(),
        Nonce::generate(),
        CodeVerifier::generate(),
    );
    let asked = Authorization {
        redirect_uri: &redirect_uri,
        state: &state,
        nonce: &nonce,
        verifier: &verifier,
        account: &account,
        claims: claims.as_deref(),
        profile: &profile,
    };
    let (url, client_id) = idp.authorization_url(asked).await.map_err(of)?;

    let pending = PendingSignIn {
        state,
        verifier,
        nonce,
        redirect_uri,
        organization: organization.clone(),
        profile,
        client_id,
    };
    let expires_at = context.now() + LIFETIME;
    let (pending, lock) = blocking(context, move |context| {
        let lock = pending.write(context, expires_at)?;
        Ok((pending, lock))
    })
    .await
    .map_err(of)?;
    Ok(Attempt::new(
        context, pending, url, expires_at, listener, lock,
    ))
}

/// What must hold before a browser opens: the profile is named, and a key can seal what will come.
pub(crate) async fn prepare_store(
    context: &Context,
    organization: &Organization,
    profile: Option<ProfileName>,
    key_source: Option<KeySource>,
) -> Result<ProfileName, Failure> {
    let locks = Organizations::load(context)?.locks;
    if key_source == Some(KeySource::Plaintext) && locks.insecure_storage {
        return Err(context
            .failure(Code::ManagedByOrganization)
            .of(organization)
            .about("insecure_storage"));
    }
    let name = organization.name.clone();
    blocking(context, move |context| {
        context.home().ensure()?;
        context.store.ensure_key(key_source)?;
        match profile {
            Some(profile) => Ok(profile),
            None => Ok(slot(&context.store.read()?, &name)),
        }
    })
    .await
    .map_err(|failure| failure.of(organization))
}

/// Finishes a sign-in with its callback. The caller holds the sign-in's lock; the outcome is written for every shell.
///
/// # Errors
/// What the IdP refused, what did not check out, what could not be saved. An older session is untouched then.
pub(crate) async fn complete(
    context: &Context,
    pending: PendingSignIn,
    callback: Callback,
) -> Result<SignedIn, Failure> {
    if callback.redirect == RedirectUri::DeepLink {
        link_came(context);
    }
    let files = Files::of(context, &pending.id());
    let organization = pending.organization.clone();
    let result = redeem(context, &files, pending, callback)
        .await
        .map_err(|failure| failure.of(&organization));
    files.finish(match &result {
        Ok(_) => Outcome::SignedIn,
        Err(failure) => Outcome::Failed(Box::new(failure.clone())),
    });
    result
}

async fn redeem(
    context: &Context,
    files: &Files,
    pending: PendingSignIn,
    callback: Callback,
) -> Result<SignedIn, Failure> {
    let idp = provider::of(context, &pending.organization);
    let expected_issuer = idp.callback_issuer().await?;
    if let Some((issuer, required)) = &expected_issuer {
        check_issuer(callback.issuer.as_deref(), issuer, *required).map_err(|error| {
            context
                .failure(Code::UntrustedAnswer)
                .error("iss")
                .because(error.to_string())
        })?;
    }
    let code = match callback.answer {
        Answer::Code(code) => code,
        Answer::Error(error) => {
            let mut failure = idp.explain(&error.error, error.description.as_deref(), &[]);
            failure.facts.claims = error.claims;
            failure.facts.redirect_uri = Some(pending.redirect_uri);
            return Err(failure);
        }
    };
    files
        .begin_finishing()
        .map_err(|error| file_failure(context, &error))?;
    let grant = idp
        .redeem(
            code,
            pending.verifier,
            &pending.redirect_uri,
            &pending.nonce,
            &pending.client_id,
            &pending.profile,
        )
        .await?;
    save(
        context,
        idp.as_ref(),
        &pending.organization,
        pending.profile,
        grant,
    )
    .await
}

/// Saves what was granted. If that fails, the tokens are revoked: nobody holds what nobody can see.
pub(crate) async fn save(
    context: &Context,
    idp: &dyn IdentityProvider,
    organization: &Organization,
    profile: ProfileName,
    grant: Grant,
) -> Result<SignedIn, Failure> {
    let Grant {
        tokens,
        identity,
        client_id,
        endpoint,
        expires_at,
        session_expires_at,
        scopes,
        region,
        models,
    } = grant;
    let for_revocation = Tokens {
        access: tokens.access.clone(),
        refresh: tokens.refresh.clone(),
        id: None,
    };
    let public = NewPublic {
        provider: organization.provider().as_str().to_owned(),
        organization: organization.name.clone(),
        issuer: identity.issuer,
        client_id: client_id.clone(),
        endpoint,
        subject: identity.subject,
        name: identity.name,
        email: identity.email,
        scopes,
        region,
        models,
        expires_at,
        session_expires_at,
        signed_in_at: context.now(),
    };
    let name = organization.name.clone();
    let saved = blocking(context, move |context| {
        context.store.save(&profile, public, tokens)?;
        // What AWS's tools were given of the session before goes with it.
        role_credentials::forget_kept(context, Some(&profile));
        aws_token_cache::forget(context, Some(&profile));
        Ok(profile)
    })
    .await;
    match saved {
        Ok(profile) => {
            if let Err(failure) = use_last(context, &name) {
                tracing::warn!(code = ?failure.code, "the organisation could not be remembered");
            }
            let snapshot = context
                .store
                .read()
                .map_err(|error| store_failure(context, &error))?;
            let public = snapshot
                .profiles
                .get(&profile)
                .ok_or_else(|| context.failure(Code::CouldNotSave))?;
            Ok(account::signed_in(context, &profile, public, &snapshot))
        }
        Err(failure) => {
            idp.revoke(&for_revocation, &client_id).await;
            Err(failure)
        }
    }
}

/// Whether this callback answers this sign-in: the same `state`, compared in constant time, by the same redirect URI.
pub(crate) fn answers(pending: &PendingSignIn, callback: &Callback) -> bool {
    let same_state: bool = callback
        .state
        .secret()
        .as_bytes()
        .ct_eq(pending.state.secret().as_bytes())
        .into();
    same_state && callback.redirect.matches(&pending.redirect_uri)
}

/// Runs file and keyring work where it may block.
pub(crate) async fn blocking<T, F>(context: &Context, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce(&Context) -> Result<T, kiro_credentials::StoreError> + Send + 'static,
{
    let inside = context.clone();
    match tokio::task::spawn_blocking(move || work(&inside)).await {
        Ok(result) => result.map_err(|error| store_failure(context, &error)),
        Err(error) => Err(context.failure(Code::Unexpected).because(error.to_string())),
    }
}

/// When an answer that lives this long expires.
pub(crate) fn expiry(now: Timestamp, expires_in: Option<std::time::Duration>) -> Timestamp {
    let seconds = expires_in.map_or(3600, |lifetime| lifetime.as_secs().min(10 * 365 * 86400));
    now + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(3600))
}
