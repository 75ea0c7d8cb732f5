//! Requests of the kernel to a [`Disk`], over FUSE. The kernel itself handles locks and mapped memory.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::disk::{Content, Directory, Disk, DiskError, File, Ino, Node};

/// How long the kernel may cache attributes and names. Nothing else changes them.
const TTL: Duration = Duration::from_secs(1);
/// Reported size of the disk, far more than is used.
const BLOCKS: u64 = 1 << 30;
const BLOCK_BYTES: u32 = 4_096;

/// A disk as a FUSE file system.
pub(super) struct DiskFilesystem {
    disk: Arc<Mutex<Disk>>,
    user: (u32, u32),
}

impl From<DiskError> for Errno {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::NotFound => Self::ENOENT,
            DiskError::Exists => Self::EEXIST,
            DiskError::NotADirectory => Self::ENOTDIR,
            DiskError::IsADirectory => Self::EISDIR,
            DiskError::NotEmpty => Self::ENOTEMPTY,
        }
    }
}

impl DiskFilesystem {
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
            blksize: BLOCK_BYTES,
            flags: 0,
        }
    }

    fn attributes_of(&self, disk: &Disk, ino: Ino) -> Result<FileAttr, DiskError> {
        Ok(self.attributes(ino, disk.node(ino)?))
    }

    fn make(
        &self,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        content: Content,
    ) -> Result<FileAttr, DiskError> {
        let mut disk = self.disk();
        let ino = disk.make(parent.0, name, permissions(mode), content)?;
        self.attributes_of(&disk, ino)
    }
}

fn permissions(mode: u32) -> u16 {
    (mode & 0o7777) as u16
}

fn entry(found: Result<FileAttr, DiskError>, reply: ReplyEntry) {
    match found {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(error) => reply.error(error.into()),
    }
}

fn attributes(found: Result<FileAttr, DiskError>, reply: ReplyAttr) {
    match found {
        Ok(attributes) => reply.attr(&TTL, &attributes),
        Err(error) => reply.error(error.into()),
    }
}

fn done(outcome: Result<(), DiskError>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error.into()),
    }
}

impl Filesystem for DiskFilesystem {
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
            Err(error) => reply.error(error.into()),
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
            Err(error) => reply.error(error.into()),
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
            Err(error) => reply.error(error.into()),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // Closing a file does not write it to the disk.
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
            Err(error) => return reply.error(error.into()),
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
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCK_BYTES, 255, BLOCK_BYTES);
    }
}
