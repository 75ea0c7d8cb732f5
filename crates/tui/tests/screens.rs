//! Snapshots of every screen at several sizes, and properties of all of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::screens::{SCREENS, SIZES, at};
use driver::{TuiDriver, id, tweet};
use mini_tweet_tui::message::Message;
use mini_tweet_tui::view::draw;
use terminal::grid::Size;

fn snapshot(name: &str, make: impl Fn((u16, u16)) -> TuiDriver) {
    let mut all = String::new();
    for size in SIZES {
        all.push_str(&format!("{}×{}\n{}\n", size.0, size.1, make(size).screen()));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, all);
    });
}

fn rules() -> Vec<String> {
    let rules = [
        "Be kind. Argue with what is said, not with who says it.",
        "No ads, no chain messages.",
        "Warn before spoilers and exam results.",
        "What is said in followers-only tweets stays there.",
    ];
    rules.map(str::to_owned).to_vec()
}

#[test]
fn every_screen_at_every_size() {
    for (name, keys) in SCREENS {
        snapshot(name, |size| at(keys, size));
    }
}

#[test]
fn empty_screens_and_failures_at_every_size() {
    let new = |(width, height)| TuiDriver::newcomer(width, height);
    for (name, keys) in [
        ("empty_home", "down"),
        ("empty_local", "g l"),
        ("empty_bookmarks", "g b"),
        ("empty_search", "g / text:printr enter"),
        ("empty_drafts", "g d"),
    ] {
        snapshot(name, |size| {
            let mut driver = new(size);
            driver.press(keys);
            driver
        });
    }
    snapshot("failed", |size| {
        let mut driver = new(size);
        driver.refusal = Some(model::Error::Busy);
        driver.press("g b");
        driver
    });
    snapshot("conversation_deleting", |size| at("3 enter esc k d", size));
    snapshot("conversation_edit_refused", |size| {
        let mut driver = at("3 enter up text:! enter esc", size);
        driver.refusal = Some(model::Error::forbidden("you block this account"));
        driver.wait(20_000);
        driver
    });
    snapshot("outbox", |size| {
        let mut driver = at("", size);
        driver.refusal = Some(model::Error::not_found("tweet"));
        driver.press("r text:Same_here ctrl-s").wait(20_000);
        driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
        driver.press("c text:Shipping_tonight,_the_queue_drains_in_40_ms ctrl-s").wait(20_000);
        driver.press("c text:Notes_on_the_import,_part_one esc g d").wait(9_000);
        driver
    });
}

#[test]
fn the_first_screens_at_every_size() {
    let guest = |server: &str, (width, height)| {
        let server = server.to_owned();
        let setup =
            mini_tweet_tui::state::Setup { server: server.clone(), ..TuiDriver::setup(width, height) };
        TuiDriver::with(setup, !server.is_empty())
    };
    snapshot("welcome", |size| guest("", size));
    snapshot("welcome_join", |(width, height)| {
        let own = mini_tweet_tui::state::OwnServer {
            address: "127.0.0.1:4280".into(),
            name: "Reed Hall".into(),
            data: "~/.local/share/mini-tweet/server".into(),
            is_running: true,
        };
        let setup = mini_tweet_tui::state::Setup {
            server: String::new(),
            own_server: Some(own),
            ..TuiDriver::setup(width, height)
        };
        TuiDriver::with(setup, false)
    });
    snapshot("sign_up_rules", |(width, height)| {
        let setup =
            mini_tweet_tui::state::Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) };
        let mut driver = TuiDriver::with(setup, false);
        driver.info.rules = rules();
        driver.connect(false);
        driver.press("2");
        driver
    });
    snapshot("about_rules", |size| {
        let mut driver = at("", size);
        driver.info.rules = rules();
        driver.press("g a");
        driver
    });
    snapshot("sign_in", |size| guest("a.org:4280", size));
    snapshot("log_in", |size| {
        let mut driver = guest("a.org:4280", size);
        driver.press("1 text:ada enter text:secret1234");
        driver.refusal = Some(model::Error::Unauthenticated("wrong".into()));
        driver.press("enter");
        driver
    });
    snapshot("sign_up", |size| {
        let mut driver = guest("a.org:4280", size);
        driver.press("2 text:ada tab tab text:three_words_suffice enter text:other enter");
        driver
    });
    snapshot("no_such_server", |size| {
        let mut driver = guest("", size);
        driver.press("1 text:tweets.example.org enter");
        driver.handle(Message::Unreachable(client::ClientError::Unreachable {
            endpoint: "tweets.example.org:4280".into(),
            reason: "no host with this name was found; check the name and your network".into(),
        }));
        driver
    });
    snapshot("no_connection", |(width, height)| {
        let setup =
            mini_tweet_tui::state::Setup { username: Some("ada".into()), ..TuiDriver::setup(width, height) };
        let mut driver = TuiDriver::with(setup, false);
        driver.handle(Message::Unreachable(client::ClientError::Unreachable {
            endpoint: "tweets.example.org:4280".into(),
            reason: "connection refused".into(),
        }));
        driver.wait(9_000);
        driver
    });
}

#[test]
fn sheets_and_dialogs_at_every_size() {
    snapshot("which_key", |size| {
        let mut driver = at("g", size);
        driver.wait(1_000);
        driver
    });
    snapshot("which_key_while_writing", |size| {
        let mut driver = at("c text:hello ctrl-x", size);
        driver.wait(1_000);
        driver
    });
    snapshot("accounts", |size| {
        let setup = mini_tweet_tui::state::Setup {
            username: Some("ada".into()),
            others: vec!["work@works.example:4280".into()],
            server_names: [("works.example:4280".to_owned(), "Example Works".to_owned())].into(),
            ..TuiDriver::setup(size.0, size.1)
        };
        let mut driver = TuiDriver::with(setup, true);
        driver.wait(9_000).handle(Message::UnreadElsewhere("work@works.example:4280".into(), Some(2)));
        let names = ["ada@tweets.example.org:4280", "bob@c.org:4280", "work@works.example:4280"];
        driver.handle(Message::Accounts(names.map(str::to_owned).to_vec()));
        driver
    });
    let key = |letter: &str| format!("SHA256:{letter}6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0");
    let key = |letter: &str| protocol::tls::Fingerprint::parse(&key(letter)).unwrap();
    let guest = |(width, height)| {
        let server = "tweets.example.org:4280".to_owned();
        let setup = mini_tweet_tui::state::Setup { server, ..TuiDriver::setup(width, height) };
        TuiDriver::with(setup, false)
    };
    snapshot("first_contact", |size| {
        let mut driver = guest(size);
        let endpoint = "tweets.example.org:4280".into();
        driver
            .handle(Message::Unreachable(client::ClientError::KeyUnknown { endpoint, presented: key("u") }));
        driver
    });
    snapshot("key_changed", |size| {
        let mut driver = guest(size);
        driver.handle(Message::Unreachable(client::ClientError::KeyChanged {
            endpoint: "tweets.example.org:4280".into(),
            known: key("u"),
            presented: key("v"),
            known_hosts: "/home/ada/.local/share/mini-tweet/known_hosts".into(),
        }));
        driver
    });
    snapshot("connect", |size| {
        let (width, height) = size;
        let setup = mini_tweet_tui::state::Setup { server: String::new(), ..TuiDriver::setup(width, height) };
        let mut driver = TuiDriver::with(setup, false);
        driver.press("1");
        driver
    });
}

/// Pairs of keys that lead to the same screen in two states, which must differ in their text.
#[test]
fn no_state_is_shown_by_color_alone() {
    let pairs: [(&str, &str, &str); 9] = [
        ("the user's like", "", "f"),
        ("the user's retweet", "", "b"),
        ("a bookmarked tweet", "", "s"),
        ("the selected row", "j", "j j"),
        ("the current tab", "2", "3"),
        ("the marked choice", ": text:go", ": text:go down"),
        ("the current section", "a", "a >"),
        ("a followed person", "5 j j", "5 j j F"),
        ("the audience", "c text:x", "c text:x alt-v"),
    ];
    for (what, one, other) in pairs {
        let screen = |keys| {
            let mut driver = at(keys, (80, 24));
            // Without the message at the bottom, which would differ.
            driver.wait(60_000);
            driver.screen()
        };
        assert_ne!(screen(one), screen(other), "{what}");
    }
    // The connection.
    let mut driver = at("", (80, 24));
    let live = driver.screen();
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert_ne!(driver.screen(), live);
    // Each presence has its own sign.
    let people = at("5", (80, 24)).screen();
    assert!(
        people.contains("● @grace") && people.contains("◐ @alan") && people.contains("○ @linus"),
        "{people}"
    );
}

#[test]
fn no_text_of_a_user_breaks_the_layout_or_controls_the_terminal() {
    let hostile = [
        "\x1b[2J\x1b]52;c;AAAA\x07\x1b]0;title\x07",
        "\u{9b}31m C1 \u{85} and \u{7f}",
        "\u{202e}gnirts desrever\u{202c} \u{2066}isolate",
        "zero\u{200b}width\u{feff} tags \u{e0041}\u{e007f}",
        "👩‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ❤️ #️⃣",
        "日本語のとても長いツイートです。改行なしでどこまでも続きます。",
        "שלום עולם مرحبا بالعالم mixed עם English",
        &format!("e{} flood", "\u{301}".repeat(60)),
        "a\tb\r\nc\rd\u{b}e\u{c}f",
        &"x".repeat(300),
        "\u{1f3fb}\u{200d}\u{200d} lone joiners \u{fe0f}",
    ];
    for (width, height) in [(20, 6), (40, 12), (80, 24), (200, 50)] {
        let mut driver = TuiDriver::new(width, height);
        for (n, text) in (1_i64..).zip(hostile) {
            driver.accounts.push(driver::account(100 + u64::try_from(n).unwrap(), &format!("user{n}"), text));
            let mut new = tweet(0, 100 + u64::try_from(n).unwrap(), text);
            new.id = id(0) + u64::try_from(n).unwrap();
            driver.receive_tweet(new);
        }
        driver.press(".");
        for keys in [
            "j", "j", "j", "a", "esc", "t", "esc", "j", "B", "esc", "j", "o", "esc", "i", "esc", "5", "g l",
            "g n",
        ] {
            driver.press(keys);
            let (grid, caret) = draw(&driver.state);
            assert_eq!(grid.size(), Size { width, height });
            for y in 0..height {
                let mut columns = 0;
                for x in 0..width {
                    let cell = grid.cell(x, y).unwrap();
                    assert!(!cell.text.chars().any(|c| c.is_control()), "{:?}", cell.text);
                    assert!(!cell.text.contains([
                        '\u{202e}',
                        '\u{2066}',
                        '\u{200b}',
                        '\u{feff}',
                        '\u{e0041}'
                    ]));
                    assert!(cell.text.chars().count() <= 12, "{:?}", cell.text);
                    columns +=
                        if cell.text.is_empty() { 0 } else { terminal::measure::cluster_columns(&cell.text) };
                }
                assert_eq!(columns, usize::from(width), "line {y} at {width}×{height} after {keys}");
            }
            if let Some((x, y)) = caret {
                assert!(x < width && y < height);
            }
        }
    }
}

#[test]
fn any_size_and_any_change_of_size_is_drawn() {
    let mut driver = TuiDriver::new(80, 24);
    let sizes = [(1, 1), (2, 1), (1, 50), (500, 200), (3, 3), (49, 13), (500, 1), (80, 24)];
    for keys in ["", "c text:hello", "esc", ":", "esc", "?", "esc", "3 enter", "esc esc", "g s", "g", "esc"] {
        if !keys.is_empty() {
            driver.press(keys);
        }
        for (width, height) in sizes {
            driver.handle(Message::Resized(Size::clamped(width, height)));
            let _ = draw(&driver.state);
        }
    }
    assert_eq!(Size::clamped(65_535, 65_535), Size { width: 500, height: 200 });
}
