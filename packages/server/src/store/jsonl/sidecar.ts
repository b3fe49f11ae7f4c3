import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeFs } from '@tallystick/core/journal'
import type { Block } from './block.ts'
import type { FileIdentity } from './data-file.ts'
import { decodeRecord, encodeRecord, type FileChange, type SidecarRecord, type StoreState } from './sidecar-record.ts'

/** What a sidecar says. */
export interface Remembered {
  readonly state: StoreState
  /** The last file is the active one. */
  readonly files: ReadonlyMap<
    number,
    { readonly identity: FileIdentity | undefined; readonly blocks: readonly Block[] }
  >
  readonly activeNumber: number
  /** What was written after the last sync may not be what it was: the machine was started anew since, without a close. */
  readonly powerCut: boolean
}

/** Beyond this, and twice what is worth keeping, the log of changes is written anew. */
const MIN_LOG_BYTES = 1024 * 1024
const BLOCKS_PER_RECORD = 1000

/**
 * The file beside the documents: the time index and what else must outlive them. A log of changes, each a line with a
 * checksum, written anew as a whole now and then. All but the state can be found again in the documents themselves.
 */
export class Sidecar {
  readonly #path: string
  readonly #boot: string
  #log: FileHandle | undefined
  #logBytes = 0
  #wholeBytes = 0

  private constructor(path: string, boot: string) {
    this.#path = path
    this.#boot = boot
  }

  static async open(path: string): Promise<{ readonly sidecar: Sidecar; readonly remembered: Remembered | undefined }> {
    const boot = await bootId()
    const sidecar = new Sidecar(path, boot)
    return { sidecar, remembered: await remembered(path, boot) }
  }

  /** Notes a change behind the others; false if that was not possible and `writeWhole` must be called. */
  async note(change: Pick<SidecarRecord, 'state' | 'numbers' | 'files' | 'synced'>): Promise<boolean> {
    if (this.#log === undefined || this.#logBytes > Math.max(MIN_LOG_BYTES, 2 * this.#wholeBytes)) return false
    const line = Buffer.from(encodeRecord({ ...change, boot: this.#boot, closed: false }))
    try {
      const { bytesWritten } = await this.#log.write(line)
      if (bytesWritten < line.length) throw new Error('The file system took a part of the line')
      if (change.synced) await this.#log.datasync()
    } catch {
      // Half a line may stand there now; nothing may follow it.
      await this.close()
      return false
    }
    this.#logBytes += line.length
    return true
  }

  /** Writes all there is, in place of the log. It survives a power cut, and so must what it says. */
  async writeWhole(whole: {
    readonly state: StoreState
    readonly files: readonly Omit<FileChange, 'kept'>[]
    readonly closed: boolean
  }): Promise<void> {
    const { state, files, closed } = whole
    const base = { boot: this.#boot, synced: true, closed, state, numbers: files.map(({ number }) => number) }
    // The state stands in the first line and in the last: one of them may be damaged.
    const lines = [encodeRecord({ ...base, files: [] })]
    for (const { number, identity, blocks } of files) {
      for (let kept = 0; kept === 0 || kept < blocks.length; kept += BLOCKS_PER_RECORD) {
        const part = { number, identity, kept, blocks: blocks.slice(kept, kept + BLOCKS_PER_RECORD) }
        lines.push(encodeRecord({ ...base, files: [part] }))
      }
    }
    const bytes = Buffer.from(lines.join(''))
    await this.close()
    const temporary = `${this.#path}.tmp`
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } catch (error) {
      await file.close()
      await rm(temporary, { force: true })
      throw error
    }
    await file.close()
    await rename(temporary, this.#path)
    await nodeFs.syncDir(dirname(this.#path))
    this.#log = await open(this.#path, 'a')
    this.#logBytes = bytes.length
    this.#wholeBytes = bytes.length
  }

  async close(): Promise<void> {
    await this.#log?.close()
    this.#log = undefined
  }
}

async function remembered(path: string, boot: string): Promise<Remembered | undefined> {
  const records = await readRecords(path)
  const latest = records.findLast((record) => record !== undefined)
  if (latest === undefined) return undefined
  // A process that was killed has left in the caches of the system all that it wrote; a power cut only what was synced.
  const powerCut = !latest.closed && (boot === '' || latest.boot !== boot)
  const trusted = powerCut ? records.slice(0, records.findLastIndex((record) => record?.synced) + 1) : records
  const last = trusted.findLast((record) => record !== undefined)
  if (last === undefined) return undefined
  const files = new Map<number, { identity: FileIdentity | undefined; blocks: readonly Block[] }>()
  // Behind a damaged line changes build on something unknown: then the files are read again, and only the state is kept.
  if (!trusted.includes(undefined)) for (const record of trusted) if (record !== undefined) applyTo(files, record)
  return { state: last.state, files, activeNumber: last.numbers.at(-1) ?? 1, powerCut }
}

function applyTo(
  files: Map<number, { identity: FileIdentity | undefined; blocks: readonly Block[] }>,
  { numbers, files: changes }: SidecarRecord,
): void {
  for (const { number, identity, kept, blocks } of changes) {
    const before = files.get(number)?.blocks ?? []
    files.set(number, { identity, blocks: [...before.slice(0, kept), ...blocks] })
  }
  for (const number of files.keys()) if (!numbers.includes(number)) files.delete(number)
}

/** Undefined stands for a line that is damaged. A last line without its end is none. */
async function readRecords(path: string): Promise<readonly (SidecarRecord | undefined)[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const lines = text.split('\n')
  lines.pop()
  return lines.map(decodeRecord)
}

/** Empty where the system has none: then nothing that was not synced is believed. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  } catch {
    return ''
  }
}
