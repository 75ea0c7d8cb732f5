//! The mouse in messages, and the menu of a row.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::screens::with_settings;
use mini_tweet_tui::keymap::PRESETS;

const SIZES: [(u16, u16); 5] = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)];

#[test]
fn a_click_on_what_a_message_offers_undoes_it_and_one_on_its_text_does_not() {
    for (width, height) in SIZES {
        let mut driver = TuiDriver::new(width, height);
        driver.wait(60_000);
        driver.press("b");
        assert!(driver.shows("↻ 2 (you)") && driver.shows("u undo retweet"), "{}", driver.screen());
        driver.click("Retweeted", 0);
        assert!(driver.shows("↻ 2 (you)") && driver.state.toast.is_some(), "{}", driver.screen());
        driver.click("u undo retweet", 2);
        assert!(!driver.shows("↻ 2 (you)") && driver.shows("↻ 1"), "{}", driver.screen());
    }
}

#[test]
fn a_key_opens_the_menu_of_the_row_in_every_preset() {
    for preset in PRESETS {
        for size in SIZES {
            let mut driver = with_settings(&format!("preset = \"{preset}\""), ",", size);
            assert!(driver.shows("Actions") && driver.shows("Reply"), "{preset}\n{}", driver.screen());
            // What cannot be done with this tweet is at the end, with the reason.
            driver.press("up");
            assert!(driver.shows("Not your tweet"), "{preset}\n{}", driver.screen());
            driver.press("enter");
            assert!(driver.shows("Not your tweet") && driver.state.prompt.is_some(), "{}", driver.screen());
            driver.press("esc");
            assert!(driver.state.prompt.is_none());
        }
    }
}

#[test]
fn the_menu_of_a_row_has_only_what_is_about_such_a_row() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 j j ,");
    for words in ["Follow or unfollow", "Mute or unmute", "Chat"] {
        assert!(driver.shows(words), "{words}\n{}", driver.screen());
    }
    for words in ["Reply", "Retweet", "No tweet selected", "Settings"] {
        assert!(!driver.shows(words), "{words}\n{}", driver.screen());
    }
}
