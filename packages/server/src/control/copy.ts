import { setTimeout } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { Logger } from '../logger.ts'
import { LiveTables } from '../state/live-tables.ts'
import type { Change, ControlState } from '../state/state.ts'
import { loadCopy, saveCopy } from './copy-file.ts'
import { NoteSender } from './note-sender.ts'
import { NOTED, type Note } from './notes.ts'
import { assertAnswered, type Owner } from './owner.ts'
import { COPIED, type Portion, readPortion } from './portion.ts'

/** How long the owner may hold a question to which there is no news. */
const HOLD_MS = 20_000
/** And how long the answer may take on top of that. */
const PATIENCE_MS = 10_000
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5_000
/** Between two savings of the copy. */
const SAVE_MS = 10_000

export interface CopyOptions {
  readonly owner: Owner
  /** For how long what is known is relied upon while the owner is away, ms. */
  readonly staleMs: number
  /** Where the copy is kept over a restart; absent: it is not. */
  readonly file?: string
  readonly clock: Clock
  readonly logger: Logger
  readonly onError: (error: unknown) => void
}

/** How the copy does. */
export interface CopyHealth {
  /** `away`: the owner cannot be asked, and what is known still counts. `stale`: it does not count any more, or nothing was ever known. */
  readonly state: 'following' | 'away' | 'stale'
  /** When the owner was last heard of, ms since 1970 UTC. */
  readonly heardMs?: number
  /** Why it cannot be asked. */
  readonly problem?: string
  readonly notesWaiting: number
  /** Notes that were given up because too many waited. */
  readonly notesDropped: number
}

/**
 * The control state of another server: a copy in memory that follows it. What is decided about it is decided there, so writes are
 * refused, but for what is noted of the own door (see `NOTED`), which is sent on.
 */
export class ControlCopy {
  readonly state: ControlState
  readonly #options: CopyOptions
  readonly #tables: LiveTables
  readonly #notes: NoteSender
  readonly #stop = new AbortController()
  readonly #waiting = new Set<() => void>()
  #position: string | undefined
  /** By the clock that nobody sets; undefined before the owner was heard of. */
  #heardAt: number | undefined
  #problem: string | undefined
  #hadKeys = false
  #running: Promise<void> | undefined
  #saving: Promise<void> | undefined
  #savedAt = 0

  constructor(options: CopyOptions) {
    const { owner, onError } = options
    this.#options = options
    this.#tables = new LiveTables(onError)
    this.#notes = new NoteSender(owner, onError)
    this.state = {
      rows: (table) => this.#tables.rows(table),
      onChange: (listener) => this.#tables.onChange(listener),
      write: (changes) => this.#write(changes),
      close: () => this.close(),
    }
  }

  /** Takes what was kept over a restart, and follows from now on; resolves once the owner has answered or cannot be asked, or after `withinMs`. */
  async open(withinMs: number): Promise<void> {
    const { file, clock, onError } = this.#options
    const saved = file === undefined ? undefined : await loadCopy(file, onError)
    if (saved !== undefined) {
      this.#put(saved.portion)
      this.#heardAt = clock.monotonic() - Math.max(0, clock.now() - saved.heardMs)
    }
    this.#running = this.#follow()
    await this.#until(() => this.#position !== undefined || this.#problem !== undefined, withinMs)
  }

  /** Does what is known still count? */
  fresh(): boolean {
    return this.#heardAt !== undefined && this.#options.clock.monotonic() - this.#heardAt < this.#options.staleMs
  }

  /** @throws TallystickError `control_unavailable` when it does not */
  assertFresh(): void {
    if (this.fresh()) return
    const { owner, staleMs } = this.#options
    throw new TallystickError(
      'control_unavailable',
      this.#heardAt === undefined
        ? `Who may do what is not known yet: ${this.#problem ?? `${owner.url} has not answered`}`
        : `The owner of the control state, ${owner.url}, has not been heard of for more than ${Math.round(staleMs / 1000)} seconds (control.stale_seconds), so nobody is let in.`,
    )
  }

  /** Was there ever a key? A copy that is empty all at once must not open the door. */
  get hadKeys(): boolean {
    return this.#hadKeys
  }

  /** Resolves once what the owner had at a position is here, with false if that takes too long. */
  reached(position: string, withinMs: number): Promise<boolean> {
    return this.#until(() => isPast(this.#position, position), withinMs)
  }

  health(): CopyHealth {
    const { clock } = this.#options
    const fresh = this.fresh()
    return {
      state: !fresh ? 'stale' : this.#problem === undefined ? 'following' : 'away',
      ...(this.#heardAt === undefined
        ? {}
        : { heardMs: Math.round(clock.now() - (clock.monotonic() - this.#heardAt)) }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      notesWaiting: this.#notes.waiting,
      notesDropped: this.#notes.dropped,
    }
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#tell()
    await this.#running
    await this.#notes.close()
    await this.#saving
    if (this.#position !== undefined) await this.#save()
  }

  async #write(changes: readonly Change[]): Promise<void> {
    if (this.#stop.signal.aborted) throw new TallystickError('shutting_down')
    const foreign = changes.find(({ table }) => !NOTED.includes(table))
    if (foreign !== undefined)
      throw new TallystickError(
        'control_elsewhere',
        `${this.#options.owner.url} owns the control state; this server only has a copy of it.`,
      )
    this.#notes.add(
      changes.flatMap((change): Note[] => {
        const was = this.state.rows(change.table).get(change.id)
        return change.row === undefined ? [] : [{ change, ...(was === undefined ? {} : { was }) }]
      }),
    )
  }

  async #follow(): Promise<void> {
    const { logger, owner, onError } = this.#options
    const { signal } = this.#stop
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      try {
        const portion = await this.#ask()
        if (signal.aborted) return
        this.#take(portion)
        if (this.#problem !== undefined)
          logger.info({ owner: owner.url }, 'the owner of the control state answers again')
        this.#problem = undefined
        this.#notes.send()
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (signal.aborted) return
        const first = this.#problem === undefined
        this.#problem = (error as Error).message
        this.#tell()
        if (first) logger.warn({ err: error }, 'the owner of the control state cannot be asked; it is tried again')
        await setTimeout(retryMs, undefined, { signal, ref: false }).catch(() => undefined)
        retryMs = Math.min(LAST_RETRY_MS, 2 * retryMs)
        continue
      }
      this.#saveNowAndThen().catch(onError)
    }
  }

  async #ask(): Promise<Portion> {
    const { owner } = this.#options
    // Whoever has heard nothing yet is not held.
    const holdMs = this.#position === undefined ? 0 : HOLD_MS
    const query = new URLSearchParams({ wait_ms: String(holdMs) })
    if (this.#position !== undefined) query.set('after', this.#position)
    const response = await owner.ask(`/api/v1/control/changes?${query}`, {
      ours: true,
      timeoutMs: holdMs + PATIENCE_MS,
      signal: this.#stop.signal,
    })
    await assertAnswered(owner, response)
    return readPortion((response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()))
  }

  #take(portion: Portion): void {
    this.#put(portion)
    this.#position = portion.position
    this.#heardAt = this.#options.clock.monotonic()
    this.#tell()
  }

  #put({ whole, changes }: Portion): void {
    const news = whole ? this.#differences(changes) : changes
    if (news.length > 0) this.#tables.apply(news)
    this.#hadKeys ||= this.#tables.maps.keys.size > 0
  }

  /** What makes the copy the same as the whole: who listens is told of what is different, and of nothing else. */
  #differences(whole: readonly Change[]): readonly Change[] {
    const news: Change[] = []
    const named = new Map(COPIED.map((table) => [table, new Set<string>()]))
    for (const change of whole) {
      named.get(change.table)?.add(change.id)
      const known: unknown = this.#tables.maps[change.table].get(change.id)
      if (known === undefined || JSON.stringify(known) !== JSON.stringify(change.row)) news.push(change)
    }
    for (const [table, ids] of named)
      for (const id of this.#tables.maps[table].keys())
        if (!ids.has(id)) news.push({ table, id, row: undefined } as Change)
    return news
  }

  async #saveNowAndThen(): Promise<void> {
    const { clock, file } = this.#options
    if (file === undefined || this.#saving !== undefined || clock.monotonic() - this.#savedAt < SAVE_MS) return
    this.#savedAt = clock.monotonic()
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined
    })
    await this.#saving
  }

  async #save(): Promise<void> {
    const { file, clock, onError } = this.#options
    if (file === undefined || this.#heardAt === undefined) return
    const heardMs = Math.round(clock.now() - (clock.monotonic() - this.#heardAt))
    // Leases are of the moment, and many.
    const changes = COPIED.filter((table) => table !== 'leases').flatMap((table) =>
      [...this.state.rows(table)].map(([id, row]) => ({ table, id, row }) as Change),
    )
    await saveCopy(file, { portion: { whole: true, position: '', changes }, heardMs }).catch(onError)
  }

  /** Looks again each time that something has come. */
  #until(holds: () => boolean, withinMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds() && !this.#stop.signal.aborted) return
        done(holds())
      }
      const done = (held: boolean): void => {
        timer.abort()
        this.#waiting.delete(look)
        resolve(held)
      }
      const timer = new AbortController()
      setTimeout(withinMs, undefined, { signal: timer.signal, ref: false }).then(
        () => done(holds()),
        () => undefined,
      )
      this.#waiting.add(look)
    })
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look()
  }
}

/** Of another life of the owner whatever is here is not known to be past it. */
function isPast(here: string | undefined, position: string): boolean {
  const [name, number] = partsOf(position)
  const [ownName, ownNumber] = partsOf(here ?? '')
  return name === ownName && ownNumber >= number
}

function partsOf(position: string): readonly [string, number] {
  const at = position.lastIndexOf('.')
  return [position.slice(0, at), Number(position.slice(at + 1))]
}
