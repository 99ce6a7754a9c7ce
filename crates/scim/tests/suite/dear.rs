//! What would take long to compare is refused, and what anybody needs is not.

use kiro_scim::{Filter, Patience, Refusal, USER};
use serde_json::{Value, json};

use super::given::{patched, user};

/// A thousand bytes that take long to fold.
fn long(number: usize) -> String {
    format!("{number}{}", "ǆ".repeat(490))
}

/// Somebody with as many addresses as one may have.
fn many(text: impl Fn(usize) -> String) -> Value {
    let address = |number| json!({ "value": text(number), "type": "home" });
    (0..100).map(address).collect()
}

fn refused(operations: Value, of: &Value) -> bool {
    let somebody = user(json!({ "userName": "babs", "emails": of }));
    match patched(&somebody, operations) {
        Ok(_) => false,
        Err(Refusal::Operation { refusal, .. }) => {
            assert_eq!(*refusal, Refusal::PatchTooDear);
            true
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_patch_that_compares_too_much_is_refused() {
    let (short, long) = (many(|number| format!("a{number}@b.example")), many(long));
    let operations = |count, one: Value| Value::Array(vec![one; count]);
    let all_in =
        json!({ "op": "replace", "path": "emails[type eq \"home\"].display", "value": "x" });
    assert!(!refused(operations(1000, all_in), &short));
    let filter = vec!["value co \"q\""; 200].join(" or ");
    let dear = json!({ "op": "remove", "path": format!("emails[{filter}].display") });
    assert!(!refused(operations(1, dear.clone()), &short));
    assert!(refused(operations(1000, dear.clone()), &short));
    assert!(!refused(operations(1, dear.clone()), &json!([])));
    assert!(refused(operations(10, dear), &long));
    // Values that are added or taken out are compared with those that are there.
    let added = json!({ "op": "add", "path": "emails", "value": long });
    let few = json!({ "op": "add", "path": "emails", "value": long.as_array().unwrap()[..10] });
    assert!(!refused(operations(1, few), &json!([])));
    assert!(refused(operations(1, added), &long));
    let removed =
        json!({ "op": "remove", "path": "emails", "value": many(|number| format!("é{number}")) });
    assert!(refused(operations(100, removed), &long));
}

#[test]
fn a_filter_ends_when_it_has_taken_too_long() {
    let babs = json!({ "userName": "babs", "title": "é" });
    let babs = babs.as_object().unwrap();
    let check = |filter: &str, patience: u64, expected: (bool, bool)| {
        let filter = Filter::parse(filter).unwrap().bind(&USER).unwrap();
        let mut patience = Patience::of(patience);
        let holds = filter.matches_within(babs, &mut patience);
        assert_eq!((holds, patience.is_over()), expected, "{patience:?}");
    };
    check("title eq \"É\"", 1000, (true, false));
    check("title eq \"É\"", 100, (true, true));
    check("title eq \"É\" or title eq \"x\"", 1000, (true, false));
    // A comparison takes its time, however short the texts are.
    check("userName eq \"x\"", 41, (false, false));
    check("userName eq \"x\"", 40, (false, true));
    check(
        "userName eq \"x\" or userName eq \"babs\"",
        81,
        (true, false),
    );
    check(
        "userName eq \"x\" or userName eq \"babs\"",
        40,
        (false, true),
    );
    check("not (userName eq \"x\")", 0, (true, true));
}
