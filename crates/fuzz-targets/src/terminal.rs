//! Input from a terminal, local or over ssh.

use terminal::decode::{Decoder, PASTE_BYTES_MAX};
use terminal::key::{Code, Event};

/// The events do not depend on the pieces in which the bytes arrive. Every event is bounded and has no control
/// characters.
pub(crate) fn terminal_input(data: &[u8]) {
    let Some((&step, bytes)) = data.split_first() else { return };
    let step = usize::from(step) + 1;
    let mut whole = Decoder::default();
    let events = whole.decode(bytes);
    let mut cut = Decoder::default();
    let pieces: Vec<_> = bytes.chunks(step).flat_map(|piece| cut.decode(piece)).collect();
    assert_eq!(events, pieces, "the events depend on the pieces");
    assert_eq!(whole.flush_escape(), cut.flush_escape());
    for event in events {
        match event {
            Event::Key(key) => {
                if let Code::Char(c) = key.code {
                    assert!(!c.is_control(), "a key that writes U+{:04X}", u32::from(c));
                }
            }
            Event::Paste { text, .. } => {
                assert!(text.len() <= PASTE_BYTES_MAX * 3, "a paste is bounded");
                assert!(
                    !text.chars().any(|c| !matches!(c, '\n' | '\t') && c.is_control()),
                    "a paste is text"
                );
            }
            _ => {}
        }
    }
    // Whatever state the bytes left, later keys are decoded.
    whole.decode(b"\x1b\\\x1b\\\x1b[201~\x1b\\a");
    let last = whole.decode(b"q").pop();
    assert!(matches!(last, Some(Event::Key(key)) if key.code == Code::Char('q')), "{last:?}");
}
