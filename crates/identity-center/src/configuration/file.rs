//! The file of settings: TOML, one level deep.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::ConfigurationError;

/// Where it stands, the name, and the words of the value.
type Line = (String, String, Vec<String>);

pub(super) fn read(path: &Path) -> Result<Vec<Line>, ConfigurationError> {
    let text = fs::read_to_string(path).map_err(|why| ConfigurationError::Unreadable {
        path: path.to_owned(),
        why,
    })?;
    lines(&text, &path.display().to_string())
}

fn lines(text: &str, file: &str) -> Result<Vec<Line>, ConfigurationError> {
    let place = |byte: usize| {
        let before = text.get(..byte).unwrap_or(text);
        format!("{file}, line {}", before.matches('\n').count() + 1)
    };
    let table = DeTable::parse(text).map_err(|error| ConfigurationError::Malformed {
        place: place(error.span().map_or(0, |span| span.start)),
        why: error.message().to_owned(),
    })?;
    let mut lines = Vec::new();
    for (name, value) in table.into_inner() {
        let at = place(name.span().start);
        let name = name.into_inner().into_owned();
        let words = words(value.get_ref()).ok_or_else(|| ConfigurationError::Malformed {
            place: at.clone(),
            why: format!("`{name}` is a text, a number, or a list of texts"),
        })?;
        lines.push((at, name, words));
    }
    Ok(lines)
}

fn words(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(list) => list.iter().map(|item| word(item.get_ref())).collect(),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => Some(vec![word(value)?]),
    }
}

fn word(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// A password in the file is for its owner and group alone.
pub(super) fn private(path: &Path, has_password: bool) -> Result<(), ConfigurationError> {
    let metadata = fs::metadata(path).map_err(|why| ConfigurationError::Unreadable {
        path: path.to_owned(),
        why,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if has_password && mode & 0o027 != 0 {
        return Err(ConfigurationError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}
