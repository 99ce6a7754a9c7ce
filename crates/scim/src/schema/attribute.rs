//! One attribute's characteristics (RFC 7643 §2.2, §7).

/// What an attribute's values are (RFC 7643 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number, with or without a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// A point in time (RFC 3339).
    DateTime,
    /// An address of something.
    Reference,
    /// Bytes in base64.
    Binary,
    /// An object of sub-attributes.
    Complex,
}

/// Who may change an attribute (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// The service alone.
    ReadOnly,
    /// The client, at any time.
    ReadWrite,
    /// The client, once.
    Immutable,
    /// The client, and nobody sees it again.
    WriteOnly,
}

/// When an attribute is in an answer (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// In every one.
    Always,
    /// In none.
    Never,
    /// Unless left out by `attributes` or `excludedAttributes`.
    Default,
    /// Only if asked for.
    Request,
}

/// Among whom a value is unique (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// Nobody.
    None,
    /// The resources of this service provider.
    Server,
}

/// An attribute (RFC 7643 §7).
#[derive(Debug)]
pub struct Attribute {
    /// Its name; case does not matter.
    pub name: &'static str,
    /// What its values are.
    pub kind: Type,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// What it says.
    pub description: &'static str,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether case matters in its values.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is in an answer.
    pub returned: Returned,
    /// Among whom it is unique.
    pub uniqueness: Uniqueness,
    /// Usual values.
    pub canonical_values: &'static [&'static str],
    /// What it may refer to.
    pub reference_types: &'static [&'static str],
    /// Its parts.
    pub sub_attributes: &'static [Attribute],
}

impl Attribute {
    /// The one of this name, whatever its case.
    pub(crate) fn named(all: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
        all.iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The part that stands for a value as a whole (RFC 7643 §2.4), where there is one.
    pub(crate) fn value(&self) -> Option<&'static Attribute> {
        Attribute::named(self.sub_attributes, "value")
    }

    /// Whether it is a name that people type: the space around it says nothing.
    pub(crate) fn is_name(&self) -> bool {
        self.uniqueness == Uniqueness::Server && !self.case_exact
    }

    pub(super) const fn new(name: &'static str, kind: Type, description: &'static str) -> Self {
        Attribute {
            name,
            kind,
            multi_valued: false,
            description,
            required: false,
            case_exact: matches!(kind, Type::Reference | Type::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    pub(super) const fn text(name: &'static str, description: &'static str) -> Self {
        Attribute::new(name, Type::String, description)
    }

    pub(super) const fn reference(
        name: &'static str,
        to: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        let mut attribute = Attribute::new(name, Type::Reference, description);
        attribute.reference_types = to;
        attribute
    }

    pub(super) const fn complex(
        name: &'static str,
        parts: &'static [Attribute],
        description: &'static str,
    ) -> Self {
        let mut attribute = Attribute::new(name, Type::Complex, description);
        attribute.sub_attributes = parts;
        attribute
    }

    pub(super) const fn list(
        name: &'static str,
        parts: &'static [Attribute],
        description: &'static str,
    ) -> Self {
        let mut attribute = Attribute::complex(name, parts, description);
        attribute.multi_valued = true;
        attribute
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    pub(super) const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    pub(super) const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    pub(super) const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    pub(super) const fn write_only(mut self) -> Self {
        self.mutability = Mutability::WriteOnly;
        self.returned = Returned::Never;
        self
    }

    pub(super) const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    pub(super) const fn usually(mut self, values: &'static [&'static str]) -> Self {
        self.canonical_values = values;
        self
    }
}
