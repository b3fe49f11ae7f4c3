import { setImmediate as turn } from 'node:timers/promises'
import type { StoredEvent } from '../store.ts'
import type { Argument, Connection } from './connection.ts'
import { applyArguments, documentOf, type PlacedEvent, placedEvent } from './documents.ts'
import type { Keys } from './keys.ts'
import { APPLY, FORGET, NAMES, REMOVE, STATS } from './scripts.ts'

/** What was found when events were to be taken in. */
export type Applied =
  | { readonly kind: 'ok' }
  /** It has applied less than was thought. */
  | { readonly kind: 'behind'; readonly appliedOrdinal: number }
  | { readonly kind: 'foreign'; readonly journalId: string }

export interface ApplyRequest {
  readonly journalId: string | undefined
  /** What must have been applied before. */
  readonly after: number
  /** What has been applied after, also where no event is of this part. */
  readonly through: number
}

export interface PartStats {
  readonly journalId: string | undefined
  readonly appliedOrdinal: number
  readonly expired: number
  readonly cleared: number
  /** How long documents are kept, ms; 0 for ever. Undefined before anything was written. */
  readonly ttlMs: number | undefined
  readonly events: number
  readonly own: number
  readonly oldestMs: number | null
  readonly newestMs: number | null
}

export interface NamesRequest {
  /** As ZRANGEBYSCORE takes them: seconds, `(` in front of one that is left out. */
  readonly from: Argument
  readonly to: Argument
  readonly newestFirst: boolean
  /** Sets of which a name must be in one, for each filter that has an index; at most two. */
  readonly sets: readonly (readonly string[])[]
  /** How many names are looked at. */
  readonly count: number
}

/** An event that goes. */
export type Removed = Pick<PlacedEvent, 'name'> & { readonly model: string; readonly endpoint: string }

/** A script runs for some milliseconds, in which Redis does nothing else. */
const APPLY_EVENTS = 256
const REMOVE_EVENTS = 1_000
/** About 1.3 KB each. */
const DOCUMENTS = 250

/** Everything under one prefix: a whole store, or of a cluster one of its parts. */
export class Part {
  readonly keys: Keys
  readonly connection: Connection
  /** Own events without a document, as the latest look that came upon any has counted them. */
  lostDocuments = 0

  constructor(connection: Connection, keys: Keys) {
    this.connection = connection
    this.keys = keys
  }

  /**
   * Takes events in, in steps that are each whole: a step says what must have been applied before it, so that none is taken where
   * one before it failed. The first is waited for, the others follow as one pipeline.
   */
  async apply(
    events: readonly StoredEvent[],
    request: ApplyRequest,
    msToLive: (event: StoredEvent) => number,
  ): Promise<Applied> {
    const { prefix, state, byTime, byOrdinal } = this.keys
    let { after } = request
    const step = async (at: number): Promise<Applied> => {
      const some = events.slice(at, at + APPLY_EVENTS)
      const through = at + APPLY_EVENTS >= events.length ? request.through : (some.at(-1)?.ordinal ?? 0)
      const args: Argument[] = [prefix, request.journalId ?? '', after, through]
      after = Math.max(after, through)
      for (const event of some) args.push(...applyArguments(event, msToLive(event)))
      const [answer, detail] = (await this.connection.run(APPLY, [state, byTime, byOrdinal], args)) as string[]
      if (answer === 'BEHIND') return { kind: 'behind', appliedOrdinal: Number(detail) }
      return answer === 'FOREIGN' ? { kind: 'foreign', journalId: detail ?? '' } : { kind: 'ok' }
    }
    const first = await step(0)
    if (first.kind !== 'ok') return first
    const rest: Promise<Applied>[] = []
    for (let at = APPLY_EVENTS; at < events.length; at += APPLY_EVENTS) {
      rest.push(step(at))
      await turn()
    }
    const settled = await Promise.allSettled(rest)
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason
      if (result.value.kind !== 'ok') return result.value
    }
    return first
  }

  async stats(): Promise<PartStats> {
    const { prefix, state, byTime, byOrdinal } = this.keys
    const [journalId, applied, expired, cleared, ttl, events, own, oldest, newest] = (await this.connection.run(
      STATS,
      [state, byTime, byOrdinal],
      [prefix],
    )) as [string, string, string, string, string, number, number, string, string]
    return {
      journalId: journalId === '' ? undefined : journalId,
      appliedOrdinal: Number(applied),
      expired: Number(expired),
      cleared: Number(cleared),
      ttlMs: ttl === '' ? undefined : Number(ttl),
      events,
      own,
      oldestMs: oldest === '' ? null : Number(oldest),
      newestMs: newest === '' ? null : Number(newest),
    }
  }

  /** A page of names, and where the next begins. */
  async names(
    request: NamesRequest,
  ): Promise<{ readonly names: readonly string[]; readonly next: string | undefined }> {
    const { from, to, newestFirst, sets, count } = request
    const [next, ...names] = (await this.connection.run(
      NAMES,
      [this.keys.byTime, ...sets.flat()],
      [from, to, count, newestFirst ? 1 : 0, sets[0]?.length ?? 0],
    )) as [string, ...string[]]
    return { names, next: next === '' ? undefined : next }
  }

  /** The events of names, without those that have no document (any more) that could be read: these are handed to `missing`. */
  async events(names: readonly string[], missing?: (name: string) => void): Promise<readonly PlacedEvent[]> {
    const found: PlacedEvent[] = []
    for (let at = 0; at < names.length; at += DOCUMENTS) {
      const some = names.slice(at, at + DOCUMENTS)
      const texts = (await this.connection.command('MGET', ...some.map(this.keys.event))) as (string | null)[]
      for (const [index, name] of some.entries()) {
        const text = texts[index]
        const event = typeof text === 'string' ? placedEvent(name, text) : undefined
        if (event === undefined) missing?.(name)
        else found.push(event)
      }
    }
    return found
  }

  /**
   * Writes documents anew in their place, with what time they have left; only where they still stand.
   */
  async rewrite(events: readonly PlacedEvent[]): Promise<void> {
    const writing = events.map((placed) =>
      this.connection.command('SET', this.keys.event(placed.name), documentOf(placed), 'XX', 'KEEPTTL'),
    )
    // All of them are waited for, so that nothing is under way when this is asked for again.
    for (const written of await Promise.allSettled(writing)) if (written.status === 'rejected') throw written.reason
  }

  /** Names that no document stands under go; those of our own events stay, since they are accounted for. */
  async forget(names: readonly string[]): Promise<void> {
    const { prefix, byTime, byOrdinal } = this.keys
    let own = 0
    for (let at = 0; at < names.length; at += REMOVE_EVENTS) {
      const some = names.slice(at, at + REMOVE_EVENTS)
      own += (await this.connection.run(FORGET, [byTime, byOrdinal], [prefix, ...some])) as number
    }
    if (own > 0) this.lostDocuments = own
  }

  /** @returns how many there were */
  async remove(events: readonly Removed[], { expired }: { readonly expired: boolean }): Promise<number> {
    const { prefix, state, byTime, byOrdinal } = this.keys
    let removed = 0
    for (let at = 0; at < events.length; at += REMOVE_EVENTS) {
      const args: Argument[] = [prefix, expired ? 1 : 0]
      for (const { name, model, endpoint } of events.slice(at, at + REMOVE_EVENTS)) args.push(name, model, endpoint)
      removed += (await this.connection.run(REMOVE, [state, byTime, byOrdinal], args)) as number
    }
    return removed
  }
}
