//! Filters (RFC 7644 §3.4.2.2): read, printed, bound to a type of resource, asked of a resource, and lowered to what a database can
//! ask. A filter has at most 8 KiB and 32 levels and is refused while it is read, so that neither reading, printing, asking nor
//! dropping one can exhaust a stack, which Rust cannot catch (THREATS.md T22).

mod bind;
mod evaluate;
mod lower;
pub(crate) mod parser;
mod print;

use crate::error::Refusal;
use crate::path::AttributePath;

pub use bind::{Bound, Datum, Unknown};
pub use lower::{Column, Comparison, Condition, Lowered, Relation};
pub use parser::FilterFault;

pub(crate) use bind::{BoundNode, BoundTest, Check, bind_element};
pub(crate) use bind::{time, truth};
pub(crate) use evaluate::{holds, is_nothing, values};
pub(crate) use print::Element;

/// The longest filter or path, in bytes.
pub const LONGEST: usize = 8 * 1024;
/// The deepest one: parentheses, brackets and `not`, one in the other.
pub const DEEPEST: usize = 32;

/// A filter as it was written. Which attributes it names is not known yet: see [`Filter::bind`].
///
/// ```
/// use kiro_scim::{Filter, USER};
/// let filter = Filter::parse(r#"userName Eq "AIKO" and not (active eq false)"#)?;
/// assert_eq!(filter.to_string(), r#"userName eq "AIKO" and not (active eq false)"#);
/// let aiko = serde_json::json!({ "userName": "aiko", "active": true });
/// assert!(filter.bind(&USER)?.matches(aiko.as_object().unwrap()));
/// # Ok::<(), kiro_scim::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub(crate) root: Node,
}

/// A part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `a and b and c`
    All(Vec<Node>),
    /// `a or b or c`
    Any(Vec<Node>),
    /// `not (a)`
    Not(Box<Node>),
    /// `a eq 1`, `a pr`
    Test(Test),
    /// `a[b]`: some value of the list is such.
    Element {
        list: AttributePath,
        filter: Box<Node>,
    },
}

/// A comparison, or `pr`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) path: AttributePath,
    pub(crate) ask: Ask,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    Present,
    Compare(Operator, Literal),
}

/// An operator with a value at its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Lt,
    Ge,
    Le,
}

/// A value at an operator's right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Filter {
    /// Reads one.
    ///
    /// # Errors
    /// [`Refusal::Filter`]
    pub fn parse(text: &str) -> Result<Filter, Refusal> {
        let filter = |parser: &mut parser::Parser<'_>| {
            let root = parser.alternatives()?;
            parser.end()?;
            Ok(Filter { root })
        };
        parser::Parser::over(text, filter)
            .map_err(|parser::Fault { at, fault }| Refusal::Filter { at, fault })
    }
}
