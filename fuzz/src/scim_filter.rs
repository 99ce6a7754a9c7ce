//! A filter, as an identity provider puts it into an address.

use kiro_scim::{Bound, Filter, GROUP, LONGEST, USER, Unknown};
use serde_json::json;

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
        "userName": "a", "active": true, "emails": [{ "value": "a", "type": "work" }], "meta": { "created": "2026-11-25T10:00:00Z" },
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
            narrowed(&strict);
        }
    }
    drop(filter.clone());
}

/// A store without columns is asked for everything, and decides nothing by itself that it has not been asked.
fn narrowed(filter: &Bound) {
    let lowered = filter.lower(&[]);
    assert!(lowered.condition.holds(&|_| Vec::new()) || lowered.exact);
}
