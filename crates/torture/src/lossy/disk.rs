//! A disk in memory that distinguishes synced from unsynced data. It is stricter than real disks: a name is durable only
//! after a sync of its directory, and unsynced data may be lost, torn, or stored in any order.
//!
//! It does not know FUSE. Modes are durable at once: no promise depends on losing them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};

use fastrand::Rng;

/// Inode number.
pub(crate) type Ino = u64;

/// The root directory.
pub(crate) const ROOT: Ino = 1;
/// Bytes that a disk writes atomically.
const SECTOR: usize = 512;

/// Files, directories and sockets.
#[derive(Debug)]
pub(crate) struct Disk {
    nodes: HashMap<Ino, Node>,
    last: Ino,
    /// Sync requests so far.
    pub(crate) syncs: u64,
}

/// An inode.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) mode: u16,
    pub(crate) links: u32,
    pub(crate) content: Content,
}

/// The content of an inode.
#[derive(Debug)]
pub(crate) enum Content {
    File(File),
    Directory(Directory),
    Socket,
}

/// The current bytes, the durable bytes, and the changes between them.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Resize(usize),
}

/// Names: current, durable, and the changes between them.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) now: BTreeMap<OsString, Ino>,
    synced: BTreeMap<OsString, Ino>,
    /// Changes that are stored or lost as a whole: names, with their new inode or `None`.
    unsynced: Vec<Vec<(OsString, Option<Ino>)>>,
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskError {
    NotFound,
    Exists,
    NotADirectory,
    IsADirectory,
    NotEmpty,
}

type Result<T> = std::result::Result<T, DiskError>;

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes: written } => write(bytes, *offset, written),
            Self::Resize(size) => bytes.resize(*size, 0),
        }
    }

    /// Applies a random prefix of the change.
    fn apply_torn(&self, bytes: &mut Vec<u8>, random: &mut Rng) {
        if let Self::Write { offset, bytes: written } = self {
            write(bytes, *offset, &written[..random.usize(..written.len().max(1))]);
        }
    }

    /// Applies a random subset of its sectors.
    fn apply_in_part(&self, bytes: &mut Vec<u8>, random: &mut Rng) {
        match self {
            Self::Write { offset, bytes: written } => {
                for (n, sector) in written.chunks(SECTOR).enumerate() {
                    if random.bool() {
                        write(bytes, offset + n * SECTOR, sector);
                    }
                }
            }
            Self::Resize(_) if random.bool() => self.apply(bytes),
            Self::Resize(_) => {}
        }
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    let end = offset + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(written);
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    fn cut(&mut self, random: &mut Rng) {
        let unsynced = std::mem::take(&mut self.unsynced);
        match random.usize(..3) {
            // Nothing reached the disk.
            0 => {}
            // A prefix of the changes, and a part of the next one.
            1 => {
                let whole = random.usize(..=unsynced.len());
                for change in &unsynced[..whole] {
                    change.apply(&mut self.synced);
                }
                if let Some(torn) = unsynced.get(whole) {
                    torn.apply_torn(&mut self.synced, random);
                }
            }
            // Any subset: disks reorder writes.
            _ => {
                for change in &unsynced {
                    change.apply_in_part(&mut self.synced, random);
                }
            }
        }
        self.now.clone_from(&self.synced);
    }
}

impl Directory {
    fn change(&mut self, names: Vec<(OsString, Option<Ino>)>) {
        rename(&mut self.now, &names);
        self.unsynced.push(names);
    }

    fn sync(&mut self) {
        self.unsynced.clear();
        self.synced.clone_from(&self.now);
    }

    fn cut(&mut self, random: &mut Rng) {
        // A journal stores changes of names in order.
        let durable = random.usize(..=self.unsynced.len());
        for names in &self.unsynced[..durable] {
            rename(&mut self.synced, names);
        }
        self.unsynced.clear();
        self.now.clone_from(&self.synced);
    }
}

fn rename(names: &mut BTreeMap<OsString, Ino>, changes: &[(OsString, Option<Ino>)]) {
    for (name, ino) in changes {
        match ino {
            Some(ino) => drop(names.insert(name.clone(), *ino)),
            None => drop(names.remove(name)),
        }
    }
}

impl Disk {
    /// A disk with an empty root directory of mode 0700.
    pub(crate) fn new() -> Self {
        let root = Node { mode: 0o700, links: 1, content: Content::Directory(Directory::default()) };
        Self { nodes: HashMap::from([(ROOT, root)]), last: ROOT, syncs: 0 }
    }

    pub(crate) fn node(&self, ino: Ino) -> Result<&Node> {
        self.nodes.get(&ino).ok_or(DiskError::NotFound)
    }

    fn node_mut(&mut self, ino: Ino) -> Result<&mut Node> {
        self.nodes.get_mut(&ino).ok_or(DiskError::NotFound)
    }

    pub(crate) fn file(&self, ino: Ino) -> Result<&File> {
        match &self.node(ino)?.content {
            Content::File(file) => Ok(file),
            Content::Directory(_) => Err(DiskError::IsADirectory),
            Content::Socket => Err(DiskError::NotFound),
        }
    }

    fn file_mut(&mut self, ino: Ino) -> Result<&mut File> {
        match &mut self.node_mut(ino)?.content {
            Content::File(file) => Ok(file),
            Content::Directory(_) => Err(DiskError::IsADirectory),
            Content::Socket => Err(DiskError::NotFound),
        }
    }

    pub(crate) fn directory(&self, ino: Ino) -> Result<&Directory> {
        match &self.node(ino)?.content {
            Content::Directory(directory) => Ok(directory),
            _ => Err(DiskError::NotADirectory),
        }
    }

    fn directory_mut(&mut self, ino: Ino) -> Result<&mut Directory> {
        match &mut self.node_mut(ino)?.content {
            Content::Directory(directory) => Ok(directory),
            _ => Err(DiskError::NotADirectory),
        }
    }

    pub(crate) fn find(&self, parent: Ino, name: &OsStr) -> Result<Ino> {
        self.directory(parent)?.now.get(name).copied().ok_or(DiskError::NotFound)
    }

    /// Creates an inode with this name.
    pub(crate) fn make(&mut self, parent: Ino, name: &OsStr, mode: u16, content: Content) -> Result<Ino> {
        if self.find(parent, name).is_ok() {
            return Err(DiskError::Exists);
        }
        let ino = self.last + 1;
        self.directory_mut(parent)?.change(vec![(name.to_owned(), Some(ino))]);
        self.last = ino;
        self.nodes.insert(ino, Node { mode, links: 1, content });
        Ok(ino)
    }

    /// Removes a name. The inode remains, because it may be open and its name may still be durable.
    pub(crate) fn remove(&mut self, parent: Ino, name: &OsStr) -> Result<()> {
        let ino = self.find(parent, name)?;
        if self.directory(ino).is_ok_and(|directory| !directory.now.is_empty()) {
            return Err(DiskError::NotEmpty);
        }
        self.node_mut(ino)?.links -= 1;
        self.directory_mut(parent)?.change(vec![(name.to_owned(), None)]);
        Ok(())
    }

    /// Adds another name for an inode.
    pub(crate) fn link(&mut self, ino: Ino, parent: Ino, name: &OsStr) -> Result<()> {
        if self.find(parent, name).is_ok() {
            return Err(DiskError::Exists);
        }
        self.node_mut(ino)?.links += 1;
        self.directory_mut(parent)?.change(vec![(name.to_owned(), Some(ino))]);
        Ok(())
    }

    /// Renames, replacing the target if it exists.
    pub(crate) fn rename(&mut self, from: (Ino, &OsStr), to: (Ino, &OsStr)) -> Result<()> {
        let ino = self.find(from.0, from.1)?;
        if let Ok(replaced) = self.find(to.0, to.1) {
            self.node_mut(replaced)?.links -= 1;
        }
        let (removed, added) = ((from.1.to_owned(), None), (to.1.to_owned(), Some(ino)));
        if from.0 == to.0 {
            self.directory_mut(from.0)?.change(vec![removed, added]);
        } else {
            self.directory_mut(to.0)?.change(vec![added]);
            self.directory_mut(from.0)?.change(vec![removed]);
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, ino: Ino, offset: usize, bytes: &[u8]) -> Result<()> {
        self.file_mut(ino)?.change(Change::Write { offset, bytes: bytes.to_vec() });
        Ok(())
    }

    pub(crate) fn resize(&mut self, ino: Ino, size: usize) -> Result<()> {
        self.file_mut(ino)?.change(Change::Resize(size));
        Ok(())
    }

    pub(crate) fn set_mode(&mut self, ino: Ino, mode: u16) -> Result<()> {
        self.node_mut(ino)?.mode = mode;
        Ok(())
    }

    pub(crate) fn sync(&mut self, ino: Ino) -> Result<()> {
        self.syncs += 1;
        match &mut self.node_mut(ino)?.content {
            Content::File(file) => file.sync(),
            Content::Directory(directory) => directory.sync(),
            Content::Socket => {}
        }
        Ok(())
    }

    /// Cuts the power and restores it. The random generator decides which unsynced changes reached the disk.
    pub(crate) fn cut(&mut self, random: &mut Rng) {
        let mut all: Vec<Ino> = self.nodes.keys().copied().collect();
        // A fixed order, so that the same seed loses the same data.
        all.sort_unstable();
        for ino in all {
            match self.nodes.get_mut(&ino).map(|node| &mut node.content) {
                Some(Content::File(file)) => file.cut(random),
                Some(Content::Directory(directory)) => directory.cut(random),
                _ => {}
            }
        }
        self.remove_unlinked();
    }

    fn remove_unlinked(&mut self) {
        let mut links: HashMap<Ino, u32> = HashMap::from([(ROOT, 1)]);
        let (mut next, mut seen) = (vec![ROOT], HashSet::new());
        while let Some(ino) = next.pop() {
            let Ok(directory) = self.directory(ino) else { continue };
            if seen.insert(ino) {
                for child in directory.now.values() {
                    *links.entry(*child).or_default() += 1;
                    next.push(*child);
                }
            }
        }
        self.nodes.retain(|ino, node| {
            node.links = links.get(ino).copied().unwrap_or(0);
            node.links > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(disk: &mut Disk, name: &str) -> Ino {
        disk.make(ROOT, OsStr::new(name), 0o600, Content::File(File::default())).unwrap()
    }

    #[test]
    fn synced_data_with_a_synced_name_survives_every_cut() {
        for seed in 0..200 {
            let (mut disk, mut random) = (Disk::new(), Rng::with_seed(seed));
            let ino = file(&mut disk, "a");
            disk.write(ino, 0, b"kept").unwrap();
            disk.sync(ino).unwrap();
            disk.sync(ROOT).unwrap();
            disk.write(ino, 4, &[b'x'; 2_000]).unwrap();
            disk.cut(&mut random);
            assert_eq!(disk.find(ROOT, OsStr::new("a")), Ok(ino));
            assert!(disk.file(ino).unwrap().now.starts_with(b"kept"), "seed {seed}");
        }
    }

    #[test]
    fn unsynced_data_is_randomly_lost_stored_or_torn() {
        let mut lengths = HashSet::new();
        for seed in 0..200 {
            let (mut disk, mut random) = (Disk::new(), Rng::with_seed(seed));
            let ino = file(&mut disk, "a");
            disk.sync(ROOT).unwrap();
            disk.write(ino, 0, &[b'x'; 1_000]).unwrap();
            disk.cut(&mut random);
            lengths.insert(disk.file(ino).unwrap().now.len());
        }
        assert!(lengths.contains(&0) && lengths.contains(&1_000), "{lengths:?}");
        assert!(lengths.iter().any(|length| (1..1_000).contains(length)), "{lengths:?}");
    }

    #[test]
    fn a_name_is_durable_only_after_a_sync_of_its_directory() {
        let lost = (0..100).filter(|seed| {
            let mut disk = Disk::new();
            let ino = file(&mut disk, "a");
            disk.sync(ino).unwrap();
            disk.cut(&mut Rng::with_seed(*seed));
            disk.find(ROOT, OsStr::new("a")).is_err()
        });
        assert!((1..100).contains(&lost.count()));
    }

    #[test]
    fn an_unsynced_removal_can_be_undone_by_a_cut() {
        let back = (0..100).filter(|seed| {
            let mut disk = Disk::new();
            let ino = file(&mut disk, "a");
            disk.write(ino, 0, b"old").unwrap();
            disk.sync(ino).unwrap();
            disk.sync(ROOT).unwrap();
            disk.remove(ROOT, OsStr::new("a")).unwrap();
            disk.cut(&mut Rng::with_seed(*seed));
            disk.find(ROOT, OsStr::new("a")).is_ok_and(|ino| disk.file(ino).unwrap().now == b"old")
        });
        assert!((1..100).contains(&back.count()));
    }

    #[test]
    fn the_same_seed_loses_the_same_data() {
        let lose = |seed| {
            let mut disk = Disk::new();
            let ino = file(&mut disk, "a");
            disk.sync(ROOT).unwrap();
            for n in 0..50 {
                disk.write(ino, n * 700, &[n as u8 + 1; 700]).unwrap();
            }
            disk.cut(&mut Rng::with_seed(seed));
            disk.file(ino).unwrap().now.clone()
        };
        assert_eq!(lose(3), lose(3));
        assert_ne!(lose(3), lose(4));
    }
}
