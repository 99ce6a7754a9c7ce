//! A filter, as an identity provider puts it into an address.

use kiro_scim::{Bound, Column, Datum, Filter, GROUP, LONGEST, USER, Unknown};
use serde_json::json;

/// When the person was made.
const MADE: &str = "2026-11-25T10:00:00Z";

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(filter) = Filter::parse(text) else {
        return;
    };
    assert!(text.len() <= LONGEST);
    let printed = filter.to_string();
    if printed.len() <= LONGEST {
        assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
    }
    let person = json!({
        "userName": "a", "active": true, "emails": [{ "value": "a", "type": "work" }], "meta": { "created": MADE },
    });
    let person = person.as_object().unwrap();
    for kind in [&USER, &GROUP] {
        let strict = filter.bind(kind);
        let told = strict.as_ref().map_err(|refusal| refusal.detail());
        let told = told.err().unwrap_or_default();
        assert!(
            told.len() < 512 && !told.contains(char::is_control),
            "{told}"
        );
        if let (Ok(strict), Ok(open)) = (strict, filter.bind_with(kind, Unknown::Absent)) {
            assert_eq!(strict.matches(person), open.matches(person));
            narrowed(&strict, strict.matches(person));
        }
    }
    drop(filter.clone());
}

/// What a store finds holds of everybody whom the filter holds of, and of nobody else where it says so.
fn narrowed(filter: &Bound, matches: bool) {
    let text = |text: &str| vec![Datum::Text(text.to_owned())];
    let row = |column: Column| match column {
        Column::UserName | Column::Email => text("a"),
        Column::Active => vec![Datum::Bool(true)],
        Column::Created => MADE.parse().map(Datum::Time).into_iter().collect(),
        Column::Id
        | Column::ExternalId
        | Column::DisplayName
        | Column::GivenName
        | Column::FamilyName
        | Column::LastModified
        | Column::Group
        | Column::Member => Vec::new(),
    };
    let some = [Column::UserName, Column::Created];
    let more = [
        Column::UserName,
        Column::Created,
        Column::DisplayName,
        Column::Active,
        Column::Email,
        Column::Group,
    ];
    for columns in [&[][..], &some, &more] {
        let lowered = filter.lower(columns);
        let found = lowered.condition.holds(&row);
        assert!(found || !matches, "{lowered:?}");
        assert!(!lowered.exact || found == matches, "{lowered:?}");
    }
}
