//! Forms: notes and problems while they are filled in, and the mouse.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use mini_tweet_tui::message::{Effect, Message};
use mini_tweet_tui::state::Setup;
use protocol::v1::request::Op;
use terminal::key::{Event, MouseAction};

/// In the form for a new account, in the field for the username.
fn signing_up() -> TuiDriver {
    let mut driver = TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) }, true);
    driver.press("2");
    driver
}

fn checks(driver: &TuiDriver) -> usize {
    driver.requests().into_iter().filter(|op| matches!(op, Op::CheckUsername(_))).count()
}

#[test]
fn a_problem_disappears_when_the_field_is_edited() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:secret1234 enter text:other enter");
    assert!(driver.shows("Passwords don't match"), "{}", driver.screen());
    driver.press("backspace");
    assert!(!driver.shows("Passwords don't match"), "{}", driver.screen());
}

#[test]
fn availability_of_a_username_is_requested_once_when_typing_stops() {
    let mut driver = signing_up();
    driver.press("text:gracehopper").wait(300);
    assert_eq!(checks(&driver), 0);
    driver.wait(200);
    assert_eq!(checks(&driver), 1);
    assert!(driver.shows("✓ available"), "{}", driver.screen());
    driver.press("text:x");
    assert!(!driver.shows("✓ available"), "what was asked about another name is not shown");
    driver.refusal = Some(model::Error::AlreadyExists("username".into()));
    driver.wait(500);
    assert!(driver.shows("✕ taken"), "{}", driver.screen());
}

#[test]
fn a_username_that_breaks_the_rules_is_said_without_asking() {
    let mut driver = signing_up();
    driver.press("text:no-dashes").wait(500);
    assert_eq!(checks(&driver), 0);
    assert!(driver.shows("✕"), "{}", driver.screen());
}

#[test]
fn a_response_about_an_older_username_is_ignored() {
    let mut driver = signing_up();
    driver.responds = false;
    driver.press("text:ada").wait(500);
    driver.press("text:lovelace");
    driver.responds = true;
    driver.respond_to_all();
    assert!(!driver.shows("✓ available"), "{}", driver.screen());
}

#[test]
fn the_strength_of_a_password_is_shown_and_the_password_is_not() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:eleph");
    assert!(driver.shows("3 more characters"), "{}", driver.screen());
    driver.press("text:ant7");
    assert!(driver.shows("weak"), "{}", driver.screen());
    driver.press("text:_and_something_else");
    assert!(driver.shows("strong") && !driver.shows("something"), "{}", driver.screen());
}

const SIZES: [(u16, u16); 5] = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)];

fn focused(driver: &TuiDriver) -> &'static str {
    driver.state.form.as_ref().unwrap().focused().map_or("a button", |field| field.label)
}

#[test]
fn a_click_on_a_field_puts_the_caret_there() {
    for (width, height) in SIZES {
        let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) };
        let mut driver = TuiDriver::with(setup, true);
        driver.press("2 text:adalovelace");
        driver.click("Password", 0);
        assert_eq!(focused(&driver), "Password", "{}", driver.screen());
        driver.press("text:secret1234");
        driver.click("adalovelace", 3);
        assert_eq!(focused(&driver), "Username");
        driver.press("text:_").press("backspace text:x");
        assert!(driver.shows("adaxlovelace"), "{}", driver.screen());
        // The third character of a password that is hidden.
        driver.click("••••••••••", 2);
        driver.press("text:Q");
        let form = driver.state.form.as_ref().unwrap();
        assert_eq!(form.focused().unwrap().editor.text(), "seQcret1234", "{}", driver.screen());
    }
}

#[test]
fn a_click_on_a_button_presses_it() {
    for (width, height) in SIZES {
        let mut driver =
            TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) }, true);
        driver.press("1 text:ada tab text:secret1234");
        driver.click("[ Create an account ]", 2);
        assert!(driver.shows("Confirm password"), "{}", driver.screen());
        driver.press("esc 1 text:ada tab text:secret1234");
        driver.click("[ Sign in ]", 10);
        assert!(driver.requests().iter().any(|op| matches!(op, Op::LogIn(_))), "{}", driver.screen());
        // In a dialog, too. Next to the button nothing is pressed.
        let mut driver = TuiDriver::new(width, height);
        driver.press(": text:edit-profile enter text:x");
        driver.click("[ Save ]", 9);
        assert!(driver.state.form.is_some(), "{}", driver.screen());
        driver.click("[ Save ]", 0);
        assert!(driver.requests().iter().any(|op| matches!(op, Op::EditProfile(_))), "{}", driver.screen());
    }
}

#[test]
fn a_click_next_to_a_form_changes_nothing_and_the_wheel_goes_through_its_fields() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:password enter text:secret1234");
    let before = driver.screen();
    for action in [MouseAction::Press, MouseAction::Menu] {
        for y in 0..24 {
            driver.handle(Message::Input(Event::Mouse(action, 0, y)));
            driver.handle(Message::Input(Event::Mouse(action, 79, y)));
        }
    }
    assert_eq!(driver.screen(), before);
    driver.handle(Message::Input(Event::Mouse(MouseAction::WheelDown, 0, 0)));
    assert_eq!(focused(&driver), "New password");
    driver.handle(Message::Input(Event::Mouse(MouseAction::WheelUp, 0, 0)));
    assert_eq!(focused(&driver), "Current password");
}

#[test]
fn a_long_value_scrolls_with_its_caret_and_is_clicked_where_it_is_seen() {
    let mut driver = TuiDriver::with(TuiDriver::setup(40, 12), false);
    driver.handle(Message::Unreachable(client::ClientError::Lost));
    driver.press("text:界界界界界界界界界界界界abc");
    assert!(driver.shows("界abc"), "{}", driver.screen());
    driver.click("abc", 1);
    driver.press("text:x enter");
    let connects =
        driver.effects.iter().any(|effect| matches!(effect, Effect::Connect(to) if to.contains("axbc")));
    assert!(connects || driver.shows("axbc"), "{}", driver.screen());
}

#[test]
fn a_text_that_is_longer_than_its_field_is_shown_whole() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:edit-profile enter tab ctrl-u");
    driver.press("text:one_two_three_four_five_six_seven_eight_nine_ten_eleven_twelve_thirteen_fourteen");
    assert!(driver.shows("one two three") && driver.shows("thirteen fourteen"), "{}", driver.screen());
}

#[test]
fn a_form_stays_in_its_place_whichever_field_has_the_focus() {
    for (width, height) in [(60, 20), (80, 24), (120, 40)] {
        let mut driver = signing_up();
        driver.terminal(width, height);
        let places: Vec<_> = (0..6)
            .map(|_| {
                driver.press("tab");
                (driver.cell_of("Gardeners"), driver.cell_of("Username"))
            })
            .collect();
        assert!(places.iter().all(|place| *place == places[0]), "{width}×{height}: {places:?}");
    }
    // Something that moves it is noticed.
    let mut driver = signing_up();
    let before = driver.cell_of("Gardeners");
    driver.terminal(80, 40);
    assert_ne!(driver.cell_of("Gardeners"), before);
}
