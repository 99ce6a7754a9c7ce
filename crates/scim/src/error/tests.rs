use super::*;

#[test]
fn a_refusal_says_what_and_what_to_do() {
    let check = |refusal: Refusal, status: u16, word: Option<&str>, detail: &str| {
        assert_eq!(refusal.status(), status, "{refusal:?}");
        assert_eq!(refusal.scim_type().map(ScimType::word), word, "{refusal:?}");
        assert_eq!(refusal.detail(), detail);
    };
    let taken = Refusal::Taken {
        attribute: "userName",
        by: "bob@acme.com".into(),
    };
    check(
        taken.clone(),
        409,
        Some("uniqueness"),
        "`userName` is taken by bob@acme.com. At the identity provider, correct the name, or unassign the old account",
    );
    check(
        Refusal::Operation {
            number: 2,
            refusal: Box::new(taken),
        },
        409,
        Some("uniqueness"),
        "Operation 2: `userName` is taken by bob@acme.com. At the identity provider, correct the name, or unassign the old account",
    );
    check(
        Refusal::TooLarge(1024),
        413,
        None,
        "The body is longer than 1024 bytes",
    );
    check(
        Refusal::Irremovable("active".into()),
        400,
        Some("mutability"),
        "`active` cannot be removed: send another value instead",
    );
    check(
        Refusal::Count("count"),
        400,
        Some("invalidCount"),
        "`count` must be a whole number, and goes with no cursor unless it is `count`",
    );
    check(
        Refusal::Count("startIndex"),
        400,
        Some("invalidValue"),
        "`startIndex` must be a whole number, and goes with no cursor unless it is `count`",
    );
    check(
        Refusal::VersionMismatch,
        412,
        None,
        "The resource has changed since it was read",
    );
}

#[test]
fn the_body_is_the_rfc_s_or_aws_s() {
    let now = Timestamp::from_millisecond(1_672_746_622_856).unwrap_or_default();
    let refusal = Refusal::NoTarget("emails[type eq \"work\"]".into());
    assert_eq!(
        refusal.body(Manner::Rfc, "r", now),
        json!({
            "schemas": [ERROR_SCHEMA], "status": "400", "scimType": "noTarget",
            "detail": "No value of this resource matches the path `emails[type eq \"work\"]`",
        })
    );
    assert_eq!(
        refusal.body(Manner::Aws, "977d19cb", now),
        json!({
            "schema": [ERROR_SCHEMA], "schemas": [ERROR_SCHEMA], "status": "400", "exceptionRequestId": "977d19cb",
            "timeStamp": "2023-01-03 11:50:22.856",
            "detail": "No value of this resource matches the path `emails[type eq \"work\"]`",
        })
    );
}
