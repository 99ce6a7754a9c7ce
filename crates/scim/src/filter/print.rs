//! A filter in its canonical form: one space, operators in small letters, parentheses where they are needed.

use std::fmt::{self, Display, Formatter};

use super::{Ask, Filter, Literal, Node, Operator, Test};
use crate::path::AttributePath;
use crate::schema::Attribute;

impl Display for Filter {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(out)
    }
}

/// `list[filter]`
pub(crate) struct Element<'a> {
    pub(crate) list: &'a AttributePath,
    pub(crate) filter: &'a Node,
}

impl Display for Element<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}[{}]", self.list, self.filter)
    }
}

impl Node {
    /// Whether this needs parentheses to be a part of the other and of nothing else.
    pub(super) fn is_wrapped_in(&self, whole: &Node) -> bool {
        match (self, whole) {
            (Node::Any(_), Node::All(_) | Node::Any(_)) | (Node::All(_), Node::All(_)) => true,
            (
                Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Test(_) | Node::Element { .. },
                _,
            ) => false,
        }
    }
}

impl Display for Node {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (parts, joint) = match self {
            Node::All(parts) => (parts, " and "),
            Node::Any(parts) => (parts, " or "),
            Node::Not(inside) => return write!(out, "not ({inside})"),
            Node::Test(test) => return test.fmt(out),
            Node::Element { list, filter } => return Element { list, filter }.fmt(out),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.write_str(joint)?;
            }
            match part.is_wrapped_in(self) {
                true => write!(out, "({part})")?,
                false => part.fmt(out)?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// Whether all text in it, a filter of this list's values, is the schema's own.
    pub(crate) fn is_plain(&self, list: &Attribute) -> bool {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().all(|part| part.is_plain(list)),
            Node::Not(inside) => inside.is_plain(list),
            Node::Element { .. } => false,
            Node::Test(test) => match &test.ask {
                Ask::Compare(_, Literal::Text(text)) => {
                    let mut parts = list.sub_attributes.iter();
                    parts.any(|part| part.canonical_values.contains(&text.as_str()))
                }
                Ask::Compare(_, Literal::Null | Literal::Bool(_) | Literal::Number(_))
                | Ask::Present => true,
            },
        }
    }
}

impl Display for Test {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.ask {
            Ask::Present => write!(out, "{} pr", self.path),
            Ask::Compare(operator, literal) => {
                write!(out, "{} {} {literal}", self.path, operator.word())
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => out.write_str("null"),
            Literal::Bool(value) => value.fmt(out),
            Literal::Number(value) => write!(out, "{value:?}"), // the shortest that is read as the same
            Literal::Text(text) => serde_json::Value::from(text.as_str()).fmt(out),
        }
    }
}

impl Operator {
    pub(super) fn word(self) -> &'static str {
        match self {
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::Co => "co",
            Operator::Sw => "sw",
            Operator::Ew => "ew",
            Operator::Gt => "gt",
            Operator::Lt => "lt",
            Operator::Ge => "ge",
            Operator::Le => "le",
        }
    }
}
