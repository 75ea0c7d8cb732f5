//! The rules of text, specified in `docs/text.md`: which characters are acceptable, how long a text is, where mentions,
//! hashtags and links begin and end, which texts are the same, and what a terminal may be given.

mod characters;
mod check;
mod entities;
mod excerpt;
mod fold;
mod hashtag;
mod link;
mod natural;
mod safe;
mod search;

#[cfg(test)]
mod examples;

pub(crate) use characters::is_at;
pub(crate) use check::{Lines, check_text};
pub use check::{count_graphemes, to_nfc};
pub use entities::{Entity, entities, unfinished_word};
pub(crate) use excerpt::first_words;
pub(crate) use fold::fold;
pub use hashtag::Hashtag;
pub(crate) use natural::natural_key;
#[cfg(feature = "faults")]
pub use safe::make_nothing_safe;
pub(crate) use safe::trim;
pub use safe::{SafeText, is_blank};
pub use search::{SearchWord, is_long_enough, name_words, search_form, search_tokens, search_words};
