//! The frames of the full screen, and how the terminal is set up and restored.

use std::time::Duration;

use bytes::Bytes;
use model::SafeText;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::setup::{PROBE, PROBE_WIDTH};
use crate::state::State;
use crate::view::draw;
use terminal::charset::Charset;
use terminal::paint::{Paint, Painter};

/// Sets up the terminal: alternate screen, bracketed paste, focus events, reports of light and dark mode, unambiguous
/// keys, and what they are in a Latin layout.
pub const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?2031h\x1b[>5u\x1b[2J\x1b[H";
/// Restores the terminal, also within a frame.
pub const LEAVE: &str =
    "\x1b[?2026l\x1b[<u\x1b[?1006l\x1b[?1000l\x1b[?2031l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
/// The frame that the terminal shows, and the bytes that precede the next one.
pub(crate) struct Screen {
    painter: Painter,
    before_frame: String,
    has_probed: bool,
    /// The time of the last frame.
    pub(crate) last_frame: Instant,
    /// The last frame was dropped to save memory.
    pub(crate) is_hibernated: bool,
}

/// Restores the terminal, then prints lines on the screen from which the client was started.
pub(crate) async fn leave(output: &mpsc::Sender<Bytes>, charset: Charset, lines: &str) {
    let lines = SafeText::lines(lines).as_str().replace('\n', "\r\n");
    // Apart from each other: the gateway looks for what restores the terminal at the end of the output.
    for bytes in [Bytes::from(LEAVE), charset.text(&lines).into_owned().into()] {
        if !bytes.is_empty() {
            // A terminal that reads nothing must not keep the client from ending.
            let _ = timeout(Duration::from_secs(1), output.send(bytes)).await;
        }
    }
}

impl Screen {
    pub(crate) fn new(with_mouse: bool) -> Self {
        let before_frame = format!("{ENTER}{}", if with_mouse { MOUSE } else { "" });
        let last_frame = Instant::now();
        Self {
            painter: Painter::default(),
            before_frame,
            has_probed: false,
            last_frame,
            is_hibernated: false,
        }
    }

    /// Sets up the terminal after another program had it.
    pub(crate) fn set_up_again(&mut self, with_mouse: bool) {
        self.painter.forget();
        self.before_frame.push_str(ENTER);
        if with_mouse {
            self.before_frame.push_str(MOUSE);
        }
    }

    pub(crate) fn hibernate(&mut self) {
        self.is_hibernated = true;
        self.painter.hibernate();
    }

    /// The bytes of the next frame, which begin with `extra`; none when nothing has changed.
    pub(crate) fn frame(&mut self, state: &State, extra: &str, redraws_all: bool) -> String {
        if redraws_all {
            self.painter.forget();
        }
        let (grid, caret) = draw(state);
        let can = &state.terminal.capabilities;
        let paint = Paint {
            theme: &state.preferences.theme,
            depth: can.depth,
            links: state.preferences.settings.links,
            charset: can.charset,
        };
        let mut bytes = std::mem::take(&mut self.before_frame);
        bytes.push_str(&can.charset.text(extra));
        if !self.has_probed && can.charset == Charset::Utf8 {
            bytes.push_str(PROBE_WIDTH);
        }
        bytes.push_str(&self.painter.paint(grid, caret, paint));
        if !std::mem::replace(&mut self.has_probed, true) {
            bytes.push_str(PROBE);
        }
        if !bytes.is_empty() {
            self.last_frame = Instant::now();
            self.is_hibernated = false;
        }
        bytes
    }
}
