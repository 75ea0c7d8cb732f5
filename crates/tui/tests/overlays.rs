//! Menus, pickers, dialogs and the sheet of keys: what they offer, what their keys mean, and that no text is cut.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use mini_tweet_tui::commands::COMMANDS;
use mini_tweet_tui::message::Message;
use mini_tweet_tui::route::Route;
use terminal::key::{Event, MouseAction};

const SIZES: [(u16, u16); 5] = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)];

fn driver(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.wait(60_000);
    driver
}

/// What is inside the frame on the screen.
fn inside(driver: &TuiDriver) -> Vec<String> {
    let screen = driver.screen();
    let column = |line: &str, sign: char| {
        line.find(sign).map(|at| terminal::measure::columns(line.get(..at).unwrap_or_default()))
    };
    let frame = screen.lines().find_map(|line| Some((column(line, '╭')?, column(line, '╮')?)));
    let (from, to) = frame.unwrap_or_else(|| panic!("no frame\n{screen}"));
    let part = |line: &str| {
        let mut at = 0;
        let of = |c: char| terminal::measure::columns(c.encode_utf8(&mut [0; 4]));
        let keep = |c: &char| {
            at += of(*c);
            at > from && at <= to + 1
        };
        line.chars().filter(keep).collect::<String>()
    };
    screen.lines().map(part).collect()
}

/// The rows in the frame, without blank ones.
fn rows(driver: &TuiDriver) -> Vec<String> {
    let inner = inside(driver);
    let bare = inner.iter().filter_map(|line| line.strip_prefix('│')?.strip_suffix('│'));
    let bare = bare.map(|row| row.trim().trim_start_matches('▌').trim().to_owned());
    bare.filter(|row| !row.is_empty()).collect()
}

#[test]
fn the_palette_opens_with_what_fits_what_was_run_and_places() {
    let mut driver = driver(80, 24);
    driver.press(": text:theme_night enter").wait(60_000).press(":");
    let rows = rows(&driver);
    let place = |text: &str| {
        rows.iter().position(|row| row.starts_with(text)).unwrap_or_else(|| panic!("{text}\n{rows:#?}"))
    };
    assert!(place("Suggested here") < place("Reply to @linus") && place("Reply to @linus") < place("Recent"));
    assert!(
        place("Recent") < place("Change the theme: night")
            && place("Change the theme: night") < place("Go to")
    );
    assert!(
        place("Go to") < place("Home") && rows.iter().any(|row| row.starts_with("Notifications · 2 unread"))
    );
    assert!(!rows.iter().any(|row| row.contains("page down")), "no motions\n{rows:#?}");
    assert!(rows.last().unwrap().contains("mini-tweet reply"), "{rows:#?}");
    driver.press("text:half");
    assert!(driver.shows("Half a page down") && driver.shows("found"), "{}", driver.screen());
}

#[test]
fn the_palette_finds_commands_by_name_key_and_verb_of_the_command_line() {
    for (typed, label) in [
        ("unfollow", "Follow or unfollow"),
        ("followers", "Your followers"),
        ("passwd", "Change your password"),
        ("unlike", "Like, or undo it"),
        ("gh", "Home"),
        ("retw", "Retweet, or undo it"),
        ("post", "Write a tweet"),
    ] {
        let mut driver = driver(80, 24);
        driver.press(":").press(&format!("text:{typed}"));
        let first = rows(&driver).into_iter().nth(1).unwrap_or_default();
        assert!(first.starts_with(label), "{typed}: {first}\n{}", driver.screen());
    }
}

#[test]
fn help_has_groups_and_says_why_something_cannot_be_done() {
    let mut driver = driver(120, 40);
    driver.press("?");
    for group in ["This tweet", "Its author", "This list", "Go to", "Anywhere"] {
        assert!(driver.shows(group), "{group}\n{}", driver.screen());
    }
    assert!(driver.shows("Delete · Not your tweet"), "{}", driver.screen());
    let screen = driver.screen();
    let side_by_side = screen.lines().any(|line| line.contains("This tweet") && line.contains("   "));
    assert!(
        side_by_side && screen.lines().any(|line| line.contains("Reply") && line.matches("  ").count() > 2)
    );
    driver.press("text:bookm enter");
    assert!(driver.state.prompt.is_none() && driver.shows("★"), "{}", driver.screen());
    // Ways to move are one entry until they are wanted.
    driver.press("?");
    assert!(driver.shows("More ways to move…") && !driver.shows("Half a page"), "{}", driver.screen());
    driver.press("text:move");
    assert!(driver.shows("Half a page down"), "{}", driver.screen());
}

#[test]
fn help_shows_the_focused_entry_at_every_size_and_counts_the_rest() {
    for (width, height) in SIZES {
        let mut driver = driver(width, height);
        driver.press("?");
        assert!(driver.shows("Help"), "{}", driver.screen());
        assert!(driver.shows("more") || height > 24, "{}", driver.screen());
        driver.press("up");
        assert!(driver.screen().lines().any(|line| line.contains("▌  ")), "{}", driver.screen());
    }
}

#[test]
fn letters_do_nothing_in_a_menu_and_digits_choose() {
    let mut driver = driver(80, 24);
    driver.press("o");
    let menu = driver.screen();
    assert!(driver.shows("1 #rust") && driver.shows("Enter or 1-9 choose · Esc back"), "{menu}");
    driver.press("text:zq");
    assert_eq!(driver.screen(), menu);
    driver.press("1");
    assert_eq!(*driver.state.route(), Route::Hashtag("rust".into()));
}

#[test]
fn the_menu_of_accounts_names_the_servers_that_are_known() {
    for (width, height) in SIZES {
        let setup = mini_tweet_tui::state::Setup {
            username: Some("ada".into()),
            server_names: [("b.org:4280".to_owned(), "Example Works".to_owned())].into(),
            ..TuiDriver::setup(width, height)
        };
        let mut driver = TuiDriver::with(setup, true);
        let names = ["ada@tweets.example.org:4280", "work@b.org:4280", "bob@c.org:4280"];
        driver.handle(Message::Accounts(names.map(str::to_owned).to_vec()));
        let screen = driver.screen();
        for text in ["Gardeners", "tweets.example.org:4280", "Example Works", "b.org:4280", "c.org:4280"] {
            assert!(screen.contains(text), "{text}\n{screen}");
        }
    }
}

#[test]
fn the_menu_of_accounts_takes_digits_and_offers_to_sign_out() {
    let mut driver = driver(80, 24);
    driver.handle(Message::Accounts(vec!["ada@tweets.example.org:4280".into(), "work@b.org:4280".into()]));
    let rows = rows(&driver);
    assert!(
        rows.first().unwrap().starts_with("1 @ada") && rows.first().unwrap().ends_with("here ✓"),
        "{rows:#?}"
    );
    assert!(
        rows.get(1).unwrap().contains("@work") && rows.get(1).unwrap().contains("b.org:4280"),
        "{rows:#?}"
    );
    assert!(driver.shows("Add an account…") && driver.shows("Sign out of @ada…"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.state.prompt.is_none() && *driver.state.route() == Route::Home);
    driver.handle(Message::Accounts(vec!["ada@tweets.example.org:4280".into(), "work@b.org:4280".into()]));
    driver.press("2");
    assert!(driver.effects.iter().any(|effect| format!("{effect:?}").contains("work@b.org")));
}

#[test]
fn titles_and_keys_are_in_the_frame() {
    let mut driver = driver(80, 24);
    driver.press(":");
    let screen = driver.screen();
    assert!(
        screen.contains("╭─ Commands ──") && screen.contains("commands · type to find · Alt-c copy ─╯"),
        "{screen}"
    );
    assert_eq!(inside(&driver).first().map_or(0, |line| line.chars().count()), 72);
    driver.press("esc i");
    assert!(driver.shows("╭─ Details ──") && driver.shows("Esc closes ─╯"), "{}", driver.screen());
    driver.press("enter");
    assert!(driver.state.prompt.is_none(), "Enter closes what only informs");
    // On a tiny screen there is a title and no frame.
    let mut driver = self::driver(40, 12);
    driver.press("?");
    assert!(driver.shows("  Help") && !driver.shows("╭"), "{}", driver.screen());
}

#[test]
fn no_text_of_an_overlay_is_cut_at_eighty_columns_or_more() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        for keys in
            [":", ": text:re", "?", "ctrl-k", "g /", "#", "@", "o", ": text:bind enter", ": text:quiet enter"]
        {
            let mut driver = driver(width, height);
            driver.press(keys);
            for row in rows(&driver) {
                let is_ours = ["move…", "1 … 6", "y…", "z…"].iter().any(|text| row.contains(text));
                assert!(!row.contains('…') || is_ours, "{keys}: {row}");
            }
        }
    }
}

#[test]
fn the_keys_that_can_follow_are_a_sheet_over_the_full_width() {
    for (width, height) in [(60, 24), (80, 24), (120, 40), (200, 50)] {
        let mut driver = driver(width, height);
        driver.press("g").wait(1_000);
        let screen = driver.screen();
        let rule = screen
            .lines()
            .find(|line| line.starts_with("─ g… Go to ─"))
            .unwrap_or_else(|| panic!("{screen}"));
        assert_eq!(rule.chars().count(), usize::from(width), "{screen}");
        for command in
            COMMANDS.iter().filter(|command| command.keys.iter().any(|keys| keys.starts_with("g ")))
        {
            assert!(screen.contains(command.title), "{}\n{screen}", command.title);
            assert!(command.title.chars().count() <= 22, "{}", command.title);
        }
        assert!(screen.lines().last().unwrap().starts_with(" Esc cancel"), "{screen}");
    }
}

#[test]
fn a_click_takes_the_choice_under_it() {
    for keys in [":", "?", "o"] {
        let mut driver = driver(120, 40);
        driver.press(keys);
        let screen = driver.screen();
        let (y, line) = screen.lines().enumerate().find(|(_, line)| line.contains("▌")).unwrap();
        let x = line.chars().take_while(|c| *c != '▌').count() + 4;
        let (x, y) = (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
        driver.handle(Message::Input(Event::Mouse(MouseAction::Press, x, y)));
        assert!(driver.state.prompt.is_none(), "{keys}\n{}", driver.screen());
    }
}

// Messages and overlays.

#[test]
fn a_message_never_covers_a_sheet_a_menu_or_a_form() {
    let said =
        "Waiting for the connection; your text is kept until it is sent, whatever happens to this terminal";
    for (width, height) in [(60, 20), (80, 24), (120, 40)] {
        for keys in ["g", "z", "y", "?", ":", "o", "i", "g s : text:theme enter", ": text:edit-profile enter"]
        {
            let mut driver = driver(width, height);
            driver.press(keys).wait(400);
            let before = driver.screen();
            driver.state.say(said);
            let after = driver.screen();
            assert_ne!(before, after, "{keys}\n{after}");
            let first_word = after.lines().position(|line| line.contains("Waiting for")).unwrap();
            for (old, new) in before.lines().zip(after.lines()).filter(|(old, new)| old != new) {
                let is_overlay = old.contains(['╭', '│', '╰']) && old.contains(['╮', '│', '╯']);
                let is_sheet = old.contains("Go to") || old.contains("Esc cancel") || old.starts_with("─ ");
                let in_list = width >= 120 && !old.contains('╭');
                assert!((!is_overlay || in_list) && !is_sheet, "{keys} {width}: {old}\n{new}\n{after}");
            }
            assert!(first_word < usize::from(height), "{after}");
        }
    }
}

#[test]
fn on_a_tiny_screen_a_message_takes_only_the_title_row_of_an_overlay() {
    for keys in ["?", "o", "g", ": text:edit-profile enter"] {
        let mut driver = driver(40, 12);
        driver.press(keys).wait(400);
        let before = driver.screen();
        driver.state.say("Waiting for the connection; your text is kept until it is sent");
        let after = driver.screen();
        let changed: Vec<usize> = before
            .lines()
            .zip(after.lines())
            .enumerate()
            .filter(|(_, (old, new))| old != new)
            .map(|(y, _)| y)
            .collect();
        assert_eq!(changed, [0], "{keys}\n{after}");
    }
}

// Scrolling.

#[test]
fn keys_that_scroll_lists_scroll_long_sheets() {
    let mut driver = driver(80, 24);
    driver.press(": text:settings-file enter");
    let top = rows(&driver);
    for (down, up) in
        [("pagedown", "pageup"), ("space", "pageup"), ("ctrl-d", "ctrl-u"), ("end", "home"), ("G", "home")]
    {
        driver.press(down);
        let below = rows(&driver);
        assert_ne!(below, top, "{down}\n{}", driver.screen());
        driver.press(up).press(up);
        assert_eq!(rows(&driver), top, "{up}\n{}", driver.screen());
    }
    driver.press("j j k");
    assert_eq!(driver.state.prompt.as_ref().unwrap().choice, 1);
    // Letters and the space bar are typed where text is typed.
    driver.press("esc ? text:_j");
    assert_eq!(driver.state.prompt.as_ref().unwrap().editor.text(), " j");
    driver.press("ctrl-u pagedown pagedown");
    assert!(driver.state.prompt.as_ref().unwrap().choice > 10, "{}", driver.screen());
    driver.press("end");
    assert!(!driver.shows(" more ·"), "{}", driver.screen());
}

#[test]
fn the_beginning_of_a_long_text_above_choices_can_be_reached() {
    let mut driver = TuiDriver::with(TuiDriver::setup(40, 9), false);
    let presented =
        protocol::tls::Fingerprint::parse("SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0").unwrap();
    let error = client::ClientError::KeyUnknown { endpoint: "tweets.example.org:4280".into(), presented };
    driver.handle(Message::Unreachable(error));
    assert!(!driver.shows("This is your first connection"), "{}", driver.screen());
    driver.press("up up up up");
    assert!(driver.shows("This is your first connection"), "{}", driver.screen());
    driver.press("down down down");
    assert!(driver.shows("▌Trust this key and continue"), "{}", driver.screen());
}

// Help.

#[test]
fn help_lists_only_what_works_where_it_was_opened() {
    let help = |keys: &str| {
        let mut driver = driver(120, 60);
        driver.press(keys).press("f1");
        driver.screen()
    };
    let in_chat = help("3 enter");
    for shown in ["Enter    Send", "Ctrl-j   New line", "To the messages", "Ctrl-x d Drafts and outbox"] {
        assert!(in_chat.contains(shown), "{shown}\n{in_chat}");
    }
    for hidden in ["Who sees it", "Preview, split", "Ctrl-s   Send", "Insert the completion"] {
        assert!(!in_chat.contains(hidden), "{hidden}\n{in_chat}");
    }
    let in_composer = help("c");
    assert!(in_composer.contains("Ctrl-x d Drafts and outbox"), "{in_composer}");
    assert!(in_composer.contains("Who sees it") && !in_composer.contains("gd       Drafts"), "{in_composer}");
    assert!(!help("g m e").contains("Who sees it"), "an edit");
    for keys in [": text:edit-profile enter", "o"] {
        let text = help(keys);
        assert!(!text.contains("Next unread") && !text.contains("Drafts and outbox"), "{keys}\n{text}");
    }
    assert!(!help(": text:edit-profile enter").contains("Show or hide the password"));
    assert!(help(": text:password enter").contains("Show or hide the password"));
}

#[test]
fn the_key_for_help_works_where_no_text_is_typed() {
    let mut driver = TuiDriver::with(TuiDriver::setup(80, 24), true);
    driver.press("?");
    assert!(driver.shows("Help · what you can do here"), "{}", driver.screen());
    assert!(!driver.shows("Next unread") && !driver.shows("Drafts"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.shows("Create an account"), "{}", driver.screen());
}

#[test]
fn words_for_commands_that_people_know_from_elsewhere_find_them() {
    for (typed, label) in [
        ("exit", "Quit"),
        ("message", "Chat"),
        ("mentions", "Notifications"),
        ("home_1234", "Home · takes nothing after “home”"),
        ("thread_1234", "Show the thread: 1234"),
    ] {
        let mut driver = driver(80, 24);
        driver.press(":").press(&format!("text:{typed}"));
        let first = rows(&driver).into_iter().nth(1).unwrap_or_default();
        assert!(first.starts_with(label), "{typed}: {first}\n{}", driver.screen());
    }
}
