import { join } from 'node:path'
import { isTallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/index.ts'
import type { JournalFs } from '../journal/index.ts'
import type { Ledger, PendingEvents } from '../recorder/index.ts'
import type { DiskSpool } from './disk-spool.ts'
import { EventIndex } from './event-index.ts'
import { openDir } from './open-dir.ts'
import type { SpoolSettings } from './options.ts'
import type { Spool, SpoolStats } from './spool.ts'

const CHILD = /^spool-[0-9a-f]{16}$/
/** Spools of ended processes that are sent from at a time. */
const MAX_ADOPTED = 16
/** Another process may take a directory between the finding and the taking. */
const MAX_ATTEMPTS = 8

/**
 * Opens a spool in a directory below `parent`: one that an ended process has left, which is then gone on with under its name, or
 * a new one. What other ended processes have left is sent from here too.
 */
export async function openShared(parent: string, settings: SpoolSettings): Promise<Spool> {
  await settings.fs.mkdir(parent)
  const { name, spool } = await openOwn(parent, settings)
  const shared = new SharedSpool(parent, name, spool, settings)
  await shared.adopt()
  return shared
}

async function openOwn(
  parent: string,
  settings: SpoolSettings,
): Promise<{ readonly name: string; readonly spool: DiskSpool }> {
  for (const name of await childrenOf(settings.fs, parent)) {
    const spool = await tryOpen(join(parent, name), settings, true)
    if (spool !== undefined) return { name, spool }
  }
  for (let attempt = 1; ; attempt++) {
    const name = `spool-${Buffer.from(settings.random.fill(new Uint8Array(8))).toString('hex')}`
    try {
      return { name, spool: await openDir(join(parent, name), settings, true) }
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isTallystickError(error) || error.code !== 'journal_locked') throw error
    }
  }
}

async function childrenOf(fs: JournalFs, parent: string): Promise<readonly string[]> {
  return (await fs.list(parent)).filter((name) => CHILD.test(name)).sort()
}

/** The spool of a directory, unless a living process has it or it cannot be opened. */
async function tryOpen(dir: string, settings: SpoolSettings, lives: boolean): Promise<DiskSpool | undefined> {
  try {
    return await openDir(dir, settings, lives)
  } catch (error) {
    if (!isTallystickError(error) || error.code !== 'journal_locked') settings.onError(error)
    return undefined
  }
}

/** A spool of this process, and beside it those of ended processes until their events have left. */
class SharedSpool implements Spool {
  readonly #parent: string
  readonly #name: string
  readonly #own: DiskSpool
  readonly #settings: SpoolSettings
  readonly #adopted = new Map<string, DiskSpool>()
  /** Of taken events that are not from the own spool. */
  readonly #owners = new EventIndex<DiskSpool>()
  readonly #listeners = new Set<{ readonly threshold: number; readonly call: () => void }>()
  /** How directories looked in which there was nothing to do. */
  readonly #empty = new Map<string, string | undefined>()
  #adopting: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<readonly Ledger[]> | undefined

  constructor(parent: string, name: string, own: DiskSpool, settings: SpoolSettings) {
    this.#parent = parent
    this.#name = name
    this.#own = own
    this.#settings = settings
    this.#adoptLater()
  }

  get life(): Spool['life'] {
    return this.#own.life
  }

  get pendingCount(): number {
    let count = this.#own.pendingCount
    for (const spool of this.#adopted.values()) count += spool.pendingCount
    return count
  }

  attach(recorder: PendingEvents): void {
    this.#own.attach(recorder)
  }

  /** The own events first: they are news. Those of ended processes fill the rest. */
  async take(limit: number, wanted?: (event: UsageEvent) => boolean): Promise<readonly UsageEvent[]> {
    const events = [...(await this.#own.take(limit, wanted))]
    for (const spool of [...this.#adopted.values()]) {
      if (events.length >= limit) break
      for (const event of await spool.take(limit - events.length, wanted)) {
        this.#owners.set(event, spool)
        events.push(event)
      }
    }
    return events
  }

  async settle(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): Promise<void> {
    const spools = this.#byOwner(events)
    await Promise.all([...spools].map(([spool, own]) => spool.settle(own, outcome)))
    for (const [name, spool] of this.#adopted) if (spools.has(spool) && spool.isDone) await this.#letGo(name, spool)
  }

  release(events: readonly UsageEvent[]): void {
    for (const [spool, own] of this.#byOwner(events)) spool.release(own)
  }

  onWaiting(threshold: number, listener: () => void): () => void {
    const entry = { threshold, call: listener }
    this.#listeners.add(entry)
    const stop = this.#own.onWaiting(threshold, listener)
    this.#tell()
    return () => {
      this.#listeners.delete(entry)
      stop()
    }
  }

  ledgers(): readonly Ledger[] {
    return [...this.#adopted.values(), this.#own].flatMap((spool) => spool.ledgers())
  }

  lives(): readonly Ledger[] {
    return [...this.#adopted.values(), this.#own].flatMap((spool) => spool.lives())
  }

  flush(): Promise<void> {
    return this.#own.flush()
  }

  stats(): SpoolStats {
    let { events, bytes, ...rest } = this.#own.stats()
    for (const spool of this.#adopted.values()) {
      const stats = spool.stats()
      events += stats.events
      bytes += stats.bytes
    }
    return { ...rest, events, bytes, adopted: this.#adopted.size }
  }

  close(): Promise<readonly Ledger[]> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Looks for what ended processes have left. Calls while it looks share it. Never rejects. */
  adopt(): Promise<void> {
    this.#adopting ??= this.#adoptAll()
      .catch(this.#settings.onError)
      .finally(() => {
        this.#adopting = undefined
      })
    return this.#adopting
  }

  async #close(): Promise<readonly Ledger[]> {
    clearTimeout(this.#timer)
    await this.#adopting
    const adopted = await Promise.all([...this.#adopted.values()].map((spool) => spool.close()))
    return [...adopted.flat(), ...(await this.#own.close())]
  }

  async #adoptAll(): Promise<void> {
    const { fs } = this.#settings
    for (const name of await childrenOf(fs, this.#parent)) {
      if (this.#closing || this.#adopted.size >= MAX_ADOPTED) return
      if (name === this.#name || this.#adopted.has(name)) continue
      const dir = join(this.#parent, name)
      const looks = await looksOf(fs, dir)
      if (looks !== undefined && looks === this.#empty.get(name)) continue
      const spool = await tryOpen(dir, this.#settings, false)
      if (spool === undefined) continue
      if (spool.isDone || this.#closing) await this.#letGo(name, spool)
      else this.#adopted.set(name, spool)
    }
    this.#tell()
  }

  /** Nothing is left to send: what its lives have to tell is told from here on, and the directory is free for a new process. */
  async #letGo(name: string, spool: DiskSpool): Promise<void> {
    this.#adopted.delete(name)
    await this.#own.inherit(spool)
    await spool.close()
    this.#empty.set(name, await looksOf(this.#settings.fs, join(this.#parent, name)))
  }

  #byOwner(events: readonly UsageEvent[]): ReadonlyMap<DiskSpool, readonly UsageEvent[]> {
    const found = new Map<DiskSpool, UsageEvent[]>()
    for (const event of events) {
      const spool = this.#owners.take(event) ?? this.#own
      const own = found.get(spool)
      if (own === undefined) found.set(spool, [event])
      else own.push(event)
    }
    return found
  }

  /** Of adopted events the own spool's listeners do not know. */
  #tell(): void {
    let waiting = 0
    for (const spool of this.#adopted.values()) waiting += spool.pendingCount
    if (waiting === 0) return
    waiting += this.#own.pendingCount
    for (const { threshold, call } of this.#listeners) if (waiting >= threshold) queueMicrotask(call)
  }

  /** Somewhat sooner or later each time, so that processes that were started together do not look together. */
  #adoptLater(): void {
    const { adoptIntervalMs, random } = this.#settings
    if (adoptIntervalMs === 0 || this.#closing) return
    const [chance] = random.fill(new Uint8Array(1)) as unknown as readonly [number]
    this.#timer = setTimeout(
      () => void this.adopt().then(() => this.#adoptLater()),
      adoptIntervalMs * (0.75 + chance / 512),
    )
    this.#timer.unref()
  }
}

/** Changes when somebody has written there; undefined while somebody does. */
async function looksOf(fs: JournalFs, dir: string): Promise<string | undefined> {
  try {
    const names = [...(await fs.list(dir))].sort()
    return JSON.stringify(await Promise.all(names.map(async (name) => [name, await fs.size(join(dir, name))])))
  } catch {
    return undefined
  }
}
