//! What goes into a statement and comes out of a row: the types that both databases have.

use jiff::Timestamp;

use super::StoreError;
use crate::secret::Digest;

/// A value. Times are milliseconds since 1970, truth is 0 or 1, structures are JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `BIGINT`.
    Integer(i64),
    /// `TEXT`.
    Text(String),
    /// `BLOB` or `BYTEA`.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Value {
        Value::Integer(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Integer(value.into())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Value {
        Value::Integer(value.as_millisecond())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Value {
        Value::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Value {
        Value::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Bytes(value)
    }
}

impl From<Digest> for Value {
    fn from(value: Digest) -> Value {
        Value::Bytes(value.bytes().to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

macro_rules! from_id {
    ($($id:ident),*) => {$(
        impl From<crate::id::$id> for Value {
            fn from(id: crate::id::$id) -> Value {
                Value::Bytes(id.bytes().to_vec())
            }
        }
    )*};
}
from_id!(
    UserId,
    GroupId,
    SessionId,
    AuthorizationId,
    ConnectionId,
    ScimTokenId
);

/// Says that `column` is one of these ids, which are put behind the values of a statement. Several have always `most` places: a
/// statement has two texts, however many are asked for. The least and the greatest say to PostgreSQL, too, that an index answers.
pub(super) fn among<T: Copy + Ord + Into<Value>>(
    values: &mut Vec<Value>,
    column: &str,
    ids: &[T],
    most: usize,
) -> String {
    let (Some(least), Some(greatest)) = (ids.iter().min(), ids.iter().max()) else {
        return "1 = 0".to_owned();
    };
    let mut put = |id: &T| {
        values.push((*id).into());
        format!("${}", values.len())
    };
    if ids.len() == 1 {
        return format!("{column} = {}", put(least));
    }
    let padded = ids.iter().chain(std::iter::repeat(least));
    let places: Vec<String> = padded.take(most.max(ids.len())).map(&mut put).collect();
    let (least, greatest) = (put(least), put(greatest));
    format!(
        "{column} BETWEEN {least} AND {greatest} AND {column} IN ({})",
        places.join(", ")
    )
}

/// A row. What does not have the expected type is [`StoreError::Corrupt`]; nothing panics on what a database holds.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    fn at(&self, column: usize) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    fn wrong<T>(&self, column: usize, wanted: &str) -> Result<T, StoreError> {
        Err(StoreError::Corrupt(format!(
            "column {column} is no {wanted}"
        )))
    }

    /// A number.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        match self.at(column) {
            Value::Integer(value) => Ok(*value),
            Value::Null | Value::Text(_) | Value::Bytes(_) => self.wrong(column, "number"),
        }
    }

    /// A small number that is not negative.
    pub fn count(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.integer(column)?).or_else(|_| self.wrong(column, "count"))
    }

    /// Whether.
    pub fn truth(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.integer(column)? != 0)
    }

    /// A time.
    pub fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(self.integer(column)?).or_else(|_| self.wrong(column, "time"))
    }

    /// Text.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.at(column) {
            Value::Text(value) => Ok(value),
            Value::Null | Value::Integer(_) | Value::Bytes(_) => self.wrong(column, "text"),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.at(column) {
            Value::Bytes(value) => Ok(value),
            Value::Null | Value::Integer(_) | Value::Text(_) => self.wrong(column, "bytes"),
        }
    }

    /// A name of [`crate::id`].
    pub fn id<'a, T: TryFrom<&'a [u8]>>(&'a self, column: usize) -> Result<T, StoreError> {
        T::try_from(self.bytes(column)?).or_else(|_| self.wrong(column, "identifier"))
    }

    /// A digest.
    pub fn digest(&self, column: usize) -> Result<Digest, StoreError> {
        Digest::try_from(self.bytes(column)?).or_else(|_| self.wrong(column, "digest"))
    }

    /// A structure kept as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).or_else(|_| self.wrong(column, "such structure"))
    }

    /// What `read` finds, or nothing where the column is null.
    pub fn optional<'a, T>(
        &'a self,
        column: usize,
        read: impl FnOnce(&'a Row, usize) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.at(column) {
            Value::Null => Ok(None),
            Value::Integer(_) | Value::Text(_) | Value::Bytes(_) => read(self, column).map(Some),
        }
    }
}
