import { mkdir, open } from 'node:fs/promises'
import { type Block, BlockBuilder, type BlockRules, type OwnLineListener } from './block.ts'
import { type DataFile, identityOf, indexedBytes, isSameFile, isUntouched, lastOrdinal, lookAt } from './data-file.ts'
import { hasExpired } from './floors.ts'
import { indexFile, isUnchanged, unchangedBlocks } from './index-file.ts'
import { lockStore } from './lock.ts'
import type { StoreNames } from './names.ts'
import { Sidecar } from './sidecar.ts'
import { floorsOf, NEW_STATE, type StoreState } from './sidecar-record.ts'
import { repairTail } from './tail.ts'

/**
 * The files of a store, what is known of them, and the sidecar that remembers it. The files decide: what somebody has
 * removed, replaced, cut or added is found out by {@link look}, and counts from then on.
 *
 * Callers see to it that one change is made at a time.
 */
export class FileSet {
  readonly names: StoreNames
  state: StoreState = NEW_STATE
  /**
   * The highest ordinal that a line can have got from us. A line that says more was brought here from elsewhere; were it
   * believed, what comes next would be taken for old.
   */
  ceiling = Number.POSITIVE_INFINITY
  readonly #sidecar: Sidecar
  readonly #unlock: () => Promise<void>
  /** By number; the last is the active one, be it there or not. */
  #files: readonly DataFile[] = []
  /** What the sidecar knows of each file. */
  readonly #noted = new Map<number, readonly Block[]>()

  private constructor(names: StoreNames, sidecar: Sidecar, unlock: () => Promise<void>) {
    this.names = names
    this.#sidecar = sidecar
    this.#unlock = unlock
  }

  /**
   * Makes the directory, reads the sidecar, and looks at what the files are now.
   *
   * @throws TallystickError `journal_locked` when another process has them
   */
  static async open(names: StoreNames): Promise<FileSet> {
    await mkdir(names.directory, { recursive: true, mode: 0o700 })
    const unlock = await lockStore(names)
    try {
      return await FileSet.#open(names, unlock)
    } catch (error) {
      await unlock()
      throw error
    }
  }

  static async #open(names: StoreNames, unlock: () => Promise<void>): Promise<FileSet> {
    const { sidecar, remembered } = await Sidecar.open(names.sidecar)
    const set = new FileSet(names, sidecar, unlock)
    if (remembered) set.state = remembered.state
    const known = (number: number, path: string): DataFile => {
      const { identity, blocks } = remembered?.files.get(number) ?? { identity: undefined, blocks: [] }
      return { number, path, identity, blocks }
    }
    const rotated = await names.rotatedNumbers()
    const activeNumber = Math.max(remembered?.activeNumber ?? 1, (rotated.at(-1) ?? 0) + 1)
    set.#files = [...rotated.map((number) => known(number, names.rotated(number))), known(activeNumber, names.active)]
    await set.#lookAll(remembered?.powerCut ?? false)
    await set.repair()
    // Without a sidecar nothing tells what was cleared, unless every record that was applied still stands there.
    if (!remembered) set.state = { ...set.state, complete: set.state.accepted === set.state.appliedOrdinal }
    set.ceiling = set.state.appliedOrdinal
    await set.noteAll()
    return set
  }

  get files(): readonly DataFile[] {
    return this.#files
  }

  get active(): DataFile {
    return this.#files.at(-1) as DataFile
  }

  /** Finds out what has become of the active file, or of all files. */
  async look(which: 'active' | 'all'): Promise<void> {
    let grown = false
    let changed = false
    for (const file of which === 'all' ? this.#files : [this.active]) {
      const now = await lookAt(file.path)
      if (isUntouched(now, file.identity)) continue
      const found = now === undefined ? 'changed' : await this.#index(file, false)
      if (now === undefined) this.#lose(file)
      grown ||= found === 'grown'
      changed ||= found === 'changed'
    }
    if (changed && this.#files.every(({ blocks }) => blocks.length === 0)) this.state = { ...this.state, expired: 0 }
    if (changed) await this.noteAll().catch(() => undefined)
    else if (grown) await this.note(false)
  }

  /** A line at the end of the active file that was never finished is finished or cut, so that what follows is a line of its own. */
  async repair(): Promise<void> {
    const { active } = this
    if (active.identity === undefined || active.identity.size <= indexedBytes(active)) return
    await repairTail(active.path, indexedBytes(active))
    await this.look('active')
  }

  /** Takes the place of the file of the same number, or comes behind all others. */
  put(file: DataFile): void {
    const at = this.#files.findIndex(({ number }) => number === file.number)
    this.#files = at < 0 ? [...this.#files, file] : this.#files.with(at, file)
  }

  /** How the lines of a file count. */
  rules({ number }: DataFile): BlockRules {
    const after = lastOrdinal(this.#files.filter((file) => file.number < number))
    return { after, ceiling: this.ceiling, floors: floorsOf(this.state) }
  }

  drop(number: number): void {
    this.#files = this.#files.filter((file) => file.number !== number)
  }

  /** Remembers what has changed; `synced` where the documents are on the disk. What cannot be noted now is noted later. */
  async note(synced: boolean): Promise<void> {
    const changes = this.#files.flatMap(({ number, identity, blocks }) => {
      const before = this.#noted.get(number) ?? []
      const different = blocks.findIndex((block, index) => block !== before[index])
      if (different < 0 && blocks.length === before.length && number !== this.active.number) return []
      const kept = different < 0 ? blocks.length : different
      return [{ number, identity, kept, blocks: blocks.slice(kept) }]
    })
    const numbers = this.#files.map(({ number }) => number)
    if (await this.#sidecar.note({ state: this.state, numbers, files: changes, synced })) this.#remember()
    else await this.noteAll().catch(() => undefined)
  }

  /** Remembers everything, on the disk: the documents too. */
  async noteAll(closed = false): Promise<void> {
    await this.#sync()
    await this.#sidecar.writeWhole({ state: this.state, files: this.#files, closed })
    this.#remember()
  }

  async close(): Promise<void> {
    await this.#sidecar.close()
    await this.#unlock()
  }

  #remember(): void {
    this.#noted.clear()
    for (const { number, blocks } of this.#files) this.#noted.set(number, blocks)
  }

  async #sync(): Promise<void> {
    const { path, identity } = this.active
    if (identity === undefined) return
    const file = await open(path, 'r')
    try {
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  async #lookAll(powerCut: boolean): Promise<void> {
    for (const file of this.#files) {
      const now = await lookAt(file.path)
      if (now === undefined) this.#lose(file)
      else if (!isUntouched(now, file.identity)) await this.#index(file, powerCut && file === this.active)
    }
  }

  #lose(file: DataFile): void {
    if (file.number === this.active.number) this.put({ ...file, identity: undefined, blocks: [] })
    else this.drop(file.number)
  }

  /**
   * Finds out which blocks of a file still hold, and reads the rest of it.
   *
   * @param doubtful what was not known to be on the disk may be missing from the middle of the file, which then has zeros
   *   there: it ends at the first line with one, and the journal has the rest. Any other line that is no document is
   *   somebody's and stays.
   */
  async #index(file: DataFile, doubtful: boolean): Promise<'grown' | 'changed'> {
    const handle = await open(file.path, doubtful ? 'r+' : 'r')
    try {
      const identity = identityOf(await handle.stat({ bigint: true }))
      const last = file.blocks.at(-1)
      const grown =
        isSameFile(identity, file.identity) &&
        identity.size > indexedBytes(file) &&
        (last === undefined || (await isUnchanged(handle, last)))
      const kept = grown ? file.blocks.length : await unchangedBlocks(handle, file.blocks)
      const builder = new BlockBuilder(file.blocks.slice(0, kept), this.rules(file), this.#accept)
      const stoppedAt = await indexFile(handle, builder, { stopAtZeros: doubtful })
      if (stoppedAt !== undefined) await handle.truncate(stoppedAt)
      const now = stoppedAt === undefined ? identity : identityOf(await handle.stat({ bigint: true }))
      this.put({ ...file, identity: now, blocks: builder.blocks() })
      return grown ? 'grown' : 'changed'
    } finally {
      await handle.close()
    }
  }

  /** A line of ours that the sidecar does not know yet: the process ended between writing the one and the other. */
  readonly #accept: OwnLineListener = (ordinal, timestampMs, kind) => {
    const { appliedOrdinal, accepted, expired } = this.state
    if (ordinal <= appliedOrdinal) return
    this.state = {
      ...this.state,
      appliedOrdinal: ordinal,
      accepted: accepted + 1,
      expired: expired + (hasExpired(floorsOf(this.state), timestampMs, kind) ? 1 : 0),
    }
  }
}
