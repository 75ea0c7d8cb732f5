//! Undo: what it is about is said before, and it never reaches back to what is long past.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{TuiDriver, id};
use protocol::v1;
use protocol::v1::request::Op;

fn driver() -> TuiDriver {
    let mut driver = TuiDriver::new(120, 40);
    driver.wait(9_000);
    driver
}

fn unlikes(driver: &TuiDriver) -> usize {
    let unlike = Op::Unlike(v1::Unlike { tweet_id: id(2) });
    driver.requests().into_iter().filter(|op| **op == unlike).count()
}

/// The last line of the screen.
fn footer(driver: &TuiDriver) -> String {
    driver.screen().lines().last().unwrap().to_owned()
}

#[test]
fn the_footer_names_what_undo_is_about() {
    let mut driver = driver();
    assert!(!footer(&driver).contains("undo"));
    for (keys, name) in
        [("f", "like"), ("b", "retweet"), ("s", "bookmark"), ("f", "unlike"), ("u", "bookmark")]
    {
        driver.press(keys);
        assert!(footer(&driver).contains(&format!("u undo {name}")), "{}", footer(&driver));
        driver.wait(9_000);
        assert!(footer(&driver).contains(&format!("u undo {name}")), "{}", footer(&driver));
    }
    driver.press("5 j j j F").wait(9_000);
    assert!(footer(&driver).contains("u undo follow @yukari"), "{}", footer(&driver));
}

#[test]
fn undo_ends_after_a_minute() {
    let mut driver = driver();
    driver.press("f").wait(60_001);
    assert!(!footer(&driver).contains("undo"), "{}", footer(&driver));
    driver.press("u");
    assert!(driver.shows("Nothing to undo"), "{}", driver.screen());
    assert_eq!(unlikes(&driver), 0);
    driver.press("f f").wait(60_001).press("ctrl-r");
    assert!(driver.shows("Nothing to redo"), "{}", driver.screen());
}

#[test]
fn a_discarded_draft_does_not_come_back_after_a_minute() {
    let mut driver = driver();
    driver.press("c text:old_thoughts alt-x").wait(60_001).press("u");
    assert!(driver.state.composer.is_none());
}

#[test]
fn undo_after_a_text_was_sent_undoes_nothing_older() {
    let mut driver = driver();
    driver.press("f c text:hello ctrl-s").wait(5_001);
    assert!(!footer(&driver).contains("u undo"), "{}", footer(&driver));
    for _ in 0..3 {
        driver.press("u");
        assert!(driver.shows("Already sent; select it, then d deletes it"), "{}", driver.screen());
    }
    assert_eq!(unlikes(&driver), 0);
    driver.wait(60_000).press("u");
    assert_eq!(unlikes(&driver), 0);
    // What was done after it can be undone.
    driver.press("f u");
    assert_eq!(unlikes(&driver), 1);
}

#[test]
fn undo_while_a_text_is_on_its_way_says_so() {
    let mut driver = driver();
    driver.press("f c text:hello ctrl-s");
    driver.responds = false;
    driver.wait(5_001).press("u u");
    assert!(driver.shows("already being sent"), "{}", driver.screen());
    assert_eq!(unlikes(&driver), 0);
}

#[test]
fn the_countdown_belongs_to_the_action_that_undo_is_about() {
    let mut driver = driver();
    driver.press("5 R");
    assert!(driver.shows("removed in 8 s") && driver.shows("u undo remove @grace"), "{}", driver.screen());
    driver.wait(2_000).press("j j F");
    let screen = driver.screen();
    assert!(screen.contains("u undo unfollow @linus") && !screen.contains(" s)"), "{screen}");
    driver.press("u");
    assert!(driver.shows("removed in 6 s") && driver.shows("u undo remove @grace"), "{}", driver.screen());
}

#[test]
fn a_text_that_waits_for_a_connection_can_be_edited_again() {
    let mut driver = driver();
    driver.handle(mini_tweet_tui::message::Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.press("c text:later ctrl-s");
    assert!(driver.shows("Waiting for the connection"), "{}", driver.screen());
    driver.wait(6_000).press("u");
    assert_eq!(driver.state.composer.as_ref().unwrap().editor.text(), "later");
}

/// Times in seconds on the screen, as in “deleted in 8 s”.
fn countdowns(screen: &str) -> usize {
    let words: Vec<&str> = screen.split_whitespace().map(|word| word.trim_matches(['(', ')'])).collect();
    words.windows(2).filter(|pair| pair[1] == "s" && pair[0].parse::<u32>().is_ok()).count()
}

#[test]
fn a_time_to_undo_is_counted_down_in_one_place() {
    for (keys, what) in [
        ("c text:hello ctrl-s", "Sending in 5 s"),
        ("c text:hello ctrl-s g d", "sending in 5 s"),
        ("3 enter text:hello enter", "sending in 5 s"),
        ("3 enter esc k d", "deleted in 8 s"),
        ("g m d", "deleted in 8 s"),
        ("g m d g h", "8 s"),
        ("5 R", "removed in 8 s"),
    ] {
        for (width, height) in [(40, 12), (80, 24), (120, 40)] {
            let mut driver = TuiDriver::new(width, height);
            driver.wait(9_000).press(keys);
            let screen = driver.screen();
            assert!(screen.contains(what), "{keys} {width}\n{screen}");
            assert_eq!(countdowns(&screen), 1, "{keys} {width}\n{screen}");
        }
    }
    assert_eq!(countdowns("deleted in 8 s · u undo (8 s)"), 2);
}

#[test]
fn plain_mode_says_what_is_about_to_happen_to_an_item() {
    for (list, keys, said) in [
        ("mine", "delete", "Deleted in 8 seconds; “undo” keeps it."),
        ("people", "remove-follower", "Removed from your followers in 8 seconds; “undo” keeps it."),
    ] {
        let mut plain = PlainDriver::new();
        let read = plain.lines(&[list, "1", keys, list]);
        assert!(read.contains(said), "{}", plain.printed);
    }
}
