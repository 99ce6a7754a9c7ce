//! A resource as a store keeps it: what is looked up in columns, the rest as one JSON object. Both ways lose nothing.

use serde_json::{Value, json};

use super::{Resource, put};
use crate::filter::is_nothing;
use crate::fold::fold;
use crate::json::Object;
use crate::resource::normal::is_primary;
use crate::schema::{GROUP, USER};

/// A person's columns.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UserColumns {
    /// `userName`
    pub user_name: String,
    /// `userName`, folded.
    pub folded_user_name: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// `name.givenName`
    pub given_name: Option<String>,
    /// `name.familyName`
    pub family_name: Option<String>,
    /// The primary one of `emails`, or the first.
    pub email: Option<String>,
    /// `externalId`
    pub external_id: Option<String>,
    /// `active`
    pub active: bool,
    /// Everything else, `emails` as a whole included.
    pub rest: Object,
}

/// A group's columns.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GroupColumns {
    /// `displayName`
    pub display_name: String,
    /// `displayName`, folded.
    pub folded_display_name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// Everything else.
    pub rest: Object,
}

impl UserColumns {
    /// The name that they are called by, where the provider said none: the parts of their name, or the name they sign in with.
    #[must_use]
    pub fn called(&self) -> String {
        let formatted = self.rest.get("name").and_then(|name| name.get("formatted"));
        let parts = [self.given_name.as_deref(), self.family_name.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let said = self.display_name.as_deref();
        said.or_else(|| formatted?.as_str())
            .map(str::to_owned)
            .or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
            .unwrap_or_else(|| self.user_name.clone())
    }
}

impl Resource {
    /// The person of these columns. Where another hand than the provider's has changed `email`, `emails` follows.
    #[must_use]
    pub fn from_user(columns: UserColumns) -> Resource {
        let mut attributes = columns.rest;
        let emails = attributes.get("emails").and_then(Value::as_array);
        if preferred(emails).map(str::to_owned) != columns.email {
            let emails = emails.cloned().unwrap_or_default();
            put(
                &mut attributes,
                "emails",
                Some(with_preferred(emails, columns.email).into()),
            );
        }
        let mut name = super::take(&mut attributes, "name");
        put(&mut name, "givenName", columns.given_name.map(Value::from));
        put(
            &mut name,
            "familyName",
            columns.family_name.map(Value::from),
        );
        put(&mut attributes, "name", Some(name.into()));
        put(&mut attributes, "userName", Some(columns.user_name.into()));
        let display_name = columns.display_name.map(Value::from);
        put(&mut attributes, "displayName", display_name);
        let external_id = columns.external_id.map(Value::from);
        put(&mut attributes, "externalId", external_id);
        put(&mut attributes, "active", Some(columns.active.into()));
        Resource {
            kind: &USER,
            attributes,
        }
    }

    /// This person's columns.
    #[must_use]
    pub fn user_columns(&self) -> UserColumns {
        let mut rest = self.attributes.clone();
        let emails = rest.get("emails").and_then(Value::as_array);
        let email = preferred(emails).map(str::to_owned);
        let mut name = super::take(&mut rest, "name");
        let given_name = take_text(&mut name, "givenName");
        let family_name = take_text(&mut name, "familyName");
        put(&mut rest, "name", Some(name.into()));
        rest.remove("active");
        let user_name = take_text(&mut rest, "userName").unwrap_or_default();
        UserColumns {
            folded_user_name: fold(&user_name),
            user_name,
            display_name: take_text(&mut rest, "displayName"),
            given_name,
            family_name,
            email,
            external_id: take_text(&mut rest, "externalId"),
            active: self.active(),
            rest,
        }
    }

    /// The group of these columns.
    #[must_use]
    pub fn from_group(columns: GroupColumns) -> Resource {
        let mut attributes = columns.rest;
        let display_name = Some(columns.display_name.into());
        put(&mut attributes, "displayName", display_name);
        let external_id = columns.external_id.map(Value::from);
        put(&mut attributes, "externalId", external_id);
        Resource {
            kind: &GROUP,
            attributes,
        }
    }

    /// This group's columns.
    #[must_use]
    pub fn group_columns(&self) -> GroupColumns {
        let mut rest = self.attributes.clone();
        let display_name = take_text(&mut rest, "displayName").unwrap_or_default();
        GroupColumns {
            folded_display_name: fold(&display_name),
            display_name,
            external_id: take_text(&mut rest, "externalId"),
            rest,
        }
    }
}

fn take_text(object: &mut Object, name: &str) -> Option<String> {
    match object.remove(name) {
        Some(Value::String(text)) => Some(text),
        Some(_) | None => None,
    }
}

/// The address that stands for a person's e-mail: the primary one, or the first.
fn preferred(emails: Option<&Vec<Value>>) -> Option<&str> {
    let emails = emails?;
    let primary = emails.iter().find(|email| is_primary(email));
    let all = primary.into_iter().chain(emails);
    all.filter_map(|email| email.get("value")?.as_str()).next()
}

fn with_preferred(mut emails: Vec<Value>, email: Option<String>) -> Vec<Value> {
    let Some(email) = email.map(Value::from).filter(|email| !is_nothing(email)) else {
        return Vec::new();
    };
    let index = emails.iter().position(is_primary).unwrap_or_default();
    match emails.get_mut(index).and_then(Value::as_object_mut) {
        Some(preferred) => {
            preferred.insert("value".into(), email);
        }
        None => emails = vec![json!({ "value": email, "type": "work", "primary": true })],
    }
    emails
}
