//! Home realm: where somebody signs in, by what they typed. It looks at the name alone, never at whether anybody has it.

use url::Host;

use crate::id::ConnectionId;

/// A connection to an identity provider, and the domains whose people it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// The connection.
    pub connection: ConnectionId,
    /// Domains in their ASCII form, in lower case (`xn--…`).
    pub domains: Vec<String>,
}

/// Where somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// At an identity provider.
    Connection(ConnectionId),
    /// Here, by a password.
    Password,
}

/// Where the person who typed this name signs in. A name without a domain, or with one that no active connection has, belongs to the
/// directory.
#[must_use]
pub fn route(typed: &str, realms: &[Realm]) -> Route {
    let domain = typed
        .trim()
        .rsplit_once(['@', '＠'])
        .filter(|(name, _)| !name.is_empty())
        .and_then(|(_, domain)| Host::parse(domain).ok());
    let Some(Host::Domain(domain)) = domain else {
        return Route::Password;
    };
    let domain = domain.trim_end_matches('.');
    realms
        .iter()
        .find(|realm| realm.domains.iter().any(|known| known == domain))
        .map_or(Route::Password, |realm| Route::Connection(realm.connection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_where_its_domain_belongs() {
        let (okta, entra) = (ConnectionId::from([1; 16]), ConnectionId::from([2; 16]));
        let realm = |connection, domains: &[&str]| Realm {
            connection,
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        };
        let realms = [
            realm(okta, &["acme.example", "acme.test"]),
            realm(entra, &["xn--eckwd4c7c.example", "eu.acme.example"]),
        ];
        let check = |typed: &str, expected: Option<ConnectionId>| {
            let expected = expected.map_or(Route::Password, Route::Connection);
            assert_eq!(route(typed, &realms), expected, "{typed}");
            assert_eq!(route(typed, &[]), Route::Password);
        };
        check("aiko@acme.example", Some(okta));
        check(" AIKO@ACME.Example ", Some(okta));
        check("nobody-has-this-name@acme.example", Some(okta));
        check("aiko@acme.test", Some(okta));
        check("a@b@acme.example", Some(okta));
        check("aiko@eu.acme.example", Some(entra));
        check("aiko@acme.example.", Some(okta));
        check("愛子@ドメイン.example", Some(entra));
        check("aiko＠acme.example", Some(okta));
        check("aiko@ａｃｍｅ.example", Some(okta));
        for directory in [
            "aiko",
            "",
            "@",
            "@acme.example",
            "aiko@",
            "aiko@us.acme.example",
            "aiko@notacme.example",
            "aiko@acme.example.evil.example",
            "aiko@[127.0.0.1]",
            "aiko@acme.example/x",
            "aiko@acme.example@",
            "aiko acme.example",
            "acme.example",
        ] {
            check(directory, None);
        }
    }
}
