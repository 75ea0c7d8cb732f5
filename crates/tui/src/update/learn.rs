//! Stores what responses contain: entities by their identifiers, and read lines.

use protocol::v1;

use crate::state::State;

/// Stores a page of tweets; returns their identifiers in the order of the page.
pub(super) fn tweets(state: &mut State, page: v1::TweetPage) -> Vec<u64> {
    let ids = page.tweets.iter().map(|tweet| tweet.id).collect();
    state.entities.learn_accounts(page.accounts);
    state.entities.learn_tweets(page.referenced, true);
    state.entities.learn_tweets(page.tweets, true);
    ids
}

/// Takes over how far the reader has come on other devices.
pub(super) fn read_lines(state: &mut State, list: v1::ReadLineList) {
    for line in list.read_lines {
        let here = state.reading.lines.entry(line.timeline.clone()).or_default();
        let was = std::mem::replace(here, line.tweet_id.max(*here));
        for (route, screen) in &mut state.screens.by_route {
            let is_this = route.read_line_name().as_ref() == Some(&line.timeline);
            // The line does not move while the screen is being read.
            if is_this && (screen.read_line.is_none() || (line.tweet_id > was && screen.seen <= was)) {
                screen.read_line = Some(line.tweet_id);
            }
        }
    }
}

/// Stores a page of notifications; returns their identifiers.
pub(super) fn notifications(state: &mut State, page: v1::NotificationPage) -> Vec<u64> {
    state.entities.learn_accounts(page.accounts);
    state.entities.learn_tweets(page.tweets, true);
    let ids = page.notifications.iter().map(|one| one.id).collect();
    state.entities.notifications.extend(page.notifications.into_iter().map(|one| (one.id, one)));
    ids
}

/// Stores a page of conversations; returns the identifiers of the other accounts.
pub(super) fn conversations(state: &mut State, page: v1::ConversationPage) -> Vec<u64> {
    let mut ids = Vec::new();
    for conversation in page.conversations {
        let Some(with) = conversation.with.clone() else { continue };
        ids.push(with.id);
        if let Some(last) = &conversation.last {
            state.entities.messages.insert(last.id, last.clone());
        }
        state.entities.conversations.insert(with.id, conversation);
        state.entities.learn_accounts([with]);
    }
    ids
}

/// Stores rows of accounts; returns their identifiers.
pub(super) fn people(state: &mut State, people: Vec<v1::AccountView>) -> Vec<u64> {
    people.into_iter().filter_map(|one| state.entities.learn_person(state.now, one)).collect()
}

/// Stores hashtags with the number of their tweets.
pub(super) fn hashtags(state: &mut State, hashtags: Vec<v1::Hashtag>) {
    state.entities.hashtags.extend(hashtags.into_iter().map(|tag| (tag.name, tag.tweets)));
}

/// Stores a page of messages; returns their identifiers.
pub(super) fn messages(state: &mut State, page: v1::MessagePage) -> Vec<u64> {
    state.entities.learn_accounts(page.with);
    let ids = page.messages.iter().map(|message| message.id).collect();
    state.entities.messages.extend(page.messages.into_iter().map(|message| (message.id, message)));
    ids
}
