//! What two people do in plain mode, here and over ssh: the same script.

use std::time::Duration;

use super::{PASSWORD, Terminal, until};

/// Longer than lines that arrive together are apart: they would be one pasted text.
const BETWEEN_LINES: Duration = Duration::from_millis(150);

/// Says a line and waits for what is answered.
#[track_caller]
pub fn say(terminal: &mut Terminal, line: &str, answer: &str) {
    std::thread::sleep(BETWEEN_LINES);
    terminal.type_line(line);
    terminal.expect(answer);
}

/// Everything that the original could do; `bob_again` is another terminal for bob.
pub fn walk(mut ada: Terminal, mut bob: Terminal, bob_again: impl FnOnce() -> Terminal) {
    for (terminal, name) in [(&mut ada, "ada"), (&mut bob, "bob")] {
        terminal.expect("2. Create an account");
        say(terminal, "2", "Username");
        say(terminal, name, "Display name");
        say(terminal, "", "Password");
        say(terminal, PASSWORD, "Confirm password");
        say(terminal, PASSWORD, "Your home feed fills up");
        assert!(!terminal.screen().contains(PASSWORD), "{}", terminal.screen());
    }
    // Post, then undo: what is typed then is not published by mistake.
    say(&mut ada, "post", "or an empty line to close?");
    say(&mut ada, "The engine works #Rust", "Sending");
    say(&mut ada, "undo", "Your draft is open. New tweet, public. “The engine works #Rust”");
    say(&mut ada, "at last", "Type “:add at last” to add it");
    say(&mut ada, ":add at last", "“The engine works #Rust at last”");
    // What is pasted is one text, and nothing of it is run.
    say(&mut ada, ":discard-draft", "Draft discarded");
    say(&mut ada, "post", "or an empty line to close?");
    say(&mut ada, "The engine works #Rust\rquit\rat last", "3 lines arrived together");
    ada.expect("3 lines: “The engine works #Rust quit at last”");
    say(&mut ada, ":rewrite The engine works #Rust at last", "“The engine works #Rust at last”");
    say(&mut ada, ":send", "1. ada, just now. The engine works #Rust at last");
    // People, follow; the feed.
    say(&mut bob, "people", "1. ada, online");
    say(&mut bob, "1", "ada, ");
    say(&mut bob, "follow", "You follow @ada.");
    say(&mut bob, "home", "1. ada, just now. The engine works #Rust at last");
    // Like, quote, reply, thread.
    say(&mut bob, "like 1", "Liked.");
    say(&mut bob, "quote", "Quote of @ada, public.");
    say(&mut bob, "Everything changes", "Sent.");
    say(&mut bob, "reply how fast? #rust", "Sent.");
    say(&mut ada, "notifs", "1. New. bob replied to you, just now. @ada how fast?");
    say(&mut ada, "mine", "The engine works");
    say(&mut ada, "thread", "Reply, level 1. bob, ");
    // Remove a follower, then undo.
    say(&mut ada, "user bob", "@bob");
    say(&mut ada, "remove-follower", "Removing @bob from your followers");
    say(&mut ada, "undo", "Kept @bob as a follower");
    // Who's online, and chat.
    say(&mut ada, "online", "bob, online");
    say(&mut ada, "chat bob", "To @bob, private: only the two of you can read it.");
    say(&mut ada, "Shall we meet?", "You, just now: Shall we meet?");
    bob.expect("New message from @ada");
    say(&mut bob, "next-unread", "ada, just now: Shall we meet?");
    say(&mut bob, "quit", "Type “:quit” to run it");
    // Ada has the conversation open: her receipt may be there before the message is shown.
    say(&mut bob, "At noon", ": At noon");
    ada.expect("bob, just now: At noon");
    assert!(!ada.screen().contains("bob, just now: quit"), "{}", ada.screen());
    // Wrong words, help, and out.
    say(&mut ada, "", "Closed.");
    say(&mut ada, "nonsense", "There is no command “nonsense”");
    say(&mut ada, "help follow", "follow: Follow or unfollow. Takes a username");
    // Trends; a follower is removed, and who leaves does not leave that undone.
    until("#Rust is a trend", || {
        say(&mut ada, "home", "Home.");
        say(&mut ada, "tags", "Tags.");
        std::thread::sleep(Duration::from_millis(200));
        ada.screen().contains("#Rust, 2 people today")
    });
    say(&mut ada, "user bob", "@bob");
    say(&mut ada, "remove-follower", "Removing @bob from your followers");
    say(&mut ada, "quit", "Goodbye.");
    assert_eq!(ada.exit_code(), 0);
    // Sign out, then sign in again, first with a wrong password.
    say(&mut bob, "", "Closed.");
    say(&mut bob, "log-out", "Sign out on this device?");
    say(&mut bob, "yes", "Signed out of @bob");
    bob.expect("Goodbye.");
    assert_eq!(bob.exit_code(), 0);
    let mut bob = bob_again();
    bob.expect("1. Sign in");
    say(&mut bob, "1", "Username");
    say(&mut bob, "bob", "Password");
    say(&mut bob, "not the password", "Wrong username or password");
    say(&mut bob, PASSWORD, "Home.");
    say(&mut bob, "people", "1. ada, ");
    say(&mut bob, "1", "ada, ");
    say(&mut bob, "follow", "You follow @ada.");
    // A text that is too long for one.
    say(&mut bob, "post", "Type your text in one line");
    say(&mut bob, &"many words ".repeat(60), "“:split” splits it into a thread");
    say(&mut bob, ":split", "1. Send 2 tweets");
    say(&mut bob, "1", "Sending");
    say(&mut bob, "quit", "Goodbye.");
    assert_eq!(bob.exit_code(), 0);
    assert!(!bob.screen().contains(PASSWORD), "{}", bob.screen());
    let all = ada.screen();
    assert!(!all.contains('\u{1b}') && !all.contains('│') && !all.contains('●'), "{all}");
}
