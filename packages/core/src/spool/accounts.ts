import type { UsageEvent } from '../event/index.ts'
import type { JournalRecord } from '../journal/index.ts'
import type { Ledger } from '../recorder/index.ts'
import { Life, type Outcome } from './life.ts'
import { Marks } from './marks.ts'
import { type Leaving, readRecord, type SavedState } from './records.ts'

/** Lives that are over and have nothing left in the spool are remembered up to this many, the newest. */
const REMEMBERED_LIVES = 100
/** Lives that a server is told of, the newest: it takes no more of them at once. */
const MAX_TOLD_LIVES = 500
/** Events that one record can announce: far more than are written at once. */
const MAX_ANNOUNCED = 1_000_000

/**
 * Every life's account and every event that has not left: what stands in the journal, kept in memory. It is moved by what was
 * written, and made again from that by {@link Accounts.replay}.
 */
export class Accounts {
  readonly #lives = new Map<number, Life>()
  readonly #named = new Map<string, Map<number, Life>>()
  #newest = 0
  marks = new Marks()
  /** The name that lives of this spool's own recorder go by; undefined in a spool that has none yet. */
  sourceId: string | undefined
  /** The highest epoch given to one of them. */
  epoch = 0

  /** Events that have not left, wherever they are. */
  get pending(): number {
    let pending = 0
    for (const life of this.#lives.values()) pending += life.pending
    return pending
  }

  /** Names the life that begins: its epoch is the instant, or whatever is higher than all before it. */
  beginLife(sourceId: string, nowMs: number): void {
    this.sourceId = sourceId
    this.epoch = Math.max(
      nowMs,
      this.epoch + 1,
      ...[...(this.#named.get(sourceId)?.keys() ?? [])].map((epoch) => epoch + 1),
    )
  }

  /** Takes over the accounts of another spool's lives that have something to tell and nothing left there. */
  inherit(from: Accounts): void {
    for (const life of from.#lives.values()) {
      const { dropped } = life.ledger()
      // Known already: an earlier attempt was not brought to its end.
      if (dropped.size === 0 || life.pending > 0 || this.#named.get(life.sourceId)?.has(life.epoch)) continue
      this.#add(Life.from({ ...life.save(), number: ++this.#newest })).ended = true
    }
  }

  /** The life of that name; begins it if it is not known. */
  life(sourceId: string, epoch: number): Life {
    return this.#named.get(sourceId)?.get(epoch) ?? this.#add(new Life(++this.#newest, sourceId, epoch))
  }

  lifeOf({ sourceId = '', epoch = 0 }: UsageEvent): Life {
    return this.life(sourceId, epoch)
  }

  /** Its events stand in the journal, one behind the other from `firstOrdinal` on. */
  spooled(life: Life, segment: number, firstOrdinal: number, events: readonly UsageEvent[]): void {
    events.forEach(({ seq }, index) => {
      if (this.marks.mark(segment, firstOrdinal + index, life.number)) life.spooled++
      if (seq !== undefined) life.lastSeq = Math.max(life.lastSeq, seq)
    })
  }

  get lives(): readonly Life[] {
    return [...this.#lives.values()]
  }

  /** False if the record is no event, or has left before. */
  leave(ordinal: number, outcome: Outcome): boolean {
    const life = this.#lives.get(this.marks.clear(ordinal))
    life?.left(outcome)
    return life !== undefined
  }

  /**
   * What a server shall be told: lives that go on, have something under way, or have lost something.
   *
   * @param vouched only what a later life will know too. A server that had heard of more would wait for ever for events that a
   * killed process had in its memory
   */
  ledgers(vouched: boolean): readonly Ledger[] {
    return this.lives
      .map((life) => ({ ended: life.ended, ledger: life.ledger(vouched ? life.written : life.told) }))
      .filter(({ ended, ledger: { recorded, pending, dropped } }) =>
        ended ? pending > 0 || dropped.size > 0 : recorded > 0,
      )
      .slice(-MAX_TOLD_LIVES)
      .map(({ ledger }) => ledger)
  }

  /** The accounts of every life that is remembered, oldest first. */
  remembered(): readonly Ledger[] {
    return this.lives.map((life) => life.ledger()).filter(({ recorded }) => recorded > 0)
  }

  /** Takes in a record of the journal; they must come in order. A saved state replaces what was taken in before. */
  replay(record: JournalRecord): void {
    const { ordinal, position } = record
    const read = readRecord(record)
    if (read?.kind === 'event') {
      this.#replayEvent(position.segment, ordinal, read.wire)
      return
    }
    // Announced as an event, and is none: that event was never written.
    this.#unwrite(ordinal)
    if (read?.kind === 'ledger') {
      const life = this.life(read.sourceId, read.epoch)
      life.hear(read.told)
      life.written = life.told
      // Should one of them be damaged, it is known all the same that it was there.
      for (let index = 1; index <= Math.min(read.events, MAX_ANNOUNCED); index++)
        if (this.marks.mark(position.segment, ordinal + index, life.number)) life.spooled++
    } else if (read?.kind === 'left') this.#replayLeaving(read.leaving)
    else if (read?.kind === 'state') this.#load(read.state)
  }

  /**
   * After the last record: lets go of what was announced and never written, and counts what is not there any more. Segments
   * leave from the oldest on when the spool is full; one that is missing between others was lost.
   */
  reconcile(endOrdinal: number, segments: readonly number[]): void {
    for (const ordinal of [...this.marks.between(endOrdinal + 1, Number.MAX_SAFE_INTEGER)]) this.#unwrite(ordinal)
    const oldest = segments[0] ?? Number.POSITIVE_INFINITY
    for (const segment of this.marks.segments()) {
      if (segments.includes(segment)) continue
      const outcome = segment < oldest ? 'spool_full' : 'spool_damaged'
      for (const ordinal of this.marks.of(segment)) this.leave(ordinal, outcome)
    }
    const held = new Map<number, number>()
    for (const ordinal of this.marks.between(0, endOrdinal)) {
      const number = this.marks.at(ordinal)
      held.set(number, (held.get(number) ?? 0) + 1)
    }
    for (const life of this.#lives.values()) {
      const lost = life.pending - (held.get(life.number) ?? 0)
      if (lost > 0) life.left('spool_damaged', lost)
      life.ended = true
    }
  }

  state(): SavedState {
    this.#forget()
    return {
      version: 1,
      source_id: this.sourceId ?? '',
      epoch: this.epoch,
      lives: [...this.#lives.values()].map((life) => life.save()),
      marks: this.marks.save(),
    }
  }

  #load({ source_id: sourceId, epoch, lives, marks }: SavedState): void {
    this.#lives.clear()
    this.#named.clear()
    this.#newest = 0
    this.sourceId = sourceId === '' ? undefined : sourceId
    this.epoch = epoch
    this.marks = Marks.from(marks)
    for (const saved of lives) {
      this.#add(Life.from(saved))
      this.#newest = Math.max(this.#newest, saved.number)
    }
  }

  #replayEvent(segment: number, ordinal: number, wire: Readonly<Record<string, unknown>>): void {
    const { source_id: sourceId = '', epoch = 0, seq } = wire as { source_id?: string; epoch?: number; seq?: number }
    const life = this.life(sourceId, epoch)
    if (this.marks.mark(segment, ordinal, life.number)) life.spooled++
    if (seq !== undefined) life.lastSeq = Math.max(life.lastSeq, seq)
  }

  #replayLeaving({ outcome, ranges }: Leaving): void {
    for (const [first, last] of ranges)
      for (const ordinal of [...this.marks.between(first, last)]) this.leave(ordinal, outcome)
  }

  /** No event of ours has this ordinal after all. */
  #unwrite(ordinal: number): void {
    const life = this.#lives.get(this.marks.clear(ordinal))
    if (life !== undefined) life.spooled--
  }

  #add(life: Life): Life {
    const epochs = this.#named.get(life.sourceId) ?? new Map<number, Life>()
    this.#named.set(life.sourceId, epochs.set(life.epoch, life))
    this.#lives.set(life.number, life)
    return life
  }

  #forget(): void {
    const over = [...this.#lives.values()].filter(({ ended, pending }) => ended && pending === 0)
    for (const { number, sourceId, epoch } of over.slice(0, -REMEMBERED_LIVES)) {
      this.#lives.delete(number)
      this.#named.get(sourceId)?.delete(epoch)
      if (this.#named.get(sourceId)?.size === 0) this.#named.delete(sourceId)
    }
  }
}
