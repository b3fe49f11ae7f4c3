import { basename, dirname } from 'node:path'
import { TallystickError } from '../../errors.ts'
import type { JournalFile, JournalFs } from '../fs.ts'
import { FaultInode } from './fault-inode.ts'
import { Prng } from './prng.ts'

export type FaultOpKind =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'size'
  | 'close'
  | 'mkdir'
  | 'list'
  | 'rename'
  | 'unlink'
  | 'syncDir'

/** The operations that change something: a power cut between two others is a cut at the next of these. */
export const CHANGING: ReadonlySet<FaultOpKind> = new Set([
  'open',
  'write',
  'truncate',
  'datasync',
  'rename',
  'unlink',
  'syncDir',
  'mkdir',
])

export interface FaultOp {
  /** From 1, over all operations of the file system. */
  readonly index: number
  readonly kind: FaultOpKind
  readonly path: string
}

/** `crash`: the power fails during the operation. `short`: a write takes half. Else the error code it fails with. */
export type Fault = 'crash' | 'short' | 'EIO' | 'ENOSPC' | 'EMFILE'

/** Decides what happens to an operation; undefined lets it pass. */
export type FaultPlan = (op: FaultOp) => Fault | undefined

type Change =
  | { readonly kind: 'set'; readonly name: string; readonly inode: FaultInode }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly inode: FaultInode }

interface Directory {
  volatile: Map<string, FaultInode>
  durable: Map<string, FaultInode>
  /** Changes of names since the last sync, in order. */
  changes: Change[]
}

/**
 * A file system in memory that keeps, for each file and directory, what the process sees apart from what the disk holds, and
 * fails as it is told. `survivor` gives one of the states that a power cut may leave: any part of the unsynced sectors and any
 * of the unsynced names. Directories themselves are durable once made.
 */
export class FaultFs implements JournalFs {
  #directories = new Map<string, Directory>()
  #locked = new Set<string>()
  #crashed = false
  plan: FaultPlan = () => undefined
  operations = 0

  get crashed(): boolean {
    return this.#crashed
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<JournalFile> {
    const create = (): void => {
      if (flags !== 'wx+') return
      const directory = this.#directory(path)
      if (directory.volatile.has(basename(path))) throw failure('EEXIST', path)
      const inode = new FaultInode()
      directory.volatile.set(basename(path), inode)
      directory.changes.push({ kind: 'set', name: basename(path), inode })
    }
    this.#operate('open', path, create)
    return this.#file(path, this.#inode(path))
  }

  async mkdir(path: string): Promise<void> {
    this.#operate('mkdir', path, () => {
      if (!this.#directories.has(path))
        this.#directories.set(path, { volatile: new Map(), durable: new Map(), changes: [] })
    })
  }

  async list(path: string): Promise<readonly string[]> {
    this.#operate('list', path)
    const directory = this.#directories.get(path)
    if (directory === undefined) throw failure('ENOENT', path)
    const within = [...this.#directories.keys()].filter((name) => dirname(name) === path).map((name) => basename(name))
    return [...directory.volatile.keys(), ...within]
  }

  async size(path: string): Promise<number> {
    this.#operate('size', path)
    return this.#inode(path).volatile.length
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(from)
    this.#operate('rename', from, () => {
      const source = this.#directory(from)
      const target = this.#directory(to)
      source.volatile.delete(basename(from))
      target.volatile.set(basename(to), inode)
      if (source === target) source.changes.push({ kind: 'rename', from: basename(from), to: basename(to), inode })
      else {
        source.changes.push({ kind: 'delete', name: basename(from) })
        target.changes.push({ kind: 'set', name: basename(to), inode })
      }
    })
  }

  async unlink(path: string): Promise<void> {
    this.#inode(path)
    this.#operate('unlink', path, () => {
      const directory = this.#directory(path)
      directory.volatile.delete(basename(path))
      directory.changes.push({ kind: 'delete', name: basename(path) })
    })
  }

  async syncDir(path: string): Promise<void> {
    this.#operate('syncDir', path, () => {
      const directory = this.#directories.get(path)
      if (directory === undefined) throw failure('ENOENT', path)
      directory.durable = new Map(directory.volatile)
      directory.changes = []
    })
  }

  async lock(dir: string): Promise<() => Promise<void>> {
    if (this.#locked.has(dir)) throw new TallystickError('journal_locked', `${dir} is held by this process`)
    this.#locked.add(dir)
    return async () => {
      this.#locked.delete(dir)
    }
  }

  /** The state after a power cut, chosen by `seed` among those that are possible. */
  survivor(seed: number): FaultFs {
    const random = new Prng(seed)
    const survivors = new Map<FaultInode, FaultInode>()
    const settle = (inode: FaultInode): FaultInode => {
      const settled = survivors.get(inode) ?? inode.survivor(random)
      survivors.set(inode, settled)
      return settled
    }
    return this.#derive((directory) => {
      const names = new Map(directory.durable)
      const changes = random.chance(0.5) ? directory.changes : random.shuffled(directory.changes)
      for (const change of changes) if (random.chance(0.5)) apply(names, change)
      return new Map([...names].map(([name, inode]) => [name, settle(inode)]))
    })
  }

  /** The state after the end of the process alone: all that was written is there. */
  afterKill(): FaultFs {
    return this.#derive(({ volatile }) => new Map([...volatile].map(([name, inode]) => [name, inode.copy()])))
  }

  /** The content of a file as the process sees it; it may be changed in place. */
  content(path: string): Buffer {
    return this.#inode(path).volatile
  }

  /** Puts a file there, durably. */
  put(path: string, content: Uint8Array): void {
    const inode = new FaultInode()
    inode.write(content, 0)
    inode.sync()
    this.#directory(path).volatile.set(basename(path), inode)
    this.#directory(path).durable.set(basename(path), inode)
  }

  #derive(names: (directory: Directory) => Map<string, FaultInode>): FaultFs {
    const derived = new FaultFs()
    for (const [path, directory] of this.#directories) {
      const volatile = names(directory)
      derived.#directories.set(path, { volatile, durable: new Map(volatile), changes: [] })
    }
    return derived
  }

  /** Counts an operation, lets the plan interfere, and else does `effect`. */
  #operate(kind: FaultOpKind, path: string, effect: () => void = () => {}): Fault | undefined {
    if (this.#crashed) throw failure('EIO', `${path} (the power is off)`)
    const op = { index: ++this.operations, kind, path }
    const fault = this.plan(op)
    if (fault === 'crash') {
      // The operation under way may have been done already.
      if (op.index % 2 === 0) effect()
      this.#crashed = true
      throw failure('EIO', `${path} (the power went off)`)
    }
    if (fault !== undefined && fault !== 'short') throw failure(fault, path)
    effect()
    return fault
  }

  #file(path: string, inode: FaultInode): JournalFile {
    const operate = this.#operate.bind(this)
    const isOff = (): boolean => this.#crashed
    return {
      async read(buffer, length, position) {
        operate('read', path)
        return inode.volatile.copy(buffer, 0, position, Math.min(position + length, inode.volatile.length))
      },
      async write(buffer, offset, length, position) {
        const put = (bytes: number): void => inode.write(buffer.subarray(offset, offset + bytes), position)
        const off = isOff()
        let written = length
        try {
          if (operate('write', path) === 'short') written = Math.ceil(length / 2)
        } catch (error) {
          // A write that fails may have taken a part.
          if (!off) put(Math.floor(length / 3))
          throw error
        }
        put(written)
        return written
      },
      async truncate(size) {
        operate('truncate', path, () => inode.truncate(size))
      },
      async datasync() {
        try {
          operate('datasync', path, () => inode.sync())
        } catch (error) {
          if (!isOff()) inode.forgetWrites()
          throw error
        }
      },
      async size() {
        operate('size', path)
        return inode.volatile.length
      },
      async close() {
        operate('close', path)
      },
    }
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(dirname(path))
    if (directory === undefined) throw failure('ENOENT', path)
    return directory
  }

  #inode(path: string): FaultInode {
    const inode = this.#directory(path).volatile.get(basename(path))
    if (inode === undefined) throw failure('ENOENT', path)
    return inode
  }
}

function apply(names: Map<string, FaultInode>, change: Change): void {
  if (change.kind === 'set') names.set(change.name, change.inode)
  else if (change.kind === 'delete') names.delete(change.name)
  else {
    names.delete(change.from)
    names.set(change.to, change.inode)
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
