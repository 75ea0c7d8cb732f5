//! What the operator says about the server: the screen about it, and its numbered rules.

use model::SafeText;
use protocol::v1;

use crate::row::Row;
use crate::state::State;
use crate::wording::{count, day, number};

/// The operator's rules with their numbers.
pub(crate) fn rules(state: &State) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(state.connection.info.rules.iter().map(String::as_str))
}

/// How many rules there are; `None` if there are none.
pub(crate) fn count_of_rules(state: &State) -> Option<String> {
    let rules = u32::try_from(state.connection.info.rules.len()).unwrap_or(u32::MAX);
    (rules > 0).then(|| count(rules, "rule", "rules"))
}

/// The rules as text, one on each line.
pub(crate) fn rules_text(state: &State) -> String {
    let lines: Vec<String> =
        rules(state).map(|(number, rule)| format!("{number}. {}", SafeText::line(rule))).collect();
    lines.join("\n")
}

/// What the operator says, the server's figures, the announcements and the rules.
#[must_use]
pub(crate) fn about(state: &State) -> Vec<Row> {
    let (info, hello) = (&state.connection.info, &state.connection.hello);
    let lines = |text: &str| -> Vec<Row> {
        let lines = text.trim().lines().map(str::trim).filter(|line| !line.is_empty());
        (0..).zip(lines).map(|(number, line)| Row::Words(number, line.into())).collect()
    };
    if hello.server_version.is_empty() {
        let words = "There was no connection to it so far".into();
        return vec![Row::Words(0, state.connection.server.as_str().into()), Row::Words(1, words)];
    }
    let mut rows = lines(&info.description);
    let mut facts = Vec::new();
    if info.started_ms != 0 {
        facts.push(number(info.accounts, "person", "people"));
        facts.push(number(info.tweets, "tweet", "tweets"));
        facts.push(format!("{} online", info.online));
        facts.push(format!("running since {}", day(info.started_ms)));
    }
    facts.push(format!("version {}", SafeText::line(&hello.server_version)));
    let sign_up = match hello.sign_up() {
        v1::SignUpMode::Invite => "sign-up takes an invite code",
        v1::SignUpMode::Closed => "sign-up is closed",
        _ => "everyone can sign up",
    };
    facts.push(sign_up.to_owned());
    facts.push(state.connection.server.clone());
    let is_own =
        state.own_server.as_ref().is_some_and(|own| own.is_running && own.address == state.connection.server);
    facts.extend(is_own.then(|| "runs on this computer · :stop-server".to_owned()));
    facts.retain(|fact| !fact.is_empty());
    if !facts.is_empty() {
        rows.push(Row::Sentence(facts.join(" · ").into()));
    }
    if state.announcements().next().is_some() {
        let new = match state.new_announcements().count() {
            0 => String::new(),
            new => format!(" · {new} new"),
        };
        rows.push(Row::heading(format!("Announcements{new}")));
        rows.extend(state.announcements().map(|one| Row::Announcement(one.id)));
    }
    if !info.rules.is_empty() {
        rows.push(Row::heading("Rules"));
        rows.extend(rules(state).map(|(number, rule)| Row::Rule(number, rule.into())));
    }
    rows
}
