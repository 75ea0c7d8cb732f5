//! The local store of the client: drafts, the outbox, actions that wait, settings, read lines and cached pages. Each is
//! one file, written under another name and renamed, so that a power failure leaves the old or the new one.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::files::{self, Durability};
use model::os_error_in_words;

use crate::composer::{Draft, Outgoing};
use crate::message::LocalItem;
use crate::page::Page;
use crate::pending;
use crate::state::Setup;

/// Files of a directory that are read at the start, at most.
const FILES_MAX: usize = 1_000;
/// Cached pages that stay when the client starts; the oldest are deleted.
const PAGES_MAX: usize = 300;

/// The directory of one account, and the settings file of all.
#[derive(Debug, Clone)]
pub struct LocalStore {
    account: PathBuf,
    settings: PathBuf,
}

impl LocalStore {
    /// A store in a directory for the account, with this settings file.
    #[must_use]
    pub fn new(account: PathBuf, settings: PathBuf) -> Self {
        Self { account, settings }
    }

    /// Loads everything into the setup. Returns a problem, for the user, for each file that cannot be read.
    pub fn load(&self, setup: &mut Setup) -> Vec<String> {
        let mut problems = Vec::new();
        match fs::read_to_string(&self.settings) {
            Ok(text) => setup.settings = text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                problems.push(format!("{}: {}", self.settings.display(), os_error_in_words(&error)));
            }
        }
        for (path, text) in files(&self.account.join("drafts"), &mut problems) {
            match toml::from_str::<Draft>(&text) {
                Ok(draft) => setup.drafts.push(draft),
                Err(_) => problems.push(format!("draft skipped, it is not valid: {}", path.display())),
            }
        }
        for (path, text) in files(&self.account.join("outbox"), &mut problems) {
            match Outgoing::from_toml(&text) {
                Some(outgoing) => setup.outbox.push(outgoing),
                None => {
                    problems.push(format!("text of the outbox skipped, it is not valid: {}", path.display()));
                }
            }
        }
        let actions = self.path(&LocalItem::Actions);
        if let Ok(text) = fs::read_to_string(&actions) {
            match pending::from_toml(&text) {
                Some(waiting) => setup.actions = waiting,
                None => {
                    problems.push(format!("actions skipped, the file is not valid: {}", actions.display()));
                }
            }
        }
        if let Ok(text) = fs::read_to_string(self.path(&LocalItem::ReadLines))
            && let Ok(lines) = toml::from_str::<BTreeMap<String, String>>(&text)
        {
            let parsed = lines.into_iter().filter_map(|(name, id)| Some((name, id.parse().ok()?)));
            setup.read_lines = parsed.collect();
        }
        self.delete_old_pages();
        setup.home = self.page("home");
        problems
    }

    /// Deletes all cached pages.
    ///
    /// # Errors
    /// An error of the file system other than a missing directory.
    pub fn drop_pages(&self) -> io::Result<()> {
        self.delete(&LocalItem::Pages)
    }

    /// The name of the account's server; `None` if it was never told.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        fs::read_to_string(self.path(&LocalItem::ServerName)).ok().filter(|name| !name.is_empty())
    }

    /// A cached page; `None` if it is missing or not valid, because the server has the original.
    fn page(&self, name: &str) -> Option<Page> {
        Page::decode(&fs::read(self.path(&LocalItem::Page(name.to_owned()))).ok()?)
    }

    /// Deletes all but the newest cached pages.
    fn delete_old_pages(&self) {
        let Ok(entries) = fs::read_dir(self.path(&LocalItem::Pages)) else { return };
        let mut pages: Vec<_> = entries
            .filter_map(|entry| {
                Some((entry.as_ref().ok()?.metadata().ok()?.modified().ok()?, entry.ok()?.path()))
            })
            .collect();
        pages.sort();
        let surplus = pages.len().saturating_sub(PAGES_MAX);
        for (_, path) in pages.into_iter().take(surplus) {
            // A page that cannot be deleted now is deleted at the next start.
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, what: &LocalItem) -> PathBuf {
        match what {
            LocalItem::Draft(name) => self.account.join("drafts").join(format!("{name}.toml")),
            LocalItem::Outgoing(name) => self.account.join("outbox").join(format!("{name}.toml")),
            LocalItem::Actions => self.account.join("actions.toml"),
            LocalItem::Page(name) => self.account.join("pages").join(format!("{name}.page")),
            LocalItem::Pages => self.account.join("pages"),
            LocalItem::ReadLines => self.account.join("read-lines.toml"),
            LocalItem::ServerName => self.account.join("server-name.txt"),
            LocalItem::Settings => self.settings.clone(),
        }
    }

    /// Writes a file and, if losing it would lose a text, syncs it.
    fn save(&self, what: &LocalItem, bytes: &[u8]) -> io::Result<()> {
        // Pages and read lines are copies of what the server has.
        let is_copy = matches!(what, LocalItem::Page(_) | LocalItem::ReadLines | LocalItem::ServerName);
        let durability = if is_copy { Durability::Relaxed } else { Durability::Durable };
        files::replace(&self.path(what), bytes, durability)
    }

    fn delete(&self, what: &LocalItem) -> io::Result<()> {
        let path = self.path(what);
        let deleted =
            if matches!(what, LocalItem::Pages) { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match deleted {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The contents of the TOML files of a directory, sorted by name.
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
            Err(error) => problems.push(format!("{}: {}", path.display(), os_error_in_words(&error))),
        }
    }
    read
}

/// Writes files in the background, in the order of the calls, so that a slow disk delays no key. It has a thread only
/// while there is something to write: over ssh one process has many of these.
pub struct FileWriter(Arc<WriterState>);

/// The queue of a writer.
struct WriterState {
    jobs: Mutex<VecDeque<Job>>,
    /// Locked while files are written, so that one thread writes at a time.
    store: Mutex<LocalStore>,
    report: Box<dyn Fn(String) + Send + Sync>,
}

enum Job {
    Save(LocalItem, Vec<u8>),
    Delete(LocalItem),
}

impl FileWriter {
    /// A writer that calls `report` with every problem, in words for the user.
    pub fn new(store: LocalStore, report: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self(Arc::new(WriterState {
            jobs: Mutex::default(),
            store: Mutex::new(store),
            report: Box::new(report),
        }))
    }

    /// Writes a file.
    pub fn save(&self, what: LocalItem, bytes: Vec<u8>) {
        self.enqueue(Job::Save(what, bytes));
    }

    /// A function that reads a cached page; it blocks on the disk.
    pub fn recall(&self, name: String) -> impl FnOnce() -> Option<Page> + Send + 'static {
        let state = Arc::clone(&self.0);
        move || state.store.lock().unwrap_or_else(PoisonError::into_inner).page(&name)
    }

    /// Deletes a file.
    pub fn delete(&self, what: LocalItem) {
        self.enqueue(Job::Delete(what));
    }

    fn enqueue(&self, job: Job) {
        let was_empty = {
            let mut jobs = self.0.jobs();
            jobs.push_back(job);
            jobs.len() == 1
        };
        if was_empty {
            // A thread that is still writing may take this job too; then the new one finds the queue empty.
            let state = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || state.write_all());
        }
    }
}

impl WriterState {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self) {
        // A job is taken under this lock: so they are done in order.
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(job) = self.jobs().pop_front() else { return };
            let (what, result) = match &job {
                Job::Save(what, bytes) => (what, store.save(what, bytes)),
                Job::Delete(what) => (what, store.delete(what)),
            };
            if let Err(error) = result {
                let path = store.path(what);
                (self.report)(format!("Cannot write {}: {}", path.display(), os_error_in_words(&error)));
            }
        }
    }
}

/// Blocks until everything is written.
impl Drop for FileWriter {
    fn drop(&mut self) {
        self.0.write_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composer::{Audience, Writing};
    use crate::user_action::UserAction;

    #[tokio::test]
    async fn saved_files_are_loaded_again_and_invalid_ones_are_reported() {
        let directory = tempfile::tempdir().unwrap();
        let store =
            LocalStore::new(directory.path().join("ada@host:1"), directory.path().join("settings.toml"));
        let (writing, audience) = (Writing::Reply(7), Audience::Direct);
        let draft = Draft { writing, text: "héllo".into(), audience, saved_ms: 5 };
        let outgoing = Outgoing::new(vec![1; 16].into(), draft.clone(), Vec::new(), 0);
        let writer = FileWriter::new(store.clone(), |problem| panic!("{problem}"));
        let text = toml::to_string(&draft).unwrap().into_bytes();
        writer.save(LocalItem::Draft(draft.writing.name()), text.clone());
        writer.save(LocalItem::Draft("new".into()), text);
        writer.delete(LocalItem::Draft("new".into()));
        writer.save(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes());
        let actions = vec![UserAction::Like(7, true)];
        writer.save(LocalItem::Actions, pending::to_toml(actions.clone()).into_bytes());
        writer.save(LocalItem::ReadLines, b"\"#a\" = \"18446744073709551615\"\n".to_vec());
        writer.save(LocalItem::Settings, b"theme = \"night\"".to_vec());
        drop(writer);
        let drafts = directory.path().join("ada@host:1/drafts");
        fs::write(drafts.join("broken.toml"), "?").unwrap();
        fs::write(drafts.join("half.unfinished"), "?").unwrap();

        let mut setup = Setup::default();
        let problems = store.load(&mut setup);
        assert_eq!(setup.drafts, [draft]);
        assert_eq!(setup.outbox.first().map(|one| one.request()), Some(outgoing.request()));
        assert_eq!(setup.actions, actions);
        assert_eq!(setup.read_lines.get("#a"), Some(&u64::MAX));
        assert_eq!(setup.settings, "theme = \"night\"");
        assert!(problems.len() == 1 && problems[0].contains("broken.toml"), "{problems:?}");
    }
}
