//! Actions that were requested and shown as done, and that pages of the server may not contain yet. Those that wait for a
//! connection are on the disk, too: they are requested at the next start.

use serde::{Deserialize, Serialize};

use crate::entities::Entities;
use crate::user_action::UserAction;

/// After its response an action is still put into pages for this time, in milliseconds: a page that was read before the
/// action was carried out may arrive after it.
const SETTLING_MS: i64 = 5_000;
/// The pause before an action that did not reach the server is requested again, in milliseconds.
const RETRY_MS: i64 = 8_000;

/// The progress of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Requested, without a response.
    Requested,
    /// It did not reach the server: it is requested again at this time, in Unix milliseconds.
    Retrying(i64),
    /// Carried out; it is forgotten at this time, in Unix milliseconds.
    Settling(i64),
}

/// The actions in the order in which they were requested, at most one for each of what they are about.
#[derive(Debug, Default)]
pub struct Pending {
    actions: Vec<(UserAction, Progress)>,
    /// Those that are on the disk.
    saved: Vec<UserAction>,
}

/// The file of the actions that wait.
#[derive(Serialize, Deserialize)]
struct File {
    actions: Vec<UserAction>,
}

/// The content of the file of these actions.
#[must_use]
pub fn to_toml(actions: Vec<UserAction>) -> String {
    toml::to_string(&File { actions }).unwrap_or_default()
}

/// Reads the content of that file; `None` if it is not valid.
#[must_use]
pub fn from_toml(text: &str) -> Option<Vec<UserAction>> {
    toml::from_str::<File>(text).ok().map(|file| file.actions)
}

impl Pending {
    /// Actions that waited when the client ended: they are requested as soon as there is a connection.
    #[must_use]
    pub fn saved(actions: Vec<UserAction>) -> Self {
        let waiting = actions.iter().map(|action| (action.clone(), Progress::Retrying(0))).collect();
        Self { actions: waiting, saved: actions }
    }

    /// What is to be on the disk, if that is something else than before: the actions that did not reach the server, and
    /// those without a response if there is no connection. Most have a response soon, and are not written.
    pub fn to_save(&mut self, is_connected: bool) -> Option<&[UserAction]> {
        let waits = |(action, progress): &&(UserAction, Progress)| match progress {
            Progress::Retrying(_) => true,
            Progress::Requested => !is_connected || self.saved.contains(action),
            Progress::Settling(_) => false,
        };
        let wanted: Vec<UserAction> =
            self.actions.iter().filter(waits).map(|(action, _)| action.clone()).collect();
        if wanted == self.saved {
            return None;
        }
        self.saved = wanted;
        Some(&self.saved)
    }

    /// The number of actions that the server has not confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> usize {
        self.actions.iter().filter(|(_, progress)| !matches!(progress, Progress::Settling(_))).count()
    }

    /// An action is requested.
    pub fn begin(&mut self, action: UserAction) {
        self.forget(&action);
        self.actions.push((action, Progress::Requested));
    }

    /// The server has carried it out.
    pub fn settle(&mut self, now: i64, action: &UserAction) {
        self.set(action, Progress::Settling(now + SETTLING_MS));
    }

    /// It did not reach the server.
    pub fn postpone(&mut self, now: i64, action: &UserAction) {
        self.set(action, Progress::Retrying(now + RETRY_MS));
    }

    fn set(&mut self, action: &UserAction, progress: Progress) {
        if let Some(found) = self.actions.iter_mut().find(|(other, _)| other == action) {
            found.1 = progress;
        }
    }

    /// The server has refused it, or it was undone.
    pub fn forget(&mut self, action: &UserAction) {
        let inverse = action.inverse();
        self.actions.retain(|(other, _)| other != action && Some(other) != inverse.as_ref());
    }

    /// There is a connection again: what did not reach the server need not wait longer.
    pub fn hurry(&mut self, now: i64) {
        for (_, progress) in &mut self.actions {
            if let Progress::Retrying(at) = progress {
                *at = now;
            }
        }
    }

    /// The actions that are to be requested again now.
    pub fn due(&mut self, now: i64) -> Vec<UserAction> {
        self.actions
            .iter_mut()
            .filter_map(|(action, progress)| match progress {
                Progress::Retrying(at) if *at <= now => {
                    *progress = Progress::Requested;
                    Some(action.clone())
                }
                _ => None,
            })
            .collect()
    }

    /// When the next action is requested again, in Unix milliseconds.
    #[must_use]
    pub fn next_retry(&self) -> Option<i64> {
        let times = self.actions.iter().filter_map(|(_, progress)| match progress {
            Progress::Retrying(at) => Some(*at),
            _ => None,
        });
        times.min()
    }

    /// Forgets what every page of the server contains by now.
    pub fn expire(&mut self, now: i64) {
        self.actions.retain(|(_, progress)| !matches!(progress, Progress::Settling(until) if *until <= now));
    }

    /// Shows the actions as done in what was loaded.
    pub fn apply(&self, known: &mut Entities) {
        for (action, _) in &self.actions {
            action.apply(known);
        }
    }

    /// Adds the actions without a response to the counts of these tweets, which a live event has told: it does not say
    /// whether the user is in them.
    pub fn count_again(&self, known: &mut Entities, tweets: &[u64]) {
        for (action, progress) in &self.actions {
            let is_counted = |id: &u64| tweets.contains(id) && !matches!(progress, Progress::Settling(_));
            match action {
                UserAction::Like(id, on) if is_counted(id) => {
                    known.tweet_mut(*id).into_iter().for_each(|tweet| tweet.liked = !on);
                    action.apply(known);
                }
                UserAction::Retweet(id, on) if is_counted(id) => {
                    known.tweet_mut(*id).into_iter().for_each(|tweet| tweet.retweeted = !on);
                    action.apply(known);
                }
                _ => {}
            }
        }
    }

    /// Whether the server has not confirmed this action.
    #[must_use]
    pub fn is_unconfirmed(&self, action: &UserAction) -> bool {
        self.actions
            .iter()
            .any(|(other, progress)| other == action && !matches!(progress, Progress::Settling(_)))
    }

    /// Whether this action waits for a connection, or to be requested again.
    #[must_use]
    pub fn waits(&self, action: &UserAction, is_connected: bool) -> bool {
        self.actions.iter().any(|(other, progress)| {
            other == action
                && match progress {
                    Progress::Requested => !is_connected,
                    Progress::Retrying(_) => true,
                    Progress::Settling(_) => false,
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_actions_are_read_again() {
        let name = || "ada".to_owned();
        let actions = vec![
            UserAction::Like(u64::MAX, true),
            UserAction::Bookmark(1, false),
            UserAction::Retweet(2, true),
            UserAction::Delete(3),
            UserAction::DeleteMessage(4),
            UserAction::Follow(name(), true),
            UserAction::RemoveFollower(name()),
            UserAction::Mute(name(), false),
            UserAction::Block(name(), true),
            UserAction::Report(name(), 5, "a \"reason\"".to_owned()),
            UserAction::RevokeSession(6),
            UserAction::RevokeKey(7),
        ];
        assert_eq!(from_toml(&to_toml(actions.clone())), Some(actions));
        assert_eq!(from_toml("nonsense"), None);
    }

    #[test]
    fn an_action_is_saved_while_it_waits_only() {
        let like = UserAction::Like(1, true);
        let mut pending = Pending::default();
        pending.begin(like.clone());
        assert_eq!(pending.to_save(true), None);
        assert_eq!(pending.to_save(false), Some(&[like.clone()][..]));
        assert_eq!(pending.to_save(true), None, "it is on the disk until there is a response");
        pending.settle(0, &like);
        assert_eq!(pending.to_save(true), Some(&[][..]));
    }
}
