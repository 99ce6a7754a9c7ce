//! Certificates of servers: the platform judges them, and what it refuses is told in full (THREATS.md T25).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use x509_cert::der::{Decode, Tag, Tagged};

use crate::http::HttpError;
use crate::json::shown;

/// Certificates whose connections are remembered: far more than anybody signs in with.
const REMEMBERED: usize = 64;
/// X.520's upper bound of an organisation's name.
const LONGEST_NAME: usize = 64;
const ORGANIZATION: &str = "2.5.4.10";
const COMMON_NAME: &str = "2.5.4.3";

/// Why this computer refused a server's certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateFault {
    /// Signed by somebody whom this computer does not trust.
    #[error("its issuer is not trusted on this computer")]
    UnknownIssuer {
        /// The organisation, else the common name, of who signed: at most 64 letters, fit to be shown.
        issuer: Option<String>,
    },
    /// By this computer's clock it is over.
    #[error("it has expired")]
    Expired {
        /// When it ended, where the platform tells it.
        at: Option<Timestamp>,
    },
    /// By this computer's clock it has not begun.
    #[error("it is not valid yet")]
    NotYetValid {
        /// When it begins, where the platform tells it.
        from: Option<Timestamp>,
    },
    /// It is another host's.
    #[error("it is for another host")]
    AnotherHost,
    /// It was revoked.
    #[error("it was revoked")]
    Revoked,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// TLS as every connection of ours speaks it: the platform's verifier, and these authorities beside its own.
///
/// # Errors
/// `BadCa`, or `Failed` when TLS cannot be set up.
pub(crate) fn tls(extra_ca: Option<&Path>) -> Result<(ClientConfig, Versions), HttpError> {
    let provider = match CryptoProvider::get_default() {
        Some(chosen) => Arc::clone(chosen),
        None => Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
    };
    let failed = |error: rustls::Error| match extra_ca {
        Some(path) => bad(path, &error.to_string()),
        None => HttpError::Failed {
            host: String::new(),
            why: error.to_string(),
        },
    };
    let further = extra_ca.map(authorities).transpose()?.unwrap_or_default();
    let platform = if further.is_empty() {
        Verifier::new(Arc::clone(&provider))
    } else {
        Verifier::new_with_extra_roots(further, Arc::clone(&provider))
    };
    let versions = Versions::default();
    let witness = Witness(platform.map_err(failed)?, versions.clone());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(witness))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, versions))
}

/// The version of TLS by which each certificate was last shown: what answers an HTTP request does not tell it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions(Arc<Mutex<HashMap<Vec<u8>, &'static str>>>);

impl Versions {
    fn note(&self, certificate: &CertificateDer<'_>, version: &'static str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(certificate.to_vec(), version);
    }

    fn of(&self, certificate: &[u8]) -> Option<&'static str> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(certificate).copied()
    }
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let pem = std::fs::read(path).map_err(|error| bad(path, &error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| bad(path, &error.to_string()))?;
    if found.is_empty() {
        return Err(bad(path, "it holds no certificate"));
    }
    Ok(found)
}

fn bad(path: &Path, why: &str) -> HttpError {
    HttpError::BadCa {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

/// The fault inside a TLS error, if a certificate was the reason.
pub(crate) fn fault(error: &rustls::Error) -> Option<&CertificateFault> {
    if let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(fault))) = error {
        fault.downcast_ref()
    } else {
        None
    }
}

/// The platform's verifier, whose refusals keep what the certificate said. It accepts nothing that the platform refuses.
#[derive(Debug)]
struct Witness(Verifier, Versions);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|refusal| {
                let rustls::Error::InvalidCertificate(why) = refusal else {
                    return refusal;
                };
                let fault = Arc::new(describe(&why, end_entity));
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(fault)))
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = self.0.verify_tls12_signature(message, cert, dss)?;
        self.1.note(cert, "1.2");
        Ok(verified)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = self.0.verify_tls13_signature(message, cert, dss)?;
        self.1.note(cert, "1.3");
        Ok(verified)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn describe(why: &CertificateError, refused: &CertificateDer<'_>) -> CertificateFault {
    let moment = |time: UnixTime| {
        i64::try_from(time.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls adds variants in minor versions"
    )]
    match why {
        // A bad signature is that of somebody with a trusted one's name and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateFault::UnknownIssuer {
                issuer: issuer(refused),
            }
        }
        CertificateError::Expired => CertificateFault::Expired { at: None },
        CertificateError::ExpiredContext { not_after, .. } => CertificateFault::Expired {
            at: moment(*not_after),
        },
        CertificateError::NotValidYet => CertificateFault::NotYetValid { from: None },
        CertificateError::NotValidYetContext { not_before, .. } => CertificateFault::NotYetValid {
            from: moment(*not_before),
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::AnotherHost
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        other => CertificateFault::Other(shown(&other.to_string())),
    }
}

/// How the connection to the server that answered is kept safe: among the extensions of a [`crate::WebClient`]'s response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Secured {
    /// The version of TLS, such as `1.3`.
    pub version: Option<&'static str>,
    /// Who has signed the server's certificate.
    pub signer: Option<String>,
}

impl Secured {
    pub(crate) fn by(certificate: &[u8], versions: &Versions) -> Secured {
        Secured {
            version: versions.of(certificate),
            signer: issuer(&CertificateDer::from(certificate)),
        }
    }
}

/// The organisation, else the common name, that a certificate says has signed it. Nobody vouches for it: it is for the
/// person to recognise, with control characters and length taken away.
fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let names = &certificate.tbs_certificate.issuer.0;
    let name = |kind: &str| {
        names
            .iter()
            .flat_map(|together| together.0.iter())
            .filter(|attribute| attribute.oid.to_string() == kind)
            .find_map(|attribute| {
                let value = &attribute.value;
                // A `PrintableString` and its older kin are Latin; the bytes of any of them are a text or nothing.
                let text = std::str::from_utf8(value.value()).ok()?;
                let written = matches!(
                    value.tag(),
                    Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString
                );
                let neutral: String = shown(text).trim().chars().take(LONGEST_NAME).collect();
                (written && !neutral.is_empty()).then_some(neutral)
            })
    };
    name(ORGANIZATION).or_else(|| name(COMMON_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_by_which_a_certificate_was_shown_last_is_known_of_a_few() {
        let versions = Versions::default();
        let shown = |number: usize, version| {
            versions.note(
                &CertificateDer::from(number.to_be_bytes().to_vec()),
                version,
            );
        };
        let known = |number: usize| versions.of(&number.to_be_bytes());
        assert_eq!(known(0), None);
        for number in 0..REMEMBERED {
            shown(number, "1.2");
        }
        assert_eq!([known(0), known(REMEMBERED - 1)], [Some("1.2"); 2]);
        shown(REMEMBERED, "1.3");
        assert_eq!([known(0), known(REMEMBERED)], [None, Some("1.3")]);
        shown(REMEMBERED, "1.2");
        assert_eq!(known(REMEMBERED), Some("1.2"));
    }
}
