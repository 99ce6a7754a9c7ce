//! Parameters of a request, from a query or a form: each once (RFC 6749 §3.1), UTF-8, not too long.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};

use super::refusal::Refusal;

/// A form or a query is at most so long.
pub(crate) const LIMIT: usize = 64 * 1024;
/// RFC 8707 §2 allows it several times; it is ignored here.
const MAY_REPEAT: &str = "resource";

/// Parameters by name. One that was sent without a value counts as not sent (RFC 6749 §3.1).
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    repeated: Vec<String>,
}

/// Not `application/x-www-form-urlencoded` of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Parameters {
    /// The parameters of this text.
    pub(crate) fn parse(text: &[u8]) -> Result<Parameters, Malformed> {
        if text.len() > LIMIT {
            return Err(Malformed);
        }
        Parameters::of(text)
    }

    fn of(text: &[u8]) -> Result<Parameters, Malformed> {
        let mut parameters = Parameters::default();
        for pair in text
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut sides = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(sides.next().unwrap_or_default()).ok_or(Malformed)?;
            let value = decode(sides.next().unwrap_or_default()).ok_or(Malformed)?;
            if parameters.values.insert(name.clone(), value).is_some() && name != MAY_REPEAT {
                parameters.repeated.push(name);
            }
        }
        Ok(parameters)
    }

    /// A parameter, if it was sent with a value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(crate) fn require(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::invalid_request(format!("{name} is missing")))
    }

    /// The words of a parameter, separated by spaces.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let value = self.get(name).unwrap_or_default();
        let words = value.split(' ').filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// Whether a parameter was sent more than once.
    pub(crate) fn repeats(&self, name: &str) -> bool {
        self.repeated.iter().any(|repeated| repeated == name)
    }

    /// Any parameter that was sent more than once.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.repeated.first().map(String::as_str)
    }
}

/// `%41` and `+` decoded; `None` where a `%` stands alone or the bytes are not UTF-8.
pub(crate) fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A form, sent as one.
pub(crate) struct Form(pub(super) Parameters);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Form, Refusal> {
        Form::read_once(request).await.map(Form)
    }
}

impl Form {
    /// The parameters of a form, each once.
    pub(crate) async fn read_once(request: Request) -> Result<Parameters, Refusal> {
        let parameters = Form::read(request).await?;
        match parameters.repeated() {
            Some(name) => Err(Refusal::invalid_request(format!(
                "{} was sent more than once",
                shown(name)
            ))),
            None => Ok(parameters),
        }
    }

    /// The parameters of a form.
    pub(crate) async fn read(request: Request) -> Result<Parameters, Refusal> {
        Form::read_up_to(LIMIT, request).await
    }

    /// The same of one that may have so many bytes.
    pub(crate) async fn read_up_to(limit: usize, request: Request) -> Result<Parameters, Refusal> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        if !content_type
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(Refusal::invalid_request(
                "the content type must be application/x-www-form-urlencoded",
            ));
        }
        let body = axum::body::to_bytes(request.into_body(), limit)
            .await
            .map_err(|_| {
                Refusal::invalid_request("the body is too long or was cut off")
                    .with_status(StatusCode::PAYLOAD_TOO_LARGE)
            })?;
        Parameters::of(&body)
            .map_err(|Malformed| Refusal::invalid_request("the form cannot be read"))
    }
}

/// What somebody sent, fit to be repeated in `error_description` (RFC 6749 §5.2: `%x20-21 / %x23-5B / %x5D-7E`).
pub(crate) fn shown(text: &str) -> String {
    let plain = |character: char| matches!(character, ' '..='!' | '#'..='[' | ']'..='~');
    text.chars()
        .filter(|character| plain(*character))
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_strictly() {
        let check = |text: &[u8], expected: Option<&str>| {
            let found = Parameters::parse(text).ok();
            let found = found.as_ref().and_then(|parameters| parameters.get("a"));
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(text));
        };
        check(b"a=b", Some("b"));
        check(b"a=b+c%20d%2B", Some("b c d+"));
        check(b"&&a=b&", Some("b"));
        check(b"a=b=c", Some("b=c"));
        check("a=%E3%82%A2".as_bytes(), Some("ア"));
        check(b"%61=b", Some("b"));
        check(b"a=", None);
        check(b"a", None);
        check(b"A=b", None);
        check(b"a=%FF", None);
        check(b"a=\xff", None);
        check(b"a=%", None);
        check(b"a=%4", None);
        check(b"a=%+1", None);
        check(b"a=%zz", None);
        check(&[b'a'; LIMIT + 1], None);
        let twice = Parameters::parse(b"a=1&%61=1&resource=x&resource=y");
        assert_eq!(twice.map(|twice| twice.repeated), Ok(vec!["a".to_owned()]));
    }
}
