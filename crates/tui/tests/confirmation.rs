//! What ends, deletes or starts something is never run by a slip: it is found only by its words, after everything else,
//! and it is asked first, with “No” as the first answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::plain::PlainDriver;
use mini_tweet_tui::commands::{Action, COMMANDS};
use mini_tweet_tui::message::{Effect, Message, Purpose};
use mini_tweet_tui::prompt::PromptKind;
use mini_tweet_tui::route::{PageSelector, Route};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Response;

fn driver() -> TuiDriver {
    let mut driver = TuiDriver::new(80, 24);
    driver.wait(60_000);
    driver
}

/// What was requested or begun that a slip must not do.
fn harm(driver: &TuiDriver) -> Vec<String> {
    let requests = driver.requests().into_iter().filter(|op| {
        matches!(
            op,
            Op::LogOut(_)
                | Op::DeleteTweet(_)
                | Op::DeleteMessage(_)
                | Op::Block(_)
                | Op::RemoveFollower(_)
                | Op::Report(_)
                | Op::RevokeSession(_)
                | Op::RevokeSshKey(_)
        )
    });
    let effects =
        driver.effects.iter().filter(|effect| matches!(effect, Effect::HostHere | Effect::StopHere));
    let held = driver.state.undo.waiting.iter().map(|(_, action)| format!("{action:?}"));
    let requests = requests.map(|op| format!("{op:?}"));
    requests.chain(effects.map(|effect| format!("{effect:?}"))).chain(held).collect()
}

fn is_asked(driver: &TuiDriver) -> bool {
    driver.state.prompt.as_ref().is_some_and(|prompt| matches!(prompt.kind, PromptKind::Confirm(_)))
}

/// The choices of the palette, in their order.
fn found(typed: &str) -> String {
    let mut driver = TuiDriver::new(120, 60);
    driver.press(":").press(&format!("text:{typed}"));
    driver.screen()
}

// Finding.

#[test]
fn a_word_that_is_no_command_runs_nothing_and_says_so() {
    for typed in ["invite", "list", "users", "lst", "sgnout", "evrywhere", "strt", "xx"] {
        for key in [":", "?"] {
            let mut driver = driver();
            let before = driver.state.route().clone();
            driver.press(key).press(&format!("text:{typed} enter"));
            if is_asked(&driver) || driver.state.prompt.is_none() {
                // Some of the words are in a command that does no harm.
                assert!(!is_asked(&driver) && found(typed).contains(typed), "{typed}\n{}", driver.screen());
                continue;
            }
            assert!(driver.shows("nothing was run"), "{key} {typed}\n{}", driver.screen());
            assert_eq!(*driver.state.route(), before, "{typed}");
            assert_eq!(harm(&driver), Vec::<String>::new(), "{typed}");
        }
    }
    let mut driver = driver();
    driver.press(": text:qqzzxx enter");
    assert!(driver.shows("No command is called “qqzzxx”: nothing was run"), "{}", driver.screen());
    // It can still be searched for.
    driver.press("down enter");
    assert!(matches!(driver.state.route(), Route::Search(..)), "{}", driver.screen());
}

#[test]
fn no_misspelling_of_a_command_does_harm() {
    let mut driver = driver();
    for command in COMMANDS {
        for left_out in 0..command.id.len() {
            let typed: String =
                command.id.chars().enumerate().filter(|(at, _)| *at != left_out).map(|(_, c)| c).collect();
            let harmed = harm(&driver);
            driver.press(":").press(&format!("text:{typed} enter"));
            assert_eq!(harm(&driver), harmed, "{typed}\n{}", driver.screen());
            let has_its_words = command.is_deliberate()
                || COMMANDS.iter().any(|other| other.is_deliberate() && other.id.contains(&typed));
            assert!(!is_asked(&driver) || has_its_words, "{typed}\n{}", driver.screen());
            driver.press("esc esc esc");
            driver.state.form = None;
            driver.state.composer = None;
        }
    }
}

#[test]
fn what_a_slip_must_not_do_is_found_by_its_words_and_comes_last() {
    let place = |screen: &str, title: &str| screen.find(title).unwrap_or_else(|| panic!("{title}\n{screen}"));
    let screen = found("log");
    assert!(place(&screen, "Log of this session") < place(&screen, "Sign out on this device"), "{screen}");
    let screen = found("block");
    assert!(place(&screen, "Block or unblock") < place(&screen, "People you blocked"), "its whole name");
    let screen = found("blo");
    assert!(place(&screen, "People you blocked") < place(&screen, "Block or unblock"), "{screen}");
    for (typed, title) in [
        ("sign_out", "Sign out on this device"),
        ("logout", "Sign out on this device"),
        ("every", "Sign out on all devices"),
        ("serv", "Start your own server"),
        ("passw", "Change your password"),
    ] {
        assert!(found(typed).contains(title), "{typed}");
    }
    // Letters of a word, and a key, are no words.
    for typed in ["lgout", "ignout", "X", "erywhere"] {
        let screen = found(typed);
        assert!(!screen.contains("Sign out") && !screen.contains("Block or"), "{typed}\n{screen}");
    }
}

// Asking.

#[test]
fn every_such_command_is_asked_about_and_no_is_the_first_answer() {
    for command in COMMANDS.iter().filter(|command| command.is_deliberate()) {
        // A form asks for the passwords.
        if command.action == Action::Password {
            continue;
        }
        let mut driver = driver();
        match command.action {
            // Of the user's own tweets, and a follower.
            Action::Delete => driver.press("g m"),
            Action::RemoveFollower => driver.press("g p > > j"),
            _ => &mut driver,
        };
        driver.press(":").press(&format!("text:{} enter", command.id));
        assert!(is_asked(&driver), "{}\n{}", command.id, driver.screen());
        let screen = driver.screen();
        assert!(screen.contains("▌1 No") && screen.contains("2 Yes"), "{screen}");
        driver.press("enter").wait(60_000);
        assert!(driver.state.prompt.is_none(), "{}", driver.screen());
        assert_eq!(harm(&driver), Vec::<String>::new(), "{}", command.id);
        driver.press(":").press(&format!("text:{} enter 2", command.id)).wait(60_000);
        assert_eq!(harm(&driver).len(), 1, "{}\n{}", command.id, driver.screen());
    }
}

#[test]
fn a_key_that_can_be_undone_is_not_asked_about() {
    let mut driver = driver();
    driver.press("X");
    assert!(!is_asked(&driver) && driver.shows("Blocking @linus"), "{}", driver.screen());
    driver.press("u g m d");
    assert!(!is_asked(&driver) && driver.shows("Deleting the tweet"), "{}", driver.screen());
}

#[test]
fn ending_a_block_is_not_asked_about() {
    let mut driver = driver();
    driver.press("X").wait(9_000).press(": text:block enter");
    assert!(!is_asked(&driver), "{}", driver.screen());
    assert!(driver.requests().iter().any(|op| matches!(op, Op::Unblock(_))), "{}", driver.screen());
}

#[test]
fn what_is_asked_about_does_not_change_with_the_selection() {
    let mut driver = driver();
    driver.press(": text:block enter");
    assert!(driver.shows("Block @linus?"), "{}", driver.screen());
    driver.handle(Message::Select(1));
    driver.press("2").wait(9_000);
    let blocked = driver.requests().into_iter().find_map(|op| match op {
        Op::Block(v1::Block { username }) => Some(username.clone()),
        _ => None,
    });
    assert_eq!(blocked.as_deref(), Some("linus"));
}

#[test]
fn signing_out_from_the_menu_of_accounts_is_asked_about() {
    let mut driver = driver();
    driver.handle(Message::Accounts(vec!["ada@tweets.example.org:4280".into()]));
    driver.press("3");
    assert!(
        driver.shows("Sign out on this device?") && driver.shows("@ada on Gardeners"),
        "{}",
        driver.screen()
    );
    driver.press("esc");
    assert_eq!(harm(&driver), Vec::<String>::new());
}

#[test]
fn sessions_and_keys_are_asked_about() {
    let other = v1::Session { id: 77, client_name: "laptop".into(), ..v1::Session::default() };
    let sessions = v1::SessionList { sessions: vec![other] };
    let key = v1::SshKey { id: 78, name: "ada@laptop".into(), ..v1::SshKey::default() };
    let keys = v1::SshKeyList { keys: vec![key] };
    for (route, answer, title, name, done, kept) in [
        (
            Route::Sessions,
            Response::SessionList(sessions),
            "Sign this device out?",
            "laptop",
            "signed out",
            "Session kept",
        ),
        (
            Route::Keys,
            Response::SshKeyList(keys),
            "Remove this SSH key?",
            "ada@laptop",
            "removed",
            "SSH key kept",
        ),
    ] {
        let mut driver = driver();
        let command = if route == Route::Keys { "keys" } else { "sessions" };
        driver.press(&format!(": text:{command} enter"));
        driver.handle(Message::Answered(Purpose::Fill(route, PageSelector::Newest), Ok(answer)));
        driver.press("G enter");
        assert!(driver.shows(title) && driver.shows(name), "{}", driver.screen());
        driver.press("enter").wait(60_000);
        assert_eq!(harm(&driver), Vec::<String>::new(), "{command}");
        // After the answer there is still some time to undo it.
        driver.press("enter 2");
        assert!(driver.shows(&format!("{done} in 8 s · u to keep")), "{}", driver.screen());
        driver.press("u");
        assert!(driver.shows(kept), "{}", driver.screen());
        driver.wait(60_000);
        assert_eq!(harm(&driver), Vec::<String>::new(), "{command}");
        driver.press("enter 2").wait(60_000);
        assert_eq!(harm(&driver).len(), 1, "{}", driver.screen());
    }
}

// Plain mode.

#[test]
fn plain_mode_asks_too_and_an_empty_line_does_nothing() {
    let mut plain = PlainDriver::new();
    for line in ["lo-gout", "logoff", "sign", "out", "log-ou"] {
        assert!(plain.line(line).contains("There is no command"), "{line}");
    }
    let said = plain.line("log-out-everywhere");
    assert!(said.contains("Sign out on all devices?") && said.contains("1. No."), "{said}");
    for no in ["", "no", "1", "cancel"] {
        plain.lines(&["log-out-everywhere", no]);
        assert_eq!(harm(&plain.tui), Vec::<String>::new(), "{no}");
    }
    plain.lines(&["log-out-everywhere", "yes"]);
    assert_eq!(harm(&plain.tui).len(), 1);
}
