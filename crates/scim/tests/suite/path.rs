//! The grammar of PATCH's paths (RFC 7644 §3.5.2).

use kiro_scim::{FilterFault, Path, Refusal};
use proptest::prelude::*;

use super::filter::filters;

#[test]
fn paths() {
    let check = |text: &str, printed: &str| {
        let path = Path::parse(text).unwrap();
        assert_eq!(path.to_string(), printed);
        assert_eq!(Path::parse(printed), Ok(path));
    };
    for canonical in [
        "members",
        "name.familyName",
        r#"addresses[type eq "work"]"#,
        r#"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
        r#"members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName"#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        r#"emails[type eq "work" and not (primary eq true)].$ref"#,
    ] {
        check(canonical, canonical);
    }
    check(
        r#" emails[ type  EQ "work" ].value "#,
        r#"emails[type eq "work"].value"#,
    );
    check(r#"emails[(type eq "work")]"#, r#"emails[type eq "work"]"#);
}

#[test]
fn what_is_no_path() {
    let check = |text: &str, at: usize, fault: FilterFault| {
        assert_eq!(
            Path::parse(text),
            Err(Refusal::Path { at, fault }),
            "{text}"
        );
    };
    check("", 1, FilterFault::Attribute);
    check("emails[", 8, FilterFault::Attribute);
    check("emails[]", 8, FilterFault::Attribute);
    check("emails[type]", 12, FilterFault::Operator);
    check("emails[type pr", 15, FilterFault::Unclosed);
    check("emails[type pr].", 17, FilterFault::Attribute);
    check("emails[type pr].value.x", 24, FilterFault::Attribute);
    check("emails[type pr].value[type pr]", 22, FilterFault::End);
    check("emails.value[type pr]", 22, FilterFault::Brackets);
    check("emails[type pr] x", 17, FilterFault::End);
    check("/emails", 1, FilterFault::Attribute);
    check("a b", 3, FilterFault::End);
    check(&"a".repeat(8193), 1, FilterFault::TooLong);
    check(
        &format!("emails[{}", "(".repeat(40)),
        39,
        FilterFault::TooDeep,
    );
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(inside in filters(), sub in any::<bool>()) {
        let inside = inside.replace(['[', ']'], "");
        let text = format!("emails[{inside}]{}", if sub { ".value" } else { "" });
        if let Ok(path) = Path::parse(&text) {
            let printed = path.to_string();
            prop_assert_eq!(Path::parse(&printed), Ok(path), "{}", printed);
        }
    }
}
