//! What is asked, and every way to answer it. A question ends with a question mark.

use model::count_graphemes;

use super::words::{safe, spoken};
use crate::choice::{Choice, Chosen};
use crate::choices::{choices, notice};
use crate::composer::{Composer, Writing};
use crate::form::{Field, FieldId, Form};
use crate::prompt::{Prompt, PromptKind};
use crate::state::State;
use crate::update::has_begun;
use crate::wording::count;

/// Characters of a draft that are read.
const CHARACTERS_READ: usize = 200;
/// Choices that are read.
const CHOICES_READ: usize = 20;

/// The question that waits for an answer. A problem of its form that is known is not said again.
pub(super) fn question(state: &State, known_problem: Option<&str>) -> Option<String> {
    if let Some(prompt) = &state.prompt {
        return Some(of_prompt(state, prompt));
    }
    if let Some(form) = &state.form {
        return (!form.is_busy).then(|| of_form(form, known_problem));
    }
    state.composer.as_ref().map(|composer| of_composer(state, composer))
}

fn of_form(form: &Form, known_problem: Option<&str>) -> String {
    let Some(field) = form.focused() else { return String::new() };
    let heading = match form.problem.as_deref().filter(|problem| Some(*problem) != known_problem) {
        Some(problem) => format!("{}.\n", safe_lines(problem).trim_end_matches('.')),
        None if form.focus == 0 => format!("{}.\n", form.title()),
        None => String::new(),
    };
    let heading = match form.fields.iter().find(|one| one.id == FieldId::NewPassword) {
        // The screen shows it while the password is typed.
        Some(Field { note: Some(note), .. }) if heading.is_empty() && field.id == FieldId::Confirmation => {
            format!("This password is {}.\n", spoken(&note.text))
        }
        _ => heading,
    };
    let way = if form.focus == 0 { "“:cancel”" } else { "“:back”" };
    let hint = if field.hint.is_empty() { String::new() } else { format!(" ({})", field.hint) };
    format!("{heading}{}{hint}{}, or {way}?", field.label, empty_line(field))
}

/// What an empty line means, where it means something.
fn empty_line(field: &Field) -> String {
    let text = field.editor.text();
    if field.is_secret() {
        return String::new();
    }
    if !text.is_empty() {
        let clear = if field.is_optional() { ", “:clear” to remove it" } else { "" };
        return format!(", an empty line to keep “{}”{clear}", safe(text));
    }
    match (field.default.as_str(), field.is_optional()) {
        ("", true) => ", an empty line for none".to_owned(),
        ("", false) => String::new(),
        (default, _) => format!(", an empty line for {}", safe(default)),
    }
}

/// What has to be read before the question, once.
pub(super) fn before(state: &State) -> Option<String> {
    let prompt = state.prompt.as_ref()?;
    let title = match prompt.kind {
        PromptKind::Notice(title, _) => format!("{title}.\n"),
        _ => String::new(),
    };
    let notice = notice(state, prompt)?;
    let lines: Vec<&str> = notice.lines().filter(|line| !line.is_empty()).collect();
    Some(format!("{title}{}\n", safe_lines(&lines.join("\n"))))
}

/// The choices of a prompt that can be taken, with their indices among all. Their numbers follow this order.
pub(super) fn offered(state: &State, prompt: &Prompt) -> Vec<(usize, Choice)> {
    let all = choices(state, prompt).into_iter().enumerate();
    // Lines have no clipboard.
    all.filter(|(_, choice)| !matches!(choice.chosen, Chosen::Nothing | Chosen::Copy(_))).collect()
}

fn of_prompt(state: &State, prompt: &Prompt) -> String {
    let heading = heading(state, prompt);
    let mut out = String::new();
    match &prompt.kind {
        _ if prompt.is_information() => {
            let lines = choices(state, prompt).into_iter().filter(|one| one.chosen == Chosen::Nothing);
            out.extend(lines.map(|choice| format!("{}\n", choice.label)));
            let heading = if out.is_empty() { String::new() } else { format!("{heading}.\n") };
            return format!("{heading}{out}An empty line closes this.");
        }
        PromptKind::Search | PromptKind::Filter | PromptKind::Reason(_) => {
            return format!("{heading}, or an empty line to cancel?");
        }
        PromptKind::Thread(parts) => out.push_str(&tweets_of_thread(parts)),
        _ => {
            let all = choices(state, prompt).into_iter();
            out.extend(
                all.filter(|one| one.chosen == Chosen::Nothing).map(|one| format!("{}.\n", sentence(&one))),
            );
        }
    }
    out.push_str(&format!("{heading}{}\n", if heading.ends_with('?') { "" } else { "." }));
    let offered = offered(state, prompt);
    for (number, (_, choice)) in (1..).zip(&offered).take(CHOICES_READ) {
        out.push_str(&format!("{number}. {}.\n", sentence(choice)));
    }
    let more = offered.len().saturating_sub(CHOICES_READ);
    if more > 0 {
        out.push_str(&format!(
            "{}.\n",
            count(u32::try_from(more).unwrap_or(u32::MAX), "more choice", "more choices")
        ));
    }
    out.push_str(match prompt.kind {
        PromptKind::Welcome | PromptKind::SignIn => {
            "Type a number or the beginning of a choice, “:help”, or “quit”?"
        }
        PromptKind::Tag | PromptKind::User | PromptKind::NewChat => {
            "Type a name or a number, or an empty line to cancel?"
        }
        _ => "Type a number or the beginning of a choice, or an empty line to cancel?",
    });
    out
}

/// The tweets of a thread before they are sent, each whole.
fn tweets_of_thread(parts: &[String]) -> String {
    let one = |(number, part): (usize, &String)| {
        let length = u32::try_from(count_graphemes(part)).unwrap_or(u32::MAX);
        let length = count(length, "character", "characters");
        format!("Tweet {number} of {}, {length}: {}\n", parts.len(), safe(part))
    };
    (1..).zip(parts).map(one).collect()
}

fn heading(state: &State, prompt: &Prompt) -> String {
    match &prompt.kind {
        PromptKind::SignIn => format!("Welcome to {}", state.server_name()),
        PromptKind::Search => "Search: type words, @name or #tag".to_owned(),
        PromptKind::Filter => "Filter: type words that the items have to contain".to_owned(),
        PromptKind::Reason(username) => format!("Why do you report @{}? Type the reason", safe(username)),
        PromptKind::Tag => "Hashtag".to_owned(),
        PromptKind::User => "Username".to_owned(),
        PromptKind::Help | PromptKind::Palette => "Commands".to_owned(),
        PromptKind::Welcome => "Welcome to Mini-Tweet".to_owned(),
        _ => spoken(&prompt.title()),
    }
}

fn sentence(choice: &Choice) -> String {
    let detail = spoken(&choice.detail);
    let text = match detail.as_str() {
        "" => choice.label.clone(),
        detail => format!("{}, {detail}", choice.label),
    };
    text.trim_end_matches('.').to_owned()
}

fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

fn of_composer(state: &State, composer: &Composer) -> String {
    let text = beginning(composer.editor.text());
    let to_whom = to_whom(state, composer);
    if has_begun(state) {
        let is_long = count_graphemes(composer.editor.text().trim()) > state.graphemes_max();
        let split = if is_long && is_tweet(composer) { "“:split” to send it as a thread, " } else { "" };
        return format!(
            "Your draft is open. {to_whom} {text}\nType “:send” to send it, “:add” and words to add them, \
             “:rewrite” and words to replace it, {split}“:discard-draft” to discard it, or an empty line to keep it \
             for later?"
        );
    }
    let ways = match composer.writing {
        Writing::Message(_) => "Type your message in one line, or an empty line to close?",
        Writing::Edit(_) | Writing::EditMessage(..) => {
            "Type the new text in one line, or an empty line to close?"
        }
        Writing::Quote(_) => {
            "Type your text in one line, “:send” to retweet without a text, “:visibility” to change who sees it, \
             or an empty line to close?"
        }
        Writing::New | Writing::Reply(_) => {
            "Type your text in one line, “:visibility” to change who sees it, or an empty line to close?"
        }
    };
    match composer.writing {
        Writing::Edit(_) | Writing::EditMessage(..) => format!("{to_whom} {text}\n{ways}"),
        Writing::Reply(_) if !composer.editor.is_blank() => {
            format!("{to_whom} {text} is put before your text. {ways}")
        }
        _ => format!("{to_whom} {ways}"),
    }
}

/// A text, or the beginning of a long one, with the number of its lines.
fn beginning(text: &str) -> String {
    let lines = match text.trim().lines().count() {
        0 | 1 => String::new(),
        many => format!("{}: ", count(u32::try_from(many).unwrap_or(u32::MAX), "line", "lines")),
    };
    let text = safe(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(CHARACTERS_READ) {
        Some((end, _)) => {
            let beginning = text.get(..end).unwrap_or_default().trim_end();
            format!("{lines}“{beginning}” and so on; “:repeat” reads all of it.")
        }
        None => format!("{lines}“{text}”"),
    }
}

/// Whether it is a tweet that is not posted yet.
pub(super) fn is_tweet(composer: &Composer) -> bool {
    matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_))
}

/// What is written, and who can read it.
fn to_whom(state: &State, composer: &Composer) -> String {
    let author = |id: u64| state.entities.tweet(id).map(|tweet| state.entities.username(tweet.author_id));
    let title = composer.writing.title();
    let audience = composer.audience.title().to_lowercase();
    match &composer.writing {
        Writing::Message(username) => {
            format!("To @{}, private: only the two of you can read it.", safe(username))
        }
        Writing::Edit(_) => "Edit your tweet.".to_owned(),
        Writing::EditMessage(username, _) => format!("Edit your message to @{}.", safe(username)),
        Writing::Reply(id) | Writing::Quote(id) => match author(*id) {
            Some(author) => {
                let preposition = if matches!(composer.writing, Writing::Reply(_)) { "to" } else { "of" };
                format!("{title} {preposition} @{author}, {audience}.")
            }
            None => format!("{title}, {audience}."),
        },
        Writing::New => format!("{title}, {audience}."),
    }
}
