//! What the kernel asks of a [`Disk`], by FUSE. Locks and mapped memory are the kernel's own.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::disk::{Content, Directory, Disk, File, Ino, Node, Refusal};

/// How long the kernel may believe what it was told: nobody else changes anything.
const TTL: Duration = Duration::from_secs(1);
/// As a disk says it: far more than is used.
const BLOCKS: u64 = 1 << 30;
const BLOCK: u32 = 4_096;

/// A disk as the kernel sees it.
pub(super) struct Mounted {
    disk: Arc<Mutex<Disk>>,
    user: (u32, u32),
}

impl From<Refusal> for Errno {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::ENOENT,
            Refusal::Exists => Self::EEXIST,
            Refusal::NotADirectory => Self::ENOTDIR,
            Refusal::IsADirectory => Self::EISDIR,
            Refusal::NotEmpty => Self::ENOTEMPTY,
        }
    }
}

impl Mounted {
    pub(super) fn new(disk: Arc<Mutex<Disk>>) -> Self {
        let user = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        Self { disk, user }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attributes(&self, ino: Ino, node: &Node) -> FileAttr {
        let (kind, size) = match &node.content {
            Content::File(file) => (FileType::RegularFile, file.now.len() as u64),
            Content::Directory(_) => (FileType::Directory, 0),
            Content::Socket => (FileType::Socket, 0),
        };
        FileAttr {
            ino: INodeNo(ino),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: node.mode,
            nlink: node.links,
            uid: self.user.0,
            gid: self.user.1,
            rdev: 0,
            blksize: BLOCK,
            flags: 0,
        }
    }

    fn attributes_of(&self, disk: &Disk, ino: Ino) -> Result<FileAttr, Refusal> {
        Ok(self.attributes(ino, disk.node(ino)?))
    }

    fn make(&self, parent: INodeNo, name: &OsStr, mode: u32, content: Content) -> Result<FileAttr, Refusal> {
        let mut disk = self.disk();
        let ino = disk.make(parent.0, name, permissions(mode), content)?;
        self.attributes_of(&disk, ino)
    }
}

fn permissions(mode: u32) -> u16 {
    (mode & 0o7777) as u16
}

fn entry(found: Result<FileAttr, Refusal>, reply: ReplyEntry) {
    match found {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(refusal) => reply.error(refusal.into()),
    }
}

fn attributes(found: Result<FileAttr, Refusal>, reply: ReplyAttr) {
    match found {
        Ok(attributes) => reply.attr(&TTL, &attributes),
        Err(refusal) => reply.error(refusal.into()),
    }
}

fn done(outcome: Result<(), Refusal>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(refusal.into()),
    }
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk();
        entry(disk.find(parent.0, name).and_then(|ino| self.attributes_of(&disk, ino)), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        attributes(self.attributes_of(&self.disk(), ino.0), reply);
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        let mut set = || {
            if let Some(mode) = mode {
                disk.set_mode(ino.0, permissions(mode))?;
            }
            if let Some(size) = size {
                disk.resize(ino.0, size as usize)?;
            }
            self.attributes_of(&disk, ino.0)
        };
        attributes(set(), reply);
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        let content = match rustix::fs::FileType::from_raw_mode(mode) {
            rustix::fs::FileType::Socket => Content::Socket,
            rustix::fs::FileType::RegularFile => Content::File(File::default()),
            _ => return reply.error(Errno::EPERM),
        };
        entry(self.make(parent, name, mode & !umask, content), reply);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        entry(self.make(parent, name, mode & !umask, Content::Directory(Directory::default())), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        done(self.disk().rename((parent.0, name), (new_parent.0, new_name)), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut disk = self.disk();
        let linked = disk.link(ino.0, parent.0, name);
        entry(linked.and_then(|()| self.attributes_of(&disk, ino.0)), reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.make(parent, name, mode & !umask, Content::File(File::default())) {
            Ok(attributes) => {
                reply.created(&TTL, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(refusal) => reply.error(refusal.into()),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().file(ino.0) {
            Ok(file) => {
                let from = (offset as usize).min(file.now.len());
                let to = (from + size as usize).min(file.now.len());
                reply.data(&file.now[from..to]);
            }
            Err(refusal) => reply.error(refusal.into()),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.disk().write(ino.0, offset as usize, bytes) {
            Ok(()) => reply.written(bytes.len() as u32),
            Err(refusal) => reply.error(refusal.into()),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // Closing a file writes nothing to a disk.
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        done(self.disk().sync(ino.0), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        done(self.disk().sync(ino.0), reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let directory = match disk.directory(ino.0) {
            Ok(directory) => directory,
            Err(refusal) => return reply.error(refusal.into()),
        };
        for (n, (name, child)) in directory.now.iter().enumerate().skip(offset as usize) {
            let kind =
                disk.node(*child).map_or(FileType::RegularFile, |node| self.attributes(*child, node).kind);
            if reply.add(INodeNo(*child), n as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCK, 255, BLOCK);
    }
}
