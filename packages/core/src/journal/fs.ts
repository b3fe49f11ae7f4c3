import { fstatSync } from 'node:fs'
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { acquireLock } from './lock.ts'

/** An open file. Offsets and lengths are bytes; errors carry the `code` of the operating system (`ENOSPC`, `EIO`, ...). */
export interface JournalFile {
  /** Reads into `buffer` from its start. Returns how many bytes; 0 at the end of the file. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number>
  /** Writes `buffer[offset, offset + length)`. May write less than asked; returns how many bytes. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>
  truncate(size: number): Promise<void>
  /** Makes content and size survive a power cut. Fails for a file that has been removed. */
  datasync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** All that the journal asks of a file system. `nodeFs` is the real one; tests hand in one that fails and loses power. */
export interface JournalFs {
  /** `r` to read, `r+` to read and write an existing file, `wx+` to make a new one (fails with `EEXIST`). */
  open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<JournalFile>
  /** Makes a directory and its parents, durably; one that exists is fine. */
  mkdir(path: string): Promise<void>
  /** Names in a directory, in no order. */
  list(path: string): Promise<readonly string[]>
  size(path: string): Promise<number>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Makes created, renamed and removed names of a directory survive a power cut. */
  syncDir(path: string): Promise<void>
  /** Takes the directory for this process or throws `journal_locked`. Returns what gives it back. */
  lock(dir: string, startedMs: number): Promise<() => Promise<void>>
}

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_DIR = 0o700

/** A file without a name goes on taking bytes, and nobody will find them again. */
function removed(path: string): Error {
  return Object.assign(new Error(`${path} was removed while it was in use`), { code: 'ENOENT' })
}

/** The machine's file system. */
export const nodeFs: JournalFs = {
  async open(path, flags) {
    const handle = await open(path, flags, OWNER_ONLY_FILE)
    // Some file systems count no names at all.
    const named = fstatSync(handle.fd).nlink > 0
    return {
      read: async (buffer, length, position) => (await handle.read(buffer, 0, length, position)).bytesRead,
      write: async (buffer, offset, length, position) =>
        (await handle.write(buffer, offset, length, position)).bytesWritten,
      truncate: (size) => handle.truncate(size),
      async datasync() {
        await handle.datasync()
        if (named && fstatSync(handle.fd).nlink === 0) throw removed(path)
      },
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    }
  },
  async mkdir(path) {
    const first = await mkdir(path, { recursive: true, mode: OWNER_ONLY_DIR })
    if (first === undefined) return
    // Each new directory is a name in its parent, and as easily lost as that of a file.
    const outermost = dirname(resolve(first))
    for (let parent = dirname(resolve(path)); ; parent = dirname(parent)) {
      await nodeFs.syncDir(parent)
      if (parent === outermost || parent === dirname(parent)) return
    }
  },
  list: (path) => readdir(path),
  size: async (path) => (await stat(path)).size,
  rename,
  unlink,
  async syncDir(path) {
    // Windows cannot open a directory; its file systems journal names by themselves.
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  lock: acquireLock,
}
