//! The commands to choose from: the palette, help, and the menu of a row.

use model::SafeText;
use smol_str::SmolStr;

use crate::availability::{applies, unavailable, unavailable_here};
use crate::choice::{Choice, Chosen, Matches, matches, matching};
use crate::commands::{Action, Argument, COMMANDS, Command, Context, by_id};
use crate::prompt::Prompt;
use crate::route::{ProfileTab, Route};
use crate::row::Row;
use crate::state::State;

/// Commands that the palette suggests for the selected row.
const SUGGESTED_MAX: usize = 5;

/// Verbs of the command line, and former names, that are not names of commands here.
const VERBS: [(&str, Action); 24] = [
    ("unfollow", Action::Follow),
    ("unlike", Action::Like),
    ("unretweet", Action::Retweet),
    ("unbookmark", Action::Bookmark),
    ("save", Action::Bookmark),
    ("saved", Action::GoBookmarks),
    ("unmute", Action::Mute),
    ("unblock", Action::Block),
    ("tweet", Action::Compose),
    ("show", Action::Thread),
    ("history", Action::Details),
    ("feed", Action::GoHome),
    ("profile", Action::Author),
    ("whoami", Action::GoProfile),
    ("passwd", Action::Password),
    ("login", Action::Accounts),
    ("signup", Action::Accounts),
    ("logout", Action::LogOut),
    ("info", Action::About),
    ("exit", Action::Quit),
    ("message", Action::Chat),
    ("dm", Action::Chat),
    ("mentions", Action::GoNotifications),
    ("bio", Action::EditProfile),
];

/// The places of the palette, in their order.
const PLACES: [(Action, Route); 7] = [
    (Action::GoHome, Route::Home),
    (Action::GoNotifications, Route::NOTIFICATIONS),
    (Action::GoChats, Route::Conversations),
    (Action::GoTrends, Route::Trends),
    (Action::GoPeople, Route::PEOPLE),
    (Action::GoOnline, Route::ONLINE),
    (Action::GoSettings, Route::Settings),
];

/// The command that a verb of the command line, or a former name, stands for.
#[must_use]
pub(crate) fn by_verb(verb: &str) -> Option<&'static Command> {
    VERBS.iter().find(|(known, _)| *known == verb).map(|(_, action)| action.command())
}

/// A command as a choice.
fn of_command(state: &State, prompt: &Prompt, command: &Command) -> Choice {
    let mut choice = Choice::new(command.title, "", Chosen::Command(command.action, String::new()));
    choice.keys = state.preferences.keymap.keys_of(command.action).unwrap_or_default();
    choice.unavailable = unavailable_here(state, &prompt.contexts, command);
    choice.is_deliberate = command.is_deliberate();
    if command.action == Action::SettingsFile {
        choice.detail.clone_from(&state.preferences.path);
    }
    let verbs = VERBS.iter().filter(|(_, action)| *action == command.action).map(|(verb, _)| *verb);
    choice.names = std::iter::once(command.id).chain(verbs).map(SmolStr::new).collect();
    choice
}

/// The commands that can be run from the palette.
pub(crate) fn offered(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let is_run =
        |command: &&Command| !matches!(command.context, Context::Prompt | Context::Form | Context::Composer);
    let mut commands: Vec<&Command> = COMMANDS.iter().filter(is_run).collect();
    commands.sort_by_key(|command| command.rank());
    let mut all: Vec<Choice> =
        commands.into_iter().map(|command| of_command(state, prompt, command)).collect();
    if let Some(me) = state.session.username.clone() {
        let lists = [
            ("Your followers", ProfileTab::Followers, "followers"),
            ("People you follow", ProfileTab::Following, "following"),
        ];
        all.extend(lists.map(|(label, tab, name)| {
            let mut choice = Choice::new(label, "", Chosen::Go(Route::Profile(me.clone(), tab)));
            choice.names = vec![name.into()];
            choice
        }));
    }
    all
}

/// With an empty line: what fits the selected row, what was run last, and places. Otherwise the commands by title, name,
/// key and verb of the command line; if the first word is a name, the rest is its argument.
pub(crate) fn palette(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let query = query.trim_start_matches(':').trim_start();
    if query.is_empty() {
        return at_first(state, prompt);
    }
    let (word, argument) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    let all = offered(state, prompt);
    let is_offered = |command: &&Command| all.iter().any(|choice| choice.action() == Some(command.action));
    let named = by_id(word).filter(is_offered);
    let Some(command) = named.filter(|named| named.argument != Argument::None || argument.is_empty()) else {
        if let Some(command) = named {
            let mut choice = of_command(state, prompt, command);
            choice.unavailable = Some(format!("takes nothing after “{word}”"));
            return vec![choice];
        }
        let search = Chosen::Search(query.to_owned());
        return found(query, all, vec![Choice::new(format!("Search for “{query}”"), "", search)]);
    };
    let mut exact = of_command(state, prompt, command);
    exact.chosen = Chosen::Command(command.action, argument.trim().to_owned());
    if !argument.trim().is_empty() {
        exact.label = format!("{}: {}", command.title, argument.trim());
        exact.unavailable = None;
    }
    let mut all = matching(query, all);
    all.retain(|choice| choice.action() != Some(command.action));
    all.insert(0, exact);
    all
}

/// The commands that match. If none has the words that were typed, the first choice says so and does nothing; what has
/// only the letters follows it, after the other ways.
fn found(query: &str, all: Vec<Choice>, other_ways: Vec<Choice>) -> Vec<Choice> {
    let Matches { choices, are_literal } = matches(query, all);
    if are_literal {
        return choices;
    }
    let none = Choice::new(format!("No command is called “{}”", SafeText::line(query)), "", Chosen::Nothing);
    std::iter::once(none).chain(other_ways).chain(choices).collect()
}

/// What the palette offers before anything is typed.
fn at_first(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let mut all = Vec::new();
    let can_run = |action: &Action| unavailable(state, *action).is_none();
    for action in for_row(state).iter().copied().filter(can_run).take(SUGGESTED_MAX) {
        let mut choice = of_command(state, prompt, action.command());
        (choice.section, choice.label) = ("Suggested here", named(state, action));
        all.push(choice);
    }
    for (action, argument) in &state.recent {
        let mut choice = of_command(state, prompt, action.command());
        if !argument.is_empty() {
            choice.label = format!("{}: {argument}", choice.label);
        }
        (choice.section, choice.chosen) = ("Recent", Chosen::Command(*action, argument.clone()));
        all.push(choice);
    }
    for (action, route) in PLACES {
        let mut choice = of_command(state, prompt, action.command());
        let unread = match route {
            Route::Notifications(_) => state.live.unread,
            Route::Conversations => state.unread_messages(),
            _ => 0,
        };
        let unread = if unread > 0 { format!(" · {unread} unread") } else { String::new() };
        (choice.section, choice.label) = ("Go to", format!("{}{unread}", route.title()));
        all.push(choice);
    }
    all
}

/// The commands that fit the selected row best.
fn for_row(state: &State) -> &'static [Action] {
    match state.selected() {
        Some(Row::Tweet(..)) => &[Action::Reply, Action::Like, Action::Retweet, Action::Thread],
        Some(Row::Notification(_)) => &[Action::Reply, Action::Follow, Action::Author, Action::MarkRead],
        Some(Row::Person(_) | Row::ProfileHead) => {
            &[Action::Follow, Action::Chat, Action::Author, Action::RemoveFollower]
        }
        Some(Row::Conversation(_)) => &[Action::Chat, Action::Author, Action::Mute],
        Some(Row::Message(_)) => {
            &[Action::Reply, Action::Edit, Action::Delete, Action::Details, Action::CopyText]
        }
        Some(Row::Hashtag(_)) => &[Action::Open, Action::Compose, Action::Search],
        _ => &[Action::Compose, Action::Search, Action::Jump],
    }
}

/// A command with the person that it is about.
fn named(state: &State, action: Action) -> String {
    let title = action.command().title;
    match (action, state.selected_person()) {
        (Action::Reply, Some(person)) => format!("Reply to @{person}"),
        (Action::Follow, Some(person)) => format!("{title} @{person}"),
        (Action::Chat, Some(person)) => format!("Chat with @{person}"),
        (Action::Author, Some(person)) => format!("Profile of @{person}"),
        (Action::Edit, _) => format!("Edit your {}", item(state)),
        (Action::Delete, _) => format!("Delete your {}", item(state)),
        _ => title.to_owned(),
    }
}

/// What the selected item is.
fn item(state: &State) -> &'static str {
    if state.selected_message().is_some() { "message" } else { "tweet" }
}

/// The groups of help, in their order.
const GROUPS: [&str; 6] = ["Writing", "This tweet", "This person", "This list", "Go to", "Anywhere"];

/// The group of a command in help.
fn group(state: &State, command: &Command) -> &'static str {
    match command.context {
        Context::Item if state.selected_message().is_some() => "This message",
        Context::Tweet | Context::Item => "This tweet",
        Context::Person if state.selected_tweet().is_some() => "Its author",
        Context::Person => "This person",
        Context::List => "This list",
        Context::Anywhere | Context::Everywhere if goes(command) => "Go to",
        Context::Anywhere | Context::Everywhere => "Anywhere",
        Context::Composer => "Writing",
        Context::Prompt | Context::Form => "",
    }
}

/// Whether a command only leads to another screen.
fn goes(command: &Command) -> bool {
    let is_place = command.keys.iter().any(|keys| keys.starts_with("g ") && *keys != "g x");
    is_place
        || folded(command).is_some_and(|(_, _, word)| word == "place")
        || matches!(
            command.action,
            Action::GoTag | Action::GoUser | Action::Jump | Action::NextUnread | Action::GoDrafts
        )
}

/// The commands that help has in one entry as long as nothing is typed: its label, and what finds them.
fn folded(command: &Command) -> Option<(&'static str, &'static str, &'static str)> {
    match command.action {
        Action::LineDown
        | Action::LineUp
        | Action::HalfDown
        | Action::HalfUp
        | Action::PageDown
        | Action::PageUp
        | Action::First
        | Action::Last
        | Action::NextTab
        | Action::PreviousTab
        | Action::HistoryBack
        | Action::HistoryForward => Some(("", "More ways to move…", "move")),
        Action::Tab1 | Action::Tab2 | Action::Tab3 | Action::Tab4 | Action::Tab5 | Action::Tab6 => {
            Some(("1 … 6", "Home to Online", "place"))
        }
        Action::CopyText | Action::CopyId | Action::CopyLink | Action::CopyCommand => {
            Some(("y…", "Copy", "copy"))
        }
        Action::Fold | Action::FoldClose | Action::FoldOpen => Some(("z…", "Fold replies", "fold")),
        _ => None,
    }
}

/// Whether a message is written.
fn is_in_chat(state: &State) -> bool {
    state.composer.as_ref().is_some_and(|composer| composer.writing.chat().is_some())
}

/// What the keys of the composer do in the line of a chat.
fn in_chat(choice: &mut Choice, action: Action) {
    match action {
        Action::Send => "Enter".clone_into(&mut choice.keys),
        Action::KeepDraft => "To the messages, keep the text".clone_into(&mut choice.label),
        _ => {}
    }
}

/// The commands of the screen by what they are about; what cannot be done now is last in its group.
pub(crate) fn help(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let keys = |action| state.preferences.keymap.keys_in(action, &prompt.contexts);
    // Prompts and forms are closed before anything outside them is done.
    let is_inside = prompt.contexts.iter().any(|one| matches!(one, Context::Prompt | Context::Form));
    let is_here = |command: &&Command| {
        let is_listed = keys(command.action).is_some() && command.action != Action::Help;
        prompt.contexts.contains(&command.context)
            && (is_listed || !query.is_empty())
            && !(is_inside && command.context == Context::Everywhere)
            && applies(state, command)
    };
    let mut all: Vec<Choice> = Vec::new();
    for command in COMMANDS.iter().filter(is_here) {
        let mut choice = of_command(state, prompt, command);
        choice.keys = keys(command.action).unwrap_or_default();
        choice.section = group(state, command);
        if is_in_chat(state) {
            in_chat(&mut choice, command.action);
        }
        let fold = folded(command);
        choice.names.extend(fold.map(|(_, _, word)| word.into()));
        if let Some((keys, label, word)) = fold.filter(|_| query.is_empty()) {
            if all.iter().any(|other| other.label == label) {
                continue;
            }
            (choice.keys, choice.label) = (keys.to_owned(), label.to_owned());
            (choice.chosen, choice.unavailable) = (Chosen::Insert(word.to_owned()), None);
        }
        all.push(choice);
    }
    if is_in_chat(state) && prompt.contexts.contains(&Context::Composer) {
        let mut new_line = Choice::new("New line", "", Chosen::Close);
        (new_line.keys, new_line.section) = ("Ctrl-j".to_owned(), "Writing");
        let send = all.iter().position(|choice| choice.action() == Some(Action::Send));
        all.insert(send.map_or(0, |send| send + 1), new_line);
    }
    if !query.is_empty() {
        let mut found = found(query, all, Vec::new());
        for choice in &mut found {
            choice.section = "";
        }
        return found;
    }
    let place = |section: &str| {
        let section = match section {
            "Its author" => "This person",
            "This message" => "This tweet",
            section => section,
        };
        GROUPS.iter().position(|group| *group == section).unwrap_or(GROUPS.len())
    };
    all.sort_by_key(|choice| (place(choice.section), choice.unavailable.is_some()));
    all
}

/// What can be done with the selected row. What is about such a row but cannot be done now is at the end, with the reason.
pub(crate) fn row_menu(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let (has_tweet, has_person) = (state.selected_tweet().is_some(), state.selected_person().is_some());
    let has_text = has_tweet || state.selected_message().is_some();
    let is_about_row = |command: &&Command| match command.context {
        Context::Tweet => has_tweet,
        Context::Item => has_text,
        Context::Person => has_person,
        _ => command.action == Action::Open || (command.action == Action::CopyText && has_text),
    };
    let all = COMMANDS.iter().filter(is_about_row).map(|command| of_command(state, prompt, command));
    let (mut can_be_done, others): (Vec<Choice>, Vec<Choice>) =
        all.partition(|choice| choice.unavailable.is_none());
    can_be_done.extend(others);
    can_be_done
}

/// Commands to choose from, or, once a key follows the id, what that key would do.
pub(crate) fn bindings(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let (word, keys) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    let keys = keys.trim();
    let settings = &state.preferences.settings;
    if let Some(command) = by_id(word).filter(|_| !keys.is_empty()) {
        let (wanted, label) = match keys {
            "default" => ("", format!("reset “{word}” to the preset {}", settings.preset)),
            keys => (keys, format!("{keys} runs “{word}”")),
        };
        let mut choice = of_command(state, prompt, command);
        (choice.label, choice.detail) = (label, command.title.to_owned());
        choice.unavailable = crate::keymap::rebound(&settings.preset, &settings.keys, word, wanted).err();
        choice.chosen = Chosen::Bind(word.to_owned(), wanted.to_owned());
        return vec![choice];
    }
    let all = COMMANDS.iter().map(|command| {
        let mut choice = of_command(state, prompt, command);
        (choice.unavailable, choice.detail) = (None, format!(":{}", command.id));
        choice.is_deliberate = false;
        choice.chosen = Chosen::NewKey(command.id);
        choice
    });
    matching(query, all.collect())
}

/// A choice as it is typed on the `:` line and on the command line.
pub(crate) fn as_typed(state: &State, choice: &Choice) -> String {
    let id = choice.action().map(|action| format!(":{}", action.command().id));
    [id, shell_line(state, choice)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The command line that does the same as a choice.
pub(crate) fn shell_line(state: &State, choice: &Choice) -> Option<String> {
    command_line(state, &choice.chosen).map(|line| format!("mini-tweet {line}"))
}

/// The command line that does the same as a choice, without the name of the program.
fn command_line(state: &State, chosen: &Chosen) -> Option<String> {
    let (action, argument) = match chosen {
        Chosen::Go(route) => return route.command_line(),
        Chosen::Command(action, argument) => (*action, argument.as_str()),
        _ => return None,
    };
    if let Some((_, route)) = PLACES.iter().find(|(place, _)| *place == action) {
        return route.command_line();
    }
    let text =
        |what: &'static str| if argument.is_empty() { what.to_owned() } else { format!("{argument:?}") };
    let tweet = || state.selected_tweet();
    let known = || tweet().and_then(|id| state.entities.tweet(id));
    let message = || state.selected_message().map(|message| message.id);
    let undo = |is_done: bool, verb: &str| format!("{}{verb}", if is_done { "un" } else { "" });
    let with_id = |verb: String| tweet().map(|id| format!("{verb} {id}"));
    let person = || {
        let named = argument.split_whitespace().next().map(|name| name.trim_start_matches('@').to_owned());
        named.or_else(|| state.selected_person())
    };
    let with_person = |verb: &str| person().map(|name| format!("{verb} @{name}"));
    match action {
        Action::Compose => Some(format!("post {}", text("TEXT"))),
        Action::Edit if message().is_some() => {
            let id = message()?;
            Some(format!("chat @{} --edit {id} {}", person()?, text("TEXT")))
        }
        Action::Delete if message().is_some() => Some(format!("chat @{} --delete {}", person()?, message()?)),
        Action::Details if message().is_some() => None,
        Action::Reply | Action::Quote | Action::Edit => {
            with_id(action.command().id.to_owned()).map(|line| format!("{line} {}", text("TEXT")))
        }
        Action::Like => with_id(undo(known().is_some_and(|tweet| tweet.liked), "like")),
        Action::Retweet => with_id(undo(known().is_some_and(|tweet| tweet.retweeted), "retweet")),
        Action::Bookmark => with_id(undo(known().is_some_and(|tweet| tweet.bookmarked), "bookmark")),
        Action::Thread if !argument.is_empty() => Some(format!("thread {argument}")),
        Action::Delete | Action::Thread => with_id(action.command().id.to_owned()),
        Action::Details => with_id("history".to_owned()),
        Action::Author => with_person("profile"),
        Action::Chat | Action::RemoveFollower | Action::Report => with_person(action.command().id),
        Action::Follow | Action::Mute | Action::Block => {
            let id = person().and_then(|name| state.entities.by_username(&name).map(|account| account.id));
            let relationship = id.map(|id| state.entities.relationship(id)).unwrap_or_default();
            let is_done = match action {
                Action::Follow => relationship.following,
                Action::Mute => relationship.muting,
                _ => relationship.blocking,
            };
            with_person(&undo(is_done, action.command().id))
        }
        Action::GoMine => Route::Mine.command_line(),
        Action::GoLocal => Route::Local.command_line(),
        Action::GoBookmarks => Route::Bookmarks.command_line(),
        Action::GoLiked => Route::Likes.command_line(),
        Action::GoProfile => Some("whoami".to_owned()),
        Action::Search => Some(format!("search {}", text("WORDS"))),
        Action::Password => Some("passwd".to_owned()),
        Action::LogOut => Some("logout".to_owned()),
        Action::LogOutEverywhere => Some("logout --everywhere".to_owned()),
        Action::Accounts => Some("accounts".to_owned()),
        Action::About => Some("info".to_owned()),
        _ => None,
    }
}
