//! Why a request is refused (RFC 7644 §3.12): one enum, its status and `scimType`, a sentence that the administrator of an identity
//! provider understands, and the body that says so.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::filter::FilterFault;
use crate::manner::{Limits, Manner};

const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A detail error keyword (RFC 7644 §3.12, RFC 9865 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// The filter cannot be read, or compares what cannot be compared so.
    InvalidFilter,
    /// The answer would be too large.
    TooMany,
    /// Somebody else has the value.
    Uniqueness,
    /// It may not be changed so.
    Mutability,
    /// The body cannot be read.
    InvalidSyntax,
    /// The path names nothing.
    InvalidPath,
    /// The path leads nowhere in this resource.
    NoTarget,
    /// A value is missing, or is of another type.
    InvalidValue,
    /// The cursor is none of ours.
    InvalidCursor,
    /// `count` cannot be read.
    InvalidCount,
}

impl ScimType {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ScimType::InvalidFilter => "invalidFilter",
            ScimType::TooMany => "tooMany",
            ScimType::Uniqueness => "uniqueness",
            ScimType::Mutability => "mutability",
            ScimType::InvalidSyntax => "invalidSyntax",
            ScimType::InvalidPath => "invalidPath",
            ScimType::NoTarget => "noTarget",
            ScimType::InvalidValue => "invalidValue",
            ScimType::InvalidCursor => "invalidCursor",
            ScimType::InvalidCount => "invalidCount",
        }
    }
}

/// Why a request is refused. No value that a client sent is repeated in one, names of attributes excepted: among the values are
/// passwords.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is too long.
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    /// The body is no JSON.
    #[error("the body is not JSON, at line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The body nests too deep.
    #[error("the body nests deeper than {0} levels")]
    TooDeep(usize),
    /// A name stands twice in one object; case does not tell names apart.
    #[error("`{0}` stands twice in one object")]
    Twice(String),
    /// The body is no JSON object.
    #[error("the body is no JSON object")]
    NotAnObject,
    /// The body does not say what it is.
    #[error("`schemas` does not name {0}")]
    Schemas(&'static str),
    /// A member of the message itself is missing or of another form.
    #[error("`{member}` must be {expected}")]
    Message {
        /// Which, as `Operations`.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// An attribute's value is of another type or form.
    #[error("`{attribute}` must be {expected}")]
    Value {
        /// Its path.
        attribute: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A resource of this type has such an attribute always.
    #[error("`{0}` is missing")]
    Missing(String),
    /// It may be replaced, never removed.
    #[error("`{0}` cannot be removed: send another value instead")]
    Irremovable(String),
    /// The service alone says it, or it is said once.
    #[error("`{0}` cannot be changed by a client")]
    ReadOnly(String),
    /// There is no such attribute.
    #[error("there is no attribute `{0}`")]
    UnknownAttribute(String),
    /// At most one value of a list is the primary one.
    #[error("more than one of `{0}` is marked as primary")]
    Primary(String),
    /// A list would be too long.
    #[error("`{attribute}` would have more than {limit} values")]
    TooManyValues {
        /// Its path.
        attribute: String,
        /// The most that it may have.
        limit: usize,
    },
    /// A value is too long.
    #[error("`{attribute}` is longer than {limit} bytes")]
    TooLong {
        /// Its path.
        attribute: String,
        /// How long it may be.
        limit: usize,
    },
    /// Too many operations, or changes of members, for one request.
    #[error("the request has more than {limit} {what}: send several")]
    TooManyChanges {
        /// What was counted.
        what: &'static str,
        /// The most that one request may have.
        limit: usize,
    },
    /// A bulk request has more operations than are done at once.
    #[error("a bulk request has at most {0} operations: send several")]
    BulkTooLong(usize),
    /// The filter cannot be read.
    #[error("the filter cannot be read at character {at}: {fault}")]
    Filter {
        /// The character, from 1.
        at: usize,
        /// What is wrong there.
        fault: FilterFault,
    },
    /// The filter names something that there is not.
    #[error("the filter names `{0}`, which is no attribute here")]
    FilterAttribute(String),
    /// The filter compares what cannot be compared so.
    #[error("the filter cannot compare `{attribute}` so: {reason}")]
    FilterComparison {
        /// Its path.
        attribute: String,
        /// Why.
        reason: &'static str,
    },
    /// The filter is none of those that this manner knows.
    #[error("this filter is not supported: {0}")]
    FilterUnsupported(&'static str),
    /// The path cannot be read.
    #[error("the path cannot be read at character {at}: {fault}")]
    Path {
        /// The character, from 1.
        at: usize,
        /// What is wrong there.
        fault: FilterFault,
    },
    /// There is nothing at the path in this resource.
    #[error("no value of this resource matches the path `{0}`")]
    NoTarget(String),
    /// A `remove` that does not say what.
    #[error("a `remove` operation needs a `path`")]
    RemoveWithoutPath,
    /// Members are removed by their ids or all together, never by chance.
    #[error(
        "members are removed by `members[value eq \"…\"]` or by a list of values: this names none"
    )]
    VagueMembers,
    /// What the manner of this connection does not support.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Somebody else has it. The endpoint says who.
    #[error("`{attribute}` is taken by {by}")]
    Taken {
        /// Which attribute.
        attribute: &'static str,
        /// Who has it, as the administrator knows them.
        by: String,
    },
    /// There is no such resource, or no such endpoint.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The token is none, or not this connection's. A wrong tenant is told in the same words.
    #[error("the token is not valid for this address")]
    Unauthorized,
    /// The token may not do it.
    #[error("this token may not do that")]
    Forbidden,
    /// Somebody must be left who can sign in without the identity provider.
    #[error("this is the last owner who can sign in without an identity provider")]
    LastOwner,
    /// The endpoint is one of SCIM's that this service does without.
    #[error("{0} is not offered")]
    NotImplemented(&'static str),
    /// The method has no meaning here.
    #[error("{0} cannot be used here")]
    Method(&'static str),
    /// The resource is at another version than `If-Match` says.
    #[error("the resource has changed since it was read")]
    VersionMismatch,
    /// The resource is at a version that `If-None-Match` names.
    #[error("the resource is at a version that `If-None-Match` names")]
    VersionExcluded,
    /// `Content-Type` is none of SCIM's.
    #[error("the body must be `application/scim+json` or `application/json`")]
    MediaType,
    /// There are more results than are given at once.
    #[error("there are more than {0} results: narrow the filter")]
    TooManyResults(usize),
    /// The filter is asked of resources one by one, and there are too many of them.
    #[error(
        "this filter would be asked of too many resources one by one: shorten it, or add what is looked up, as `userName eq`"
    )]
    FilterTooDear,
    /// The operations ask too much of what is there.
    #[error("the operations compare too much with what is there: send several requests")]
    PatchTooDear,
    /// The cursor is none that this filter gave.
    #[error("the cursor is not valid, or no more: start again without one")]
    Cursor,
    /// `count` or `startIndex` is no number, or does not go with the cursor.
    #[error("`{0}` must be a whole number, and goes with no cursor unless it is `count`")]
    Count(&'static str),
    /// Operations of a bulk request refer to each other in a circle, or to one that failed.
    #[error(
        "`bulkId:{0}` cannot be resolved: it is in a circle, or what it stands for was refused"
    )]
    Unresolved(String),
    /// Too many requests.
    #[error("too many requests: send the next one later")]
    TooOften,
    /// Not the client's fault.
    #[error("the service cannot answer now")]
    Unavailable,
    /// One operation of a PATCH is refused, and with it the whole.
    #[error("operation {number}: {refusal}")]
    Operation {
        /// Which, from 1.
        number: usize,
        /// Why.
        refusal: Box<Refusal>,
    },
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Refusal::TooLarge(_) | Refusal::BulkTooLong(_) => 413,
            Refusal::Taken { .. } | Refusal::Unresolved(_) => 409,
            Refusal::NotFound(_) => 404,
            Refusal::Unauthorized => 401,
            Refusal::Forbidden | Refusal::LastOwner => 403,
            Refusal::NotImplemented(_) => 501,
            Refusal::Method(_) => 405,
            Refusal::VersionMismatch | Refusal::VersionExcluded => 412,
            Refusal::MediaType => 415,
            Refusal::TooOften => 429,
            Refusal::Unavailable => 503,
            Refusal::Operation { refusal, .. } => refusal.status(),
            Refusal::NotJson { .. }
            | Refusal::TooDeep(_)
            | Refusal::Twice(_)
            | Refusal::NotAnObject
            | Refusal::Schemas(_)
            | Refusal::Message { .. }
            | Refusal::Value { .. }
            | Refusal::Missing(_)
            | Refusal::Irremovable(_)
            | Refusal::ReadOnly(_)
            | Refusal::UnknownAttribute(_)
            | Refusal::Primary(_)
            | Refusal::TooManyValues { .. }
            | Refusal::TooLong { .. }
            | Refusal::TooManyChanges { .. }
            | Refusal::Filter { .. }
            | Refusal::FilterAttribute(_)
            | Refusal::FilterComparison { .. }
            | Refusal::FilterUnsupported(_)
            | Refusal::Path { .. }
            | Refusal::NoTarget(_)
            | Refusal::RemoveWithoutPath
            | Refusal::VagueMembers
            | Refusal::Unsupported(_)
            | Refusal::TooManyResults(_)
            | Refusal::FilterTooDear
            | Refusal::PatchTooDear
            | Refusal::Cursor
            | Refusal::Count(_) => 400,
        }
    }

    /// The detail error keyword, where the RFCs have one.
    #[must_use]
    pub fn scim_type(&self) -> Option<ScimType> {
        Some(match self {
            Refusal::Count("count") => ScimType::InvalidCount,
            Refusal::NotJson { .. }
            | Refusal::TooDeep(_)
            | Refusal::Twice(_)
            | Refusal::NotAnObject
            | Refusal::Schemas(_)
            | Refusal::Message { .. } => ScimType::InvalidSyntax,
            Refusal::Value { .. }
            | Refusal::Missing(_)
            | Refusal::Primary(_)
            | Refusal::TooManyValues { .. }
            | Refusal::TooLong { .. }
            | Refusal::TooManyChanges { .. }
            | Refusal::VagueMembers
            | Refusal::Count(_)
            | Refusal::PatchTooDear
            | Refusal::Unsupported(_) => ScimType::InvalidValue,
            Refusal::Irremovable(_) | Refusal::ReadOnly(_) => ScimType::Mutability,
            Refusal::UnknownAttribute(_) | Refusal::Path { .. } => ScimType::InvalidPath,
            Refusal::Filter { .. }
            | Refusal::FilterAttribute(_)
            | Refusal::FilterComparison { .. }
            | Refusal::FilterUnsupported(_) => ScimType::InvalidFilter,
            Refusal::NoTarget(_) | Refusal::RemoveWithoutPath => ScimType::NoTarget,
            Refusal::Taken { .. } => ScimType::Uniqueness,
            Refusal::TooManyResults(_) | Refusal::FilterTooDear => ScimType::TooMany,
            Refusal::Cursor => ScimType::InvalidCursor,
            Refusal::Operation { refusal, .. } => return refusal.scim_type(),
            Refusal::TooLarge(_)
            | Refusal::BulkTooLong(_)
            | Refusal::NotFound(_)
            | Refusal::Unauthorized
            | Refusal::Forbidden
            | Refusal::LastOwner
            | Refusal::NotImplemented(_)
            | Refusal::Method(_)
            | Refusal::VersionMismatch
            | Refusal::VersionExcluded
            | Refusal::MediaType
            | Refusal::Unresolved(_)
            | Refusal::TooOften
            | Refusal::Unavailable => return None,
        })
    }

    /// What the administrator can do about it, where that is not plain from the sentence.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Refusal::Taken { .. } => {
                Some("At the identity provider, correct the name, or unassign the old account")
            }
            Refusal::Missing(_) => {
                Some("At the identity provider, map an attribute that everybody has to it")
            }
            Refusal::UnknownAttribute(_) | Refusal::ReadOnly(_) => {
                Some("At the identity provider, take it out of the attribute mapping")
            }
            Refusal::Unauthorized => {
                Some("At the identity provider, enter the address and the newest token together")
            }
            Refusal::Operation { refusal, .. } => refusal.hint(),
            Refusal::TooLarge(_)
            | Refusal::BulkTooLong(_)
            | Refusal::NotJson { .. }
            | Refusal::TooDeep(_)
            | Refusal::Twice(_)
            | Refusal::NotAnObject
            | Refusal::Schemas(_)
            | Refusal::Message { .. }
            | Refusal::Value { .. }
            | Refusal::Irremovable(_)
            | Refusal::Primary(_)
            | Refusal::TooManyValues { .. }
            | Refusal::TooLong { .. }
            | Refusal::TooManyChanges { .. }
            | Refusal::Filter { .. }
            | Refusal::FilterAttribute(_)
            | Refusal::FilterComparison { .. }
            | Refusal::FilterUnsupported(_)
            | Refusal::Path { .. }
            | Refusal::NoTarget(_)
            | Refusal::RemoveWithoutPath
            | Refusal::VagueMembers
            | Refusal::Unsupported(_)
            | Refusal::NotFound(_)
            | Refusal::Forbidden
            | Refusal::LastOwner
            | Refusal::NotImplemented(_)
            | Refusal::Method(_)
            | Refusal::VersionMismatch
            | Refusal::VersionExcluded
            | Refusal::MediaType
            | Refusal::TooManyResults(_)
            | Refusal::FilterTooDear
            | Refusal::PatchTooDear
            | Refusal::Cursor
            | Refusal::Count(_)
            | Refusal::Unresolved(_)
            | Refusal::TooOften
            | Refusal::Unavailable => None,
        }
    }

    /// The whole of it for people: the sentence, and what to do.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut sentence = self.to_string();
        if let Some(first) = sentence.get(..1) {
            let capital = first.to_ascii_uppercase();
            sentence.replace_range(..1, &capital);
        }
        match self.hint() {
            Some(hint) => format!("{sentence}. {hint}"),
            None => sentence,
        }
    }

    /// The body of the answer: RFC 7644's, or with what AWS's endpoint adds to it.
    #[must_use]
    pub fn body(&self, manner: Manner, request_id: &str, now: Timestamp) -> Value {
        let mut body = json!({
            "schemas": [ERROR_SCHEMA],
            "status": self.status().to_string(),
            "detail": self.detail(),
        });
        match manner {
            Manner::Rfc => {
                if let Some(word) = self.scim_type() {
                    body["scimType"] = json!(word.word());
                }
            }
            Manner::Aws => {
                body["schema"] = json!([ERROR_SCHEMA]);
                body["exceptionRequestId"] = json!(request_id);
                body["timeStamp"] = json!(now.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string());
            }
        }
        body
    }

    pub(crate) fn too_many_values(attribute: impl ToString, limits: &Limits) -> Refusal {
        Refusal::TooManyValues {
            attribute: attribute.to_string(),
            limit: limits.values,
        }
    }

    /// A value that is not what it must be.
    #[must_use]
    pub fn value(attribute: impl ToString, expected: &'static str) -> Refusal {
        Refusal::Value {
            attribute: attribute.to_string(),
            expected,
        }
    }
}

#[cfg(test)]
mod tests;
