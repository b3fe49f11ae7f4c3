import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { nodeFs } from '@tallystick/core/journal'
import { BlockBuilder } from './block.ts'
import { type FileIdentity, identityOf, indexedBytes, isSameFile } from './data-file.ts'
import type { EncodedLine } from './encode-lines.ts'
import type { FileSet } from './file-set.ts'
import { hasExpired } from './floors.ts'
import { floorsOf } from './sidecar-record.ts'

/** After a power cut at most this much is fed again from the journal. */
const SYNC_EVERY_BYTES = 16 * 1024 * 1024

/** Appends to the active file, and begins a new one when it is full. */
export class Writer {
  readonly #set: FileSet
  readonly #rotateBytes: number
  #file: { readonly handle: FileHandle; readonly identity: FileIdentity } | undefined
  #unsynced = 0

  constructor(set: FileSet, rotateBytes: number) {
    this.#set = set
    this.#rotateBytes = rotateBytes
  }

  /** Writes events with higher ordinals than any before: one write, and what fails leaves nothing behind. */
  async append(lines: readonly EncodedLine[]): Promise<void> {
    const set = this.#set
    const bytes = Buffer.concat(lines.map((line) => line.bytes))
    await set.look('active')
    await set.repair()
    const size = indexedBytes(set.active)
    if (size > 0 && size + bytes.length > this.#rotateBytes) await this.#rotate()

    const handle = await this.#open()
    const start = indexedBytes(set.active)
    set.ceiling = (lines.at(-1) as EncodedLine).ordinal
    const identity = await writeOrUndo(handle, bytes, start)
    this.#account(lines)
    if (identity.size === start + bytes.length) this.#index(lines, identity)
    // Somebody else has written to the file at the same moment.
    else await set.look('active')
    this.#unsynced += bytes.length
    const sync = this.#unsynced >= SYNC_EVERY_BYTES
    if (sync) await handle.datasync()
    if (sync) this.#unsynced = 0
    await set.note(sync)
  }

  async close(): Promise<void> {
    await this.#file?.handle.close()
    this.#file = undefined
  }

  /** The open file, unless it is no longer the one of that name. */
  async #open(): Promise<FileHandle> {
    const { active } = this.#set
    if (this.#file && isSameFile(this.#file.identity, active.identity)) return this.#file.handle
    await this.close()
    await mkdir(this.#set.names.directory, { recursive: true, mode: 0o700 })
    const handle = await open(active.path, 'a', 0o600)
    const identity = identityOf(await handle.stat({ bigint: true }))
    this.#file = { handle, identity }
    if (active.identity === undefined) this.#set.put({ ...active, identity })
    return handle
  }

  #account(lines: readonly EncodedLine[]): void {
    const { state } = this.#set
    const floors = floorsOf(state)
    const late = lines.filter(({ timestampMs, kind }) => hasExpired(floors, timestampMs, kind)).length
    this.#set.state = {
      ...state,
      appliedOrdinal: (lines.at(-1) as EncodedLine).ordinal,
      accepted: state.accepted + lines.length,
      expired: state.expired + late,
    }
  }

  #index(lines: readonly EncodedLine[], identity: FileIdentity): void {
    const { active } = this.#set
    const builder = new BlockBuilder(active.blocks, this.#set.rules(active))
    for (const { bytes, ...line } of lines) builder.line(bytes, { ...line, sound: true })
    this.#set.put({ ...active, identity, blocks: builder.blocks() })
  }

  /** The file keeps its number and gets a name of its own; an empty one takes its place. */
  async #rotate(): Promise<void> {
    const { active, names } = this.#set
    const handle = await this.#open()
    await handle.datasync()
    await this.close()
    const path = names.rotated(active.number)
    await rename(active.path, path)
    await nodeFs.syncDir(names.directory)
    this.#set.put({ ...active, path })
    this.#set.put({ number: active.number + 1, path: names.active, identity: undefined, blocks: [] })
    this.#unsynced = 0
  }
}

/** Writes at the end and tells what the file is then. What was written in part is cut off again. */
async function writeOrUndo(handle: FileHandle, bytes: Buffer, start: number): Promise<FileIdentity> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
      if (bytesWritten === 0) throw new Error('The file system wrote nothing and gave no reason')
      done += bytesWritten
    }
  } catch (error) {
    // If this fails too, the next look finds whole lines, which count, and a torn one, which is cut.
    await handle.truncate(start).catch(() => undefined)
    throw error
  }
  return identityOf(await handle.stat({ bigint: true }))
}
