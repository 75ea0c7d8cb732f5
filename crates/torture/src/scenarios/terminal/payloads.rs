//! Texts that control a terminal, a harmless text of the same width for each, and a filter for everything in the output
//! that is not plain text. It must not use the product's sanitiser, which is what the scenario tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;

/// Number of payloads: the sequences below, and combinations of them.
const PAYLOADS: usize = 300;

/// Sequences with an effect, with parameters that the program itself never writes.
const SEQUENCES: &[&str] = &[
    "\x1b[38;5;201m",
    "\x1b[48;2;1;2;3m",
    "\x1b[8m",
    "\x1b[77;77H",
    "\x1b[99A",
    "\x1b[99B",
    "\x1b[99C",
    "\x1b[99D",
    "\x1b[3J",
    "\x1b[1K",
    "\x1b[99L",
    "\x1b[99M",
    "\x1b[99P",
    "\x1b[99@",
    "\x1b[99S",
    "\x1b[99T",
    "\x1b[5;6r",
    "\x1b[s",
    "\x1b[u",
    "\x1b[?1049h",
    "\x1b[?47h",
    "\x1b[?1003h",
    "\x1b[?69h",
    "\x1b[?5h",
    "\x1b[4h",
    "\x1b[20h",
    "\x1b[6n",
    "\x1b[0c",
    "\x1b[>0q",
    "\x1b[=c",
    "\x1b[21t",
    "\x1b[8;1;1t",
    "\x1b[?996n",
    "\x1b[14t",
    "\x1b[!p",
    "\x1b[200~rm -rf\r",
    "\x1b[201~",
    "\x1b[5i",
    "\x1b[99b",
    "\x1b[6 q",
    "\x1b[>4;1m",
    "\x1b[<u",
    "\x1b[=1;1u",
    "\x1bc",
    "\x1b7",
    "\x1b8",
    "\x1bD",
    "\x1bM",
    "\x1bE",
    "\x1bH",
    "\x1bN",
    "\x1bO",
    "\x1bZ",
    "\x1b#8",
    "\x1b=",
    "\x1b>",
    "\x1b(0",
    "\x1b)0",
    "\x1b*0",
    "\x1b%G",
    "\x1bn",
    "\x1b|",
    "\x1b6",
    "\x1bl",
    "\x1b F",
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]1;owned\x07",
    "\x1b]4;1;rgb:ff/00/00\x07",
    "\x1b]7;file://x/\x07",
    "\x1b]8;;http://evil.example/\x1b\\here",
    "\x1b]8;;\x1b\\",
    "\x1b]9;4;3;50\x07",
    "\x1b]10;#ffffff\x07",
    "\x1b]11;?\x07",
    "\x1b]50;x\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]52;c;?\x1b\\",
    "\x1b]104\x07",
    "\x1b]133;A\x07",
    "\x1b]777;notify;evil;evil\x07",
    "\x1b]99;;evil\x1b\\",
    "\x1b]1337;File=name=eA==;inline=1:AAAA\x07",
    "\x1b]1337;SetUserVar=x=eA==\x07",
    "\x1b]unended",
    "\x1bP$qm\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1bPq#0;2;0;0;0~~\x1b\\",
    "\x1bP1000p",
    "\x1bPunended",
    "\x1b_Gf=24,s=1,v=1;AAAA\x1b\\",
    "\x1b_unended",
    "\x1b^private\x1b\\",
    "\x1bXstart\x1b\\",
    "\u{9b}38;5;201m",
    "\u{9b}77;77H",
    "\u{9b}6n",
    "\u{9d}0;owned\u{9c}",
    "\u{9d}52;c;ZXZpbA==\u{9c}",
    "\u{90}$qm\u{9c}",
    "\u{9f}Gf=24;AAAA\u{9c}",
    "\u{9e}private\u{9c}",
    "\u{98}start\u{9c}",
    "\u{8d}",
    "\u{84}",
    "\u{85}",
    "\r\x1b[2Kovertyped",
    "ab\x08\x08cd",
    "\r",
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b\x1b[6n",
    "\x1b[\x1b[6n",
    "\x0e",
    "\x0f",
    "\x07",
    "\t",
    "\x0b",
    "\x0c",
    "\x00",
    "\x05",
    "\x7f",
    "\x1a",
    "\x18\x1b[6n",
    "\u{202e}gnp.exe",
    "\u{202d}x",
    "\u{202a}x\u{202c}",
    "\u{2066}x\u{2069}",
    "\u{2067}x",
    "\u{2068}x",
    "\u{200e}",
    "\u{200f}",
    "\u{61c}",
    "\u{200b}",
    "a\u{200d}b",
    "a\u{200c}b",
    "\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{34f}",
    "\u{2028}",
    "\u{2029}",
    "\u{e0001}",
    "\u{e0041}\u{e007f}",
    "\u{fff9}x\u{fffa}y\u{fffb}",
    "\u{180e}",
    "\u{3164}",
    "\u{1d173}",
    "\u{206a}",
    "日本\x1b[6n語",
    "👩\u{200d}🚀\x1b[31;5m",
    "é\u{9b}6n",
    "\u{1f1e9}\u{1f1ea}\x1bc",
];

/// All payloads; the combinations depend on the random generator.
pub(super) fn payloads(random: &mut Rng) -> Vec<String> {
    let mut all: Vec<String> = SEQUENCES.iter().map(|text| (*text).to_owned()).collect();
    all.extend(
        (0x80..=0x9f_u32).chain(1..0x20).filter_map(char::from_u32).filter(|c| *c != '\n').map(String::from),
    );
    while all.len() < PAYLOADS {
        let mut part = || SEQUENCES[random.usize(..SEQUENCES.len())];
        let mixed = format!("{}x{}{}", part(), part(), part());
        all.push(mixed);
    }
    all
}

/// The text with every unsafe character written as its number, except soft hyphens inside words. It is as wide as what
/// the client should display.
pub(super) fn harmless(text: &str) -> String {
    let mut plain = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let joins = c == '\u{200d}' && !before.is_ascii();
        if c == '\u{ad}' && before.is_alphabetic() && rest.peek().is_some_and(|c| c.is_alphabetic()) {
            // Inside a word it is left out.
        } else if c == '\n' || joins || !(c.is_control() || is_hidden(c)) {
            plain.push(c);
        } else {
            let _ = write!(plain, "<U+{:04X}>", u32::from(c));
        }
        before = c;
    }
    plain
}

/// Invisible and bidirectional characters of the payloads.
fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfeff
        | 0xfff9..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// Counts of each escape sequence, control character and hidden character. Line ends are not counted.
pub(super) fn controls(output: &[u8]) -> BTreeMap<String, usize> {
    let text = String::from_utf8_lossy(output).replace("\r\n", "\n");
    let mut found = BTreeMap::new();
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let joins = c == '\u{200d}' && !before.is_ascii();
        before = c;
        let mut sequence = String::from(c);
        if c == '\x1b' {
            let kind = rest.next().unwrap_or(' ');
            sequence.push(kind);
            let ends: fn(&str) -> bool = match kind {
                '[' => |s| s.len() > 2 && s.ends_with(|c: char| ('@'..='~').contains(&c)),
                ']' | 'P' | '_' | '^' | 'X' => |s| s.ends_with('\x07') || s.ends_with("\x1b\\"),
                ' '..='/' => |s| s.len() > 2,
                _ => |_| true,
            };
            while !ends(&sequence) && sequence.len() < 4_096 {
                let Some(next) = rest.next() else { break };
                sequence.push(next);
            }
        } else if c == '\n' || joins || !(c.is_control() || is_hidden(c)) {
            continue;
        }
        *found.entry(sequence).or_default() += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_found_in_payloads_and_not_in_their_harmless_texts() {
        for payload in payloads(&mut Rng::with_seed(1)) {
            assert!(!controls(payload.as_bytes()).is_empty(), "{payload:?}");
            assert!(controls(harmless(&payload).as_bytes()).is_empty(), "{payload:?}");
        }
        let found = controls("a\x1b[1mb\x1b[0m\x1b[1m\r\n\x1b]8;;x\x1b\\\x07".as_bytes());
        let found: Vec<_> = found.iter().map(|(what, times)| (what.as_str(), *times)).collect();
        assert_eq!(found, [("\x07", 1), ("\x1b[0m", 1), ("\x1b[1m", 2), ("\x1b]8;;x\x1b\\", 1)]);
    }
}
