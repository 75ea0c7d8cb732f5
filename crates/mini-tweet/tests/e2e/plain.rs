//! What two people do in plain mode, here and over ssh: the same script.

use std::time::Duration;

use super::{PASSWORD, Terminal, until};

/// Says a line and waits for what is answered.
#[track_caller]
pub fn say(terminal: &mut Terminal, line: &str, answer: &str) {
    terminal.type_line(line);
    terminal.expect(answer);
}

/// Everything that the original could do; `bob_again` is another terminal for bob.
pub fn walk(mut ada: Terminal, mut bob: Terminal, bob_again: impl FnOnce() -> Terminal) {
    for (terminal, name) in [(&mut ada, "ada"), (&mut bob, "bob")] {
        terminal.expect("Create an account");
        say(terminal, "2", "Username");
        say(terminal, name, "Name");
        say(terminal, "", "Password");
        say(terminal, PASSWORD, "Once more");
        say(terminal, PASSWORD, "Home. Nothing here yet.");
        assert!(!terminal.screen().contains(PASSWORD), "{}", terminal.screen());
    }
    // Post, and think better of it.
    say(&mut ada, "post", "empty to leave?");
    say(&mut ada, "The engine works #Rust", "Sending");
    say(&mut ada, "undo", "It begins: The engine works #Rust");
    say(&mut ada, " at last", "1. ada, just now. The engine works #Rust at last");
    // People, follow; the feed.
    say(&mut bob, "people", "1. ada, online");
    say(&mut bob, "1", "ada, ");
    say(&mut bob, "follow", "You follow @ada.");
    say(&mut bob, "home", "1. ada, just now. The engine works #Rust at last");
    // Like, quote, reply, thread.
    say(&mut bob, "like", "Liked.");
    say(&mut bob, "quote", "Retweet with your message");
    say(&mut bob, "Everything changes", "Sent.");
    say(&mut bob, "reply", "It begins: @ada");
    say(&mut bob, "how fast? #rust", "Sent.");
    say(&mut ada, "notifs", "1. New. bob answered you, just now. @ada how fast?");
    say(&mut ada, "mine", "The engine works");
    say(&mut ada, "thread", "Answer at depth 1. bob, ");
    // Remove a follower, and take it back.
    say(&mut ada, "user bob", "@bob");
    say(&mut ada, "remove-follower", "Removing @bob from your followers");
    say(&mut ada, "undo", "taken back");
    // Who is there, and chat.
    say(&mut ada, "online", "bob, online");
    say(&mut ada, "chat bob", "To @bob");
    say(&mut ada, "Shall we meet?", "You, just now: Shall we meet?");
    bob.expect("@ada wrote to you");
    say(&mut bob, "next-unread", "ada, just now: Shall we meet?");
    say(&mut bob, "At noon", "You, just now: At noon");
    ada.expect("bob, just now: At noon");
    // Wrong words, help, and out.
    say(&mut ada, "", "Closed.");
    say(&mut ada, "nonsense", "nonsense is no command");
    say(&mut ada, "help", "follow: Follow, or unfollow.");
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
    // Out, and in again; not with any password.
    bob.type_line("");
    say(&mut bob, "log-out", "Goodbye.");
    assert_eq!(bob.exit_code(), 0);
    let mut bob = bob_again();
    bob.expect("Log in");
    say(&mut bob, "1", "Username");
    say(&mut bob, "bob", "Password");
    say(&mut bob, "not the password", "No account has this name with this password");
    say(&mut bob, PASSWORD, "Home.");
    say(&mut bob, "people", "1. ada, ");
    say(&mut bob, "1", "ada, ");
    say(&mut bob, "follow", "You follow @ada.");
    // A text that is too long for one.
    say(&mut bob, "post", "Text in one line");
    say(&mut bob, &"many words ".repeat(60), "say :split to make a thread of it");
    say(&mut bob, ":split", "Sending");
    say(&mut bob, "quit", "Goodbye.");
    assert_eq!(bob.exit_code(), 0);
    assert!(!bob.screen().contains(PASSWORD), "{}", bob.screen());
    let all = ada.screen();
    assert!(!all.contains('\u{1b}') && !all.contains('│') && !all.contains('●'), "{all}");
}
