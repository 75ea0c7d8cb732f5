//! What a prompt offers, and the order in which choices match what was typed.

use model::{Entity, SafeText, entities};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use protocol::v1;

use crate::availability::unavailable_here;
use crate::commands::{Action, Argument, COMMANDS, Command, Context, by_id};
use crate::prompt::{Prompt, PromptKind};
use crate::route::{ProfileTab, Route};
use crate::state::State;

/// Choices of a prompt, at most.
const CHOICES_MAX: usize = 200;
/// Added to the score of a choice that begins with what was typed.
const PREFIX_SCORE: u32 = 1_000;

/// What happens when a choice is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Runs a command with this argument.
    Command(Action, String),
    /// Goes to a screen.
    Go(Route),
    /// Opens a link.
    Link(String),
    /// Switches to an account; an empty name adds one.
    Account(String),
    /// Opens the form for a server.
    Connect,
    /// Starts a server on this machine.
    HostHere,
    /// Starts the tour.
    Tour,
    /// Opens the sign-in form.
    LogIn,
    /// Opens the sign-up form.
    SignUp,
    /// Keeps the filter that was typed.
    Filter,
    /// Searches.
    Search(String),
    /// Binds a command, by its id, to these keys; an empty text restores the preset's.
    Bind(String, String),
    /// Replaces the line that was typed.
    Insert(String),
    /// Closes the prompt.
    Close,
    /// Information only.
    Nothing,
}

/// A row below a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Its first words.
    pub(crate) label: String,
    /// An explanation.
    pub(crate) detail: String,
    /// The shortcut for the same.
    pub(crate) keys: String,
    /// Why it cannot be taken now.
    pub(crate) unavailable: Option<String>,
    /// What happens when it is taken.
    pub(crate) chosen: Chosen,
}

impl Choice {
    fn new(label: impl Into<String>, detail: impl Into<String>, chosen: Chosen) -> Self {
        Self { label: label.into(), detail: detail.into(), keys: String::new(), unavailable: None, chosen }
    }
}

/// The choices of a prompt, best match first.
#[must_use]
pub(crate) fn choices(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let query = prompt.editor.text().trim();
    match &prompt.kind {
        PromptKind::Welcome => matching(query, welcome(state)),
        PromptKind::SignIn => matching(query, sign_in(state)),
        PromptKind::Palette => palette(state, prompt, query),
        PromptKind::Help => matching(query, help(state, prompt)),
        PromptKind::BindKey => matching(query, bind_key()),
        PromptKind::Jump => matching(query, jumps(state)),
        PromptKind::Filter => {
            vec![Choice::new("Filter", "Enter: keep the filter · Esc: show all rows", Chosen::Filter)]
        }
        PromptKind::Search => searches(state, query),
        PromptKind::Tag => hashtags(state, query.trim_start_matches('#')),
        PromptKind::User => usernames(state, query.trim_start_matches('@')),
        PromptKind::Accounts(names) => matching(query, accounts(names)),
        PromptKind::Links(id) => matching(query, links(state, *id)),
        PromptKind::Bind => bindings(state, prompt, query),
        PromptKind::Details(lines) | PromptKind::File(lines) => {
            let all = lines.iter().map(|line| Choice::new(line.clone(), "", Chosen::Nothing));
            matching(query, all.collect())
        }
    }
}

/// The commands of the screen: the selection's first, then the list's, then the general ones; unavailable ones last.
fn help(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let here = |command: &&Command| prompt.contexts.contains(&command.context);
    let mut all: Vec<Choice> = COMMANDS.iter().filter(here).map(|c| of_command(state, prompt, c)).collect();
    all.sort_by_key(|choice| match choice.chosen {
        Chosen::Command(action, _) => {
            (choice.unavailable.is_some(), std::cmp::Reverse(action.command().context))
        }
        _ => (true, std::cmp::Reverse(Context::Anywhere)),
    });
    all
}

fn bind_key() -> Vec<Choice> {
    let yes = Chosen::Command(Action::BindKey, String::new());
    vec![
        Choice::new("Yes", "no password next time; :keys lists and removes your keys", yes),
        Choice::new("Not now", "asks again next time", Chosen::Close),
    ]
}

/// Trends that match, after the hashtag that was typed.
fn hashtags(state: &State, typed: &str) -> Vec<Choice> {
    let trends = state.entities.trends.iter();
    let trends = trends.map(|trend| hashtag(&trend.name, &format!("{} people today", trend.people)));
    let mut all = matching(typed, trends.collect());
    if !typed.is_empty() {
        all.insert(0, hashtag(typed, "feed of this hashtag"));
    }
    all
}

/// Known people who match, and the username that was typed: the server may know more accounts than this client.
fn usernames(state: &State, typed: &str) -> Vec<Choice> {
    let mut all = matching(typed, people(state));
    let name = typed.to_lowercase();
    if !name.is_empty() && state.entities.by_username(&name).is_none() {
        let route = Route::Profile(name.clone(), ProfileTab::Tweets);
        all.push(Choice::new(format!("@{name}"), "open this username", Chosen::Go(route)));
    }
    all
}

fn accounts(names: &[String]) -> Vec<Choice> {
    let of_account =
        |name: &String| Choice::new(name.clone(), "switch to this account", Chosen::Account(name.clone()));
    let mut all: Vec<Choice> = names.iter().map(of_account).collect();
    let add = Chosen::Account(String::new());
    all.push(Choice::new("Add an account", "sign in or sign up, here or on another server", add));
    all
}

fn welcome(state: &State) -> Vec<Choice> {
    let mut all = vec![Choice::new("Connect to a server", "a friend's or your team's", Chosen::Connect)];
    if state.terminal.capabilities.is_local {
        all.push(Choice::new("Start a server here", "on this computer", Chosen::HostHere));
        all.push(Choice::new("Take the tour", "sample data; nothing is saved", Chosen::Tour));
    }
    all.push(Choice::new("Quit", "", Chosen::Command(Action::Quit, String::new())));
    all
}

fn sign_in(state: &State) -> Vec<Choice> {
    let mut all = vec![Choice::new("Sign in", "with your account on this server", Chosen::LogIn)];
    match state.connection.hello.sign_up() {
        v1::SignUpMode::Closed => {}
        v1::SignUpMode::Invite => {
            all.push(Choice::new("Sign up", "with an invite code", Chosen::SignUp));
        }
        _ => all.push(Choice::new("Sign up", "create an account", Chosen::SignUp)),
    }
    if state.terminal.capabilities.is_local {
        all.push(Choice::new("Use another server", "", Chosen::Connect));
    }
    all.push(Choice::new("Quit", "", Chosen::Command(Action::Quit, String::new())));
    all
}

fn of_command(state: &State, prompt: &Prompt, command: &Command) -> Choice {
    let mut choice = Choice::new(
        command.title,
        format!(":{}", command.id),
        Chosen::Command(command.action, String::new()),
    );
    choice.keys = state.preferences.keymap.keys_of(command.action).unwrap_or_default();
    choice.unavailable = unavailable_here(state, &prompt.contexts, command);
    choice
}

/// Commands by id and title. If the first word is an id, the rest is its argument.
fn palette(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let can_be_run =
        |command: &&Command| !matches!(command.context, Context::Prompt | Context::Form | Context::Composer);
    let query = query.trim_start_matches(':');
    let (word, argument) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    let offered = || COMMANDS.iter().filter(can_be_run).map(|command| of_command(state, prompt, command));
    let named = by_id(word).filter(|command| can_be_run(command));
    let Some(command) = named.filter(|named| named.argument != Argument::None || argument.is_empty()) else {
        return matching(query, offered().collect());
    };
    let mut exact = of_command(state, prompt, command);
    exact.chosen = Chosen::Command(command.action, argument.trim().to_owned());
    if !argument.trim().is_empty() {
        exact.unavailable = None;
    }
    let mut all = matching(query, offered().collect());
    all.retain(|choice| !matches!(choice.chosen, Chosen::Command(action, _) if action == command.action));
    all.insert(0, exact);
    all
}

/// Commands to choose from, or, once a key follows the id, what that key would do.
fn bindings(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let (word, keys) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    let keys = keys.trim();
    if let Some(command) = by_id(word).filter(|_| !keys.is_empty()) {
        let (wanted, label) = match keys {
            "default" => ("", format!("reset “{word}” to the preset {}", state.preferences.settings.preset)),
            keys => (keys, format!("{keys} runs “{word}”")),
        };
        let mut choice = of_command(state, prompt, command);
        (choice.label, choice.detail) = (label, command.title.to_owned());
        choice.unavailable = crate::keymap::rebound(
            &state.preferences.settings.preset,
            &state.preferences.settings.keys,
            word,
            wanted,
        )
        .err();
        choice.chosen = Chosen::Bind(word.to_owned(), wanted.to_owned());
        return vec![choice];
    }
    let all = COMMANDS.iter().map(|command| {
        let mut choice = of_command(state, prompt, command);
        choice.unavailable = None;
        choice.chosen = Chosen::Insert(format!("{} ", command.id));
        choice
    });
    matching(query, all.collect())
}

fn people(state: &State) -> Vec<Choice> {
    let mut all: Vec<&v1::Account> = state.entities.accounts().collect();
    all.sort_by(|one, other| one.username.cmp(&other.username));
    all.into_iter()
        .map(|account| {
            let name = SafeText::line(&account.display_name).as_str().to_owned();
            let route = Route::Profile(account.username.clone(), ProfileTab::Tweets);
            Choice::new(format!("@{}", account.username), name, Chosen::Go(route))
        })
        .collect()
}

fn hashtag(name: &str, detail: &str) -> Choice {
    let safe = SafeText::line(name);
    Choice::new(format!("#{safe}"), detail, Chosen::Go(Route::Hashtag(name.to_owned())))
}

fn jumps(state: &State) -> Vec<Choice> {
    let places =
        [Route::Home, Route::Mine, Route::Local, Route::Bookmarks, Route::Likes, Route::Notifications];
    let more =
        [Route::Conversations, Route::Trends, Route::People, Route::Online, Route::Drafts, Route::Settings];
    let mut all: Vec<Choice> = places
        .into_iter()
        .chain(more)
        .map(|route| Choice::new(route.title(), "", Chosen::Go(route)))
        .collect();
    for conversation in state.entities.conversations.values() {
        if let Some(with) = &conversation.with {
            let route = Route::Conversation(with.username.clone());
            all.push(Choice::new(format!("Chat with @{}", with.username), "", Chosen::Go(route)));
        }
    }
    all.extend(state.entities.trends.iter().map(|trend| hashtag(&trend.name, "trend")));
    all.extend(people(state));
    all
}

fn searches(state: &State, query: &str) -> Vec<Choice> {
    if query.is_empty() {
        return vec![Choice::new(
            "Words, @name or #tag",
            "tweets with all of the words; word* matches a prefix",
            Chosen::Nothing,
        )];
    }
    let mut all = Vec::new();
    let search = |label: String, query: String| Choice::new(label, "", Chosen::Search(query));
    let bare = query.trim_start_matches(['@', '#']).to_owned();
    let tweets = search(format!("Tweets with {bare}"), bare.clone());
    let found_people = search(format!("People matching {bare}"), format!("@{bare}"));
    let tags = search(format!("Hashtags starting with #{bare}"), format!("#{bare}"));
    match query.chars().next() {
        Some('@') => all.extend([found_people, tweets, tags]),
        Some('#') => all.extend([tags, tweets, found_people]),
        _ => all.extend([tweets, found_people, tags]),
    }
    all.extend(matching(&bare, people(state)).into_iter().take(5));
    all
}

fn links(state: &State, id: u64) -> Vec<Choice> {
    let Some(tweet) = state.entities.tweet(id) else { return Vec::new() };
    let mut all = Vec::new();
    for (range, entity) in entities(&tweet.text) {
        let text = tweet.text.get(range).unwrap_or_default();
        all.push(match entity {
            Entity::Link => {
                let host = text.split('/').nth(2).unwrap_or_default();
                Choice::new(
                    SafeText::line(text).as_str(),
                    format!("opens {}", SafeText::line(host)),
                    Chosen::Link(text.to_owned()),
                )
            }
            Entity::Hashtag(tag) => hashtag(tag.name(), "feed of this hashtag"),
            Entity::Mention(username) => {
                let route = Route::Profile(username.as_str().to_owned(), ProfileTab::Tweets);
                Choice::new(format!("@{username}"), "profile", Chosen::Go(route))
            }
        });
    }
    for (id, what) in [(tweet.quote_of, "The quoted tweet"), (tweet.reply_to, "In reply to")] {
        if id != 0 {
            all.push(Choice::new(what, "thread", Chosen::Go(Route::Thread(id))));
        }
    }
    if all.is_empty() {
        all.push(Choice::new("No links, hashtags or mentions", "", Chosen::Nothing));
    }
    all
}

/// The choices that match a query, best first.
fn matching(query: &str, all: Vec<Choice>) -> Vec<Choice> {
    if query.is_empty() {
        return all.into_iter().take(CHOICES_MAX).collect();
    }
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let lower = query.to_lowercase();
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, Choice)> = all
        .into_iter()
        .filter_map(|choice| {
            let text = format!("{} {}", choice.label, choice.detail);
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            // A typed prefix of a name means that name.
            let is_prefix =
                choice.detail.strip_prefix(':').unwrap_or(&choice.label).to_lowercase().starts_with(&lower);
            Some((score + if is_prefix { PREFIX_SCORE } else { 0 }, choice))
        })
        .collect();
    scored.sort_by_key(|(score, choice)| (choice.unavailable.is_some(), std::cmp::Reverse(*score)));
    scored.into_iter().map(|(_, choice)| choice).take(CHOICES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(labels: &[&str], query: &str) -> Vec<String> {
        let all = labels.iter().map(|label| Choice::new(*label, "", Chosen::Nothing)).collect();
        matching(query, all).into_iter().map(|choice| choice.label).collect()
    }

    #[test]
    fn the_best_match_comes_first_and_others_not_at_all() {
        assert_eq!(choose(&["Bookmarks", "Retweet", "Reply"], "ret"), ["Retweet"]);
        assert_eq!(choose(&["a b", "ab", "x"], "ab").first().map(String::as_str), Some("ab"));
        assert_eq!(choose(&["a", "b"], ""), ["a", "b"]);
    }
}
