//! The signs of the screens. Each has one meaning and is one column wide; a second set in ASCII is for terminals that
//! cannot show them, or whose users prefer it.

use terminal::charset::Charset;

use crate::settings::Symbols;
use crate::state::State;

/// The value of `TERM` on the Linux console, whose font has few signs.
const LINUX_CONSOLE: &str = "linux";

/// A meaning for which there is a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sign {
    /// The selected row.
    Selected,
    /// The current place, and the chosen completion.
    Here,
    /// Unread, and addressed to the user.
    Unread,
    /// New rows above.
    New,
    /// Online.
    Online,
    /// Away.
    Away,
    /// Offline.
    Offline,
    /// Done; of a message: stored by the server.
    Done,
    /// Of a message: delivered.
    Delivered,
    /// An error, or something that is gone.
    Error,
    /// Something that needs attention.
    Attention,
    /// Pending; attached to a word: the rest was cut off.
    Pending,
    /// Something that is not shown here: not loaded, or folded.
    Hidden,
    /// A reply.
    Reply,
    /// A retweet.
    Retweet,
    /// A quote.
    Quote,
    /// Likes of others.
    Like,
    /// A like of the user.
    Liked,
    /// Saved by the user.
    Saved,
    /// A new follower.
    Follower,
    /// A mention.
    Mention,
    /// A rule across a row.
    Rule,
    /// A border, or a guide at the left of a quote or a reply.
    Border,
    /// The part of a list that is shown.
    Scroll,
    /// A corner of a frame: top left.
    TopLeft,
    /// A corner of a frame: top right.
    TopRight,
    /// A corner of a frame: bottom left.
    BottomLeft,
    /// A corner of a frame: bottom right.
    BottomRight,
    /// Around a choice of several values: left.
    ChoiceLeft,
    /// Around a choice of several values: right.
    ChoiceRight,
    /// A character of a password.
    Password,
}

/// The set of signs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Signs {
    /// Signs of Unicode.
    #[default]
    Unicode,
    /// Words and signs of ASCII.
    Ascii,
}

/// Bars for counts per hour, from none to the most.
pub(crate) const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const BARS_ASCII: [&str; 8] = ["_", ".", ".", "-", "=", "+", "*", "#"];

impl Sign {
    /// All signs, in Unicode and in ASCII.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 31] = [
        (Self::Selected, "▌", ">"),
        (Self::Here, "▸", ">"),
        (Self::Unread, "◆", "*"),
        (Self::New, "▲", "^"),
        (Self::Online, "●", "o"),
        (Self::Away, "◐", "-"),
        (Self::Offline, "○", "."),
        (Self::Done, "✓", "ok"),
        (Self::Delivered, "✓✓", "sent"),
        (Self::Error, "✕", "x"),
        (Self::Attention, "!", "!"),
        (Self::Pending, "…", "..."),
        (Self::Hidden, "⋯", "..."),
        (Self::Reply, "↳", "re"),
        (Self::Retweet, "↻", "rt"),
        (Self::Quote, "❝", "qt"),
        (Self::Like, "♡", "like"),
        (Self::Liked, "♥", "LIKE"),
        (Self::Saved, "★", "saved"),
        (Self::Follower, "+", "+"),
        (Self::Mention, "@", "@"),
        (Self::Rule, "─", "-"),
        (Self::Border, "│", "|"),
        (Self::Scroll, "┃", "#"),
        (Self::TopLeft, "╭", "+"),
        (Self::TopRight, "╮", "+"),
        (Self::BottomLeft, "╰", "+"),
        (Self::BottomRight, "╯", "+"),
        (Self::ChoiceLeft, "‹", "<"),
        (Self::ChoiceRight, "›", ">"),
        (Self::Password, "•", "*"),
    ];

    /// The sign in a set.
    pub(crate) fn of(self, signs: Signs) -> &'static str {
        let found = Self::ALL.iter().find(|(sign, ..)| *sign == self);
        found.map_or("", |(_, unicode, ascii)| if signs == Signs::Ascii { ascii } else { unicode })
    }
}

impl State {
    /// The set in use.
    pub(crate) fn signs(&self) -> Signs {
        let can = &self.terminal.capabilities;
        let can_show =
            can.charset == Charset::Utf8 && can.term != LINUX_CONSOLE && can.has_wide_signs != Some(true);
        match self.preferences.settings.symbols {
            Symbols::Automatic if can_show => Signs::Unicode,
            Symbols::Unicode if can.charset == Charset::Utf8 => Signs::Unicode,
            _ => Signs::Ascii,
        }
    }

    /// A sign in the set in use.
    pub(crate) fn sign(&self, sign: Sign) -> &'static str {
        sign.of(self.signs())
    }

    /// The bars for counts per hour.
    pub(crate) fn bars(&self) -> [&'static str; 8] {
        match self.signs() {
            Signs::Unicode => BARS,
            Signs::Ascii => BARS_ASCII,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use terminal::measure::columns;

    use super::*;

    #[test]
    fn each_sign_has_one_meaning_and_one_column() {
        let all: HashSet<&str> = Sign::ALL.iter().map(|(_, unicode, _)| *unicode).collect();
        assert_eq!(all.len(), Sign::ALL.len());
        for (sign, unicode, ascii) in Sign::ALL {
            assert_eq!(sign.of(Signs::Unicode), unicode);
            let is_wide = sign == Sign::Delivered;
            assert_eq!(columns(unicode), if is_wide { 2 } else { 1 }, "{sign:?}");
            assert!(ascii.is_ascii() && !ascii.is_empty(), "{sign:?}");
        }
    }
}
