//! JSON as this file format has it: strict in, RFC 8785 out.
//!
//! Numbers are integers of magnitude below 2^53 only. For those, RFC 8785's number form is the
//! plain decimal, so canonicalisation is exact without the ECMAScript number algorithm.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep values may nest, the outermost object included.
const DEPTH: usize = 32;
/// RFC 8785 §3.2.2.3 / I-JSON: integers that every JSON reader holds exactly.
const EXACT: u64 = crate::document::LARGEST;

/// Reads one JSON value: no duplicate keys, no fractions, at most [`DEPTH`] levels, nothing after it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The RFC 8785 form: no white space, keys sorted by UTF-16 code units, shortest escapes.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let sorted: BTreeMap<Vec<u16>, (&String, &Value)> = map
                .iter()
                .map(|(key, value)| (key.encode_utf16().collect(), (key, value)))
                .collect();
            out.push(b'{');
            for (index, (key, value)) in sorted.values().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// serde_json escapes exactly what RFC 8785 §3.2.2.2 asks for, in its form.
fn string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: de::Error>(self) -> Result<Strict, E> {
        match self.depth.checked_sub(1) {
            Some(depth) if depth > 0 => Ok(Strict { depth }),
            Some(_) | None => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without fractions, duplicate keys or deep nesting")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        if number.unsigned_abs() <= EXACT {
            Ok(Value::from(number))
        } else {
            Err(E::custom("number beyond 2^53"))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        if number <= EXACT {
            Ok(Value::from(number))
        } else {
            Err(E::custom("number beyond 2^53"))
        }
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<Value, E> {
        Err(E::custom("a number that is not an integer"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(inner)?;
            if map.contains_key(&key) {
                return Err(de::Error::custom("duplicate key"));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{EXACT, canonical, parse};
    use proptest::prelude::*;
    use serde_json::Value;

    fn check(input: &str, expected: &str) {
        assert_eq!(
            String::from_utf8(canonical(&parse(input.as_bytes()).unwrap())).unwrap(),
            expected
        );
    }

    #[test]
    fn rfc_8785_form() {
        check(
            " { \"b\" : 1 , \"a\" : [ true , null ] } ",
            r#"{"a":[true,null],"b":1}"#,
        );
        // RFC 8785 §3.2.3: sorted by UTF-16 code units, so U+1F600 (D83D…) comes before U+FB33.
        check(
            "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}",
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}",
        );
        // RFC 8785 §3.2.2.2
        check(
            r#"["\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/\u007f"]"#,
            "[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"]",
        );
        check("[-5,0,9007199254740991]", "[-5,0,9007199254740991]");
    }

    #[test]
    fn refused() {
        let check = |input: &str, expected: &str| {
            let error = parse(input.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{input}: {error}");
        };
        check(r#"{"a":1,"a":1}"#, "duplicate key");
        check(r#"{"a":{"b":1,"\u0062":2}}"#, "duplicate key");
        check("1.5", "not an integer");
        check("1e3", "not an integer");
        check("-0", "not an integer");
        check("9007199254740992", "beyond 2^53");
        check("-9007199254740992", "beyond 2^53");
        check("-9223372036854775808", "beyond 2^53");
        check("18446744073709551616", "not an integer");
        check(&format!("{}{}", "[".repeat(32), "]".repeat(32)), "deeply");
        check(&"[".repeat(100_000), "deeply");
        check("{} {}", "trailing");
        check("\u{feff}{}", "expected value");
        check("", "EOF");
        check(r#"["\ud800"]"#, "hex escape");
        check(r#"["\ud800\u0041"]"#, "surrogate");
        check("[\"\u{1}\"]", "control character");
    }

    #[test]
    fn depth_allowed() {
        let text = format!("{}{}", "[".repeat(31), "]".repeat(31));
        assert!(parse(text.as_bytes()).is_ok());
    }

    fn values() -> impl Strategy<Value = Value> {
        let largest = i64::try_from(EXACT).unwrap();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-largest..=largest).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Canonical text says the same, is its own canonical form, and every other spelling
        /// of the value has it.
        #[test]
        fn one_form_per_value(value in values()) {
            let text = canonical(&value);
            prop_assert_eq!(&parse(&text).unwrap(), &value);
            let spaced = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(canonical(&parse(&spaced).unwrap()), text);
        }

        #[test]
        fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
