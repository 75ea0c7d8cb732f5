//! The presets of shortcuts, each from the settings file to the keys of a terminal: moving, writing, undoing and going
//! through the main screens, whose hints name the keys of the preset.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::screen::{Screen, local};
use e2e::{E2e, until};

/// The keys of a preset, as a terminal sends them, and hints that name them.
struct Preset {
    name: &'static str,
    down: &'static [&'static str],
    up: &'static [&'static str],
    page_down: &'static [&'static str],
    page_up: &'static [&'static str],
    last: &'static [&'static str],
    first: &'static [&'static str],
    back: &'static [&'static str],
    filter: &'static [&'static str],
    undo: &'static [&'static str],
    palette: &'static [&'static str],
    send: &'static [&'static str],
    discard: &'static [&'static str],
    quit: &'static [&'static str],
    /// The right end of the hints of a list, after something was liked.
    in_a_list: &'static str,
    /// The beginning of the hints of the composer.
    in_the_composer: &'static str,
    /// What is typed in the list of all shortcuts, and the keys that are found.
    in_help: (&'static str, &'static str),
}

const DEFAULT: Preset = Preset {
    name: "default",
    down: &["j"],
    up: &["k"],
    page_down: &[" "],
    page_up: &["\x1b[5~"],
    last: &["G"],
    first: &["g", "g"],
    back: &["h"],
    filter: &["/"],
    undo: &["u"],
    palette: &[":"],
    send: &["Ctrl-s"],
    discard: &["Ctrl-x", "x"],
    quit: &["Ctrl-c", "Ctrl-c"],
    in_a_list: "u undo like  : commands  ? help",
    in_the_composer: "Ctrl-s send",
    in_help: ("close", " q "),
};

const VIM: Preset = Preset {
    name: "vim",
    page_down: &["Ctrl-f"],
    page_up: &["Ctrl-b"],
    quit: &["Z", "Q"],
    in_help: ("close", "ZZ"),
    ..DEFAULT
};

const EMACS: Preset = Preset {
    name: "emacs",
    down: &["Ctrl-n"],
    up: &["Ctrl-p"],
    page_down: &["Ctrl-v"],
    page_up: &["Alt-v"],
    last: &["Alt->"],
    first: &["Alt-<"],
    back: &["Ctrl-g"],
    filter: &["Ctrl-s"],
    undo: &["Ctrl-_"],
    palette: &["Alt-x"],
    send: &["Ctrl-c", "Ctrl-c"],
    discard: &["Ctrl-c", "Ctrl-k"],
    quit: &["Ctrl-c", "Ctrl-c"],
    in_a_list: "Ctrl-_ undo like  Alt-x commands  ? help",
    in_the_composer: "Ctrl-c Ctrl-c send",
    in_help: ("undo", "Ctrl-_"),
};

/// Waits until the row with this text is selected.
#[track_caller]
fn selects(screen: &mut Screen, text: &str) {
    screen.expect(&format!("▌   {text}"));
}

fn walk(preset: &Preset) {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    for n in 10..30 {
        ada.ok(&["post", &format!("note {n}")]);
    }
    std::fs::write(ada.home().join("settings.toml"), format!("preset = {:?}\n", preset.name)).unwrap();
    let mut screen = local(&ada, &[]);
    screen.expect("· live");
    selects(&mut screen, "note 29");

    // Moving.
    for (keys, text) in [(preset.down, "note 28"), (preset.up, "note 29")] {
        screen.press(keys);
        selects(&mut screen, text);
    }
    screen.press(preset.last).expect("▌ Write a tweet").press(preset.first);
    selects(&mut screen, "note 29");
    screen.press(preset.page_down).expect_gone("note 29").press(preset.page_up).expect("note 29");
    screen.press(preset.first);
    selects(&mut screen, "note 29");

    // What can be undone, and what is written.
    screen.press(&["f"]).expect("Liked").expect("♥ 1 (you)").expect(preset.in_a_list);
    screen.press(preset.undo).expect("Like removed").expect_gone("♥ 1 (you)");
    screen.press(&["c"]).expect("New tweet").expect(preset.in_the_composer);
    screen
        .press(&["to be discarded"])
        .press(preset.discard)
        .expect("Draft discarded")
        .expect_gone("New tweet");
    screen.press(&["c"]).expect("New tweet").press(&["note 30"]).press(preset.send).expect("Sending");
    until("it is sent", || ada.texts("mine").first().is_some_and(|text| text == "note 30"));

    // Finding in this list, and all commands.
    screen.press(preset.filter).press(&["note 17"]).expect_gone("note 18");
    screen.press(&["Enter"]).expect("Esc shows all").press(&["Esc"]).expect("note 18");
    screen.press(preset.palette).expect(" Commands ").press(&["theme"]).expect("Change the theme");
    screen.press(&["Esc"]).expect_gone(" Commands ");

    // The main screens, each with a way to all commands.
    let commands = preset.in_a_list.split_once("like  ").unwrap().1;
    for (keys, title) in [
        (&["2"][..], "  Notifications ─"),
        (&["3"], "  Chats ─"),
        (&["4"], "  Tags ─"),
        (&["5"], "  People"),
        (&["6"], "  Online"),
        (&["g", "s"], "  Settings ─"),
        (&["g", "p"], "  @ada ─"),
    ] {
        screen.press(keys).expect(title).expect(commands);
    }
    screen.press(preset.back).expect("  Settings ─").press(&["1"]).expect("  Home");

    // All shortcuts, with those of the preset.
    let (typed, found) = preset.in_help;
    screen.press(&["?"]).expect(" Help ").press(&[typed]).expect(found);
    screen.press(&["Esc"]).expect_gone(" Help ");
    screen.press(preset.quit);
    assert_eq!(screen.exit_code(), 0, "{}", screen.text());
}

#[test]
fn the_default_keys_lead_through_the_main_screens() {
    walk(&DEFAULT);
}

#[test]
fn the_keys_of_vim_lead_through_the_main_screens() {
    walk(&VIM);
}

#[test]
fn the_keys_of_emacs_lead_through_the_main_screens() {
    walk(&EMACS);
}
