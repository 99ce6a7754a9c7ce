//! JSON of strangers: objects whose keys stand once, and text that is safe to show.

use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A JSON object in which no key stands twice.
pub(crate) struct Strict(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Strict;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
                let mut map = Map::new();
                while let Some((key, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key stands twice"));
                    }
                }
                Ok(Strict(map))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// Reads an object: no key twice, and not deeper than `serde_json` goes (128 levels).
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    let object: Strict = serde_json::from_slice(bytes)?;
    serde_json::from_value(Value::Object(object.0))
}

/// A claims challenge, to be sent back as it came: a JSON object of at most 4 KiB.
pub(crate) fn challenge(text: &str) -> Option<String> {
    let object = text.len() <= 4096 && serde_json::from_str::<Strict>(text).is_ok();
    object.then(|| text.to_owned())
}

/// A stranger's text, fit to be shown and logged: at most 512 bytes, no control characters, no bidi overrides.
pub(crate) fn shown(text: &str) -> String {
    let mut short = String::new();
    for letter in text
        .chars()
        .filter(|letter| !letter.is_control() && !is_bidi_control(*letter))
    {
        if short.len() + letter.len_utf8() > 512 {
            break;
        }
        short.push(letter);
    }
    short
}

fn is_bidi_control(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
