//! The full-screen client in a real pseudo-terminal, and what a person sees on it.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::{DEADLINE, LOCALE, PASSWORD, PROGRAM, Person, until};

pub const COLUMNS: u16 = 100;
pub const ROWS: u16 = 30;

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// A client at a terminal.
pub struct Screen {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    terminal: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn portable_pty::MasterPty + Send>,
}

/// The client of this person, here.
pub fn local(person: &Person, args: &[&str]) -> Screen {
    Screen::start(command(person, args))
}

pub fn command(person: &Person, args: &[&str]) -> CommandBuilder {
    let mut command = first(&person.home);
    command.args(args);
    command.env("MINI_TWEET_SERVER", &person.server);
    command
}

/// The client as it starts where it knows no server.
pub fn first(home: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(PROGRAM);
    command.env("MINI_TWEET_HOME", home);
    command.env("TERM", "xterm-256color");
    command.env(LOCALE.0, LOCALE.1);
    for name in ["MINI_TWEET_SERVER", "NO_COLOR", "COLORTERM"] {
        command.env_remove(name);
    }
    command
}

impl Screen {
    /// Any program that shows the client.
    pub fn start(command: CommandBuilder) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let terminal = Arc::new(Mutex::new(vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (to_terminal, to_bytes) = (terminal.clone(), bytes.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(read) = reader.read(&mut buffer)
                && read > 0
            {
                to_terminal.lock().unwrap().process(&buffer[..read]);
                to_bytes.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        let writer = pty.master.take_writer().unwrap();
        Self { child, terminal, bytes, writer, master: pty.master }
    }

    /// What is seen now.
    pub fn text(&self) -> String {
        self.terminal.lock().unwrap().screen().contents()
    }

    /// Everything that was ever written to the terminal.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    pub fn shows(&self, part: &str) -> bool {
        self.text().contains(part)
    }

    /// Waits until this is seen.
    #[track_caller]
    pub fn expect(&mut self, part: &str) -> &mut Self {
        let end = Instant::now() + DEADLINE;
        while !self.shows(part) {
            assert!(Instant::now() < end, "{part:?} is not seen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Waits until this is no longer seen.
    #[track_caller]
    pub fn expect_gone(&mut self, part: &str) -> &mut Self {
        let end = Instant::now() + DEADLINE;
        while self.shows(part) {
            assert!(Instant::now() < end, "{part:?} is still seen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Whether the terminal passes on what is typed as it is, without echo and lines.
    pub fn is_raw(&self) -> bool {
        const ECHO: u32 = 0o10;
        const ICANON: u32 = 0o2;
        self.master.get_termios().unwrap().local_flags.bits() & (ECHO | ICANON) == 0
    }

    /// Types bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.writer.write_all(bytes.as_ref()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Presses keys that are named, with words between them typed as they are.
    pub fn press(&mut self, keys: &[&str]) -> &mut Self {
        for key in keys {
            self.send(bytes_of(key));
        }
        self
    }

    /// Clicks on the cell where this text begins; with the third button for the menu.
    #[track_caller]
    pub fn click(&mut self, part: &str, for_menu: bool) -> &mut Self {
        self.expect(part);
        let text = self.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(part)).unwrap();
        // Everything before it on the lines that tests click is one column wide.
        let column = line.split(part).next().unwrap().chars().count();
        let button = if for_menu { 2 } else { 0 };
        let at = format!("{button};{};{}", column + 1, row + 1);
        self.send(format!("\x1b[<{at}M\x1b[<{at}m"))
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.terminal.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
    }

    pub fn is_in_another_screen(&self) -> bool {
        self.terminal.lock().unwrap().screen().alternate_screen()
    }

    /// Whether the terminal is in its alternate screen, reports the mouse, marks pastes, and hides the cursor.
    pub fn modes(&self) -> (bool, bool, bool, bool) {
        let terminal = self.terminal.lock().unwrap();
        let screen = terminal.screen();
        let has_mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        (screen.alternate_screen(), has_mouse, screen.bracketed_paste(), screen.hide_cursor())
    }

    pub fn process_id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.process_id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let _ = self.child.wait();
    }

    /// Leaves; the terminal is as it was.
    pub fn quit(&mut self) {
        self.press(&["Ctrl-c", "Ctrl-c"]);
        assert_eq!(self.exit_code(), 0, "{}", self.text());
        until("the terminal is as it was", || !self.is_in_another_screen());
    }

    pub fn exit_code(&mut self) -> u32 {
        until("the client ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a terminal sends for a key that is named; anything else is typed as it is.
fn bytes_of(key: &str) -> Vec<u8> {
    match (key, key.split_once('-')) {
        ("Enter", _) => b"\r".to_vec(),
        // As in the kitty protocol: a lone escape is a key of its own only when nothing follows for some time.
        ("Esc", _) => b"\x1b[27u".to_vec(),
        ("Tab", _) => b"\t".to_vec(),
        ("Up", _) => b"\x1b[A".to_vec(),
        ("Down", _) => b"\x1b[B".to_vec(),
        (_, Some(("Ctrl", letter))) if letter.len() == 1 => vec![letter.as_bytes()[0] & 0x1f],
        (_, Some(("Alt", letter))) if letter.len() == 1 => vec![0x1b, letter.as_bytes()[0]],
        (text, _) => text.as_bytes().to_vec(),
    }
}

/// Signs up in the client, from its sign-in menu.
pub fn sign_up(screen: &mut Screen, username: &str) {
    screen.expect("Create an account").press(&["2"]).expect("Confirm password");
    screen.press(&[username, "Enter", "Enter", PASSWORD, "Enter", PASSWORD, "Enter"]);
    screen.expect("Your home feed fills up").expect("· live");
    assert!(!screen.text().contains(PASSWORD));
}

/// Everything that the original could do, by two people, each at a screen of their own; `bob_again` is another one
/// for bob.
pub fn walk(mut ada: Screen, mut bob: Screen, bob_again: impl FnOnce() -> Screen) {
    sign_up(&mut ada, "ada");
    bob.expect("Create an account").press(&["2"]).expect("Confirm password");
    bob.press(&["ada", "Enter", "Enter", PASSWORD, "Enter", "something else", "Enter"]).expect("don't match");
    bob.press(&[PASSWORD, "Enter", PASSWORD, "Enter"]).expect("is taken");
    bob.press(&["Ctrl-u", "bob", "Enter"]).expect("Your home feed fills up").expect("@bob");

    // Post, with a hashtag; undo; send at last.
    ada.press(&["c"]).expect("New tweet").press(&["The engine works #Rust", "Ctrl-s"]).expect("Sending");
    ada.press(&["u"]).expect("Sending undone").expect("The engine works");
    ada.press(&[" at last", "Ctrl-s"]).expect("Sent").press(&["."]).expect("The engine works #Rust at last");

    // People by name, profile, follow; the feed fills.
    bob.press(&["@"])
        .expect("@")
        .press(&["ad"])
        .expect("@ada")
        .press(&["Enter"])
        .expect("[Tweets]")
        .expect("1 tweet ");
    bob.press(&["F"]).expect("You follow @ada").press(&["g", "h"]).expect("The engine works");
    // Below it are people to follow, as long as there are few.
    bob.press(&["g", "g"]).expect("▌   The engine works");

    // Notifications, live.
    ada.expect("Notifs ◆1").press(&["2"]).expect("@bob followed you");

    // Like, retweet, quote, reply; what others do is seen at once.
    bob.press(&["f"]).expect("♥ 1 (you)").press(&["b"]).expect("↻ 1 (you)");
    bob.press(&["B"]).expect("─ Quote").press(&["This changes everything", "Ctrl-s"]).expect("Sent");
    bob.press(&["r"])
        .expect("@ada")
        .press(&["how fast? #rust", "Ctrl-s"])
        .expect("Sending")
        .expect_gone("Sending");
    // Nothing but the reader moves a list: it says what is new, and a key shows it.
    ada.expect("▲ 4 new")
        .press(&["."])
        .expect("quoted your tweet")
        .expect("This changes everything")
        .expect("replied to you")
        .expect("how fast?");

    // The thread as a tree.
    ada.press(&["g", "m"])
        .expect(" Your tweets ")
        .expect("▌   The engine works")
        .press(&["t"])
        .expect("│ @bob")
        .expect("how fast?");

    // Followers: remove one, then undo.
    ada.press(&["g", "p", ">"]).expect("[Replies]").press(&[">"]).expect("[Followers]").expect("● @bob");
    ada.press(&["j", "R"]).expect("Removing @bob").press(&["u"]).expect("Kept @bob");

    // Trends and the tweets under a hashtag.
    until("#Rust is a trend", || {
        ada.press(&["1", "4"]).expect("[4 Tags]");
        std::thread::sleep(Duration::from_millis(200));
        ada.shows("▌ #Rust")
    });
    ada.press(&["Enter"]).expect("The engine works");

    // Who is online.
    ada.press(&["6"]).expect("● @bob");

    // Chat, both ways.
    ada.press(&["g", "h", "@"])
        .expect("@")
        .press(&["bob"])
        .expect("@bob")
        .press(&["Enter"])
        .expect("[Tweets]");
    ada.press(&["C"]).expect("Message to @bob").press(&["Shall we meet?", "Enter"]).expect("✓");
    bob.expect("New message from @ada")
        .press(&["Alt-a"])
        .expect("Shall we meet?")
        .press(&["At noon", "Enter"]);
    ada.expect("At noon").expect("✓✓ read");

    // Remove a follower for good: the request is sent when it can no longer be undone.
    ada.press(&["Esc", "g", "p", ">", ">"]).expect("[Followers]").expect("● @bob");
    ada.press(&["j", "R"]).expect("Removing @bob").expect("u undo").expect_gone("u undo");

    // Sign out, then sign in again, first with a wrong password.
    bob.press(&["Esc", ":", "log-out", "Enter"]).expect("Sign out on this device?").press(&["2"]);
    assert_eq!(bob.exit_code(), 0, "{}", bob.text());
    let mut bob = bob_again();
    bob.expect("Sign in").press(&["Enter"]).expect("Username");
    bob.press(&["bob", "Enter", "not the password", "Enter"]).expect("Wrong username or password");
    bob.press(&[PASSWORD, "Enter"]).expect("@bob · live").expect("This changes everything");
    // @bob follows no one now, and follows @ada again.
    bob.press(&["@", "ada"]).expect("@ada").press(&["Enter"]).expect("[Tweets]").expect("1 tweet ");
    bob.press(&["F"]).expect("You follow @ada").quit();
    ada.press(&["Esc"]).quit();
}
