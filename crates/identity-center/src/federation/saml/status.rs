//! Why a provider gave no assertion, by the codes of the specification (saml-core-2.0-os §3.2.2.2). The answer is not signed: it says
//! why, and proves nothing.

/// What they begin with.
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

/// A refusal, as far as a person is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It does not know the account.
    Unknown,
    /// It could not make sure who somebody is.
    Failed,
    /// It does not let them in here.
    Denied,
    /// It asks another provider, and got no answer.
    Elsewhere,
    /// Something is wrong there.
    Own,
    /// It does not accept what we ask.
    Request,
    /// It cannot name people as we ask.
    NameId,
}

/// The codes without what they begin with, the outer first.
pub(super) fn shortened(status: &[String]) -> Vec<&str> {
    status
        .iter()
        .map(|code| code.strip_prefix(STATUS).unwrap_or(code))
        .collect()
}

impl Status {
    /// Of codes as [`super::super::Fault::said`] has them: `Responder, RequestDenied`. `None` where one of them is not the specification's.
    pub(crate) fn of(said: &str) -> Option<Status> {
        let mut codes = said.split(", ");
        let outer = match codes.next()? {
            "Requester" | "VersionMismatch" => Status::Request,
            "Responder" => Status::Own,
            _ => return None,
        };
        codes.try_fold(outer, |_, code| {
            Some(match code {
                "UnknownPrincipal" => Status::Unknown,
                "AuthnFailed" => Status::Failed,
                "RequestDenied" => Status::Denied,
                "NoAvailableIDP" | "NoSupportedIDP" | "ProxyCountExceeded" => Status::Elsewhere,
                "InvalidNameIDPolicy" => Status::NameId,
                "PartialLogout" | "ResourceNotRecognized" | "TooManyResponses" => Status::Own,
                "InvalidAttrNameOrValue"
                | "RequestUnsupported"
                | "RequestVersionDeprecated"
                | "RequestVersionTooHigh"
                | "RequestVersionTooLow"
                | "UnknownAttrProfile"
                | "UnsupportedBinding" => Status::Request,
                _ => return None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_where_every_code_is() {
        let check = |said: &str, expected: Option<Status>| {
            assert_eq!(Status::of(said), expected, "{said}");
        };
        check("Responder", Some(Status::Own));
        check("Requester", Some(Status::Request));
        check("Responder, RequestDenied", Some(Status::Denied));
        check("Responder, UnknownPrincipal", Some(Status::Unknown));
        check("Requester, InvalidNameIDPolicy", Some(Status::NameId));
        check("Responder, NoSupportedIDP", Some(Status::Elsewhere));
        check("Responder, AuthnFailed", Some(Status::Failed));
        check("Responder, urn:acme:blocked", None);
        check("RequestDenied", None);
        check("access_denied: Responder, RequestDenied", None);
        check("", None);
        let codes = [format!("{STATUS}Responder"), "urn:acme:blocked".to_owned()];
        assert_eq!(shortened(&codes), ["Responder", "urn:acme:blocked"]);
    }
}
