//! The portal's lists come in pages: `max_result` says how long one is at most, `next_token` where it begins. A token names the last part
//! of the page before: what is added or taken away between two pages moves nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::exception::{Exception, Kind};
use crate::oidc::parameters::{Malformed, Parameters};

/// AWS's model: 1 to 100.
const MOST: u32 = 100;
/// Where nothing is said.
const USUAL: u32 = 20;
/// A token's text is no longer.
const TOKEN_LIMIT: usize = 256;

/// The page that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// What stands before it; empty at the beginning.
    pub(super) after: String,
    most: u32,
}

impl Page {
    /// The page that these parameters ask for.
    pub(super) fn of(parameters: &Parameters) -> Result<Page, Exception> {
        let invalid = |why| Exception::new(Kind::PortalRequest, why);
        let most = match parameters.get("max_result").map(str::parse) {
            None => USUAL,
            Some(Ok(most)) if (1..=MOST).contains(&most) => most,
            Some(_) => return Err(invalid("max_result must be 1 to 100")),
        };
        let after = match parameters.get("next_token") {
            None => String::new(),
            Some(token) => read(token).ok_or_else(|| invalid("next_token is none of ours"))?,
        };
        Ok(Page { after, most })
    }

    /// So many parts are fetched: one more than are shown tells whether there is another page.
    pub(super) fn fetched(&self) -> u32 {
        self.most + 1
    }

    /// Cuts what was fetched, and returns the token of the next page. `name` is what the parts are sorted by.
    pub(super) fn cut<T>(&self, parts: &mut Vec<T>, name: impl Fn(&T) -> &str) -> Option<String> {
        let most = self.most as usize;
        if parts.len() <= most {
            return None;
        }
        parts.truncate(most);
        parts.last().map(|last| URL_SAFE_NO_PAD.encode(name(last)))
    }
}

fn read(token: &str) -> Option<String> {
    if token.len() > TOKEN_LIMIT {
        return None;
    }
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    (!name.chars().any(char::is_control)).then_some(name)
}

/// The query of a call, each parameter once.
pub(super) fn query(query: Option<&str>) -> Result<Parameters, Exception> {
    let invalid = |why| Exception::new(Kind::PortalRequest, why);
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes())
        .map_err(|Malformed| invalid("the query cannot be read"))?;
    match parameters.repeated() {
        Some(_) => Err(invalid("a parameter was sent more than once")),
        None => Ok(parameters),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_where_its_token_says() {
        let page = |text: &str| Page::of(&query(Some(text)).unwrap()).ok();
        let usual = page("").unwrap();
        assert_eq!((usual.after.as_str(), usual.fetched()), ("", 21));
        let first = page("max_result=2").unwrap();
        let mut parts = vec!["a", "b", "c"];
        let token = first.cut(&mut parts, |part| part).unwrap();
        assert_eq!(parts, ["a", "b"]);
        let second = page(&format!("max_result=2&next_token={token}")).unwrap();
        assert_eq!(second.after, "b");
        assert_eq!(second.cut(&mut vec!["c"], |part| part), None);
        assert_eq!(second.cut(&mut vec!["c", "d"], |part| part), None);
        assert_eq!(second.cut(&mut Vec::<String>::new(), |part| part), None);
        for wrong in [
            "max_result=0",
            "max_result=101",
            "max_result=-1",
            "max_result=x",
            "max_result=99999999999",
            "next_token=!",
            "next_token=_w",
            "next_token=AA",
            &format!("next_token={}", "Y".repeat(260)),
        ] {
            assert_eq!(page(wrong), None, "{wrong}");
        }
        for wrong in ["max_result=1&max_result=1", "a=%", "a=%ff"] {
            assert!(query(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
