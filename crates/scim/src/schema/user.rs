//! `User` (RFC 7643 §4.1).

use super::attribute::{Attribute, Type};
use super::{Schema, USER_SCHEMA};

pub(super) static SCHEMA: Schema = Schema {
    id: USER_SCHEMA,
    name: "User",
    description: "A person",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 21] = [
    Attribute::text(
        "userName",
        "The name that they sign in with; unique in the organisation, whatever its case",
    )
    .required()
    .unique(),
    Attribute::complex("name", &NAME, "The parts of their name"),
    Attribute::text("displayName", "The name that they are called by"),
    Attribute::text("nickName", "The casual way to address them"),
    Attribute::reference("profileUrl", &["external"], "A page about them"),
    Attribute::text("title", "Their title, as `Vice President`"),
    Attribute::text(
        "userType",
        "Their relation to the organisation, as `Contractor`",
    ),
    Attribute::text(
        "preferredLanguage",
        "The language that they would like to be addressed in, as in `Accept-Language`",
    ),
    Attribute::text(
        "locale",
        "How dates, numbers and currencies are written for them, as `en-US`",
    ),
    Attribute::text("timezone", "Their time zone, as `Asia/Tokyo`"),
    Attribute::new(
        "active",
        Type::Boolean,
        "Whether they may sign in; `true` where somebody new comes without it",
    )
    .required(),
    Attribute::text(
        "password",
        "Accepted and dropped: nobody signs in by a provisioned password",
    )
    .write_only()
    .exact(),
    Attribute::list("emails", &EMAIL, "Where mail reaches them"),
    Attribute::list("phoneNumbers", &PHONE, "Where they can be called"),
    Attribute::list("ims", &MESSENGER, "Where instant messages reach them"),
    Attribute::list("photos", &PHOTO, "Pictures of them"),
    Attribute::list("addresses", &ADDRESS, "Where post reaches them"),
    Attribute::list(
        "groups",
        &MEMBERSHIP,
        "The groups that they are in; changed at the group",
    )
    .read_only(),
    Attribute::list("entitlements", &ENTITLEMENT, "Things that they may have"),
    Attribute::list("roles", &ENTITLEMENT, "Roles that they have"),
    Attribute::list(
        "x509Certificates",
        &CERTIFICATE,
        "Certificates issued to them",
    ),
];

static NAME: [Attribute; 6] = [
    Attribute::text("formatted", "The whole name, as it is shown"),
    Attribute::text("familyName", "Last name"),
    Attribute::text("givenName", "First name"),
    Attribute::text("middleName", "Middle names"),
    Attribute::text("honorificPrefix", "What stands before the name, as `Dr.`"),
    Attribute::text("honorificSuffix", "What stands behind the name, as `III`"),
];

const DISPLAY: Attribute = Attribute::text("display", "How it is shown");
const PRIMARY: Attribute = Attribute::new(
    "primary",
    Type::Boolean,
    "Whether it is the preferred one; at most one is",
);

static EMAIL: [Attribute; 4] = [
    Attribute::text("value", "The address"),
    DISPLAY,
    Attribute::text("type", "What it is for").usually(&["work", "home", "other"]),
    PRIMARY,
];

static PHONE: [Attribute; 4] = [
    Attribute::text("value", "The number"),
    DISPLAY,
    Attribute::text("type", "What it is for")
        .usually(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

static MESSENGER: [Attribute; 4] = [
    Attribute::text("value", "The address"),
    DISPLAY,
    Attribute::text("type", "Whose it is")
        .usually(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

static PHOTO: [Attribute; 4] = [
    Attribute::reference("value", &["external"], "Its address"),
    DISPLAY,
    Attribute::text("type", "Its size").usually(&["photo", "thumbnail"]),
    PRIMARY,
];

static ADDRESS: [Attribute; 8] = [
    Attribute::text(
        "formatted",
        "The whole address, as it is written on a letter",
    ),
    Attribute::text("streetAddress", "Street and number"),
    Attribute::text("locality", "City"),
    Attribute::text("region", "State or prefecture"),
    Attribute::text("postalCode", "Postal code"),
    Attribute::text("country", "Country, by ISO 3166-1 alpha-2"),
    Attribute::text("type", "What it is for").usually(&["work", "home", "other"]),
    PRIMARY,
];

static MEMBERSHIP: [Attribute; 4] = [
    Attribute::text("value", "The group's id")
        .read_only()
        .exact(),
    Attribute::reference("$ref", &["Group"], "The group's address").read_only(),
    Attribute::text("display", "The group's name").read_only(),
    Attribute::text("type", "How they are in it")
        .read_only()
        .usually(&["direct", "indirect"]),
];

static ENTITLEMENT: [Attribute; 4] = [
    Attribute::text("value", "Its name"),
    DISPLAY,
    Attribute::text("type", "Its kind"),
    PRIMARY,
];

static CERTIFICATE: [Attribute; 4] = [
    Attribute::new("value", Type::Binary, "The certificate, DER in base64"),
    DISPLAY,
    Attribute::text("type", "Its kind"),
    PRIMARY,
];
