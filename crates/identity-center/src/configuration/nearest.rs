//! The name that was probably meant.

/// Which of `names` is the fewest letters away from `typed` (Levenshtein); the first of several.
///
/// # Panics
/// Without names.
pub(super) fn nearest<'a>(typed: &str, names: &[&'a str]) -> &'a str {
    let mut best = names[0];
    for name in names {
        if distance(typed, name) < distance(typed, best) {
            best = name;
        }
    }
    best
}

fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, its) in other.iter().enumerate() {
            let changed = diagonal + usize::from(*its != letter);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[test]
fn a_slip_of_the_finger_is_recognised() {
    let check = |typed: &str, expected: &str| {
        assert_eq!(nearest(typed, super::NAMES), expected, "{typed}");
    };
    check("lisen", "listen");
    check("listen_address", "listen");
    check("trusted_proxy", "trusted_proxies");
    check("tls_cert", "tls_key"); // both are three letters away
    check("tls-certificate", "tls_certificate");
    check("URL", "url");
    check("", "url");
}
