//! What an answer proves (saml-profiles-2.0-os §4.1.4.3): it is this provider's, for us, for this request, now, and signed; and who it is.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use saml_rs::{
    AcsEndpoint, AssertionSignaturePolicy, AudienceValidationPolicy, BrowserInput, ClockSkew,
    EntityId, FormField, NameIdFormat, PendingAuthnRequest, PendingSnapshot, RelayStateParam,
    ReplayCache, ReplayKey, ReplayPolicy, ResponseSignaturePolicy, SamlError,
    SamlValidationContext, SpConfig, SpValidationPolicy, SsoResponse, SsoSession,
    XmlSignatureProfile,
};

use super::request::asks_anew;
use super::shape::{self, Shape};
use super::status::shortened;
use super::{Ourselves, Saml, metadata};
use crate::authorization::Authorization;
use crate::center::Center;
use crate::directory;
use crate::federation::begin::{Expected, at};
use crate::federation::identity::{Asked, Said, authentication, named};
use crate::federation::{Connection, Fault, Kind, Proof};
use crate::secret::Digest;

/// Two clocks may differ by so much.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// A subject has at most so many bytes (saml-core-2.0-os §8.3.7).
const LONGEST: usize = 256;

const OBJECT: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TENANT: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const METHODS: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";
/// What providers call several factors.
const SEVERAL: [&str; 2] = [
    "http://schemas.microsoft.com/claims/multipleauthn",
    "https://refeds.org/profile/mfa",
];

/// What was verified, and what `shape` saw inside of it.
pub(crate) struct Asserted {
    session: SsoSession,
    context: Option<String>,
    /// The assertion's name, and until when it must not be taken again.
    replay: (Digest, Timestamp),
}

/// An answer to the request of this sign-in. It is good once: whoever takes it advances the sign-in.
///
/// # Errors
/// See [`Fault`].
pub(crate) async fn accepted(
    center: &Center,
    connection: &Connection,
    saml: &Saml,
    seen: &Authorization,
    expected: &Expected,
    response: &str,
) -> Result<Proof, Fault> {
    let ourselves = Ourselves::of(&center.settings, connection);
    let (request, relay) = (expected.nonce.as_str(), expected.state.as_str());
    let pending = pending(&ourselves, saml, request, relay)?;
    let asserted = verified(
        center.now(),
        &ourselves,
        saml,
        response,
        Some((&pending, relay)),
    )?;
    once(center, &asserted).await?;
    let asked = Asked {
        anew: asks_anew(&seen.request),
        max_age: seen.request.max_age,
        began: at(expected.began),
    };
    proof(connection, &asserted, asked, center.now())
}

/// An answer that nobody asked for, from a provider that may send such.
///
/// # Errors
/// See [`Fault`].
pub(crate) async fn unsolicited(
    center: &Center,
    connection: &Connection,
    saml: &Saml,
    response: &str,
) -> Result<Proof, Fault> {
    if !saml.idp_initiated {
        let why = "nobody asked for this sign-in, and the connection takes none that begin at the provider";
        return Err(Fault::Untrusted(why.into()));
    }
    let ourselves = Ourselves::of(&center.settings, connection);
    let asserted = verified(center.now(), &ourselves, saml, response, None)?;
    once(center, &asserted).await?;
    let asked = Asked {
        anew: false,
        max_age: None,
        began: center.now(),
    };
    proof(connection, &asserted, asked, center.now())
}

/// Whom an answer to the request of this ID names, if it checks out now: for whoever sends us anything at all (fuzz/).
///
/// # Errors
/// See [`Fault`].
pub fn examine(
    ourselves: &Ourselves,
    saml: &Saml,
    request: &str,
    xml: &str,
    now: Timestamp,
) -> Result<String, Fault> {
    let relay = "relay";
    let pending = pending(ourselves, saml, request, relay)?;
    let response = STANDARD.encode(xml);
    let asserted = verified(now, ourselves, saml, &response, Some((&pending, relay)))?;
    Ok(asserted.session.subject().name_id().value().to_owned())
}

/// What `saml-rs` compares an answer with.
fn pending(
    ourselves: &Ourselves,
    saml: &Saml,
    request: &str,
    relay: &str,
) -> Result<PendingAuthnRequest, Fault> {
    let relay = RelayStateParam::try_from_option(Some(relay.to_owned())).map_err(untrusted)?;
    let snapshot = PendingSnapshot::authn_request(
        request,
        relay,
        saml.entity_id.as_str(),
        "post",
        ourselves.acs.as_str(),
        "post",
    );
    PendingAuthnRequest::from_snapshot(snapshot).map_err(untrusted)
}

fn verified(
    now: Timestamp,
    ourselves: &Ourselves,
    saml: &Saml,
    response: &str,
    pending: Option<(&PendingAuthnRequest, &str)>,
) -> Result<Asserted, Fault> {
    let xml = decoded(response)?;
    let seen = shape::check(&xml).map_err(|why| Fault::Untrusted(why.to_string()))?;
    if !seen.assertion {
        return Err(refused(&seen.status));
    }
    let idp = metadata::descriptor(&saml.metadata)
        .filter(|idp| idp.entity_id().as_str() == saml.entity_id)
        .ok_or_else(|| Fault::SetUp("the provider's metadata is not readable".into()))?;
    let provider = service_provider(ourselves).map_err(untrusted)?;
    let mut noted = Noted(None);
    let skew = i64::try_from(LEEWAY.as_millis()).unwrap_or(0);
    let context = SamlValidationContext::new(system(now), ReplayPolicy::RequireCache(&mut noted))
        .with_clock_skew(ClockSkew::from_millis(-skew, skew));
    let mut fields = vec![FormField::new("SAMLResponse", STANDARD.encode(&xml))];
    let session = match pending {
        Some((pending, relay)) => {
            fields.push(FormField::new("RelayState", relay));
            provider.finish_sso(
                &idp,
                pending,
                BrowserInput::<SsoResponse>::post(fields),
                context,
            )
        }
        None => provider.accept_unsolicited_sso(
            &idp,
            BrowserInput::<SsoResponse>::post(fields),
            context,
        ),
    };
    let session = session.map_err(untrusted)?;
    compared(
        &session,
        &seen,
        saml,
        ourselves,
        pending.map(|(pending, _)| pending.request_id().as_str()),
    )?;
    let (key, until) = noted
        .0
        .ok_or_else(|| Fault::Untrusted("the assertion has no name".into()))?;
    let replay = Digest::of(&format!("saml/{}/{key}", saml.entity_id));
    Ok(Asserted {
        session,
        context: seen.context,
        replay: (replay, until),
    })
}

/// `SAMLResponse` of a form: base64, perhaps in lines.
fn decoded(response: &str) -> Result<String, Fault> {
    let unreadable = || Fault::Untrusted("the answer cannot be read".into());
    if response.len() > shape::LONGEST / 3 * 4 + 8 * 1024 {
        return Err(Fault::Untrusted(shape::Misshapen::TooLong.to_string()));
    }
    let bare: String = response.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(bare).map_err(|_| unreadable())?;
    String::from_utf8(bytes).map_err(|_| unreadable())
}

fn service_provider(ourselves: &Ourselves) -> Result<saml_rs::Saml<saml_rs::Sp>, SamlError> {
    let policy = SpValidationPolicy {
        assertions: AssertionSignaturePolicy::RequireSigned,
        responses: ResponseSignaturePolicy::RequireForEncryptedCbc,
        xml_signatures: XmlSignatureProfile::StrictRsaSha2,
        audience: AudienceValidationPolicy::Validate,
        ..SpValidationPolicy::recommended()
    };
    let configured = SpConfig::builder(EntityId::try_new(ourselves.entity_id.as_str())?)
        .acs_endpoint(AcsEndpoint::post(ourselves.acs.as_str())?)
        .validation(policy)
        .build()?;
    saml_rs::Saml::sp(configured)
}

/// What `saml-rs` has compared, compared once more.
fn compared(
    session: &SsoSession,
    seen: &Shape,
    saml: &Saml,
    ourselves: &Ourselves,
    request: Option<&str>,
) -> Result<(), Fault> {
    let is_ours = session
        .audience()
        .iter()
        .any(|audience| audience.as_str() == ourselves.entity_id);
    let answers = session.in_response_to().map(|id| id.as_str());
    let signed = session.verified_xml_signatures();
    let checks = [
        (
            session.issuer().as_str() == saml.entity_id,
            "its issuer is another",
        ),
        (
            seen.destination.as_ref() == Some(&ourselves.acs),
            "it was sent to another address (Destination)",
        ),
        (is_ours, "it is for somebody else (audience)"),
        (
            answers == request,
            "it answers another request (InResponseTo)",
        ),
        (
            session.not_on_or_after().is_some(),
            "it has no end (NotOnOrAfter)",
        ),
        (!signed.is_empty(), "it is not signed"),
    ];
    match checks.iter().find(|(fits, _)| !fits) {
        Some((_, why)) => Err(Fault::Untrusted((*why).into())),
        None => Ok(()),
    }
}

/// Takes an assertion that nobody has taken, on any instance.
async fn once(center: &Center, asserted: &Asserted) -> Result<(), Fault> {
    let (name, until) = asserted.replay;
    let first = center.store.first_use_of_proof(name, until).await;
    match first {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Untrusted("the assertion was used before".into())),
        Err(error) => {
            tracing::error!(%error, "the store gave no answer");
            Err(Fault::Away("the service's store gave no answer".into()))
        }
    }
}

/// Why there is no assertion (saml-core-2.0-os §3.2.2.2). The answer is not signed: it says why, and proves nothing.
fn refused(status: &[String]) -> Fault {
    let words = shortened(status);
    let said = words.join(", ");
    match words.last().copied().unwrap_or_default() {
        "NoPassive" => Fault::Told("login_required".into()),
        "NoAuthnContext" => Fault::Told("unmet_authentication_requirements".into()),
        "Requester"
        | "VersionMismatch"
        | "InvalidNameIDPolicy"
        | "UnsupportedBinding"
        | "RequestUnsupported" => Fault::SetUp(said),
        _ => Fault::Declined(said),
    }
}

fn proof(
    connection: &Connection,
    asserted: &Asserted,
    asked: Asked,
    now: Timestamp,
) -> Result<Proof, Fault> {
    let session = &asserted.session;
    let attribute = |name: &str| {
        let found = session.attributes().get(name)?;
        let value = found.values().first()?.as_str().trim();
        directory::name(value).ok().map(str::to_owned)
    };
    let name_id = session.subject().name_id();
    let format = name_id.format();
    let said = directory::name(name_id.value())
        .map_err(|_| Fault::Untrusted("its subject has no name that can be shown".into()))?;
    let (subject, external_id, user_name) = match connection.details.kind {
        Kind::Entra => {
            let (Some(tenant), Some(object)) = (attribute(TENANT), attribute(OBJECT)) else {
                let why =
                    "the provider does not say which account it is (tenantid, objectidentifier)";
                return Err(Fault::SetUp(why.into()));
            };
            let object = object.to_ascii_lowercase();
            let subject = format!("{}/{object}", tenant.to_ascii_lowercase());
            (subject, object, attribute(UPN))
        }
        Kind::Okta | Kind::Oidc => {
            let persistent = format == Some(&NameIdFormat::Persistent);
            let id = attribute("id").or_else(|| persistent.then(|| said.to_owned()));
            let id = id.ok_or_else(|| {
                let why = "the provider sends no id that stays: a persistent NameID, or an attribute `id`";
                Fault::SetUp(why.into())
            })?;
            // An address is no name: it never finds anybody.
            let plain = matches!(format, None | Some(NameIdFormat::Unspecified));
            let user_name = attribute("userName").or_else(|| plain.then(|| said.to_owned()));
            (id.clone(), id, user_name)
        }
    };
    if subject.len() > LONGEST {
        return Err(Fault::Untrusted("the subject is too long".into()));
    }
    let several = session.attributes().get(METHODS).is_some_and(|found| {
        found
            .values()
            .iter()
            .any(|value| SEVERAL.contains(&value.as_str()))
    }) || asserted
        .context
        .as_deref()
        .is_some_and(|class| SEVERAL.contains(&class));
    let statement = session.authn_session();
    let then = statement
        .authn_instant()
        .and_then(|instant| instant.as_str().parse::<Timestamp>().ok());
    if then.is_none() {
        let why = "it does not say when the person was authenticated (AuthnInstant)";
        return Err(Fault::Untrusted(why.into()));
    }
    let how = Said {
        authenticated_at: then,
        methods: if several {
            vec!["mfa".to_owned()]
        } else {
            Vec::new()
        },
        context: asserted.context.clone(),
        session: statement
            .session_index()
            .map(|index| index.as_str().to_owned()),
    };
    let shown = user_name.clone().unwrap_or_else(|| said.to_owned());
    Ok(Proof {
        authentication: authentication(connection.id, how, asked, now)?,
        identity: named(
            connection,
            subject,
            external_id,
            user_name.as_deref(),
            shown,
        )?,
    })
}

/// What `saml-rs` asks to be remembered. The store remembers it, durably and for every instance ([`once`]).
struct Noted(Option<(String, Timestamp)>);

impl ReplayCache for Noted {
    fn check_and_store(&mut self, key: ReplayKey, expires_at: SystemTime) -> Result<(), SamlError> {
        let until = expires_at
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok());
        if let (ReplayKey::AssertionId(id), Some(until)) = (key, until) {
            self.0 = Some((id.as_str().to_owned(), until + LEEWAY));
        }
        Ok(())
    }
}

fn system(now: Timestamp) -> SystemTime {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn untrusted(error: SamlError) -> Fault {
    Fault::Untrusted(error.to_string())
}
