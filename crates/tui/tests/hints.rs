//! The hints line: the way to everything else is always visible, and every key does what its hint says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::BTreeSet;
use std::mem::discriminant;

use driver::TuiDriver;
use driver::screens::{Screen, Start, at};
use driver::states::everything;
use mini_tweet_tui::composer::Writing;
use mini_tweet_tui::message::Effect;
use mini_tweet_tui::prompt::PromptKind;
use mini_tweet_tui::route::Route;
use mini_tweet_tui::row::Row;
use protocol::v1::AccountSort;
use protocol::v1::request::Op;

/// Large enough for all hints.
const LARGE: (u16, u16) = (200, 24);

fn has_help(screen: &str) -> bool {
    let last = screen.lines().last().unwrap_or_default();
    last.contains("? help") || last.contains("F1 help")
}

#[test]
fn the_way_to_help_is_visible_from_50_columns_on() {
    for screen in everything() {
        let mut driver = screen.at((80, 24));
        // The filter has the last row, in which it is typed.
        if screen.name == "filter" {
            driver.press("enter");
        }
        for size in [(50, 14), (60, 20), (80, 24), (120, 40), (200, 50)] {
            driver.terminal(size.0, size.1);
            assert!(has_help(&driver.screen()), "{} {size:?}\n{}", screen.name, driver.screen());
        }
    }
    assert!(!has_help(" r reply  b retweet"));
}

/// A key of the hints line, and what it says about it.
type Hint = (String, String);

fn hints(screen: &str) -> Vec<Hint> {
    let last = screen.lines().last().unwrap_or_default();
    let parts = last.split("  ").map(str::trim).filter(|part| !part.is_empty());
    let divided = parts.filter_map(|part| {
        // A shortcut of several keys has blanks between them.
        let is_key = |word: &&str| word.starts_with("Ctrl-") || word.starts_with("Alt-");
        let keys = part.split(' ').take_while(is_key).map(|key| key.len() + 1).sum::<usize>();
        let end = keys.checked_sub(1).or_else(|| part.find(' '))?;
        Some((part.get(..end)?.to_owned(), part.get(end + 1..)?.to_owned()))
    });
    divided.collect()
}

/// The keys as they are written in settings.
fn in_settings(keys: &str) -> String {
    let letters: Vec<char> = keys.chars().collect();
    match letters.as_slice() {
        ['↑'] => "up".to_owned(),
        [_] => keys.to_owned(),
        [first, '-', _] if first.is_ascii_digit() => first.to_string(),
        [first @ ('g' | 'y' | 'z'), second] => format!("{first} {second}"),
        _ => keys.to_lowercase(),
    }
}

/// What is open, as far as keys change it.
#[derive(Debug, PartialEq)]
struct Place {
    route: Route,
    selected: Option<Row>,
    prompt: Option<std::mem::Discriminant<PromptKind>>,
    form: Option<usize>,
    writing: Option<Writing>,
    settings: String,
    sort: Option<AccountSort>,
    held: usize,
    drafts: usize,
    steps: usize,
    requests: usize,
    effects: usize,
}

fn place(driver: &TuiDriver) -> Place {
    let state = &driver.state;
    Place {
        route: state.route().clone(),
        selected: state.selected().cloned(),
        prompt: state.prompt.as_ref().map(|prompt| discriminant(&prompt.kind)),
        form: state.form.as_ref().map(|form| form.focus),
        writing: state.composer.as_ref().map(|composer| composer.writing.clone()),
        settings: format!("{:?}", state.preferences.settings),
        sort: state.screen().map(|screen| screen.sort),
        held: state.undo.waiting.len(),
        drafts: state.texts.drafts.len() + state.texts.outbox.len(),
        steps: state.undo.steps.len(),
        requests: driver.requests().len(),
        effects: driver.effects.len(),
    }
}

/// Whether what a hint says has happened between these two; `None` if the word is not known.
#[allow(clippy::too_many_lines, reason = "a table")]
fn has_done(word: &str, before: &Place, driver: &TuiDriver) -> Option<bool> {
    let (state, after) = (&driver.state, place(driver));
    let asked = |is: fn(&Op) -> bool| driver.requests().iter().skip(before.requests).any(|op| is(op));
    let prompt = |is: fn(&PromptKind) -> bool| state.prompt.as_ref().is_some_and(|one| is(&one.kind));
    let writes = |is: fn(&Writing) -> bool| after.writing.as_ref().is_some_and(is);
    let sent = |text: &str| {
        driver
            .effects
            .iter()
            .skip(before.effects)
            .any(|effect| matches!(effect, Effect::Terminal(bytes) if bytes.contains(text)))
    };
    let has_problem = state.form.as_ref().is_some_and(|form| form.problem.is_some());
    let section = || after.route.section().to_lowercase() == word && after.route != before.route;
    Some(match word {
        // Tweets.
        // In a chat the message is quoted in the text.
        "reply" => {
            let quotes = state.composer.as_ref().is_some_and(|one| one.editor.text().starts_with("> "));
            writes(|one| matches!(one, Writing::Reply(_))) || quotes
        }
        "quote" => writes(|one| matches!(one, Writing::Quote(_))),
        "retweet" => asked(|op| matches!(op, Op::Retweet(_) | Op::UndoRetweet(_))),
        "like" => asked(|op| matches!(op, Op::Like(_) | Op::Unlike(_))),
        "bookmark" => asked(|op| matches!(op, Op::Bookmark(_) | Op::Unbookmark(_))),
        "write" => after.writing.is_some() && after.writing != before.writing,
        "edit last" => state.composer.as_ref().is_some_and(|one| !one.editor.is_blank()),
        "edit" => after.writing.is_some() && after.writing != before.writing,
        "delete" | "remove follower" => after.held > before.held,
        "sign out" | "remove" => prompt(|kind| matches!(kind, PromptKind::Confirm(_))),
        "thread" => matches!(after.route, Route::Thread(_)),
        "author" | "profile" => matches!(after.route, Route::Profile(..)),
        "links" => prompt(|kind| matches!(kind, PromptKind::Links(_) | PromptKind::BioLinks(_))),
        // People.
        "follow" => asked(|op| matches!(op, Op::Follow(_))),
        "unfollow" => asked(|op| matches!(op, Op::Unfollow(_))),
        "mute" => asked(|op| matches!(op, Op::Mute(_))),
        "unmute" => asked(|op| matches!(op, Op::Unmute(_))),
        "block" => after.held > before.held,
        "chat" => matches!(after.route, Route::Conversation(_)) && writes(|one| one.chat().is_some()),
        "not again" => asked(|op| matches!(op, Op::DismissSuggestion(_))),
        "sort" => after.sort != before.sort,
        // Lists.
        "open" => {
            after.route != before.route || after.prompt != before.prompt || after.writing != before.writing
        }
        "retry" | "mark all read" => after.requests > before.requests,
        "next unread" => after.selected != before.selected || state.toast.is_some(),
        "new conversation" => prompt(|kind| matches!(kind, PromptKind::NewChat)),
        "search" | "find" => prompt(|kind| matches!(kind, PromptKind::Filter | PromptKind::Search)),
        "people" => after.route == Route::PEOPLE,
        "back" | "back to the chats" => {
            after.route != before.route || after.form.is_none() && before.form.is_some()
        }
        "details" => prompt(|kind| matches!(kind, PromptKind::Details(_) | PromptKind::Notice(..))),
        "copy" | "copy line" | "copy report" => sent("\x1b]52;"),
        "test again" => sent("\x1b[c"),
        "send now" => {
            driver.state.texts.drafts.len() < before.drafts || asked(|op| matches!(op, Op::Post(_)))
        }
        "discard" => after.drafts < before.drafts,
        "dismiss" => asked(|op| matches!(op, Op::DismissAnnouncement(_))),
        "warnings only" | "all lines" => matches!(after.route, Route::Log(_)) && after.route != before.route,
        // Settings and forms.
        "change" => {
            after.settings != before.settings
                || after.prompt.is_some()
                || after.form.is_some()
                || after.requests > before.requests
        }
        "previous" | "next value" => after.settings != before.settings || after.requests > before.requests,
        "edit profile" => after.form.is_some(),
        "next" | "next field" => after.form != before.form || has_problem,
        "connect" | "sign in" | "create account" => has_problem || after.effects > before.effects,
        "show password" => state.form.as_ref().is_some_and(|form| form.is_revealed),
        "hide password" => state.form.as_ref().is_some_and(|form| !form.is_revealed),
        // Writing.
        "send" | "save" => {
            after.writing != before.writing || after.drafts > before.drafts || state.toast.is_some()
        }
        "new line" => state.composer.as_ref().is_some_and(|one| one.editor.text().contains('\n')),
        "complete" => state
            .composer
            .as_ref()
            .is_some_and(|one| one.completion.is_none() && one.editor.text().ends_with(' ')),
        "close completions" => state.composer.as_ref().is_some_and(|one| one.completion.is_none()),
        "public" | "unlisted" | "followers" | "mentioned" if before.writing.is_some() => {
            state.composer.as_ref().is_some_and(|one| one.audience.title().to_lowercase() != word)
        }
        "preview" => prompt(|kind| matches!(kind, PromptKind::Thread(_))) || state.toast.is_some(),
        "keep draft" | "to messages" => after.writing.is_none(),
        // Prompts.
        "cancel" => state.pressed.keys.is_empty(),
        "close" => after.prompt != before.prompt || state.pressed.keys.is_empty(),
        "choose" => after.prompt != before.prompt || after.form.is_some() || after.effects > before.effects,
        "quit" => {
            driver.effects.iter().skip(before.effects).any(|effect| *effect == Effect::Quit)
                || state.toast.is_some()
        }
        // The right end.
        "commands" => prompt(|kind| matches!(kind, PromptKind::Palette)),
        "help" => prompt(|kind| matches!(kind, PromptKind::Help)),
        "more" => !state.pressed.keys.is_empty(),
        _ if word.starts_with("undo") => after.steps < before.steps || after.writing != before.writing,
        _ if !state.route().sections().is_empty() => section(),
        _ => return None,
    })
}

/// The hints of a screen that are not true with these settings, by pressing their keys.
fn untrue(screen: &Screen, settings: &'static str, tried: &mut BTreeSet<String>) -> Vec<String> {
    let start = Start { settings, ..Start::at(LARGE) };
    // The last row of the filter is its text.
    let again =
        || if screen.name == "filter" { start.after("/ text:nanosecond enter") } else { screen.open(start) };
    let first = again();
    let selected = first.state.selected().map(discriminant);
    let mut found = Vec::new();
    for (key, word) in hints(&first.screen()) {
        let open = (first.state.prompt.is_some(), first.state.form.is_some(), first.state.composer.is_some());
        if !tried.insert(format!("{key} {word} {selected:?} {open:?}")) {
            continue;
        }
        let mut driver = again();
        driver.state.toast = None;
        let before = place(&driver);
        driver.press(&in_settings(&key));
        match has_done(&word, &before, &driver) {
            Some(true) => {}
            Some(false) => found.push(format!("{}: {key} does not {word}\n{}", screen.name, driver.screen())),
            None => found.push(format!("{}: what is “{word}” ({key})?", screen.name)),
        }
    }
    found
}

#[test]
fn every_key_of_the_hints_does_what_its_hint_says_in_every_preset() {
    let mut tried = BTreeSet::new();
    for settings in ["", "preset = \"vim\"", "preset = \"emacs\""] {
        let found: Vec<String> =
            everything().flat_map(|screen| untrue(&screen, settings, &mut tried)).collect();
        assert!(found.is_empty(), "{settings}\n{}\n{} hints are not true", found.join("\n"), found.len());
    }
    assert!(tried.len() > 100, "{}", tried.len());
    for of_emacs in ["Alt-x commands", "Ctrl-_ undo", "Ctrl-c Ctrl-c send", "Ctrl-g back", "Ctrl-s find"] {
        assert!(tried.iter().any(|hint| hint.starts_with(of_emacs)), "{of_emacs}\n{tried:#?}");
    }
    // A hint that promises something else is found.
    let mut driver = at("", LARGE);
    let before = place(&driver);
    driver.press("f");
    assert_eq!(has_done("bookmark", &before, &driver), Some(false));
    assert_eq!(has_done("like", &before, &driver), Some(true));
}
