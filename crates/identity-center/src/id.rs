//! Names of things in the store: 16 random bytes, written as 32 hexadecimal digits. They are not secret.

use std::fmt;
use std::str::FromStr;

use utoipa::openapi::{Object, RefOr, Schema, Type};

/// Declares a name with a type of its own, so that a user's can never stand where a session's is meant.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new one, at random.
            #[must_use]
            pub fn random() -> $name {
                $name(crate::secret::random())
            }

            /// Its bytes.
            #[must_use]
            pub fn bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> $name {
                $name(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = NotAnId;
            fn try_from(bytes: &[u8]) -> Result<$name, NotAnId> {
                bytes.try_into().map($name).map_err(|_| NotAnId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<$name, NotAnId> {
                if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(NotAnId);
                }
                let mut bytes = [0; 16];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| NotAnId)?;
                }
                Ok($name(bytes))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let digits = Object::builder().schema_type(Type::String);
                digits.pattern(Some("^[0-9A-Fa-f]{32}$")).into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// Not 16 bytes, or not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

id! {
    /// A person of the directory.
    UserId;
    /// A group of the directory.
    GroupId;
    /// What one application was granted for one person: tokens belong to it, and end with it.
    SessionId;
    /// A sign-in under way at the service, from `/authorize` to the code.
    AuthorizationId;
    /// A connection to an upstream identity provider.
    ConnectionId;
    /// A token by which a connection provisions.
    ScimTokenId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_nothing_else_is() {
        let id = UserId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        let first = UserId::from(1_u128.to_be_bytes());
        assert_eq!(first.to_string(), format!("{}1", "0".repeat(31)));
        for other in [
            "",
            "0",
            &"g".repeat(32),
            &"0".repeat(31),
            &"0".repeat(33),
            &"é".repeat(16),
            &format!("+{}", "0".repeat(31)),
        ] {
            assert_eq!(
                other.parse::<UserId>().ok().map(|id| id.to_string()),
                None,
                "{other}"
            );
        }
    }
}
