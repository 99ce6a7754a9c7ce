//! The grammar of filters and paths (RFC 7644 figure 1, and §3.5.2), by recursive descent that counts its depth.
//!
//! Read as well: keywords and operators in any case, as ABNF has them; several spaces; and Entra ID's
//! `emails[type eq "work"].value eq "a@b"`, which means what `emails[type eq "work" and value eq "a@b"]` means.

use super::{Ask, DEEPEST, LONGEST, Literal, Node, Operator, Test};
use crate::path::AttributePath;

/// What is wrong with a filter or a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    /// Over 8 KiB.
    #[error("it is longer than 8 KiB")]
    TooLong,
    /// Over 32 levels.
    #[error("it nests deeper than 32 levels")]
    TooDeep,
    /// An attribute's name is missing or none.
    #[error("an attribute is expected")]
    Attribute,
    /// An operator is missing or none.
    #[error("an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr")]
    Operator,
    /// A value is missing or none.
    #[error("a value is expected: text in double quotes, a number, true, false or null")]
    Value,
    /// `(` or `[` is not closed.
    #[error("a closing bracket is expected")]
    Unclosed,
    /// `[` within `[`, or behind a sub-attribute.
    #[error("brackets stand behind an attribute, and not in each other")]
    Brackets,
    /// More text where none can be.
    #[error("the end, `and` or `or` is expected")]
    End,
}

/// What is wrong, and at which character, from 1.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) fault: FilterFault,
}

type Parsed<T> = Result<T, Fault>;

pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    /// Reads a text by `read`.
    pub(crate) fn over<T>(
        text: &'a str,
        read: impl FnOnce(&mut Parser<'a>) -> Parsed<T>,
    ) -> Parsed<T> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
            in_brackets: false,
        };
        if text.len() > LONGEST {
            return Err(parser.fault(FilterFault::TooLong));
        }
        parser.space();
        read(&mut parser)
    }

    pub(crate) fn fault(&self, fault: FilterFault) -> Fault {
        self.fault_at(self.at, fault)
    }

    fn fault_at(&self, at: usize, fault: FilterFault) -> Fault {
        let before = self.text.get(..at).unwrap_or_default();
        Fault {
            at: before.chars().count() + 1,
            fault,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) -> bool {
        let rest = self.rest();
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.at += spaces;
        spaces > 0
    }

    fn taken(&mut self, token: char) -> bool {
        let there = self.rest().starts_with(token);
        self.at += if there { token.len_utf8() } else { 0 };
        there
    }

    /// The run of characters that a name, URN or keyword may have.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let inside =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$');
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let there = word.eq_ignore_ascii_case(keyword);
        self.at += if there { word.len() } else { 0 };
        there
    }

    /// Nothing stands behind.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.space();
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.fault(FilterFault::End))
        }
    }

    /// `a or b`
    pub(crate) fn alternatives(&mut self) -> Parsed<Node> {
        self.chain("or", Parser::conjunction, Node::Any)
    }

    /// `a and b`
    fn conjunction(&mut self) -> Parsed<Node> {
        self.chain("and", Parser::term, Node::All)
    }

    /// What is joined by one keyword: a list, however long, and not a tree.
    fn chain(
        &mut self,
        keyword: &str,
        part: fn(&mut Parser<'a>) -> Parsed<Node>,
        joined: fn(Vec<Node>) -> Node,
    ) -> Parsed<Node> {
        let first = part(self)?;
        let mut parts = vec![first];
        loop {
            let back = self.at;
            if !self.space() || !self.keyword(keyword) {
                self.at = back;
                break;
            }
            if !self.space() {
                return Err(self.fault(FilterFault::Attribute));
            }
            parts.push(part(self)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(joined(parts))
            }
        }
    }

    fn term(&mut self) -> Parsed<Node> {
        if self.rest().starts_with('(') {
            return self.parentheses();
        }
        let back = self.at;
        if self.keyword("not") {
            self.space();
            if self.rest().starts_with('(') {
                return Ok(Node::Not(Box::new(self.parentheses()?)));
            }
            self.at = back;
        }
        self.expression()
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return Err(self.fault(FilterFault::TooDeep));
        }
        self.depth += 1;
        let inside = read(self)?;
        self.depth -= 1;
        Ok(inside)
    }

    fn parentheses(&mut self) -> Parsed<Node> {
        self.deeper(|parser| {
            parser.at += 1;
            parser.space();
            let inside = parser.alternatives()?;
            parser.space();
            if parser.taken(')') {
                Ok(inside)
            } else {
                Err(parser.fault(FilterFault::Unclosed))
            }
        })
    }

    /// `[…]`, where one stands here.
    pub(crate) fn brackets(&mut self) -> Parsed<Option<Node>> {
        if !self.rest().starts_with('[') {
            return Ok(None);
        }
        if self.in_brackets {
            return Err(self.fault(FilterFault::Brackets));
        }
        self.in_brackets = true;
        let inside = self.deeper(|parser| {
            parser.at += 1;
            parser.space();
            let inside = parser.alternatives()?;
            parser.space();
            if parser.taken(']') {
                Ok(inside)
            } else {
                Err(parser.fault(FilterFault::Unclosed))
            }
        })?;
        self.in_brackets = false;
        Ok(Some(inside))
    }

    pub(crate) fn attribute(&mut self) -> Parsed<AttributePath> {
        let word = self.word();
        match AttributePath::parse(word) {
            Some(path) => {
                self.at += word.len();
                Ok(path)
            }
            None => Err(self.fault(FilterFault::Attribute)),
        }
    }

    /// `.value` behind a bracket, where one stands here.
    pub(crate) fn sub_attribute(&mut self) -> Parsed<Option<String>> {
        if !self.taken('.') {
            return Ok(None);
        }
        let path = self.attribute()?;
        match (path.schema(), path.sub()) {
            (None, None) => Ok(Some(path.name().to_owned())),
            (Some(_), _) | (_, Some(_)) => Err(self.fault(FilterFault::Attribute)),
        }
    }

    fn expression(&mut self) -> Parsed<Node> {
        let path = self.attribute()?;
        let bracket = self.at;
        let Some(filter) = self.brackets()? else {
            let ask = self.ask()?;
            return Ok(Node::Test(Test { path, ask }));
        };
        if path.sub().is_some() {
            return Err(self.fault_at(bracket, FilterFault::Brackets));
        }
        let filter = match self.sub_attribute()? {
            None => filter,
            Some(sub) => {
                let path = AttributePath::of(sub);
                let ask = self.ask()?;
                Node::All(vec![filter, Node::Test(Test { path, ask })])
            }
        };
        // Alternatives that Entra ID's form adds to have parentheses when printed: a level that nobody wrote.
        if self.depth + 1 + filter.height() > DEEPEST {
            return Err(self.fault_at(bracket, FilterFault::TooDeep));
        }
        Ok(Node::Element {
            list: path,
            filter: Box::new(filter),
        })
    }

    fn ask(&mut self) -> Parsed<Ask> {
        self.space();
        let word = self.word();
        let operator = match word.to_ascii_lowercase().as_str() {
            "pr" => None,
            "eq" => Some(Operator::Eq),
            "ne" => Some(Operator::Ne),
            "co" => Some(Operator::Co),
            "sw" => Some(Operator::Sw),
            "ew" => Some(Operator::Ew),
            "gt" => Some(Operator::Gt),
            "lt" => Some(Operator::Lt),
            "ge" => Some(Operator::Ge),
            "le" => Some(Operator::Le),
            _ => return Err(self.fault(FilterFault::Operator)),
        };
        self.at += word.len();
        let Some(operator) = operator else {
            return Ok(Ask::Present);
        };
        if !self.space() {
            return Err(self.fault(FilterFault::Value));
        }
        Ok(Ask::Compare(operator, self.literal()?))
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let (length, literal) = match self.rest().starts_with('"') {
            true => self.quoted(),
            false => self.bare(),
        }
        .ok_or_else(|| self.fault(FilterFault::Value))?;
        self.at += length;
        Ok(literal)
    }

    fn quoted(&self) -> Option<(usize, Literal)> {
        let mut escaped = false;
        let mut inside = self.rest().char_indices().skip(1);
        let (end, _) = inside.find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        })?;
        let text: String = serde_json::from_str(self.rest().get(..=end)?).ok()?;
        (!text.contains('\0')).then_some((end + 1, Literal::Text(text)))
    }

    fn bare(&self) -> Option<(usize, Literal)> {
        let rest = self.rest();
        let end = rest.find([' ', '\t', ')', ']']).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let literal = match word.to_ascii_lowercase().as_str() {
            "null" => Literal::Null,
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            _ => Literal::Number(number(word)?),
        };
        Some((end, literal))
    }
}

/// A JSON number, as near as `f64` has it.
fn number(word: &str) -> Option<f64> {
    serde_json::from_str::<serde_json::Number>(word).ok()?;
    word.parse().ok()
}

impl Node {
    /// How many levels the printed form has.
    fn height(&self) -> usize {
        match self {
            Node::Test(_) => 0,
            Node::Element { filter, .. } => 1 + filter.height(),
            Node::Not(inside) => 1 + inside.height(),
            Node::All(parts) | Node::Any(parts) => {
                let higher = |part: &Node| {
                    let wrapped = part.is_wrapped_in(self);
                    usize::from(wrapped) + part.height()
                };
                parts.iter().map(higher).max().unwrap_or_default()
            }
        }
    }
}
