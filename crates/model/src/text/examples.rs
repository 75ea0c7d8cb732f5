//! The examples in `docs/text.md` are the tests of the rules.

use super::{Entity, entities};

const DOCUMENTATION: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/text.md"));

/// The rows of the table below a heading, without its header: cells of `code`, several separated by spaces.
pub(crate) fn table(heading: &str) -> Vec<Vec<Vec<String>>> {
    let section = DOCUMENTATION.split("\n## ").find(|section| section.starts_with(heading));
    let rows = section.unwrap_or_else(|| panic!("no section {heading}")).lines();
    let rows: Vec<_> = rows.filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(!rows.is_empty(), "no table below {heading}");
    rows.iter().map(|row| row.trim_matches('|').split('|').map(values).collect()).collect()
}

/// The code spans of a cell, with `\u{…}` for what cannot be seen.
fn values(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(unescape).collect()
}

fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("the end of an escape");
        out.extend(char::from_u32(u32::from_str_radix(code, 16).expect("a code point")));
        out.push_str(rest);
    }
    out
}

#[test]
fn mentions_hashtags_and_links_are_those_of_the_documentation() {
    let mut wrong = String::new();
    for row in table("Examples") {
        let [_, text, mentions, hashtags, links] = row.as_slice() else { panic!("{row:?}") };
        let text = text.first().expect("a text");
        let (mut found_mentions, mut found_hashtags, mut found_links) = (vec![], vec![], vec![]);
        for (range, entity) in entities(text) {
            match entity {
                Entity::Mention(username) => found_mentions.push(username.to_string()),
                Entity::Hashtag(hashtag) => {
                    found_hashtags.push(hashtag.name().to_owned());
                    found_hashtags.push(hashtag.key().to_owned());
                }
                Entity::Link => found_links.push(text[range].to_owned()),
            }
        }
        let found = [found_mentions, found_hashtags, found_links];
        if [mentions, hashtags, links].into_iter().ne(&found) {
            wrong += &format!("{text}: {found:?}\n");
        }
    }
    assert_eq!(wrong, "");
}
