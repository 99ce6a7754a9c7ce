use super::*;

fn reading(text: &str) -> Result<Object, Refusal> {
    let limits = Limits {
        body: 200,
        depth: 4,
        ..Limits::default()
    };
    read(text.as_bytes(), &limits)
}

#[test]
fn a_body_is_one_object_no_longer_and_no_deeper_than_allowed() {
    let check = |text: &str, expected: Refusal| assert_eq!(reading(text), Err(expected), "{text}");
    let not_json = |line, column| Refusal::NotJson { line, column };
    assert!(reading(r#"{"a": [{"b": [1, -2, 0.5, true, null, "é"]}]}"#).is_ok());
    check(r#"{"a": [{"b": [[1]]}]}"#, Refusal::TooDeep(4));
    check(&"[".repeat(150), Refusal::TooDeep(4));
    check(&" ".repeat(201), Refusal::TooLarge(200));
    check("{\"a\": 1", not_json(1, 7));
    check("{\n\"a\": x}", not_json(2, 6));
    for broken in [
        "",
        "{} {}",
        "{\"a\": \"\u{1}\"}",
        r#"{"a": "\ud800"}"#,
        r#"{"a": "\u0000"}"#,
        r#"{"a\u0000": 1}"#,
        r#"{"a": 1e999}"#,
        "{'a': 1}",
        "{\"a\": 1,}",
    ] {
        let refusal = reading(broken);
        assert!(matches!(refusal, Err(Refusal::NotJson { .. })), "{broken}");
    }
    for other in ["[]", "1", "null", "\"{}\"", "true"] {
        check(other, Refusal::NotAnObject);
    }
    let limits = Limits::default();
    let many = |count: usize| format!("{{\"a\": [{}{{}}]}}", "0,".repeat(count - 3));
    let too_many = Refusal::TooManyChanges {
        what: "values",
        limit: MOST_VALUES,
    };
    assert!(read(many(MOST_VALUES).as_bytes(), &limits).is_ok());
    assert_eq!(
        read(many(MOST_VALUES + 1).as_bytes(), &limits),
        Err(too_many)
    );
    assert!(read(b"{\"a\": \"\xff\"}", &limits).is_err(), "not UTF-8");
}

#[test]
fn no_name_stands_twice_at_any_depth_whatever_its_case() {
    let check = |text: &str, name: &str| {
        assert_eq!(reading(text), Err(Refusal::Twice(name.into())), "{text}");
    };
    check(r#"{"active": true, "active": false}"#, "active");
    check(r#"{"active": true, "Active": false}"#, "Active");
    check(r#"{"a": {"b": [{"c": 1, "C": 1}]}}"#, "C");
    check(r#"{"x\u202ey": 1, "x\u202ey": 1}"#, "xy");
    let long = "n".repeat(85);
    check(&format!(r#"{{"{long}": 1, "{long}": 1}}"#), &long[..80]);
    assert!(reading(r#"{"a": {"a": 1}, "b": {"a": 1}}"#).is_ok());
}
