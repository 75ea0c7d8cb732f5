//! The screens that snapshots and checks cover, and how to get there.

use super::TuiDriver;

pub(crate) const SIZES: [(u16, u16); 5] = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)];

/// Keys that lead to each screen.
pub(crate) const SCREENS: [(&str, &str); 42] = [
    ("home", ""),
    ("home_in_the_middle", "j j j j"),
    ("mine", "g m"),
    ("local", "g l"),
    ("bookmarks", "g b"),
    ("hashtag", "# text:rust enter"),
    ("thread", "j j t"),
    ("thread_folded", "j j t j z a"),
    ("profile", "a"),
    ("profile_followers", "a > >"),
    ("people_blocked", "5 <"),
    ("notifications_likes", "2 > > >"),
    ("thread_of_a_reply", "j j j j t"),
    ("people", "5"),
    ("search", "g / text:Note"),
    ("found", "g / text:Note enter"),
    ("online", "6"),
    ("trends", "4"),
    ("notifications", "2"),
    ("conversations", "3"),
    ("conversation", "3 enter"),
    ("conversation_own_message", "3 enter esc k"),
    ("conversation_edit", "3 enter up"),
    ("message_details", "3 enter esc k i"),
    ("drafts", "c text:unfinished_business esc g d"),
    ("settings", "g s"),
    ("settings_menu", "g s enter down"),
    ("quiet_hours", "g s / text:quiet enter enter text:2x enter"),
    ("help", ": text:nothing_like_it esc ?"),
    ("palette", ": text:re"),
    ("log", ": text:theme_nothing enter : text:log enter"),
    ("doctor", ": text:doctor enter"),
    ("about", "g a"),
    ("composer", "c text:hello_@gr"),
    ("quote", "j B text:well_said"),
    ("filter", "/ text:nanosecond"),
    ("palette_at_first", ":"),
    ("links", "o"),
    ("details", "i"),
    ("reply", "j j r text:indeed"),
    ("edit_profile", ": text:edit-profile enter"),
    ("password", ": text:password enter text:secret1234 enter text:short"),
];

/// The client after these keys, at a size.
pub(crate) fn at(keys: &str, size: (u16, u16)) -> TuiDriver {
    with_settings("", keys, size)
}

/// The same with a settings file.
pub(crate) fn with_settings(settings: &str, keys: &str, (width, height): (u16, u16)) -> TuiDriver {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        settings: settings.into(),
        ..TuiDriver::setup(width, height)
    };
    let mut driver = TuiDriver::with(setup, true);
    driver.wait(9_000);
    if !keys.is_empty() {
        driver.press(keys);
    }
    // The panes show more about the selected row once the reader rests on it.
    driver.wait(200);
    driver
}
