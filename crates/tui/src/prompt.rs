//! One line that is asked for, with what can be chosen under it: the palette, help, jumping, searching, menus.

use model::{Entity, SafeText, entities};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use protocol::v1;

use crate::commands::{Action, Argument, COMMANDS, Command, Context, by_id};
use crate::route::{ProfileTab, Route};
use crate::state::State;
use terminal::editor::Editor;

/// Choices that are made at most.
const CHOICES_MAX: usize = 200;

/// Added to the score of what begins with what is written.
const BEGUN: u32 = 1_000;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptKind {
    /// How to begin, when nobody ever was here.
    Welcome,
    /// Log-in or sign-up.
    SignIn,
    /// Any command.
    Palette,
    /// What can be done here.
    Help,
    /// Where to.
    Jump,
    /// Words that rows must have.
    Filter,
    /// What to search for.
    Search,
    /// A hashtag.
    Tag,
    /// A username.
    User,
    /// Whether the ssh key shall be enough from now on.
    BindKey,
    /// Which account.
    Accounts(Vec<String>),
    /// What is in a tweet.
    Links(u64),
    /// Facts about a tweet.
    Details(Vec<String>),
    /// Another key for a command.
    Bind,
    /// The settings as they stand in their file.
    File(Vec<String>),
}

/// A line that is written, and the choice that Enter takes.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked for.
    pub asking: PromptKind,
    /// What is written.
    pub editor: Editor,
    /// The choice.
    pub choice: usize,
    /// Where one can do something while it is open.
    pub contexts: Vec<Context>,
}

/// What a choice does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// A command, with its argument.
    Command(Action, String),
    /// Goes there.
    Go(Route),
    /// Opens a link.
    Link(String),
    /// Uses another account; empty: a new one.
    Account(String),
    /// A form for another server.
    Connect,
    /// A server on this machine.
    HostHere,
    /// The tour.
    Tour,
    /// A session of an account.
    LogIn,
    /// A new account.
    SignUp,
    /// Filters with what is written.
    Filter,
    /// Searches for what is written.
    Search(String),
    /// Gives a command, by its name, these keys; none: those of the preset again.
    Bind(String, String),
    /// Writes this for one.
    Write(String),
    /// Closes the menu.
    Leave,
    /// Nothing.
    Nothing,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is.
    pub label: String,
    /// What it does.
    pub detail: String,
    /// Keys that do the same.
    pub keys: String,
    /// Why it cannot be chosen now.
    pub why_not: Option<String>,
    /// What happens.
    pub chosen: Chosen,
}

impl Choice {
    fn new(label: impl Into<String>, detail: impl Into<String>, chosen: Chosen) -> Self {
        Self { label: label.into(), detail: detail.into(), keys: String::new(), why_not: None, chosen }
    }
}

impl Prompt {
    /// An empty one.
    #[must_use]
    pub fn new(asking: PromptKind, contexts: Vec<Context>) -> Self {
        Self { asking, editor: Editor::one_line(""), choice: 0, contexts }
    }

    /// What stands before the line.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.asking {
            PromptKind::Welcome => "Welcome to Mini-Tweet",
            PromptKind::SignIn => "Come in",
            PromptKind::Palette => ":",
            PromptKind::Help => "What can be done here ·",
            PromptKind::Jump => "Jump to",
            PromptKind::Filter => "Only rows with",
            PromptKind::Search => "Search",
            PromptKind::Tag => "#",
            PromptKind::User => "@",
            PromptKind::BindKey => "Come in with this ssh key from now on?",
            PromptKind::Accounts(_) => "Account",
            PromptKind::Links(_) => "Open",
            PromptKind::Details(_) => "Details ·",
            PromptKind::Bind => "Command and key",
            PromptKind::File(_) => "settings.toml ·",
        }
    }

    /// Whether its choices have numbers that take them.
    #[must_use]
    pub fn has_hints(&self) -> bool {
        matches!(
            self.asking,
            PromptKind::Links(_) | PromptKind::Accounts(_) | PromptKind::Welcome | PromptKind::SignIn
        )
    }

    /// Whether it cannot be left without choosing.
    #[must_use]
    pub fn must_choose(&self) -> bool {
        matches!(self.asking, PromptKind::Welcome | PromptKind::SignIn)
    }
}

/// What can be chosen now.
#[must_use]
pub fn choices(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let query = prompt.editor.text().trim();
    let all = match &prompt.asking {
        PromptKind::Welcome => welcome(state),
        PromptKind::SignIn => door(state),
        PromptKind::Palette => return palette(state, prompt, query),
        PromptKind::Help => {
            let here = |command: &&Command| prompt.contexts.contains(&command.context);
            let mut all: Vec<Choice> =
                COMMANDS.iter().filter(here).map(|c| of_command(state, prompt, c)).collect();
            // What is selected first, then the list, then what can be done anywhere; impossible things last.
            all.sort_by_key(|choice| match choice.chosen {
                Chosen::Command(action, _) => {
                    (choice.why_not.is_some(), std::cmp::Reverse(action.command().context))
                }
                _ => (true, std::cmp::Reverse(Context::Anywhere)),
            });
            all
        }
        PromptKind::BindKey => vec![
            Choice::new(
                "Yes",
                "no password next time; :keys lists and revokes",
                Chosen::Command(Action::BindKey, String::new()),
            ),
            Choice::new("No", "you are asked again", Chosen::Leave),
        ],
        PromptKind::Jump => jumps(state),
        PromptKind::Filter => {
            return vec![Choice::new("Filter", "Enter keeps it, Esc shows all again", Chosen::Filter)];
        }
        PromptKind::Search => return searches(state, query),
        PromptKind::Tag => {
            let mut all: Vec<Choice> = state
                .known
                .trends
                .iter()
                .map(|trend| hashtag(&trend.name, &format!("{} people today", trend.people)))
                .collect();
            all = matching(query.trim_start_matches('#'), all);
            if !query.is_empty() {
                all.insert(0, hashtag(query.trim_start_matches('#'), "feed of this hashtag"));
            }
            return all;
        }
        PromptKind::User => {
            let mut all = matching(query.trim_start_matches('@'), people(state));
            let name = query.trim_start_matches('@').to_lowercase();
            // One that is not known here may be known to the server.
            if !name.is_empty() && state.known.by_username(&name).is_none() {
                let place = Route::Profile(name.clone(), ProfileTab::Tweets);
                all.push(Choice::new(format!("@{name}"), "exactly this username", Chosen::Go(place)));
            }
            return all;
        }
        PromptKind::Accounts(names) => {
            let mut all: Vec<Choice> = names
                .iter()
                .map(|name| Choice::new(name.clone(), "use this account", Chosen::Account(name.clone())))
                .collect();
            all.push(Choice::new(
                "another one",
                "log in or sign up, here or on another server",
                Chosen::Account(String::new()),
            ));
            all
        }
        PromptKind::Links(id) => links(state, *id),
        PromptKind::Bind => return bindings(state, prompt, query),
        PromptKind::Details(lines) | PromptKind::File(lines) => {
            lines.iter().map(|line| Choice::new(line.clone(), "", Chosen::Nothing)).collect()
        }
    };
    matching(query, all)
}

fn welcome(state: &State) -> Vec<Choice> {
    let mut all = vec![Choice::new("Connect to a server", "a friend's or your team's", Chosen::Connect)];
    if state.capabilities.is_local {
        all.push(Choice::new("Host one here", "a server of your own, on this machine", Chosen::HostHere));
        all.push(Choice::new("Take the tour", "an invented town; nothing is kept", Chosen::Tour));
    }
    all.push(Choice::new("Leave", "", Chosen::Command(Action::Quit, String::new())));
    all
}

fn door(state: &State) -> Vec<Choice> {
    let mut all = vec![Choice::new("Log in", "you have an account here", Chosen::LogIn)];
    match state.hello.sign_up() {
        v1::SignUpMode::Closed => {}
        v1::SignUpMode::Invite => {
            all.push(Choice::new("Create an account", "you have an invite code", Chosen::SignUp));
        }
        _ => all.push(Choice::new("Create an account", "takes half a minute", Chosen::SignUp)),
    }
    if state.capabilities.is_local {
        all.push(Choice::new("Another server", "", Chosen::Connect));
    }
    all.push(Choice::new("Leave", "", Chosen::Command(Action::Quit, String::new())));
    all
}

fn of_command(state: &State, prompt: &Prompt, command: &Command) -> Choice {
    let mut choice = Choice::new(
        command.title,
        format!(":{}", command.id),
        Chosen::Command(command.action, String::new()),
    );
    choice.keys = state.keymap.keys_of(command.action).unwrap_or_default();
    choice.why_not = if prompt.contexts.contains(&command.context) {
        why_not(state, command.action)
    } else {
        Some(match command.context {
            Context::Tweet => "no tweet is selected".into(),
            Context::Person => "nobody is selected".into(),
            _ => "not here".into(),
        })
    };
    choice
}

/// All commands by name and words; the first word may be a command, the rest its argument.
fn palette(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let can_be_run =
        |command: &&Command| !matches!(command.context, Context::Prompt | Context::Form | Context::Composer);
    let query = query.trim_start_matches(':');
    let (word, argument) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    if let Some(command) = by_id(word).filter(|command| can_be_run(command)) {
        let takes = command.argument != Argument::None || command.context == Context::Person;
        if takes || argument.is_empty() {
            let mut exact = of_command(state, prompt, command);
            exact.chosen = Chosen::Command(command.action, argument.trim().to_owned());
            if !argument.trim().is_empty() {
                exact.why_not = None;
            }
            let mut rest = matching(
                query,
                COMMANDS.iter().filter(can_be_run).map(|c| of_command(state, prompt, c)).collect(),
            );
            rest.retain(
                |choice| !matches!(choice.chosen, Chosen::Command(action, _) if action == command.action),
            );
            rest.insert(0, exact);
            return rest;
        }
    }
    matching(
        query,
        COMMANDS.iter().filter(can_be_run).map(|command| of_command(state, prompt, command)).collect(),
    )
}

/// Commands to choose, and, once there is a key after the name, what that would do.
fn bindings(state: &State, prompt: &Prompt, query: &str) -> Vec<Choice> {
    let (word, keys) = query.split_once(char::is_whitespace).unwrap_or((query, ""));
    let keys = keys.trim();
    if let Some(command) = by_id(word).filter(|_| !keys.is_empty()) {
        let (wanted, label) = match keys {
            "default" => ("", format!("{word} as in the preset {}", state.settings.preset)),
            keys => (keys, format!("{keys} is {word}")),
        };
        let mut choice = of_command(state, prompt, command);
        (choice.label, choice.detail) = (label, command.title.to_owned());
        choice.why_not = crate::keymap::rebound(&state.settings, word, wanted).err();
        choice.chosen = Chosen::Bind(word.to_owned(), wanted.to_owned());
        return vec![choice];
    }
    let all = COMMANDS.iter().map(|command| {
        let mut choice = of_command(state, prompt, command);
        choice.why_not = None;
        choice.chosen = Chosen::Write(format!("{} ", command.id));
        choice
    });
    matching(query, all.collect())
}

fn people(state: &State) -> Vec<Choice> {
    let mut all: Vec<&v1::Account> = state.known.accounts().collect();
    all.sort_by(|one, other| one.username.cmp(&other.username));
    all.into_iter()
        .map(|account| {
            let name = SafeText::line(&account.display_name).as_str().to_owned();
            let place = Route::Profile(account.username.clone(), ProfileTab::Tweets);
            Choice::new(format!("@{}", account.username), name, Chosen::Go(place))
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
        .map(|place| Choice::new(place.title(), "", Chosen::Go(place)))
        .collect();
    for conversation in state.known.conversations.values() {
        if let Some(with) = &conversation.with {
            let place = Route::Conversation(with.username.clone());
            all.push(Choice::new(format!("Chat with @{}", with.username), "", Chosen::Go(place)));
        }
    }
    all.extend(state.known.trends.iter().map(|trend| hashtag(&trend.name, "trend")));
    all.extend(people(state));
    all
}

fn searches(state: &State, query: &str) -> Vec<Choice> {
    if query.is_empty() {
        return vec![Choice::new(
            "Words, @name or #tag",
            "tweets that hold all words; word* for its beginning",
            Chosen::Nothing,
        )];
    }
    let mut all = Vec::new();
    let search = |label: String, query: String| Choice::new(label, "", Chosen::Search(query));
    let bare = query.trim_start_matches(['@', '#']).to_owned();
    let tweets = search(format!("Tweets with {bare}"), bare.clone());
    let found_people = search(format!("People like {bare}"), format!("@{bare}"));
    let tags = search(format!("Hashtags from #{bare}"), format!("#{bare}"));
    match query.chars().next() {
        Some('@') => all.extend([found_people, tweets, tags]),
        Some('#') => all.extend([tags, tweets, found_people]),
        _ => all.extend([tweets, found_people, tags]),
    }
    all.extend(matching(&bare, people(state)).into_iter().take(5));
    all
}

fn links(state: &State, id: u64) -> Vec<Choice> {
    let Some(tweet) = state.known.tweet(id) else { return Vec::new() };
    let mut all = Vec::new();
    for (range, entity) in entities(&tweet.text) {
        let text = tweet.text.get(range).unwrap_or_default();
        all.push(match entity {
            Entity::Link => {
                let host = text.split('/').nth(2).unwrap_or_default();
                Choice::new(
                    SafeText::line(text).as_str(),
                    format!("leads to {}", SafeText::line(host)),
                    Chosen::Link(text.to_owned()),
                )
            }
            Entity::Hashtag(tag) => hashtag(tag.name(), "feed of this hashtag"),
            Entity::Mention(username) => {
                let place = Route::Profile(username.as_str().to_owned(), ProfileTab::Tweets);
                Choice::new(format!("@{username}"), "profile", Chosen::Go(place))
            }
        });
    }
    for (id, what) in [(tweet.quote_of, "The quoted tweet"), (tweet.reply_to, "What it answers")] {
        if id != 0 {
            all.push(Choice::new(what, "thread", Chosen::Go(Route::Thread(id))));
        }
    }
    if all.is_empty() {
        all.push(Choice::new("There is nothing in it to open", "", Chosen::Nothing));
    }
    all
}

/// Those that fit what is written, the best first.
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
            // Who begins a name means that name.
            let is_begun =
                choice.detail.strip_prefix(':').unwrap_or(&choice.label).to_lowercase().starts_with(&lower);
            Some((score + if is_begun { BEGUN } else { 0 }, choice))
        })
        .collect();
    scored.sort_by_key(|(score, choice)| (choice.why_not.is_some(), std::cmp::Reverse(*score)));
    scored.into_iter().map(|(_, choice)| choice).take(CHOICES_MAX).collect()
}

/// Why a command cannot be carried out now, for people; `None`: it can.
#[must_use]
pub fn why_not(state: &State, action: Action) -> Option<String> {
    let tweet = state.selected_tweet();
    let mine = tweet.is_some_and(|id| state.is_mine(id));
    let changes = matches!(
        action,
        Action::Compose
            | Action::Reply
            | Action::Retweet
            | Action::Quote
            | Action::Like
            | Action::Save
            | Action::Edit
            | Action::Delete
            | Action::Follow
            | Action::RemoveFollower
            | Action::Mute
            | Action::Block
            | Action::Report
            | Action::Chat
            | Action::EditProfile
            | Action::Password
            | Action::HidePresence
    );
    if changes && state.is_read_only {
        return Some("you started with --read-only".into());
    }
    if changes && state.me.is_none() && state.username.is_none() {
        return Some("you are not signed in".into());
    }
    let person = state.selected_person();
    let is_me = person.is_some() && person == state.username;
    match action {
        Action::Edit | Action::Delete if !mine => Some("it is not your tweet".into()),
        Action::Follow
        | Action::RemoveFollower
        | Action::Mute
        | Action::Block
        | Action::Report
        | Action::Chat
            if is_me =>
        {
            Some("that is you".into())
        }
        Action::RemoveFollower => {
            let id = person.and_then(|name| state.known.by_username(&name).map(|account| account.id));
            let follows = id.is_some_and(|id| state.known.relationship(id).followed_by);
            let knows = !matches!(state.selected(), Some(crate::rows::Row::Tweet(..)));
            (knows && !follows).then(|| "they do not follow you".into())
        }
        Action::Undo if state.undo.is_empty() => Some("there is nothing to undo".into()),
        Action::Redo if state.redo.is_empty() => Some("nothing was undone".into()),
        Action::BindKey if state.offered_key.is_none() => {
            Some("you came without a key that is new here".into())
        }
        Action::Suspend if !state.capabilities.is_local => Some("over ssh there is no shell to go to".into()),
        Action::Accounts if !state.capabilities.is_local => {
            Some("over ssh you are who you came as; :log-out, and come again as another".into())
        }
        Action::ExternalEditor if !state.capabilities.is_local => Some("over ssh there is no editor".into()),
        Action::HistoryBack if state.at == 0 => Some("this is where you began".into()),
        Action::HistoryForward if state.at + 1 >= state.history.len() => Some("you are at the end".into()),
        _ => None,
    }
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
