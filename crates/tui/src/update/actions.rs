//! Carries out a command.

use super::input::{ask_to_quit, quit, with_list};
use super::{Effects, compose, navigation, prompts, user_actions};
use crate::commands::{Action, Context};
use crate::composer::Writing;
use crate::form::Form;
use crate::message::{Effect, LocalItem, Purpose};
use crate::prompt::{PromptKind, why_not};
use crate::route::{PageSelector, ProfileTab, Route};
use crate::rows::Row;
use crate::state::{Phase, State};
use crate::view;
use protocol::v1;
use protocol::v1::request::Op;
use terminal::list::List;

/// Carries out a command, with what was written after its name.
pub(super) fn perform(state: &mut State, action: Action, argument: &str) -> Effects {
    let argument = argument.trim();
    let (named, reason) = if action != Action::Report {
        (argument, "")
    } else if argument.starts_with('@') {
        argument.split_once(char::is_whitespace).unwrap_or((argument, ""))
    } else {
        // Of what is selected, and why.
        ("", argument)
    };
    let named = named.trim_start_matches('@').to_lowercase();
    let is_named = action.command().context == Context::Person && !named.is_empty();
    if let Some(reason) = why_not(state, action).filter(|_| !is_named || state.is_read_only) {
        state.say(format!("Not now: {reason}"));
        return Effects::new();
    }
    let named = is_named.then_some(named);
    match action {
        Action::Down
        | Action::Up
        | Action::LineDown
        | Action::LineUp
        | Action::HalfDown
        | Action::HalfUp
        | Action::PageDown
        | Action::PageUp
        | Action::First
        | Action::Last => move_reader(state, action),
        Action::Open => open(state),
        Action::Back => back(state),
        Action::Close if state.at == 0 => ask_to_quit(state, "q"),
        Action::Close => back(state),
        Action::HistoryBack => navigation::travel(state, state.at - 1),
        Action::HistoryForward => navigation::travel(state, state.at + 1),
        Action::NextTab => step_tab(state, 1),
        Action::PreviousTab => step_tab(state, -1),
        Action::Tab1 => tab(state, 0),
        Action::Tab2 => tab(state, 1),
        Action::Tab3 => tab(state, 2),
        Action::Tab4 => tab(state, 3),
        Action::Tab5 => tab(state, 4),
        Action::Tab6 => tab(state, 5),

        Action::ShowNew => {
            let mut effects = Effects::new();
            if matches!(state.place(), Route::Conversation(_)) {
                state.panel_mut().list.select_last();
            } else {
                state.panel_mut().list.select_first();
                if !state.place().is_timeline() {
                    let place = state.place().clone();
                    effects = navigation::fill(state, &place, PageSelector::Newest);
                }
            }
            effects
        }
        Action::ReadLine => {
            let read = state.panel().and_then(|panel| panel.read_line);
            let found = read.is_some_and(|read| {
                let panel = state.panel_mut();
                panel.list.select(|row| row.tweet().is_some_and(|id| id <= read))
            });
            if !found {
                state.say("There is no read line here");
            }
            Effects::new()
        }
        Action::MarkRead => mark_read(state),
        Action::NextUnread => next_unread(state),
        Action::Refresh => {
            let place = state.place().clone();
            let mut effects = navigation::fill(state, &place, PageSelector::Newest);
            effects.extend(navigation::ask_about_me());
            effects.push(Effect::Terminal(String::new()));
            effects
        }

        Action::Compose => compose::open(state, Writing::New),
        Action::Reply => on_tweet(state, |state, id| compose::open(state, Writing::Reply(id))),
        Action::Quote => on_tweet(state, |state, id| compose::open(state, Writing::Quote(id))),
        Action::Edit => on_tweet(state, |state, id| compose::open(state, Writing::Edit(id))),
        Action::Like | Action::Save | Action::Retweet | Action::Delete => {
            on_tweet(state, |state, id| user_actions::to_tweet(state, action, id))
        }
        Action::Thread => on_tweet(state, |state, id| navigation::go(state, Route::Thread(id))),
        Action::Details => on_tweet(state, |state, id| {
            prompts::details(state, id, &[]);
            vec![super::ask(Purpose::History(id), Op::GetTweetHistory(v1::GetTweetHistory { tweet_id: id }))]
        }),
        Action::Fold => fold(state),
        Action::Links => on_tweet(state, |state, id| prompts::prompt(state, PromptKind::Links(id))),

        Action::Author => on_person(state, named, |state, username| {
            navigation::go(state, Route::Profile(username, ProfileTab::Tweets))
        }),
        Action::Follow | Action::RemoveFollower | Action::Mute | Action::Block => {
            on_person(state, named, |state, username| user_actions::to_person(state, action, &username))
        }
        Action::Report => {
            on_person(state, named, |state, username| user_actions::report(state, username, reason.trim()))
        }
        Action::Chat => {
            on_person(state, named, |state, username| navigation::go(state, Route::Conversation(username)))
        }

        Action::GoHome => navigation::go(state, Route::Home),
        Action::GoMine => navigation::go(state, Route::Mine),
        Action::GoLocal => navigation::go(state, Route::Local),
        Action::GoSaved => navigation::go(state, Route::Bookmarks),
        Action::GoLiked => navigation::go(state, Route::Likes),
        Action::GoNotifications => navigation::go(state, Route::Notifications),
        Action::GoChats => navigation::go(state, Route::Conversations),
        Action::GoTrends => navigation::go(state, Route::Trends),
        Action::GoPeople => navigation::go(state, Route::People),
        Action::GoOnline => navigation::go(state, Route::Online),
        Action::GoDrafts => navigation::go(state, Route::Drafts),
        Action::GoSettings => navigation::go(state, Route::Settings),
        Action::GoSessions => navigation::go(state, Route::Sessions),
        Action::GoKeys => navigation::go(state, Route::Keys),
        Action::BindKey => user_actions::bind_key(state),
        Action::GoMuted => navigation::go(state, Route::Muted),
        Action::GoBlocked => navigation::go(state, Route::Blocked),
        Action::GoProfile => match state.username.clone() {
            Some(username) => navigation::go(state, Route::Profile(username, ProfileTab::Tweets)),
            None => Effects::new(),
        },
        Action::BindKeys | Action::Search | Action::GoTag | Action::GoUser | Action::Filter => {
            prompts::with_argument(state, action, argument)
        }
        Action::Jump => prompts::prompt(state, PromptKind::Jump),
        Action::Palette => prompts::prompt(state, PromptKind::Palette),
        Action::Help => prompts::prompt(state, PromptKind::Help),

        Action::CopyText | Action::CopyId | Action::CopyLink | Action::CopyCommand => copy(state, action),
        Action::NextMatch => next_unread_here(state, 1),
        Action::PreviousMatch => next_unread_here(state, -1),

        Action::Undo => user_actions::undo(state),
        Action::Redo => user_actions::redo(state),
        Action::SidePane => {
            state.has_side = !state.has_side;
            Effects::new()
        }
        Action::Status => {
            let status = view::status_line(state);
            state.say(status);
            Effects::new()
        }
        Action::Accounts => vec![Effect::ListAccounts],
        Action::EditProfile => {
            let mine = state.me.as_ref().map(|me| me.account.username.clone());
            let profile = mine.and_then(|name| state.known.profiles.get(&name).cloned()).unwrap_or_default();
            state.form = Some(Form::edit_profile(&profile));
            Effects::new()
        }
        Action::Password => {
            state.form = Some(Form::password());
            Effects::new()
        }
        Action::HidePresence => user_actions::turn_presence(state),
        Action::LogOut => log_out(false),
        Action::LogOutEverywhere => log_out(true),
        Action::Theme => turn_setting(state, "theme"),
        Action::Log => navigation::go(state, Route::Log),
        Action::Doctor => navigation::go(state, Route::Doctor),
        Action::TestNotification => {
            let effects = super::live::tell(state, "This is how Mini-Tweet notifies you");
            state.say(if effects.is_empty() {
                "notify and bell are both off: nothing would reach you"
            } else {
                "Sent: if nothing shows, this terminal has no notifications; try bell = true"
            });
            effects
        }
        Action::SettingsFile => {
            let text = state.settings.to_toml();
            let lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            prompts::prompt(state, PromptKind::File(lines))
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => quit(state),

        Action::Send => compose::send(state),
        Action::CycleVisibility => compose::turn_audience(state),
        Action::SplitThread => compose::send_as_thread(state),
        Action::ExternalEditor => compose::external_editor(state),
        Action::Complete => compose::complete(state),
        Action::KeepDraft => compose::put_away(state),
        Action::DiscardDraft => compose::discard(state),

        Action::Accept => prompts::accept(state),
        Action::Cancel => prompts::cancel(state),
        Action::ChoiceDown => prompts::step_choice(state, 1),
        Action::ChoiceUp => prompts::step_choice(state, -1),

        Action::NextField => prompts::step_field(state, 1),
        Action::PreviousField => prompts::step_field(state, -1),
        Action::Submit => prompts::submit(state),
        Action::Reveal => {
            if let Some(form) = &mut state.form {
                form.is_revealed = !form.is_revealed;
            }
            Effects::new()
        }
        Action::LeaveForm => prompts::leave_form(state),
    }
}

fn on_tweet(state: &mut State, then: impl FnOnce(&mut State, u64) -> Effects) -> Effects {
    match state.selected_tweet() {
        Some(id) => then(state, id),
        None => {
            state.say("Not now: no tweet is selected");
            Effects::new()
        }
    }
}

/// The person who was named, or the selected one.
fn on_person(
    state: &mut State,
    named: Option<String>,
    then: impl FnOnce(&mut State, String) -> Effects,
) -> Effects {
    match named.or_else(|| state.selected_person()) {
        Some(username) => then(state, username),
        None => {
            state.say("Not now: nobody is selected");
            Effects::new()
        }
    }
}

fn move_reader(state: &mut State, action: Action) -> Effects {
    let (height, width) = view::list_size(state);
    with_list(state, |state, list: &mut List<Row>| {
        let measure = |row: &Row| view::height(state, row, width);
        match action {
            Action::Down => {
                // First to the end of a row that is higher than the screen.
                let line = list.line(height, &measure);
                let own = list.selected().map_or(1, measure);
                if line + own > height && own > height {
                    list.scroll(height / 2, height, &measure);
                } else if !list.step(1, height, &measure) {
                    list.scroll(1, height, &measure);
                }
            }
            Action::Up => {
                if !list.step(-1, height, &measure) {
                    list.scroll(-1, height, &measure);
                }
            }
            Action::LineDown => list.scroll(1, height, &measure),
            Action::LineUp => list.scroll(-1, height, &measure),
            Action::HalfDown => list.scroll(height / 2, height, &measure),
            Action::HalfUp => list.scroll(-height / 2, height, &measure),
            Action::PageDown => list.scroll(height - 2, height, &measure),
            Action::PageUp => list.scroll(2 - height, height, &measure),
            Action::First => list.select_first(),
            _ => list.select_last(),
        }
    });
    state.panel_mut().is_going_up =
        matches!(action, Action::Up | Action::LineUp | Action::HalfUp | Action::PageUp | Action::Last);
    navigation::fill_ahead(state)
}

fn open(state: &mut State) -> Effects {
    let place = state.place().clone();
    let Some(row) = state.selected().cloned() else {
        let failed = state.panel().is_some_and(|panel| panel.phase == Phase::Failed);
        return if failed { navigation::fill(state, &place, PageSelector::Newest) } else { Effects::new() };
    };
    match row {
        Row::Tweet(id, _) => {
            let id = state.known.original(id);
            if place == Route::Thread(id) { fold(state) } else { navigation::go(state, Route::Thread(id)) }
        }
        Row::Gap(id) => {
            let goes_up = state.panel().is_some_and(|panel| panel.is_going_up);
            let below = state.panel().and_then(|panel| panel.ids.iter().copied().find(|other| *other < id));
            let part = below.filter(|_| goes_up).map_or(PageSelector::GapBelow(id), PageSelector::GapAbove);
            navigation::fill(state, &place, part)
        }
        Row::More => {
            let next = state.panel().and_then(|panel| panel.next.clone());
            next.map_or_else(Effects::new, |cursor| {
                navigation::fill(state, &place, PageSelector::Older(cursor))
            })
        }
        Row::Person(id) => {
            let username = state.known.username(id).to_owned();
            navigation::go(state, Route::Profile(username, ProfileTab::Tweets))
        }
        Row::Notification(id) => {
            let Some(notification) = state.known.notifications.get(&id).copied() else {
                return Effects::new();
            };
            if notification.tweet_id != 0 && state.known.tweet(notification.tweet_id).is_some() {
                navigation::go(state, Route::Thread(notification.tweet_id))
            } else {
                let username = state.known.username(notification.account_id).to_owned();
                navigation::go(state, Route::Profile(username, ProfileTab::Tweets))
            }
        }
        Row::Hashtag(name) => navigation::go(state, Route::Hashtag(name.to_string())),
        Row::Conversation(id) => {
            let username = state.known.username(id).to_owned();
            navigation::go(state, Route::Conversation(username))
        }
        Row::Message(_) => match place {
            Route::Conversation(username) => compose::open(state, Writing::Message(username)),
            _ => Effects::new(),
        },
        Row::Draft(name) => match state.drafts.get(name.as_str()).cloned() {
            Some(draft) => compose::open(state, draft.writing),
            None => Effects::new(),
        },
        Row::Outgoing(name) => compose::edit_outgoing(state, &name),
        Row::Setting(name) => turn_setting(state, name),
        Row::Session(id) => user_actions::revoke_session(state, id),
        Row::Key(id) => user_actions::revoke_key(state, id),
        Row::Command(id) => match crate::commands::by_id(id) {
            Some(command) => perform(state, command.action, ""),
            None => Effects::new(),
        },
        Row::ProfileHead => next_profile_tab(state),
        Row::ReadLine | Row::Heading(_) | Row::Note(..) => Effects::new(),
    }
}

fn next_profile_tab(state: &mut State) -> Effects {
    let Route::Profile(username, tab) = state.place().clone() else { return Effects::new() };
    // A tab is no step that one would want to go back over.
    if let Some(here) = state.history.get_mut(state.at) {
        *here = Route::Profile(username, tab.next());
    }
    let place = state.place().clone();
    navigation::arrive(state, &place)
}

/// One step back: a filter, then the place.
fn back(state: &mut State) -> Effects {
    if state.panel().is_some_and(|panel| !panel.filter.is_empty()) {
        state.panel_mut().filter.clear();
        let place = state.place().clone();
        state.refresh_anew(&place);
        return Effects::new();
    }
    if state.at == 0 {
        if *state.place() != Route::Home {
            return navigation::go(state, Route::Home);
        }
        state.say("This is home; q quits");
        return Effects::new();
    }
    navigation::travel(state, state.at - 1)
}

fn tab(state: &mut State, number: usize) -> Effects {
    if let (Route::Profile(username, _), Some((tab, _))) =
        (state.place().clone(), ProfileTab::ALL.get(number).copied())
        && matches!(state.selected(), Some(Row::ProfileHead))
    {
        if let Some(here) = state.history.get_mut(state.at) {
            *here = Route::Profile(username, tab);
        }
        let place = state.place().clone();
        return navigation::arrive(state, &place);
    }
    match Route::TABS.get(number) {
        Some(place) => navigation::go(state, place.clone()),
        None => Effects::new(),
    }
}

fn step_tab(state: &mut State, by: isize) -> Effects {
    if matches!(state.place(), Route::Profile(..)) {
        return next_profile_tab(state);
    }
    let count = Route::TABS.len();
    let now = state
        .history
        .iter()
        .take(state.at + 1)
        .rev()
        .find_map(|place| Route::TABS.iter().position(|tab| tab == place));
    let next = now.map_or(0, |now| now.wrapping_add_signed(by).wrapping_add(count) % count);
    tab(state, next)
}

fn fold(state: &mut State) -> Effects {
    let place = state.place().clone();
    let (Route::Thread(_), Some(Row::Tweet(id, _))) = (&place, state.selected().cloned()) else {
        return on_tweet(state, |state, id| navigation::go(state, Route::Thread(id)));
    };
    let folded = &mut state.panel_mut().folded;
    if !folded.remove(&id) {
        folded.insert(id);
    }
    state.refresh(&place);
    Effects::new()
}

fn mark_read(state: &mut State) -> Effects {
    match state.place().clone() {
        Route::Notifications => {
            let newest = state.panel().and_then(|panel| panel.ids.first().copied()).unwrap_or(0);
            for notification in state.known.notifications.values_mut() {
                notification.unread = false;
            }
            state.unread = 0;
            let op = Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to: newest });
            if newest == 0 { Effects::new() } else { vec![super::ask(Purpose::Nothing, op)] }
        }
        Route::Conversation(username) => super::live::mark_conversation(state, &username),
        place => {
            let (Some(name), Some(id)) = (place.read_line_name(), state.selected().and_then(Row::tweet))
            else {
                state.say("There is no read line here");
                return Effects::new();
            };
            state.read_lines.insert(name, id);
            state.unkept_lines_since.get_or_insert(state.now);
            state.panel_mut().read_line = Some(id);
            state.refresh(&place);
            state.say("Read up to here");
            Effects::new()
        }
    }
}

/// Where something is unread: messages first, then notifications, then the feed.
fn next_unread(state: &mut State) -> Effects {
    let waiting = state.known.conversations.values().filter(|conversation| conversation.unread > 0);
    let oldest = waiting.min_by_key(|conversation| conversation.last.as_ref().map_or(0, |last| last.id));
    if let Some(with) = oldest.and_then(|conversation| conversation.with.clone()) {
        return navigation::go(state, Route::Conversation(with.username));
    }
    if state.unread > 0 && *state.place() != Route::Notifications {
        return navigation::go(state, Route::Notifications);
    }
    let effects =
        if *state.place() == Route::Home { Effects::new() } else { navigation::go(state, Route::Home) };
    state.panel_mut().list.select_first();
    effects
}

/// The next unread notification or chat of this list, or the next row of a filter.
fn next_unread_here(state: &mut State, by: isize) -> Effects {
    let is_wanted = |row: &Row| match row {
        Row::Notification(id) => state.known.notifications.get(id).is_some_and(|one| one.unread),
        Row::Conversation(id) => state.known.conversations.get(id).is_some_and(|one| one.unread > 0),
        _ => true,
    };
    let Some(panel) = state.panel() else { return Effects::new() };
    let (rows, cursor) = (panel.list.rows(), panel.list.cursor());
    let next = if by > 0 {
        rows.iter().skip(cursor + 1).find(|row| is_wanted(row))
    } else {
        rows.iter().take(cursor).rev().find(|row| is_wanted(row))
    };
    match next.cloned() {
        Some(row) => {
            let (height, width) = view::list_size(state);
            let steps = state.panel().map_or(0, |panel| {
                let to = panel.list.rows().iter().position(|other| *other == row).unwrap_or(cursor);
                isize::try_from(to).unwrap_or(0) - isize::try_from(cursor).unwrap_or(0)
            });
            with_list(state, |state, list| {
                let measure = |row: &Row| view::height(state, row, width);
                for _ in 0..steps.unsigned_abs() {
                    if list.selected() == Some(&row) {
                        break;
                    }
                    list.step(steps.signum(), height, &measure);
                }
            });
        }
        None => state.say("There is no other"),
    }
    Effects::new()
}

fn copy(state: &mut State, action: Action) -> Effects {
    let tweet = state.selected_tweet().and_then(|id| state.known.tweet(id));
    let text = match action {
        Action::CopyText => tweet.map(|tweet| tweet.text.clone()),
        Action::CopyId => tweet.map(|tweet| tweet.id.to_string()),
        Action::CopyLink => tweet.map(|tweet| {
            let links = model::entities(&tweet.text);
            let first = links.into_iter().find(|(_, entity)| *entity == model::Entity::Link);
            first
                .and_then(|(range, _)| tweet.text.get(range))
                .map_or_else(|| tweet.id.to_string(), str::to_owned)
        }),
        _ => state.place().command_line().map(|line| format!("mini-tweet {line}")),
    };
    let Some(text) = text else {
        state.say("There is nothing to copy here");
        return Effects::new();
    };
    state.say(format!("Copied: {}", terminal::measure::fit(model::SafeText::line(&text).as_str(), 40)));
    let payload = data_encoding::BASE64.encode(text.as_bytes());
    vec![Effect::Terminal(format!("\x1b]52;c;{payload}\x07"))]
}

pub(super) fn turn_setting(state: &mut State, name: &str) -> Effects {
    state.settings.turn(name);
    state.theme = state.settings.theme(&state.settings.theme).unwrap_or_default();
    let (keymap, problems) = crate::keymap::Keymap::new(&state.settings.preset, &state.settings.keys);
    state.keymap = keymap;
    state.say(format!("{name} = {}", state.settings.value(name)));
    for problem in problems {
        state.complain(problem);
    }
    let mut effects = Effects::new();
    if name == "mouse" {
        let how = if state.settings.mouse { 'h' } else { 'l' };
        effects.push(Effect::Terminal(format!("\x1b[?1000{how}\x1b[?1006{how}")));
    }
    effects.extend(keep_settings(state));
    effects
}

/// On the disk, unless what is there could not be read.
pub(super) fn keep_settings(state: &mut State) -> Effects {
    if state.settings_are_broken {
        state.complain("The settings file could not be read: mend it, so that changes can be kept");
        return Effects::new();
    }
    vec![Effect::Keep(LocalItem::Settings, state.settings.to_toml().into_bytes())]
}

fn log_out(everywhere: bool) -> Effects {
    vec![super::ask(Purpose::LogOut, Op::LogOut(v1::LogOut { everywhere }))]
}
