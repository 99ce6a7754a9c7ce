//! In which manner a connection is spoken to, and how much of it at once.

pub(crate) mod aws;

/// The manner of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// The RFCs, everything of them, and what Okta and Entra ID send besides.
    Rfc,
    /// AWS IAM Identity Center's documented limits, so that tools written for its endpoint behave the same here.
    Aws,
}

/// How much a request may bring. The caller's choice; the defaults are THREATS.md T22's, or generous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Levels of a body.
    pub depth: usize,
    /// Operations of a PATCH.
    pub operations: usize,
    /// Members added and removed by one request. In AWS's manner never more than 100.
    pub members: usize,
    /// Values of a list of a person's, as `emails`.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: 4 * 1024 * 1024,
            depth: 16,
            operations: 1000,
            members: 20_000,
            values: 100,
        }
    }
}

impl Limits {
    /// Members of one request, in this manner.
    pub(crate) fn members(&self, manner: Manner) -> usize {
        match manner {
            Manner::Rfc => self.members,
            Manner::Aws => self.members.min(aws::MEMBER_CHANGES),
        }
    }
}
