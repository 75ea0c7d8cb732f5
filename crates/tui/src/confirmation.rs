//! When it is asked before something that a slip must not do, what the question says, and the answers: “No” is the first
//! one.

use model::SafeText;
use terminal::measure::fit;

use crate::choice::{Choice, Chosen};
use crate::commands::Action;
use crate::question::Question;
use crate::settings::capitalized;
use crate::state::State;
use crate::user_action::UserAction;

/// Columns of the text that is going to be deleted.
const QUOTED_MAX: usize = 160;

/// The question before a command about this account, or about what is selected, with the text after its name; `None`
/// if there is none.
pub(crate) fn question_before(
    state: &State,
    action: Action,
    named: Option<&str>,
    text: &str,
) -> Option<Question> {
    let person = || named.map(str::to_owned).or_else(|| state.selected_person());
    match action {
        Action::LogOut | Action::LogOutEverywhere | Action::StartServer | Action::StopServer => {
            Some(Question::Command(action))
        }
        Action::Delete => {
            let message = state.selected_message().map(|message| UserAction::DeleteMessage(message.id));
            let tweet = || state.selected_tweet().map(UserAction::Delete);
            message.or_else(tweet).map(Question::Action)
        }
        Action::Report => Some(Question::Action(report(state, person()?, text))),
        Action::RemoveFollower => person().map(UserAction::RemoveFollower).map(Question::Action),
        Action::Block => {
            let username = person()?;
            let id = state.entities.by_username(&username).map(|account| account.id);
            let is_blocked = id.is_some_and(|id| state.entities.is_blocked(id));
            (!is_blocked).then_some(Question::Action(UserAction::Block(username, true)))
        }
        _ => None,
    }
}

/// What it is about, above the answers.
pub(crate) fn details(state: &State, question: &Question) -> Option<String> {
    let me = state.session.username.as_deref().unwrap_or_default();
    let quote = |text: &str| format!("“{}”", fit(SafeText::line(text).as_str(), QUOTED_MAX));
    match question {
        Question::Command(Action::StartServer) => about_own_server(state).map(|text| capitalized(&text)),
        Question::Command(Action::StopServer) => Some("Everyone who uses it is disconnected.".to_owned()),
        Question::Command(Action::LogOut) => Some(format!("@{me} on {}", state.server_name())),
        Question::Command(Action::LogOutEverywhere) => Some(format!(
            "@{me} on {}: every device and every program has to sign in again.",
            state.server_name()
        )),
        Question::Action(UserAction::Delete(id) | UserAction::Report(_, id, _)) => {
            state.entities.tweet(*id).map(|tweet| quote(&tweet.text))
        }
        Question::Action(UserAction::DeleteMessage(id)) => {
            state.entities.messages.get(id).map(|message| quote(&message.text))
        }
        Question::Action(UserAction::RevokeSession(id)) => {
            let session = state.entities.sessions.iter().find(|session| session.id == *id)?;
            Some(SafeText::line(&session.client_name).as_str().to_owned())
        }
        Question::Action(UserAction::RevokeKey(id)) => {
            let key = state.entities.keys.iter().find(|key| key.id == *id)?;
            let (name, fingerprint) = (SafeText::line(&key.name), SafeText::line(&key.fingerprint));
            Some(format!("{name} {fingerprint}").trim().to_owned())
        }
        _ => None,
    }
}

/// The answers.
pub(crate) fn answers(question: &Question) -> Vec<Choice> {
    vec![
        Choice::new("No", "", Chosen::Close),
        Choice::new(question.yes(), "", Chosen::Confirmed(question.clone())),
    ]
}

/// The report of the selected tweet if it is by this account, otherwise of the account.
pub(crate) fn report(state: &State, username: String, reason: &str) -> UserAction {
    let tweet = state.selected_tweet().filter(|id| {
        state.entities.tweet(*id).is_some_and(|tweet| state.entities.username(tweet.author_id) == username)
    });
    UserAction::Report(username, tweet.unwrap_or(0), reason.to_owned())
}

/// Where the data of the user's own server goes, before it is started.
pub(crate) fn about_own_server(state: &State) -> Option<String> {
    let server = state.own_server.as_ref().filter(|server| !server.is_running)?;
    Some(format!(
        "the data goes to {}. It keeps running after you quit, until “mini-tweet host stop”. The first account there, \
         yours, is an admin.",
        server.data
    ))
}
