//! One file per verb.

pub(crate) mod completions;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod org;
pub(crate) mod status;
pub(crate) mod switch;
pub(crate) mod token;
