//! The order in which people expect names.

use super::fold::fold;

/// Longest sort key, in characters. Names that differ only after it have no order.
const CHARS_MAX: usize = 64;

/// A key that sorts names as people expect: `p2` before `p10`, whatever their case.
pub(crate) fn natural_key(name: &str) -> String {
    let folded = fold(name);
    let mut key = String::with_capacity(folded.len() + 8);
    let mut rest = folded.as_str();
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_digit() {
            key.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        let number = digits.trim_start_matches('0');
        // The number of digits comes first, with two digits itself: a longer number is the larger one.
        key.push_str(&format!("{:02}{number}", number.len().min(99)));
        rest = after;
    }
    key.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_sorted_by_their_value() {
        let sorted = ["42", "P1", "p2", "p10", "p10_a", "p10_b", "p010z", "p121", "pa", "Zoë", "zz"];
        let keys = sorted.map(natural_key);
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(natural_key("p007"), natural_key("p7"));
    }

    #[test]
    fn a_key_is_short() {
        assert_eq!(natural_key(&"\u{1f600}".repeat(400)).chars().count(), CHARS_MAX);
        assert_eq!(natural_key(""), "");
        assert!(natural_key(&"9".repeat(400)).starts_with("9999"));
    }
}
