//! What a typed line means: an answer to a question, a text, or a command with what it is about.

use super::help::{self, OWN, Own, SWITCHES, is_about_an_item};
use super::questions::{is_tweet, offered};
use super::reading::Reading;
use super::words::{beginning_of, safe, words};
use crate::commands::{Action, Argument, Command, Context, Interface, Requirement, by_id};
use crate::composer::{Audience, Composer, Writing};
use crate::form::{FieldId, Form};
use crate::message::Message;
use crate::palette::by_verb;
use crate::prompt::{Prompt, PromptKind};
use crate::state::State;
use crate::update::has_begun;
use crate::wording::count;
use terminal::editor::Editor;

/// What is printed at once, and the messages that a line stands for.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) said: String,
    pub(super) messages: Vec<Message>,
}

impl Meaning {
    fn say(said: impl Into<String>) -> Self {
        Self { said: said.into(), messages: Vec::new() }
    }

    fn run(action: Action, argument: &str) -> Self {
        Self::send(Message::Command(action, argument.to_owned()))
    }

    fn send(message: Message) -> Self {
        Self { said: String::new(), messages: vec![message] }
    }

    /// The same after another message.
    fn after(mut self, message: Message) -> Self {
        self.messages.insert(0, message);
        self
    }
}

/// Digits from which a number is the identifier of a tweet, and not the number of an item.
const ID_DIGITS_MIN: usize = 12;

/// What a line begins with.
#[derive(Debug, Clone, Copy)]
enum Word {
    Command(&'static Command),
    /// A command that does something or ends it: which of the two.
    Switch(&'static Command, bool),
    /// A command of plain mode alone.
    Own(Own),
}

/// A switch by its name, and whether it does or ends something. By itself, the word that does something also ends it,
/// for the selected item.
fn switch(name: &str, argument: &str) -> Option<Word> {
    let named = |(on, off, _): &&(&str, &str, Action)| *off == name || (*on == name && !argument.is_empty());
    let (on, _, action) = SWITCHES.iter().find(named)?;
    Some(Word::Switch(action.command(), *on == name))
}

/// The command that a line begins with, without a colon or a slash, and what follows it.
fn command(line: &str) -> Option<(Word, &str)> {
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = name.to_lowercase();
    let own = OWN.iter().find(|(own, _)| *own == name).map(|(_, own)| Word::Own(*own));
    let argument = argument.trim();
    let is_typed = |one: &&Command| !matches!(one.context, Context::Prompt | Context::Form);
    let word = own
        .or_else(|| switch(&name, argument))
        .or_else(|| by_id(&name).or_else(|| by_verb(&name)).filter(is_typed).map(Word::Command))?;
    Some((word, argument))
}

/// What a line means in this state.
pub(super) fn meaning(state: &State, reading: &mut Reading, line: &str) -> Meaning {
    if let Some(prompt) = &state.prompt {
        return in_prompt(state, reading, prompt, line.trim());
    }
    if let Some(form) = &state.form {
        return in_form(form, line);
    }
    let line = line.trim();
    if let Some(composer) = &state.composer {
        return in_composer(state, reading, composer, line);
    }
    as_command(state, reading, line.trim_start_matches([':', '/']))
}

/// What several lines mean that arrived together: one text, of which nothing runs as a command.
pub(super) fn of_pasted(state: &State, reading: &mut Reading, text: &str) -> Meaning {
    let number = count(u32::try_from(text.lines().count()).unwrap_or(u32::MAX), "line", "lines");
    let is_asked =
        state.prompt.as_ref().is_some_and(|prompt| !prompt.is_information()) || state.form.is_some();
    let Some(composer) = state.composer.as_ref().filter(|_| !is_asked) else {
        if !is_asked && let Some(writes) = of_pasted_command(state, reading, text) {
            let said = format!("{number} arrived together. They are one text, which was not sent.\n");
            return if writes.messages.is_empty() { writes } else { Meaning { said, ..writes } };
        }
        let how =
            if is_asked { "Type the answer in one line" } else { "To paste a text, type “post” first" };
        return Meaning::say(format!("{number} arrived together, and nothing was done with them. {how}.\n"));
    };
    let before = composer.editor.text().trim_end();
    let draft = match before {
        "" => text.trim().to_owned(),
        before if has_begun(state) => format!("{before}\n{}", text.trim()),
        _ if composer.writing.is_edit() => text.trim().to_owned(),
        // The username of a reply.
        before => format!("{before} {}", text.trim()),
    };
    if text.len() > composer.editor.space() {
        return Meaning::say(format!(
            "{number} arrived together. They are too long: nothing was done with them.\n"
        ));
    }
    let said = format!("{number} arrived together. They are one text, which was not sent.\n");
    Meaning { said, messages: vec![Message::Draft(draft)] }
}

/// What several lines mean that arrived together, the first of which is a command that writes: a draft with all of them.
fn of_pasted_command(state: &State, reading: &mut Reading, text: &str) -> Option<Meaning> {
    let (first, rest) = text.split_once('\n')?;
    let (Word::Command(one), argument) = command(first.trim().trim_start_matches([':', '/']))? else {
        return None;
    };
    let (target, words) = match one.action {
        Action::Compose => ("", argument),
        Action::Reply | Action::Quote | Action::Chat => {
            let (target, words) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
            let names_item = target.parse::<usize>().is_ok() || one.action == Action::Chat;
            if names_item { (target, words) } else { ("", argument) }
        }
        _ => return None,
    };
    let draft = format!("{words}\n{rest}").trim().to_owned();
    if draft.len() > Editor::new("").space() {
        return Some(Meaning::say("These lines are too long for one text: nothing was done with them.\n"));
    }
    let author = match (one.action, target.parse::<usize>()) {
        (Action::Reply, Ok(number)) => reading.row(state, number).ok().and_then(|row| state.person_of(&row)),
        (Action::Reply, Err(_)) => state.selected_person(),
        _ => None,
    };
    // The username of a reply, as the composer begins with it.
    let author = author.filter(|name| Some(name) != state.session.username.as_ref());
    let draft = match author {
        Some(author) if state.selected_message().is_none() => format!("@{author} {draft}"),
        _ => draft,
    };
    let mut writes = run(state, reading, one, None, target);
    if !writes.messages.is_empty() {
        writes.messages.push(Message::Draft(draft));
    }
    Some(writes)
}

// Questions.

fn in_form(form: &Form, line: &str) -> Meaning {
    let Some(field) = form.focused() else { return Meaning::default() };
    // A password that exists can be any word; nothing else that is asked for is called “back”.
    let is_way = line.starts_with(':') || field.id != FieldId::Password;
    let go = |action| Meaning::run(action, "");
    // No server is called “quit” either.
    let is_command = line.starts_with(':') || field.id == FieldId::Server;
    match line.trim().trim_start_matches(':').to_lowercase().as_str() {
        "back" if is_way && form.focus > 0 => go(Action::PreviousField),
        "back" | "cancel" if is_way => go(Action::LeaveForm),
        "quit" if is_command => go(Action::Quit),
        "help" if is_command => Meaning::say(help::for_form(field)),
        "clear" if line.starts_with(':') && field.is_optional() => {
            Meaning::send(Message::Answer(String::new()))
        }
        "" if line.is_empty() && !field.is_secret() => {
            Meaning::send(Message::Answer(field.editor.text().to_owned()))
        }
        _ => Meaning::send(Message::Answer(line.to_owned())),
    }
}

fn in_prompt(state: &State, reading: &mut Reading, prompt: &Prompt, line: &str) -> Meaning {
    let offered = offered(state, prompt);
    let bare = line.trim_start_matches(':').to_lowercase();
    if prompt.is_information() {
        // Nothing was asked.
        let rest = match line {
            "" => Meaning::say("Closed.\n"),
            line => as_command(state, reading, line.trim_start_matches([':', '/'])),
        };
        return rest.after(Message::Command(Action::Cancel, String::new()));
    }
    // A search can be for any word.
    let is_search = matches!(prompt.kind, PromptKind::Search | PromptKind::Filter | PromptKind::Reason(_));
    let takes_text =
        is_search || matches!(prompt.kind, PromptKind::Tag | PromptKind::User | PromptKind::NewChat);
    let word =
        if takes_text && !line.is_empty() && !line.starts_with(':') { "a text" } else { bare.as_str() };
    match word {
        "quit" => return Meaning::run(Action::Quit, ""),
        "help" | "?" => return Meaning::say(help::for_prompt(prompt)),
        "back" | "cancel" if state.session.previous.is_some() && prompt.must_choose() => {
            return Meaning::run(Action::Cancel, "");
        }
        "" | "back" | "cancel" if prompt.must_choose() => return Meaning::default(),
        "" | "back" | "cancel" => {
            return Meaning {
                said: "Canceled.\n".to_owned(),
                messages: vec![Message::Command(Action::Cancel, String::new())],
            };
        }
        _ => {}
    }
    if let Ok(number) = line.parse::<usize>()
        && !is_search
    {
        return match number.checked_sub(1).and_then(|index| offered.get(index)) {
            Some((index, _)) => Meaning::send(Message::Choose(*index)),
            None if offered.is_empty() => Meaning::say("There is nothing to choose here.\n"),
            None => {
                Meaning::say(format!("There is no choice {number}: they go from 1 to {}.\n", offered.len()))
            }
        };
    }
    let answers = |action| Meaning::run(action, line).after(Message::Command(Action::Cancel, String::new()));
    match &prompt.kind {
        PromptKind::Reason(username) => Meaning::run(Action::Report, &format!("@{username} {line}"))
            .after(Message::Command(Action::Cancel, String::new())),
        PromptKind::Search => answers(Action::Search),
        PromptKind::Filter => answers(Action::Filter),
        PromptKind::Tag => answers(Action::GoTag),
        PromptKind::User => answers(Action::GoUser),
        PromptKind::NewChat => answers(Action::Chat),
        _ => {
            let begins = |label: &str| label.trim_start_matches(['@', '#']).to_lowercase().starts_with(&bare);
            let mut fitting = offered.iter().filter(|(_, choice)| begins(&choice.label));
            match (fitting.next(), fitting.next()) {
                (Some((index, _)), None) => Meaning::send(Message::Choose(*index)),
                (Some(_), Some(_)) => Meaning::say(format!("Several choices begin with “{}”.\n", safe(line))),
                (None, _) => Meaning::say(format!("“{}” is none of the choices.\n", safe(line))),
            }
        }
    }
}

// Texts.

fn in_composer(state: &State, reading: &mut Reading, composer: &Composer, line: &str) -> Meaning {
    let begun = has_begun(state);
    if line.is_empty() {
        let how = match &composer.writing {
            Writing::Message(username) => {
                format!("Closed. Type “chat {0}” to write to @{0} again, or “back”.\n", safe(username))
            }
            _ if begun => String::new(),
            _ => "Closed.\n".to_owned(),
        };
        return Meaning { said: how, ..Meaning::run(Action::KeepDraft, "") };
    }
    if let Some(rest) = line.strip_prefix(':') {
        if let Some((word, argument)) = command(rest) {
            return in_composer_command(state, reading, composer, word, argument);
        }
        if looks_like_a_command(rest) {
            return unknown(rest, Some(line));
        }
    }
    if begun {
        return match command(line.trim_start_matches('/')) {
            Some((word, argument)) => in_composer_command(state, reading, composer, word, argument),
            None => Meaning::say(format!("Nothing was added. Type “:add {}” to add it.\n", safe(line))),
        };
    }
    let meant = command(line.trim_start_matches('/'))
        .filter(|(word, argument)| line.starts_with('/') || is_meant(state, *word, argument));
    if meant.is_some() {
        return Meaning::say(format!(
            "“{0}” looks like a command. Type “:{1}” to run it, or “:send {0}” to send it as your text.\n",
            safe(line),
            safe(line.trim_start_matches('/'))
        ));
    }
    if line.parse::<usize>().is_ok() && composer.writing.chat().is_none() {
        return Meaning::say(format!(
            "A number selects nothing while you write. Type “:send {line}” to send it as your text.\n"
        ));
    }
    Meaning::send(Message::Write(line.to_owned()))
}

/// Whether a line that begins with the name of a command is meant as one. What follows the name then has the shape of
/// what the command takes; more words are a sentence, unless they follow the item or the person that a text is for.
fn is_meant(state: &State, word: Word, argument: &str) -> bool {
    let words = argument.split_whitespace().count();
    let (Word::Command(command) | Word::Switch(command, _)) = word else {
        return words == 0 || (words == 1 && matches!(word, Word::Own(Own::Help)));
    };
    let first = argument.split_whitespace().next().unwrap_or_default();
    let takes_person_and_text =
        matches!(command.argument, Argument::PersonAndText | Argument::PersonThenText);
    let takes_text = takes_person_and_text || matches!(command.argument, Argument::Text(_));
    let takes_any = takes_text
        || matches!(command.argument, Argument::Person | Argument::Tweet)
        || is_about_an_item(command)
        || sign_of_search(command.action).is_some();
    let is_number_or_name = first.starts_with('@') || first.parse::<usize>().is_ok();
    let is_known = || takes_person_and_text && state.entities.by_username(&first.to_lowercase()).is_some();
    match words {
        0 => true,
        1 => takes_any,
        2 => takes_text,
        _ => takes_text && (is_about_an_item(command) && is_number_or_name || is_known()),
    }
}

/// The sign of what a command searches for that has a name after it, as on the command line.
fn sign_of_search(action: Action) -> Option<char> {
    match action {
        Action::GoPeople => Some('@'),
        Action::GoTrends => Some('#'),
        _ => None,
    }
}

/// A word after a colon that no one would type as a text: letters and hyphens, more than an emoticon has.
fn looks_like_a_command(rest: &str) -> bool {
    let name = rest.split_whitespace().next().unwrap_or_default();
    name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// A command while a text is written.
fn in_composer_command(
    state: &State,
    reading: &mut Reading,
    composer: &Composer,
    word: Word,
    argument: &str,
) -> Meaning {
    let text = composer.editor.text();
    match word {
        Word::Own(Own::Help) if !argument.is_empty() => Meaning::say(help::help(state, argument)),
        Word::Own(Own::Help) => Meaning::say(help::for_composer(state, composer)),
        Word::Own(Own::Cancel) => Meaning::run(Action::KeepDraft, ""),
        Word::Own(Own::Add) if argument.is_empty() => Meaning::say("Type “:add” and the words to add.\n"),
        Word::Own(Own::Add) => {
            Meaning::send(Message::Draft(format!("{} {argument}", text.trim_end()).trim_start().to_owned()))
        }
        Word::Own(Own::Rewrite) if argument.is_empty() => Meaning::say("Type “:rewrite” and the new text.\n"),
        Word::Own(Own::Rewrite) => Meaning::send(Message::Draft(argument.to_owned())),
        Word::Own(Own::Repeat) if has_begun(state) => Meaning::say(format!("{}\n", lines_of(text))),
        Word::Own(own) => own_command(state, reading, own, argument),
        Word::Switch(one, on) => run(state, reading, one, Some(on), argument),
        Word::Command(one) => match one.action {
            Action::Back => Meaning::run(Action::KeepDraft, ""),
            Action::Send if argument.is_empty() => Meaning::run(Action::Send, ""),
            Action::Send => Meaning::send(Message::Write(argument.to_owned())),
            Action::CycleVisibility | Action::SplitThread if !is_tweet(composer) => {
                Meaning::say(format!("“{}” is for new tweets only.\n", one.id))
            }
            Action::CycleVisibility => visibility(composer, argument),
            Action::SplitThread | Action::EditLast | Action::DiscardDraft | Action::KeepDraft
                if !argument.is_empty() =>
            {
                Meaning::say(format!("“{0}” takes nothing after its name. Type “:{0}”.\n", one.id))
            }
            Action::SplitThread | Action::EditLast | Action::DiscardDraft | Action::KeepDraft => {
                Meaning::run(one.action, "")
            }
            _ => run(state, reading, one, None, argument),
        },
    }
}

/// All lines of a draft.
fn lines_of(text: &str) -> String {
    text.trim().lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// Changes who can see the tweet, and says what that means.
fn visibility(composer: &Composer, name: &str) -> Meaning {
    let audience = match name {
        "" => Some(composer.audience.next()),
        name => Audience::by_name(name),
    };
    match audience {
        Some(audience) => Meaning {
            said: format!("{}: {}.\n", audience.title(), audience.meaning()),
            ..Meaning::run(Action::CycleVisibility, audience.word())
        },
        None => Meaning::say(format!(
            "There is no visibility “{}”. Type “:visibility” and public, unlisted, followers or mentioned.\n",
            safe(name)
        )),
    }
}

// Commands.

/// A line as a command.
fn as_command(state: &State, reading: &mut Reading, line: &str) -> Meaning {
    if line.is_empty() {
        return Meaning::default();
    }
    let first = line.split_whitespace().next().unwrap_or_default();
    if let Ok(number) = first.parse::<usize>() {
        return match selected(state, reading, number) {
            Ok((select, row)) => Meaning { said: format!("{row}\n"), messages: vec![select] },
            Err(none) => Meaning::say(none),
        };
    }
    match command(line) {
        // Without a draft, it is the command of the selected row.
        Some((Word::Own(Own::Add), argument)) => run(state, reading, Action::Add.command(), None, argument),
        Some((Word::Own(own), argument)) => own_command(state, reading, own, argument),
        Some((Word::Switch(one, on), argument)) => run(state, reading, one, Some(on), argument),
        Some((Word::Command(one), argument)) => run(state, reading, one, None, argument),
        None => unknown(line, None),
    }
}

fn unknown(line: &str, text: Option<&str>) -> Meaning {
    let first = line.split_whitespace().next().unwrap_or_default();
    match text {
        None => Meaning::say(format!("There is no command “{}”. Type “help” to list all.\n", safe(first))),
        Some(text) => Meaning::say(format!(
            "There is no command “{}”. Type “:help”, or “:send {}” to send it as your text.\n",
            safe(first),
            safe(text)
        )),
    }
}

fn own_command(state: &State, reading: &mut Reading, own: Own, argument: &str) -> Meaning {
    match own {
        Own::Help => Meaning::say(help::help(state, argument)),
        Own::Repeat => {
            reading.start_again();
            Meaning::default()
        }
        Own::More => {
            let said = reading.more(state);
            let messages = if reading.wants_more() { vec![Message::More] } else { Vec::new() };
            Meaning { said, messages }
        }
        Own::Cancel => Meaning::say("There is nothing to cancel. “back” leaves this screen.\n"),
        Own::Rewrite | Own::Add => Meaning::say("No draft is open. Type “drafts” to list them.\n"),
    }
}

/// The message that selects an item, and its sentences.
fn selected(state: &State, reading: &Reading, number: usize) -> Result<(Message, String), String> {
    let row = reading.row(state, number)?;
    let rows = state.screen().map_or(&[][..], |screen| screen.list.rows());
    let index = rows.iter().position(|one| *one == row).unwrap_or(0);
    Ok((Message::Select(index), words(state, &row)))
}

/// A command with what it is asked to do.
#[derive(Clone, Copy)]
struct Request {
    command: &'static Command,
    /// Whether it does something or ends it; `None`: it does what it does.
    on: Option<bool>,
}

impl Request {
    /// The message that carries it out.
    fn message(self, argument: &str) -> Message {
        match self.on {
            Some(on) => Message::Turn(self.command.action, on, argument.to_owned()),
            None => Message::Command(self.command.action, argument.to_owned()),
        }
    }
}

/// Runs a command. A number after its name is the item that it is about.
fn run(
    state: &State,
    reading: &mut Reading,
    command: &'static Command,
    on: Option<bool>,
    argument: &str,
) -> Meaning {
    if command.interface == Interface::Screen {
        return Meaning::say(format!("“{}” is for the full screen only.\n", command.id));
    }
    if command.context == Context::Composer {
        return Meaning::say(format!("“{}” is for texts that you write: type “post” first.\n", command.id));
    }
    match command.action {
        Action::ShowNew => reading.start_again(),
        // It differs from “back” only in its key.
        Action::Close => return Meaning::run(Action::Back, ""),
        _ => {}
    }
    if let Some(sign) = sign_of_search(command.action).filter(|_| !argument.is_empty()) {
        return Meaning::run(Action::Search, &format!("{sign}{}", argument.trim_start_matches(sign)));
    }
    let request = Request { command, on };
    let takes_number = is_about_an_item(command);
    let (first, rest) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    let is_id = command.argument == Argument::Tweet && argument.len() >= ID_DIGITS_MIN;
    if takes_number
        && !is_id
        && let Ok(number) = first.parse::<usize>()
    {
        return match selected(state, reading, number) {
            Ok((select, row)) => about(state, reading, request, number, rest.trim(), select, &row),
            Err(none) => Meaning::say(none),
        };
    }
    if command.argument == Argument::Person && argument.contains(char::is_whitespace) {
        return Meaning::say(format!("“{}” takes one username.\n", command.id));
    }
    if command.argument == Argument::None && !argument.is_empty() {
        let item = if takes_number { " but the number of an item" } else { "" };
        return Meaning::say(format!("“{0}” takes nothing after its name{item}. Type “{0}”.\n", command.id));
    }
    if command.argument == Argument::PersonAndText && !argument.is_empty() {
        return with_name(state, request, first.trim_start_matches('@'), rest, first.starts_with('@'));
    }
    let said = about_selected(state, command, argument);
    Meaning { said, ..Meaning::send(request.message(argument)) }
}

/// Runs a command that takes a username and a text, which is not about the selected item then.
fn with_name(state: &State, request: Request, name: &str, rest: &str, is_named: bool) -> Meaning {
    if is_named || state.entities.by_username(&name.to_lowercase()).is_some() {
        return Meaning::send(request.message(&format!("@{name} {rest}")));
    }
    Meaning::say(format!(
        "“{0}” takes a number or a username, then a text: “{0} 3 spam” or “{0} @name spam”. “{0}” alone is for the \
         selected item.\n",
        request.command.id
    ))
}

/// What a command without a number is about: the author and the first words of the selected tweet or message.
fn about_selected(state: &State, command: &Command, argument: &str) -> String {
    let is_about_row = match command.context {
        Context::Tweet => state.selected_tweet().is_some(),
        Context::Item => state.selected_tweet().is_some() || state.selected_message().is_some(),
        Context::Person => command.argument == Argument::PersonAndText && argument.is_empty(),
        _ => false,
    };
    let changes = command.requirements.contains(&Requirement::Write);
    let row = state.selected().filter(|_| is_about_row && changes);
    row.map_or_else(String::new, |row| format!("{}\n", beginning_of(state, row)))
}

/// Runs a command that is about an item, with what follows its number.
fn about(
    state: &State,
    reading: &Reading,
    request: Request,
    number: usize,
    rest: &str,
    select: Message,
    row: &str,
) -> Meaning {
    let command = request.command;
    if matches!(command.argument, Argument::None | Argument::Person | Argument::Tweet) && !rest.is_empty() {
        return Meaning::say(format!("“{} {number}” takes nothing after the number.\n", command.id));
    }
    // A command that takes a username and a text needs the username of the item.
    let person = reading.row(state, number).ok().and_then(|row| state.person_of(&row));
    let argument = match (command.argument, person) {
        (Argument::PersonThenText, Some(person)) => format!("@{person} {rest}"),
        _ => rest.to_owned(),
    };
    // What changes something says about which item.
    let changes = command.requirements.contains(&Requirement::Write);
    let said = if changes { format!("{row}\n") } else { String::new() };
    Meaning { said, ..Meaning::send(request.message(&argument)).after(select) }
}
