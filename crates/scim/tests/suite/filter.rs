//! The grammar of filters (RFC 7644 §3.4.2.2), and what they hold of.

use kiro_scim::schema::{Attribute, Mutability, ResourceType, Returned, Schema, Type, Uniqueness};
use kiro_scim::{Column, Filter, FilterFault, GROUP, Manner, Refusal, USER, Unknown};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::given::ENTERPRISE;

fn person() -> Value {
    json!({
        "id": "2819c223", "externalId": "E1", "userName": "Bjensen", "nickName": "Straße", "active": true,
        "name": { "familyName": "O'Malley", "givenName": "Barbara" },
        "userType": "Employee", "title": "Tour Guide",
        "emails": [
            { "value": "bjensen@example.com", "type": "work", "primary": true },
            { "value": "babs@jensen.org", "type": "home" },
        ],
        "addresses": [{ "locality": "Hollywood", "type": "work" }],
        "meta": { "resourceType": "User", "lastModified": "2011-05-13T04:42:34.123Z", "version": "W/\"1\"" },
        ENTERPRISE: { "employeeNumber": "701984", "department": "Tour", "manager": { "value": "26118915" } },
    })
}

fn holds(filter: &str) -> Result<bool, Refusal> {
    let bound = Filter::parse(filter)?.bind(&USER)?;
    Ok(bound.matches(person().as_object().unwrap()))
}

#[test]
fn each_operator_by_the_type_of_its_attribute() {
    let check = |filter: &str, expected: bool| assert_eq!(holds(filter), Ok(expected), "{filter}");
    // RFC 7644 figure 2, as far as it fits.
    check(r#"userName eq "bjensen""#, true);
    check(r#"name.familyName co "O'Malley""#, true);
    check(r#"userName sw "J""#, false);
    check(r#"userName ew "bj""#, false);
    check(r#"userName ge "bjensen""#, true);
    check("userName\teq \t\"bjensen\"", true);
    check(
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B""#,
        true,
    );
    check("title pr", true);
    check(r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, true);
    check(r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, true);
    check(r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, false);
    check(r#"title pr and userType eq "Employee""#, true);
    check(r#"title pr or userType eq "Intern""#, true);
    check(
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        true,
    );
    check(
        r#"userType ne "Employee" and not (emails co "example.com")"#,
        false,
    );
    check(
        r#"userType eq "Employee" and (emails.type eq "work")"#,
        true,
    );
    check(
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        true,
    );
    check(
        r#"emails[type eq "work" and value co "@jensen.org"]"#,
        false,
    );
    check(
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        true,
    );
    // Case: of names and keywords never, of values by the attribute.
    check(r#"USERNAME EQ "BJENSEN" AND NOT (Active Eq FALSE)"#, true);
    check(r#"nickName eq "STRASSE""#, true);
    // The space around a name says nothing, unless a part of it is asked for.
    check("userName eq \" bjensen\\u3000\"", true);
    check(r#"userName ne "bjensen ""#, false);
    check(r#"userName sw " bj""#, false);
    check(r#"title eq "Tour Guide ""#, false);
    check(r#"nickName ew "SSE""#, true);
    check(r#"externalId eq "e1""#, false);
    check(r#"externalId eq "E1""#, true);
    check(r#"id eq "2819C223""#, false);
    // Truth, also as Entra ID writes it.
    check("active eq true", true);
    check(r#"active eq "True""#, true);
    check("active ne true", false);
    // Order of text is that of folded text.
    check(r#"userName gt "BJENSEM""#, true);
    check(r#"userName le "bjensen""#, true);
    check(r#"userName lt "bjensen""#, false);
    // Absence.
    check("nickName eq null", false);
    check("profileUrl eq null", true);
    check("profileUrl ne null", false);
    check("title ne null", true);
    check(r#"locale eq "x""#, false);
    check(r#"locale ne "x""#, true);
    check(r#"not (locale eq "x")"#, true);
    check("photos pr", false);
    check("emails pr", true);
    check("emails.display pr", false);
    check("name pr", true);
    // A list holds what one of its values holds; one value must have all that stands in brackets.
    check(r#"emails.type ne "work""#, true);
    check(
        r#"emails.type eq "work" and emails.value eq "babs@jensen.org""#,
        true,
    );
    check(
        r#"emails[not (type eq "work") and not (type eq "home")]"#,
        false,
    );
    check(
        "emails[primary eq true].value eq \"BJENSEN@example.com\"",
        true,
    );
    check(
        r#"emails[type eq "home" or type eq "other"].value sw "bjensen""#,
        false,
    );
    // Times are to the millisecond.
    check(r#"meta.lastModified eq "2011-05-13T04:42:34.1239Z""#, true);
    check(
        r#"meta.lastModified eq "2011-05-13T06:42:34.123+02:00""#,
        true,
    );
    // Extensions, by URN or, where the core schema has no such name, without.
    check(&format!(r#"{ENTERPRISE}:employeeNumber eq "701984""#), true);
    check(
        &format!(
            r#"{}:Manager.Value eq "26118915""#,
            ENTERPRISE.to_uppercase()
        ),
        true,
    );
    check(r#"manager eq "26118915""#, true);
    check(r#"department sw "TO""#, true);
    // Precedence: not, and, or.
    check(r#"title pr or title pr and locale pr"#, true);
    check(r#"(title pr or title pr) and locale pr"#, false);
    check(r#"not (locale pr) and title pr"#, true);
}

#[test]
fn a_filter_that_makes_no_sense_is_refused_with_the_place_or_the_reason() {
    let check = |filter: &str, at: usize, fault: FilterFault| {
        let expected = Refusal::Filter { at, fault };
        assert_eq!(Filter::parse(filter), Err(expected), "{filter}");
    };
    check("", 1, FilterFault::Attribute);
    check("userName", 9, FilterFault::Operator);
    check("userName eq", 12, FilterFault::Value);
    check("userName eq ", 13, FilterFault::Value);
    check("userName is \"a\"", 10, FilterFault::Operator);
    check("userName eq 'a'", 13, FilterFault::Value);
    check("userName eq \"a", 13, FilterFault::Value);
    check("userName eq \"a\\\"", 13, FilterFault::Value);
    check("userName eq \"\\x\"", 13, FilterFault::Value);
    check("userName eq \"\\u0000\"", 13, FilterFault::Value);
    check("userName eq nil", 13, FilterFault::Value);
    check("userName eq 01", 13, FilterFault::Value);
    check("userName eq 1e999", 13, FilterFault::Value);
    check("userName eq \n5", 13, FilterFault::Value);
    check("userName eq \"愛\" or", 19, FilterFault::Attribute);
    check("userName pr title pr", 13, FilterFault::End);
    check("userName pr)", 12, FilterFault::End);
    check("(userName pr", 13, FilterFault::Unclosed);
    check("emails[type pr", 15, FilterFault::Unclosed);
    check("emails[type pr)", 15, FilterFault::Unclosed);
    check("emails[ims[type pr]]", 11, FilterFault::Brackets);
    check("emails.value[type pr]", 13, FilterFault::Brackets);
    check("()", 2, FilterFault::Attribute);
    check("not title pr", 5, FilterFault::Operator);
    check("1a pr", 1, FilterFault::Attribute);
    check("a..b pr", 1, FilterFault::Attribute);
    check("a.b.c pr", 1, FilterFault::Attribute);
    check("http:a pr", 1, FilterFault::Attribute);
    check("urn: pr", 1, FilterFault::Attribute);
    check("urn:a pr", 1, FilterFault::Attribute);
    check("userName\"a\"", 9, FilterFault::Operator);
    check("title pr and(title pr)", 13, FilterFault::Attribute);
    check("userName eq \"x\"; DROP TABLE users", 16, FilterFault::End);
    check("(a pr)and (b pr)", 7, FilterFault::End);

    let check =
        |filter: &str, expected: Refusal| assert_eq!(holds(filter), Err(expected), "{filter}");
    let unknown = |name: &str| Refusal::FilterAttribute(name.into());
    check("shoeSize pr", unknown("shoeSize"));
    check("name.shoeName pr", unknown("name.shoeName"));
    check("emails[shoe pr]", unknown("emails.shoe"));
    check("emails[emails.value pr]", unknown("emails.emails.value"));
    check("emails[value.type pr]", unknown("emails.value.type"));
    check("emails[urn:x:value pr]", unknown("emails.urn:x:value"));
    check(
        "urn:other:User:userName pr",
        unknown("urn:other:User:userName"),
    );
    check(r#"password sw "a""#, unknown("password"));
    let cannot = |attribute: &str, reason: &'static str| Refusal::FilterComparison {
        attribute: attribute.into(),
        reason,
    };
    check(
        "userName eq 1",
        cannot("userName", "it is text, in double quotes"),
    );
    check("active eq 1", cannot("active", "it is true or false"));
    check(
        "active gt true",
        cannot("active", "the operator does not fit its type"),
    );
    check(r#"active co "tr""#, cannot("active", "it is true or false"));
    check(
        "meta.created gt 1",
        cannot("meta.created", "it is a time, in double quotes"),
    );
    check(
        r#"meta.created gt "yesterday""#,
        cannot(
            "meta.created",
            r#"a time is written as "2026-11-25T10:00:00Z""#,
        ),
    );
    check(
        r#"meta.created sw "2026-11-25T10:00:00Z""#,
        cannot("meta.created", "the operator does not fit its type"),
    );
    check(
        "title gt null",
        cannot("title", "null goes with eq and ne only"),
    );
    check(r#"name eq "a""#, cannot("name", "name a part of it"));
    check(r#"name[givenName eq "a"]"#, cannot("name", "it is no list"));
    check(
        r#"x509Certificates.value gt "a""#,
        cannot(
            "x509Certificates.value",
            "the operator does not fit its type",
        ),
    );
}

#[test]
fn a_filter_has_eight_kibibytes_and_thirty_two_levels_and_not_one_more() {
    let faulty = |filter: &str| match Filter::parse(filter) {
        Ok(filter) => {
            assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
            None
        }
        Err(Refusal::Filter { fault, .. }) => Some(fault),
        Err(other) => panic!("{other:?}"),
    };
    let nested = |open: &str, levels: usize| {
        format!("{}title pr{}", open.repeat(levels), ")".repeat(levels))
    };
    assert_eq!(faulty(&nested("(", 32)), None);
    assert_eq!(faulty(&nested("not (", 32)), None);
    assert_eq!(faulty(&nested("(", 33)), Some(FilterFault::TooDeep));
    assert_eq!(faulty(&nested("not (", 33)), Some(FilterFault::TooDeep));
    assert_eq!(faulty(&nested("(", 100_000)), Some(FilterFault::TooLong));
    assert_eq!(faulty(&"(".repeat(8192)), Some(FilterFault::TooDeep));
    assert_eq!(faulty(&"not(".repeat(2048)), Some(FilterFault::TooDeep));
    let brackets = format!("{}emails[type pr]{}", "(".repeat(32), ")".repeat(32));
    assert_eq!(faulty(&brackets), Some(FilterFault::TooDeep));
    // Entra ID's form takes a level for the parentheses that it is printed with.
    let sugar = |levels: usize| {
        let inside = "emails[type pr or value pr].value pr";
        format!("{}{inside}{}", "not (".repeat(levels), ")".repeat(levels))
    };
    assert_eq!(faulty(&sugar(30)), None);
    assert_eq!(faulty(&sugar(31)), Some(FilterFault::TooDeep));
    // A long list is not deep.
    let long = vec!["title pr"; 600].join(" or ");
    assert_eq!(faulty(&long), None);
    let value = |length: usize| format!("title eq \"{}\"", "a".repeat(length - 11));
    assert_eq!(faulty(&value(8192)), None);
    assert_eq!(faulty(&value(8193)), Some(FilterFault::TooLong));
}

/// Nobody whom this crate makes has such values, but rows may come from elsewhere.
#[test]
fn what_says_nothing_is_not_there() {
    let bare = json!({ "title": "", "nickName": null, "name": {}, "emails": [] });
    for name in ["title", "nickName", "name", "emails"] {
        let filter = Filter::parse(&format!("{name} pr")).unwrap();
        let bound = filter.bind(&USER).unwrap();
        assert!(!bound.matches(bare.as_object().unwrap()), "{name}");
    }
}

#[test]
fn what_a_filter_asks_for() {
    let asks = |filter: &str, name: &str| {
        let filter = Filter::parse(filter).unwrap();
        filter.bind(&USER).unwrap().asks_for(name)
    };
    assert!(asks(r#"groups.value eq "g""#, "groups"));
    assert!(asks(
        r#"title pr or not (groups[value eq "g"] and active eq true)"#,
        "groups"
    ));
    assert!(!asks(r#"title pr or not (emails[value eq "g"])"#, "groups"));
    assert!(!asks("department pr", "department"), "it is an extension's");
}

#[test]
fn in_a_search_over_types_what_one_does_not_have_is_absent() {
    let group = json!({ "displayName": "Tour" });
    let check = |filter: &str, expected: bool| {
        let filter = Filter::parse(filter).unwrap();
        let bound = filter.bind_with(&GROUP, Unknown::Absent).unwrap();
        assert_eq!(
            bound.matches(group.as_object().unwrap()),
            expected,
            "{filter}"
        );
    };
    check(r#"userName eq "x" or displayName eq "tour""#, true);
    check(r#"userName eq "x""#, false);
    check(r#"userName ne "x""#, true);
    check("userName eq null", true);
    check("userName pr", false);
    check("emails[type pr]", false);
    check("not (emails[type pr])", true);
    let unknown = Filter::parse("userName pr").unwrap().bind(&GROUP);
    assert_eq!(
        unknown.err(),
        Some(Refusal::FilterAttribute("userName".into()))
    );
}

/// No attribute of people or groups is a number; another type's may be.
#[test]
fn numbers_are_compared_as_numbers() {
    static PARTS: [Attribute; 3] = [
        number("size", Type::Decimal),
        number("count", Type::Integer),
        number("made", Type::DateTime),
    ];
    static SCHEMA: Schema = Schema {
        id: "urn:example:Shoe",
        name: "Shoe",
        description: "A shoe",
        attributes: &PARTS,
    };
    static SHOE: ResourceType = ResourceType {
        name: "Shoe",
        endpoint: "/Shoes",
        description: "A shoe",
        schema: &SCHEMA,
        extensions: &[],
    };
    let shoe = json!({ "size": 44.5, "count": 2 });
    let check = |filter: &str, expected: bool| {
        let bound = Filter::parse(filter).unwrap().bind(&SHOE).unwrap();
        assert_eq!(
            bound.matches(shoe.as_object().unwrap()),
            expected,
            "{filter}"
        );
        assert!(!bound.lower(&[Column::Id]).exact);
    };
    check("size eq 44.50", true);
    check("size gt 5", true);
    check("size lt 5", false);
    check("count le 2e0", true);
    check("count ne 2", false);
    let received = |said: Value| super::given::received(&SHOE, said, Manner::Rfc);
    let made = json!({ "size": 44.5, "count": 2, "made": "2026-11-25T10:00:00Z" });
    assert!(received(made).is_ok());
    for wrong in [
        json!({ "size": "44" }),
        json!({ "count": 1.5 }),
        json!({ "made": "yesterday" }),
    ] {
        assert!(received(wrong.clone()).is_err(), "{wrong}");
    }
    let refused = |filter: &str| Filter::parse(filter).unwrap().bind(&SHOE).is_err();
    assert!(refused(r#"size eq "44.5""#) && refused("size co 4") && refused("count eq true"));
}

const fn number(name: &'static str, kind: Type) -> Attribute {
    Attribute {
        name,
        kind,
        multi_valued: false,
        description: "A number",
        required: false,
        case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        uniqueness: Uniqueness::None,
        canonical_values: &[],
        reference_types: &[],
        sub_attributes: &[],
    }
}

/// Filters as text, in forms that are not canonical, too.
pub(crate) fn filters() -> impl Strategy<Value = String> {
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User:";
    let attribute = prop_oneof![
        Just("userName".to_owned()),
        Just("DisplayName".to_owned()),
        Just("name.givenName".to_owned()),
        Just("name.familyName".to_owned()),
        Just("title".to_owned()),
        Just("emails.value".to_owned()),
        Just("emails".to_owned()),
        Just(format!("{urn}userName")),
        Just(format!("{ENTERPRISE}:department")),
        Just("externalId".to_owned()),
    ];
    let operator = prop_oneof![
        Just("eq"),
        Just("ne"),
        Just("co"),
        Just("sw"),
        Just("ew"),
        Just("GT"),
        Just("lt"),
        Just("Ge"),
        Just("le"),
    ];
    let value = prop_oneof![
        "[abAB\u{e9}ß\" \\\\]{0,3}".prop_map(|text| Value::from(text).to_string()),
        Just("\"work\"".to_owned()),
        Just("\"a@b\"".to_owned()),
    ];
    let test = prop_oneof![
        3 => (attribute.clone(), operator.clone(), value.clone())
            .prop_map(|(attribute, operator, value)| format!("{attribute} {operator}  {value}")),
        1 => attribute.prop_map(|attribute| format!("{attribute} pr")),
        1 => Just("active eq true".to_owned()),
        1 => Just("active ne \"False\"".to_owned()),
        1 => Just("title eq null".to_owned()),
        1 => Just("displayName eq null".to_owned()),
        1 => Just("meta.created gt \"2026-01-01T00:00:00.5Z\"".to_owned()),
    ];
    let part = prop_oneof![Just("type"), Just("value"), Just("display")];
    let inner = (part, operator, value)
        .prop_map(|(part, operator, value)| format!("{part} {operator} {value}"));
    let inside = inner.prop_recursive(3, 8, 3, joined);
    let list = (inside, any::<bool>()).prop_map(|(inside, sugar)| match sugar {
        false => format!("emails[{inside}]"),
        true => format!("emails[ {inside} ].value co \"a\""),
    });
    prop_oneof![3 => test, 1 => list].prop_recursive(4, 24, 4, joined)
}

fn joined(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let several = prop::collection::vec(inner.clone(), 2..4);
    prop_oneof![
        several.clone().prop_map(|all| all.join(" and ")),
        several.clone().prop_map(|all| all.join("  OR ")),
        several.prop_map(|all| format!("({})", all.join(" or "))),
        inner.clone().prop_map(|one| format!("not ({one})")),
        inner.prop_map(|one| format!("( {one} )")),
    ]
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(text in filters()) {
        let filter = Filter::parse(&text).unwrap();
        let printed = filter.to_string();
        let again = Filter::parse(&printed).unwrap();
        prop_assert_eq!(&again, &filter, "{}", printed);
        prop_assert_eq!(again.to_string(), printed);
        let person = person();
        let person = person.as_object().unwrap();
        prop_assert_eq!(
            filter.bind(&USER).unwrap().matches(person),
            again.bind(&USER).unwrap().matches(person)
        );
    }

    #[test]
    fn a_negation_holds_where_the_filter_does_not(text in filters()) {
        let plain = holds(&text).unwrap();
        prop_assert_eq!(holds(&format!("not ({text})")).unwrap(), !plain);
        prop_assert_eq!(holds(&format!("({text}) or locale pr")).unwrap(), plain);
        prop_assert_eq!(holds(&format!("({text}) and userName pr")).unwrap(), plain);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z\\[\\]() \"\\\\.:$0-9éqprnot-]{0,60}") {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }
}
