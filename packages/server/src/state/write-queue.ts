import { type ErrorCode, isTallystickError, TallystickError } from '@tallystick/core'
import type { Journal, JournalEnd } from '@tallystick/core/journal'
import type { LiveTables } from './live-tables.ts'
import { bodyOf } from './record.ts'
import type { Change } from './state.ts'

/** More than this waiting means that the disk does not keep up. */
const MAX_WAITING_UNITS = 64 * 1024 * 1024

/** A write that shows and is not durable yet. */
interface Waiting {
  /** Undefined for one that changes nothing and only waits for those before it. */
  readonly body: string | undefined
  readonly undo: readonly Change[]
  resolve(): void
  reject(error: TallystickError): void
}

export interface WriteQueueOptions {
  readonly log: Pick<Journal, 'append'>
  readonly tables: LiveTables
  /** All that shows is in the group that is about to be written. Gives what to do once that is durable. */
  readonly onGroup: (bytes: number) => ((end: JournalEnd) => void) | undefined
}

/**
 * Makes writes durable in groups: while one is written and synced, the next one forms. There is never more than one under way,
 * so that when it fails everything that came after it is still here to be taken back with it.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #open: Waiting[] = []
  #openUnits = 0
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** As `ControlState.write`; with `always` a line is written also where nothing changes. */
  write(changes: readonly Change[], { always = false }: { readonly always?: boolean } = {}): Promise<void> {
    if (this.#closed) return refused('shutting_down')
    let body: string | undefined
    try {
      if (changes.length > 0 || always) body = bodyOf(changes)
    } catch (error) {
      return Promise.reject(error)
    }
    const units = body?.length ?? 0
    if (this.#openUnits + units > MAX_WAITING_UNITS)
      return refused('journal_unavailable', 'The disk does not keep up with the changes of the control state')
    this.#openUnits += units
    const undo = body === undefined ? [] : this.#options.tables.apply(changes)
    return new Promise((resolve, reject) => {
      this.#open.push({ body, undo, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Refuses what is new and waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    // Lets the writes of this turn of the event loop join.
    await undefined
    while (this.#open.length > 0) await this.#commit()
    this.#running = undefined
  }

  async #commit(): Promise<void> {
    const { log, onGroup } = this.#options
    const group = this.#open
    const bytes = this.#openUnits
    this.#open = []
    this.#openUnits = 0
    const entries = group.flatMap(({ body }) => (body === undefined ? [] : [{ type: 'meta' as const, body }]))
    const { durable } = log.append(entries)
    const after = onGroup(bytes)
    let end: JournalEnd
    try {
      end = await durable
    } catch (error) {
      this.#takeBack(group, error)
      return
    }
    for (const { resolve } of group) resolve()
    after?.(end)
  }

  /** Whatever came later was decided upon rows that are not so: it goes with them, the last one first. */
  #takeBack(group: readonly Waiting[], cause: unknown): void {
    const failed = [...group, ...this.#open]
    this.#open = []
    this.#openUnits = 0
    for (const { undo } of failed.toReversed()) if (undo.length > 0) this.#options.tables.apply(undo)
    const error = isTallystickError(cause)
      ? cause
      : new TallystickError('journal_unavailable', 'The control state cannot be written', { cause })
    for (const { reject } of failed) reject(error)
  }
}

function refused(code: ErrorCode, message?: string): Promise<never> {
  return Promise.reject(new TallystickError(code, message))
}
