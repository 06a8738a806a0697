#!/usr/bin/python3
"""/etc/pve in a twin, where Proxmox VE cannot be installed: a stand-in for pmxcfs, with its rules (pve-cluster, pmxcfs.c and dcdb.c).

All nodes share one folder. Without quorum nothing can be written. Modes and owners follow from the path, and any other is refused. A
corosync.conf that is created, written or renamed here goes to /etc/corosync on every node unless its config_version is lower than the local
one, and the node that changed it reloads corosync a second later. What it does not play: a node that is cut off still sees what others write.
"""
import errno
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations

SHARED, LOCAL, MOUNT = sys.argv[1:4]
CONF = 'corosync.conf'
LARGEST = 1024 * 1024


def quorate():
    # Before there is a cluster, a node is one of its own.
    if not os.path.exists(LOCAL):
        return True
    return subprocess.run(['corosync-quorumtool', '-s'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def version(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as conf:
            found = re.search(r'^\s*config_version\s*:\s*(\d+)', conf.read(), re.M)
        return int(found.group(1)) if found else 0
    except FileNotFoundError:
        return None


def follow():
    """Takes the shared corosync.conf over to this node, as long as the node runs."""
    shared = os.path.join(SHARED, CONF)
    seen = None
    while True:
        try:
            stat = os.stat(shared)
            now = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if now != seen:
                take(shared)
                seen = now
        except FileNotFoundError:
            seen = None
        time.sleep(0.1)


def take(shared):
    with open(shared, 'rb') as conf:
        content = conf.read()
    if os.path.exists(LOCAL):
        with open(LOCAL, 'rb') as conf:
            if conf.read() == content:
                return
        if (version(shared) or 0) < (version(LOCAL) or 0):
            print('local corosync.conf is newer', flush=True)
            return
    with open(LOCAL + '.new', 'wb') as conf:
        conf.write(content)
    os.chmod(LOCAL + '.new', 0o644)
    os.rename(LOCAL + '.new', LOCAL)


def reload_soon():
    def tell():
        time.sleep(1)
        subprocess.run(['corosync-cfgtool', '-R'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    threading.Thread(target=tell, daemon=True).start()


def is_private(path):
    return re.match(r'/priv(/|$)|/nodes/[^/]+/priv(/|$)', path) is not None


class Pmxcfs(Operations):
    def real(self, path):
        return os.path.join(SHARED, path.lstrip('/'))

    def may_write(self):
        if not quorate():
            raise FuseOSError(errno.EACCES)

    def changed(self, path):
        if path == '/' + CONF:
            reload_soon()

    def getattr(self, path, fh=None):
        if path == '/.version':
            return {'st_mode': 0o100440, 'st_nlink': 1, 'st_size': 0, 'st_uid': 0, 'st_gid': 33}
        stat = os.lstat(self.real(path))
        folder = os.path.isdir(self.real(path))
        mode = (0o040700 if is_private(path) else 0o040755) if folder else (0o100600 if is_private(path) else 0o100640)
        return {
            'st_mode': mode, 'st_nlink': stat.st_nlink, 'st_size': stat.st_size, 'st_uid': 0, 'st_gid': 33,
            'st_mtime': stat.st_mtime, 'st_ctime': stat.st_ctime, 'st_atime': stat.st_atime,
        }

    def readdir(self, path, fh):
        return ['.', '..', *os.listdir(self.real(path))]

    def chmod(self, path, mode):
        if mode & 0o777 != self.getattr(path)['st_mode'] & 0o777:
            raise FuseOSError(errno.EPERM)

    def chown(self, path, uid, gid):
        if uid not in (-1, 0, 0xFFFFFFFF) or gid not in (-1, 33, 0xFFFFFFFF):
            raise FuseOSError(errno.EPERM)

    def utimens(self, path, times=None):
        os.utime(self.real(path), times)

    def symlink(self, target, source):
        raise FuseOSError(errno.EPERM)

    def link(self, target, source):
        raise FuseOSError(errno.EPERM)

    def mkdir(self, path, mode):
        self.may_write()
        os.mkdir(self.real(path))

    def rmdir(self, path):
        self.may_write()
        os.rmdir(self.real(path))

    def unlink(self, path):
        self.may_write()
        os.unlink(self.real(path))

    def rename(self, old, new):
        self.may_write()
        if os.path.isdir(self.real(old)) and os.listdir(self.real(old)):
            raise FuseOSError(errno.ENOTEMPTY)
        os.rename(self.real(old), self.real(new))
        self.changed(new)

    def create(self, path, mode, fi=None):
        self.may_write()
        handle = os.open(self.real(path), os.O_RDWR | os.O_CREAT, 0o600)
        self.changed(path)
        return handle

    def open(self, path, flags):
        if path == '/.version':
            return os.open(os.devnull, os.O_RDONLY)
        if flags & (os.O_WRONLY | os.O_RDWR):
            self.may_write()
        return os.open(self.real(path), flags & ~os.O_EXCL)

    def read(self, path, length, offset, fh):
        return os.pread(fh, length, offset)

    def write(self, path, data, offset, fh):
        self.may_write()
        if offset + len(data) > LARGEST:
            raise FuseOSError(errno.EFBIG)
        written = os.pwrite(fh, data, offset)
        self.changed(path)
        return written

    def truncate(self, path, length, fh=None):
        self.may_write()
        os.truncate(self.real(path), length)

    def fsync(self, path, datasync, fh):
        return os.fsync(fh)

    def release(self, path, fh):
        os.close(fh)

    def statfs(self, path):
        usage = shutil.disk_usage(SHARED)
        return {'f_bsize': 4096, 'f_frsize': 4096, 'f_blocks': usage.total // 4096, 'f_bfree': usage.free // 4096, 'f_bavail': usage.free // 4096, 'f_namemax': 255}


threading.Thread(target=follow, daemon=True).start()
FUSE(Pmxcfs(), MOUNT, foreground=True, allow_other=True, nonempty=True)
