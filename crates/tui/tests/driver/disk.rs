//! What the client has written to the disk, and the next start with it.

use mini_tweet_tui::composer::{Draft, Outgoing, Sending};
use mini_tweet_tui::message::{Effect, LocalItem};
use mini_tweet_tui::pending;
use mini_tweet_tui::state::Setup;
use mini_tweet_tui::update::{Unsent, finish};
use mini_tweet_tui::user_action::UserAction;

use super::TuiDriver;

impl TuiDriver {
    /// Writes or deletes the file of an effect.
    pub(super) fn write(&mut self, effect: &Effect) {
        match effect {
            Effect::Save(item, bytes) => {
                self.disk.insert(item.clone(), String::from_utf8_lossy(bytes).into_owned());
            }
            Effect::Drop(item) => {
                self.disk.remove(item);
            }
            _ => {}
        }
    }

    /// Writes the texts and actions with which the client starts.
    pub(super) fn write_files(&mut self, actions: Vec<UserAction>) {
        let drafts = self.state.texts.drafts.iter();
        let drafts =
            drafts.map(|(name, one)| (LocalItem::Draft(name.clone()), toml::to_string(one).unwrap()));
        let outbox = self.state.texts.outbox.iter();
        let outbox = outbox.map(|one| (LocalItem::Outgoing(one.name()), one.to_toml()));
        self.disk = drafts.chain(outbox).collect();
        if !actions.is_empty() {
            self.disk.insert(LocalItem::Actions, pending::to_toml(actions));
        }
    }

    /// Every draft and every text of the outbox is on the disk as it is in memory: the program can end at any time.
    pub(super) fn check_disk(&self) {
        for (name, draft) in &self.state.texts.drafts {
            let file = self.disk.get(&LocalItem::Draft(name.clone()));
            let saved: Option<Draft> = file.map(|file| toml::from_str(file).unwrap());
            assert_eq!(saved.as_ref(), Some(draft), "the draft {name} on the disk");
        }
        for one in &self.state.texts.outbox {
            let file = self.disk.get(&LocalItem::Outgoing(one.name()));
            let saved = file.and_then(|file| Outgoing::from_toml(file));
            let saved = saved.unwrap_or_else(|| panic!("{:?} is not on the disk", one.draft.text));
            let is_refused = |one: &Outgoing| matches!(one.sending, Sending::Refused(_));
            assert_eq!((saved.request(), is_refused(&saved)), (one.request(), is_refused(one)));
        }
    }

    /// Ends the client; returns its last words.
    pub(crate) fn quit(&mut self) -> String {
        let effects = finish(&mut self.state);
        let before = Unsent::at_end(&mut self.state);
        self.take(effects);
        self.respond_to_all();
        before.last_words(&self.state)
    }

    /// Ends the client before any further response, and starts it again with what is on the disk.
    pub(crate) fn restart(mut self, connects: bool) -> Self {
        self.responds = false;
        self.quit();
        let (mut drafts, mut outbox, mut actions) = (Vec::new(), Vec::new(), Vec::new());
        for (item, file) in &self.disk {
            match item {
                LocalItem::Draft(_) => drafts.push(toml::from_str(file).unwrap()),
                LocalItem::Outgoing(_) => outbox.push(Outgoing::from_toml(file).unwrap()),
                LocalItem::Actions => actions = pending::from_toml(file).unwrap(),
                _ => {}
            }
        }
        let setup = Setup {
            username: Some("ada".into()),
            drafts,
            outbox,
            actions,
            capabilities: self.state.terminal.capabilities.clone(),
            ..Self::setup(self.state.terminal.size.width, self.state.terminal.size.height)
        };
        Self::with(setup, connects)
    }
}
