//! A bracketed paste: collected as it is, without the terminal's parser, so that nothing in it can act as a key or begin
//! a sequence.

/// Maximum size of a paste in bytes: more than any field takes. The rest is dropped, up to the end of the paste.
pub const PASTE_BYTES_MAX: usize = 64 * 1024;
/// What ends it.
const END: &[u8] = b"\x1b[201~";

/// A paste that has not ended yet.
#[derive(Debug, Default)]
pub(crate) struct Paste {
    bytes: Vec<u8>,
    is_cut: bool,
    /// How many bytes of [`END`] were read.
    matched: usize,
}

impl Paste {
    /// Takes a byte; returns whether the paste has ended.
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        if END.get(self.matched) == Some(&byte) {
            self.matched += 1;
            return self.matched == END.len();
        }
        let began = std::mem::take(&mut self.matched);
        for &kept in END.iter().take(began) {
            self.keep(kept);
        }
        // Only its first byte can begin the end again.
        if END.first() == Some(&byte) {
            self.matched = 1;
        } else {
            self.keep(byte);
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < PASTE_BYTES_MAX {
            self.bytes.push(byte);
        } else {
            self.is_cut = true;
        }
    }

    /// The text, with line feeds as line ends, and whether something of it was dropped. Other control characters are
    /// left out, except tabs.
    pub(crate) fn into_text(mut self) -> (String, bool) {
        // The maximum may have cut a character.
        if self.is_cut
            && let Err(error) = std::str::from_utf8(&self.bytes)
            && error.error_len().is_none()
        {
            self.bytes.truncate(error.valid_up_to());
        }
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n").replace('\r', "\n");
        let text = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        (text, self.is_cut)
    }
}
