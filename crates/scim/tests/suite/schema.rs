//! What the service says of itself (RFC 7643 §5–7).

use kiro_scim::schema::{Attribute, Features, resource_types, schemas, service_provider_config};
use kiro_scim::{GROUP, Manner, USER};
use serde_json::{Value, json};

use super::given::ENTERPRISE;

#[test]
fn schemas_are_what_the_rfc_says() {
    let all = schemas("https://id.example/scim/v2");
    let ids: Vec<&str> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [USER.schema.id, ENTERPRISE, GROUP.schema.id]);
    let (_, user) = &all[0];
    assert_eq!(
        user["meta"]["location"],
        format!("https://id.example/scim/v2/Schemas/{}", USER.schema.id)
    );
    let attribute = |name: &str| -> Value {
        let attributes = user["attributes"].as_array().unwrap();
        attributes
            .iter()
            .find(|attribute| attribute["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        attribute("userName"),
        json!({
            "name": "userName", "type": "string", "multiValued": false, "required": true, "caseExact": false,
            "mutability": "readWrite", "returned": "default", "uniqueness": "server",
            "description": "The name that they sign in with; unique in the organisation, whatever its case",
        })
    );
    assert_eq!(attribute("active")["required"], true, "nobody is without");
    assert_eq!(attribute("password")["mutability"], "writeOnly");
    assert_eq!(attribute("password")["returned"], "never");
    assert_eq!(attribute("groups")["mutability"], "readOnly");
    let emails = attribute("emails");
    assert_eq!(emails["multiValued"], true);
    assert_eq!(
        emails["subAttributes"][2]["canonicalValues"],
        json!(["work", "home", "other"])
    );
    assert_eq!(
        attribute("x509Certificates")["subAttributes"][0]["type"],
        "binary"
    );
    assert_eq!(
        attribute("profileUrl")["referenceTypes"],
        json!(["external"])
    );
}

#[test]
fn each_attribute_has_a_name_of_its_own_and_a_sentence() {
    fn check(attributes: &[Attribute]) {
        for (index, attribute) in attributes.iter().enumerate() {
            let same = |other: &Attribute| other.name.eq_ignore_ascii_case(attribute.name);
            assert_eq!(
                attributes.iter().position(same),
                Some(index),
                "{}",
                attribute.name
            );
            assert!(!attribute.description.is_empty());
            check(attribute.sub_attributes);
        }
    }
    for kind in [&USER, &GROUP] {
        check(kind.schema.attributes);
        kind.extensions
            .iter()
            .for_each(|schema| check(schema.attributes));
    }
}

#[test]
fn resource_types_name_their_schemas() {
    let all = resource_types("https://id.example/scim/v2");
    assert_eq!(
        all[0].1,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "User", "name": "User", "description": "A person", "endpoint": "/Users", "schema": USER.schema.id,
            "schemaExtensions": [{ "schema": ENTERPRISE, "required": false }],
            "meta": { "resourceType": "ResourceType", "location": "https://id.example/scim/v2/ResourceTypes/User" },
        })
    );
    assert_eq!(all[1].0, "Group");
}

#[test]
fn each_manner_says_what_it_can_do() {
    let features = Features {
        base: "https://id.example/scim/v2",
        bulk_operations: 1000,
        body: 1 << 20,
        page: 500,
        default_page: 100,
    };
    let rfc = service_provider_config(&features, Manner::Rfc);
    assert_eq!(
        rfc["bulk"],
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1 << 20 })
    );
    assert_eq!(rfc["changePassword"], json!({ "supported": false }));
    assert_eq!(rfc["pagination"]["maxPageSize"], 500);
    assert!(rfc["pagination"].get("cursorTimeout").is_none());
    let aws = service_provider_config(&features, Manner::Aws);
    for other in ["bulk", "sort", "etag"] {
        assert_eq!(aws[other]["supported"], false, "{other}");
    }
    assert_eq!(aws["patch"], json!({ "supported": true }));
}
