//! How text is compared where case does not matter.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

/// What two texts are compared by where an attribute is not `caseExact`: Unicode's full case folding in form NFC (canonical caseless
/// match, Unicode 3.13 D145). A store that keeps the same beside a text finds what [`crate::Bound::matches`] finds.
///
/// ```
/// assert_eq!(kiro_scim::fold("STRASSE"), kiro_scim::fold("straße"));
/// assert_ne!(kiro_scim::fold("aiko"), kiro_scim::fold("aik0"));
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().nfd().default_case_fold().nfc().collect()
}

/// Whether two texts are the same where case does not matter.
pub(crate) fn is_alike(left: &str, right: &str) -> bool {
    match left.is_ascii() && right.is_ascii() {
        true => left.eq_ignore_ascii_case(right),
        false => fold(left) == fold(right),
    }
}
