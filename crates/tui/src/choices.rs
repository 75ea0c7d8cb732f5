//! What a prompt offers.

use model::{Entity, SafeText, entities};
use protocol::tls::Fingerprint;
use protocol::v1;

use crate::choice::{Choice, Chosen, matching};
use crate::commands::{Action, by_id};
use crate::confirmation;
use crate::news::badge;
use crate::palette;
use crate::prompt::{Prompt, PromptKind};
use crate::route::{ProfileTab, Route};
use crate::settings;
use crate::signs::Sign;
use crate::state::State;
use crate::wording::count;
use terminal::measure::{columns, fit, wrap};

/// Columns of the text of a thread before it is sent.
const TEXT_WIDTH_MAX: u16 = 72;
/// Columns of the name of a server in the first menu.
const JOINED_NAME_MAX: usize = 24;
/// Columns of the name of a server in the menu of accounts.
const SERVER_NAME_WIDTH: usize = 18;
/// Width from which that menu has the names and the addresses of servers in columns.
const COLUMNS_FROM: u16 = 70;

/// The text that a prompt shows before its choices.
#[must_use]
pub(crate) fn notice(state: &State, prompt: &Prompt) -> Option<String> {
    match &prompt.kind {
        PromptKind::SignIn => state.session.why_signed_out.clone(),
        PromptKind::FirstContact { server, key } => Some(format!(
            "This is your first connection. Compare this key with the one from the operator of the server:\n\n\
             {key}\n\nHost  {}\n\nNothing was sent to it yet.",
            SafeText::line(server)
        )),
        PromptKind::KeyChanged { text, .. } | PromptKind::Notice(_, text) => Some(text.clone()),
        PromptKind::Confirm(question) => confirmation::details(state, question),
        PromptKind::File(_) => Some(state.preferences.path.clone()).filter(|path| !path.is_empty()),
        _ => None,
    }
}

/// The choices of a prompt, best match first.
#[must_use]
pub(crate) fn choices(state: &State, prompt: &Prompt) -> Vec<Choice> {
    let query = prompt.editor.text().trim();
    match &prompt.kind {
        PromptKind::Welcome => matching(query, welcome(state)),
        PromptKind::SignIn => matching(query, sign_in(state)),
        PromptKind::Palette => palette::palette(state, prompt, query),
        PromptKind::Help => palette::help(state, prompt, query),
        PromptKind::FirstContact { server, key } => first_contact(server, *key),
        PromptKind::KeyChanged { key, .. } => key_changed(*key),
        PromptKind::Thread(parts) => matching(query, thread(state, parts)),
        PromptKind::RowMenu => palette::row_menu(state, prompt),
        PromptKind::Notice(..) => vec![Choice::new("Close", "", Chosen::Close)],
        PromptKind::Setting(name, _) => values(state, name),
        PromptKind::BindKey => matching(query, bind_key()),
        PromptKind::Confirm(question) => confirmation::answers(question),
        PromptKind::Jump => jump(state, query),
        PromptKind::Filter => {
            vec![Choice::new("Filter", "Enter: keep the filter · Esc: show all rows", Chosen::Filter)]
        }
        PromptKind::Search => searches(state, query),
        PromptKind::Tag => hashtags(state, query.trim_start_matches('#')),
        PromptKind::User => usernames(state, query.trim_start_matches('@')),
        PromptKind::NewChat => chats_with(state, query.trim_start_matches('@')),
        PromptKind::Reason(username) => {
            let report = Chosen::Command(Action::Report, format!("@{username} {query}"));
            vec![Choice::new(format!("Report @{username}"), "to the admins", report)]
        }
        PromptKind::Accounts(names) => matching(query, accounts(state, names)),
        PromptKind::Links(id) => matching(query, links(state, *id)),
        PromptKind::BioLinks(username) => matching(query, bio_links(state, username)),
        PromptKind::Bind => palette::bindings(state, prompt, query),
        PromptKind::NewKey(id) => vec![new_key(state, id)],
        PromptKind::Swap(id, other, keys) => swap(state, id, other, keys),
        PromptKind::Details(lines) | PromptKind::File(lines) => {
            let all = lines.iter().map(|line| Choice::new(line.clone(), "", Chosen::Nothing));
            matching(query, all.collect())
        }
    }
}

/// The tweets of a thread, whole, below the choice to send them.
fn thread(state: &State, parts: &[String]) -> Vec<Choice> {
    let send = format!("Send {} tweets", parts.len());
    let mut all = vec![
        Choice::new(send, "one below the other", Chosen::SendThread),
        Choice::new("Back to the text", "", Chosen::Close),
    ];
    let width = usize::from(state.terminal.size.width.min(TEXT_WIDTH_MAX).saturating_sub(6)).max(8);
    for part in parts {
        let safe = SafeText::lines(part);
        let lines = wrap(safe.as_str(), width).into_iter();
        let lines = lines.map(|range| safe.as_str().get(range).unwrap_or_default().trim_end().to_owned());
        all.push(Choice::new("", "", Chosen::Nothing));
        all.extend(lines.map(|line| Choice::new(line, "", Chosen::Nothing)));
    }
    all
}

/// The values of an option.
fn values(state: &State, name: &'static str) -> Vec<Choice> {
    let all = state.preferences.settings.values(name).into_iter();
    all.map(|value| Choice::new(settings::value_words(name, &value), "", Chosen::Setting(name, value)))
        .collect()
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
    let trends = state.entities.trends.trends.iter();
    let trends = trends
        .map(|trend| hashtag(&trend.name, &format!("{} today", count(trend.people, "person", "people"))));
    let mut all = matching(typed, trends.chain(other_hashtags(state)).collect());
    all.retain(|choice| choice.label != format!("#{}", SafeText::line(typed)));
    if !typed.is_empty() {
        all.insert(0, hashtag(typed, "feed of this hashtag"));
    }
    all
}

/// Known hashtags that are not trends.
fn other_hashtags(state: &State) -> impl Iterator<Item = Choice> {
    let is_trend = |name: &str| state.entities.trends.trends.iter().any(|trend| trend.name == name);
    let mut others: Vec<_> = state.entities.hashtags.iter().filter(|(name, _)| !is_trend(name)).collect();
    others.sort();
    others.into_iter().map(|(name, tweets)| hashtag(name, &count(*tweets, "tweet", "tweets")))
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

/// The same people, to chat with.
fn chats_with(state: &State, typed: &str) -> Vec<Choice> {
    let to_chat = |choice: Choice| match choice.chosen {
        Chosen::Go(Route::Profile(username, _)) if Some(&username) != state.session.username.as_ref() => {
            Some(Choice { chosen: Chosen::Go(Route::Conversation(username)), ..choice })
        }
        _ => None,
    };
    usernames(state, typed).into_iter().filter_map(to_chat).collect()
}

/// Whether a key is trusted that was never seen.
fn first_contact(server: &str, key: Fingerprint) -> Vec<Choice> {
    vec![
        Choice::new("Trust this key and continue", "", Chosen::Trust(server.to_owned(), key)),
        Choice::new("Copy the key", "", Chosen::Copy(key.to_string())),
        Choice::new("Cancel", "", Chosen::Close),
    ]
}

/// A key that is not the known one is not trusted here: the line of the known one has to be removed first.
fn key_changed(key: Fingerprint) -> Vec<Choice> {
    vec![
        Choice::new("Cancel", "", Chosen::Close),
        Choice::new("Copy the new key", "", Chosen::Copy(key.to_string())),
    ]
}

/// The username and the server in the name of an account.
fn account_name(name: &str) -> (String, String) {
    let (username, server) = name.rsplit_once('@').unwrap_or((name, ""));
    (SafeText::line(username).as_str().to_owned(), SafeText::line(server).as_str().to_owned())
}

fn accounts(state: &State, names: &[String]) -> Vec<Choice> {
    let me = state.session.username.as_deref().unwrap_or_default();
    let mut all: Vec<Choice> = names.iter().map(|name| account(state, name)).collect();
    all.push(Choice::new("Add an account…", "", Chosen::Account(String::new())));
    let sign_out = Chosen::Command(Action::LogOut, String::new());
    all.push(Choice::new(format!("Sign out of @{me}…"), "", sign_out));
    all
}

/// An account of this machine: its username, its server, and whether it is the current one or what is unread in it.
fn account(state: &State, name: &str) -> Choice {
    let (username, server) = account_name(name);
    let is_current = name == state.account_name();
    let is_plain = state.terminal.capabilities.is_plain;
    let detail = match state.name_of_server(&server) {
        None => server,
        Some(name) if state.terminal.size.width >= COLUMNS_FROM && !is_plain => {
            let name = fit(&name, SERVER_NAME_WIDTH);
            let gap = " ".repeat(SERVER_NAME_WIDTH.saturating_sub(columns(&name)) + 1);
            format!("{name}{gap}{server}")
        }
        Some(name) => format!("{name} · {server}"),
    };
    let unread = badge(state.live.elsewhere.unread(name).into());
    // Signs are not read.
    let words = match unread.as_str() {
        _ if is_current => " · this one".to_owned(),
        "" => String::new(),
        unread => format!(" · {unread} unread"),
    };
    let detail = if is_plain { format!("{detail}{words}") } else { detail };
    let chosen = if is_current { Chosen::Close } else { Chosen::Account(name.to_owned()) };
    let mut choice = Choice::new(format!("@{username}"), detail, chosen);
    choice.keys = match unread.as_str() {
        _ if is_current => format!("here {}", state.sign(Sign::Done)),
        "" => String::new(),
        unread => format!("{}{unread}", state.sign(Sign::Unread)),
    };
    choice
}

fn welcome(state: &State) -> Vec<Choice> {
    let mut all = Vec::new();
    let own = state.own_server.as_ref();
    if let Some(server) = own.filter(|server| server.is_running) {
        let join = Chosen::Join(server.address.clone());
        let name = state.name_of_server(&server.address).map(|name| fit(&name, JOINED_NAME_MAX));
        let name = name.unwrap_or_else(|| "the server here".to_owned());
        all.push(Choice::new(format!("Join {name}"), server.address.clone(), join));
    }
    let connect = if all.is_empty() { "Connect to a server" } else { "Connect to another server" };
    all.push(Choice::new(connect, "by its address", Chosen::Connect));
    if state.terminal.capabilities.is_local {
        if !own.is_some_and(|server| server.is_running) {
            let start = Chosen::Command(Action::StartServer, String::new());
            all.push(Choice::new("Start a server here", "for you and others", start));
        }
        all.push(Choice::new("Take the tour", "nothing is kept", Chosen::Tour));
    }
    all.extend(signed_in(state));
    all
}

/// The accounts of this machine to which the client can go back.
fn signed_in(state: &State) -> impl Iterator<Item = Choice> {
    let of_account = |name: &String| {
        let is_previous = state.session.previous.as_ref() == Some(name);
        let detail = if is_previous { "where you were" } else { "signed in on this computer" };
        let server = state.name_of_server(&account_name(name).1);
        let detail = server.map_or_else(|| detail.to_owned(), |server| format!("{server} · {detail}"));
        Choice::new(format!("Go to {}", SafeText::line(name)), detail, Chosen::Account(name.clone()))
    };
    state.session.others.iter().map(of_account)
}

fn sign_in(state: &State) -> Vec<Choice> {
    let mut all = vec![Choice::new("Sign in", "with your account here", Chosen::LogIn)];
    match state.connection.hello.sign_up() {
        v1::SignUpMode::Closed => {}
        v1::SignUpMode::Invite => {
            all.push(Choice::new("Create an account", "with an invite code", Chosen::SignUp));
        }
        _ => all.push(Choice::new("Create an account", "a username and a password", Chosen::SignUp)),
    }
    if state.terminal.capabilities.is_local {
        all.push(Choice::new("Use another server", "by its address", Chosen::Connect));
    }
    all.extend(signed_in(state));
    all
}

/// The command that gets a new key.
fn new_key(state: &State, id: &str) -> Choice {
    let Some(command) = by_id(id) else { return Choice::new(id, "", Chosen::Nothing) };
    let mut choice = Choice::new(command.title, "Esc keeps its keys", Chosen::Nothing);
    choice.keys = state.preferences.keymap.all_keys_of(command.action).join(", ");
    choice
}

/// Whether two commands swap a key.
fn swap(state: &State, id: &'static str, other: &'static str, keys: &str) -> Vec<Choice> {
    let Some((one, two)) = by_id(id).zip(by_id(other)) else { return Vec::new() };
    let own = state.preferences.keymap.keys_of(one.action);
    let (label, detail) = match &own {
        Some(own) => (format!("Swap: {keys} runs “{id}”, {own} runs “{other}”"), String::new()),
        None => (format!("{keys} runs “{id}”"), format!("“{other}” has one key less")),
    };
    vec![
        Choice::new(label, detail, Chosen::Swap(id, other, keys.to_owned())),
        Choice::new("Change nothing", format!("{keys}: {}", two.title), Chosen::Close),
    ]
}

fn people(state: &State) -> Vec<Choice> {
    let mut all: Vec<&v1::Account> = state.entities.accounts().collect();
    all.sort_by_cached_key(|account| state.entities.name_key(account.id));
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
        [Route::Home, Route::Mine, Route::Local, Route::Bookmarks, Route::Likes, Route::NOTIFICATIONS];
    let more =
        [Route::Conversations, Route::Trends, Route::PEOPLE, Route::ONLINE, Route::Drafts, Route::Settings];
    let mut all: Vec<Choice> = places
        .into_iter()
        .chain(more)
        .map(|route| Choice::new(route.title(), "", Chosen::Go(route)))
        .collect();
    let mut chats: Vec<u64> = state.entities.conversations.keys().copied().collect();
    chats.sort_by_cached_key(|id| state.entities.name_key(*id));
    for username in chats.into_iter().map(|id| state.entities.username(id)) {
        let route = Route::Conversation(username.to_owned());
        all.push(Choice::new(format!("Chat with @{username}"), "", Chosen::Go(route)));
    }
    all.extend(state.entities.trends.trends.iter().map(|trend| hashtag(&trend.name, "trend")));
    all.extend(other_hashtags(state));
    all.extend(people(state));
    all
}

/// Places and people that match. If nothing is known, the server can be asked.
fn jump(state: &State, query: &str) -> Vec<Choice> {
    let mut all = matching(query, jumps(state));
    if all.is_empty() {
        let bare = query.trim_start_matches(['@', '#']);
        all.push(Choice::new(format!("Search for “{bare}”"), "", Chosen::Search(query.to_owned())));
    }
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
    let mut all = links_in(&tweet.text);
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

fn bio_links(state: &State, username: &str) -> Vec<Choice> {
    state.entities.profiles.get(username).map_or_else(Vec::new, |profile| links_in(&profile.bio))
}

/// The links, hashtags and mentions of a text.
fn links_in(text: &str) -> Vec<Choice> {
    let choice = |(range, entity): (std::ops::Range<usize>, Entity)| {
        let text = text.get(range).unwrap_or_default();
        match entity {
            Entity::Link => {
                let host = text.split('/').nth(2).unwrap_or_default();
                let opens = format!("opens {}", SafeText::line(host));
                Choice::new(SafeText::line(text).as_str(), opens, Chosen::Link(text.to_owned()))
            }
            Entity::Hashtag(tag) => hashtag(tag.name(), "feed of this hashtag"),
            Entity::Mention(username) => {
                let route = Route::Profile(username.as_str().to_owned(), ProfileTab::Tweets);
                Choice::new(format!("@{username}"), "profile", Chosen::Go(route))
            }
        }
    };
    entities(text).into_iter().map(choice).collect()
}
