//! What one's own machine keeps: drafts, the outbox, settings, read lines and the last page. A file for each thing,
//! written beside its place and moved there, so that it is whole whenever the power goes.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::files::{self, Durability};

use crate::composer::{Draft, Outgoing};
use crate::message::LocalItem;
use crate::page::Page;
use crate::state::Setup;

/// Files that are read at the start, at most.
const FILES_MAX: usize = 1_000;
/// Pages that are kept when the client starts.
const PAGES_MAX: usize = 300;

/// Where the things of one account are kept, and where the settings of all are.
#[derive(Debug, Clone)]
pub struct LocalStore {
    account: PathBuf,
    settings: PathBuf,
}

impl LocalStore {
    /// In a directory of the account, with the settings in this file.
    #[must_use]
    pub fn new(account: PathBuf, settings: PathBuf) -> Self {
        Self { account, settings }
    }

    /// Puts what is kept into what the state begins with. What cannot be read is left out and said.
    pub fn load(&self, setup: &mut Setup) -> Vec<String> {
        let mut problems = Vec::new();
        match fs::read_to_string(&self.settings) {
            Ok(text) => setup.settings = text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => problems.push(format!("{}: {error}", self.settings.display())),
        }
        for (path, text) in files(&self.account.join("drafts"), &mut problems) {
            match toml::from_str::<Draft>(&text) {
                Ok(draft) => setup.drafts.push(draft),
                Err(_) => problems.push(format!("this draft cannot be read: {}", path.display())),
            }
        }
        for (path, text) in files(&self.account.join("outbox"), &mut problems) {
            match Outgoing::from_toml(&text) {
                Some(outgoing) => setup.outbox.push(outgoing),
                None => problems.push(format!("this text of the outbox cannot be read: {}", path.display())),
            }
        }
        if let Ok(text) = fs::read_to_string(self.path(&LocalItem::ReadLines))
            && let Ok(lines) = toml::from_str::<BTreeMap<String, String>>(&text)
        {
            let parsed = lines.into_iter().filter_map(|(name, id)| Some((name, id.parse().ok()?)));
            setup.read_lines = parsed.collect();
        }
        self.drop_old_pages();
        setup.home = self.page("home");
        problems
    }

    /// Drops all pages that were kept.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn drop_pages(&self) -> io::Result<()> {
        self.drop_file(&LocalItem::Pages)
    }

    /// A page that was kept. Only a copy of what the server has: whatever is wrong with it does not matter.
    fn page(&self, name: &str) -> Option<Page> {
        Page::decode(&fs::read(self.path(&LocalItem::Page(name.to_owned()))).ok()?)
    }

    /// Keeps the newest pages, and no more than is read in a while.
    fn drop_old_pages(&self) {
        let Ok(entries) = fs::read_dir(self.path(&LocalItem::Pages)) else { return };
        let mut pages: Vec<_> = entries
            .filter_map(|entry| {
                Some((entry.as_ref().ok()?.metadata().ok()?.modified().ok()?, entry.ok()?.path()))
            })
            .collect();
        pages.sort();
        let surplus = pages.len().saturating_sub(PAGES_MAX);
        for (_, path) in pages.into_iter().take(surplus) {
            // One that stays is dropped the next time.
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, what: &LocalItem) -> PathBuf {
        match what {
            LocalItem::Draft(name) => self.account.join("drafts").join(format!("{name}.toml")),
            LocalItem::Outgoing(name) => self.account.join("outbox").join(format!("{name}.toml")),
            LocalItem::Page(name) => self.account.join("pages").join(format!("{name}.page")),
            LocalItem::Pages => self.account.join("pages"),
            LocalItem::ReadLines => self.account.join("read-lines.toml"),
            LocalItem::Settings => self.settings.clone(),
        }
    }

    fn keep(&self, what: &LocalItem, bytes: &[u8]) -> io::Result<()> {
        // A page or read position is a copy of what the server has; a text is not.
        let is_copy = matches!(what, LocalItem::Page(_) | LocalItem::ReadLines);
        let durability = if is_copy { Durability::Relaxed } else { Durability::Durable };
        files::replace(&self.path(what), bytes, durability)
    }

    fn drop_file(&self, what: &LocalItem) -> io::Result<()> {
        let path = self.path(what);
        let dropped =
            if matches!(what, LocalItem::Pages) { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match dropped {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The texts of a directory's files.
fn files(directory: &Path, problems: &mut Vec<String>) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.take(FILES_MAX).filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    let mut read = Vec::new();
    for path in paths {
        match fs::read_to_string(&path) {
            Ok(text) => read.push((path, text)),
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    read
}

/// Writes in the order in which it is told to, beside everything else, so that no disk makes a key wait. While
/// there is nothing to write it takes no thread: a server has many of these.
pub struct FileWriter(Arc<WriterState>);

/// What is to be written, and the one who writes.
struct WriterState {
    jobs: Mutex<VecDeque<Job>>,
    shelf: Mutex<LocalStore>,
    told: Box<dyn Fn(String) + Send + Sync>,
}

enum Job {
    Keep(LocalItem, Vec<u8>),
    Drop(LocalItem),
}

impl FileWriter {
    /// Begins; `told` is called with what goes wrong.
    pub fn new(shelf: LocalStore, told: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self(Arc::new(WriterState { jobs: Mutex::default(), shelf: Mutex::new(shelf), told: Box::new(told) }))
    }

    /// Keeps something.
    pub fn keep(&self, what: LocalItem, bytes: Vec<u8>) {
        self.tell(Job::Keep(what, bytes));
    }

    /// What reads a page that was kept; it waits for the disk.
    pub fn recall(&self, name: String) -> impl FnOnce() -> Option<Page> + Send + 'static {
        let desk = Arc::clone(&self.0);
        move || desk.shelf.lock().unwrap_or_else(PoisonError::into_inner).page(&name)
    }

    /// Drops something.
    pub fn discard(&self, what: LocalItem) {
        self.tell(Job::Drop(what));
    }

    fn tell(&self, job: Job) {
        let was_empty = {
            let mut jobs = self.0.jobs();
            jobs.push_back(job);
            jobs.len() == 1
        };
        if was_empty {
            // Whoever writes now may have taken the last one just before: then this one finds it done.
            let desk = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || desk.write_all());
        }
    }
}

impl WriterState {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self) {
        // One at a time, and a job is taken by whoever has the shelf: so they stay in order.
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(job) = self.jobs().pop_front() else { return };
            let (what, result) = match &job {
                Job::Keep(what, bytes) => (what, shelf.keep(what, bytes)),
                Job::Drop(what) => (what, shelf.drop_file(what)),
            };
            if let Err(error) = result {
                (self.told)(format!("cannot keep {}: {error}", shelf.path(what).display()));
            }
        }
    }
}

/// Everything that was told is on the disk.
impl Drop for FileWriter {
    fn drop(&mut self) {
        self.0.write_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composer::{Audience, Writing};

    #[tokio::test]
    async fn what_is_kept_is_there_again_and_what_is_broken_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let shelf =
            LocalStore::new(directory.path().join("ada@host:1"), directory.path().join("settings.toml"));
        let draft = Draft { writing: Writing::Reply(7), text: "héllo".into(), audience: Audience::Direct };
        let outgoing = Outgoing::new(vec![1; 16].into(), draft.clone(), Vec::new(), 0);
        let keeper = FileWriter::new(shelf.clone(), |problem| panic!("{problem}"));
        let text = toml::to_string(&draft).unwrap().into_bytes();
        keeper.keep(LocalItem::Draft(draft.writing.name()), text.clone());
        keeper.keep(LocalItem::Draft("new".into()), text);
        keeper.discard(LocalItem::Draft("new".into()));
        keeper.keep(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes());
        keeper.keep(LocalItem::ReadLines, b"\"#a\" = \"18446744073709551615\"\n".to_vec());
        keeper.keep(LocalItem::Settings, b"theme = \"night\"".to_vec());
        drop(keeper);
        let drafts = directory.path().join("ada@host:1/drafts");
        fs::write(drafts.join("broken.toml"), "?").unwrap();
        fs::write(drafts.join("half.unfinished"), "?").unwrap();

        let mut setup = Setup::default();
        let problems = shelf.load(&mut setup);
        assert_eq!(setup.drafts, [draft]);
        assert_eq!(setup.outbox.first().map(|one| one.request()), Some(outgoing.request()));
        assert_eq!(setup.read_lines.get("#a"), Some(&u64::MAX));
        assert_eq!(setup.settings, "theme = \"night\"");
        assert!(problems.len() == 1 && problems[0].contains("broken.toml"), "{problems:?}");
    }
}
