import type { ImportRecord, ReadOptions } from '../record.ts'
import type { Draft } from './log-format.ts'

/** Turns what files tell of events into records, each event once. */
export class Emission {
  /** An event was left out because it is too old: a mark would hide it from a run that asks for it. */
  leftOut = false
  readonly #options: Pick<ReadOptions, 'known' | 'sinceMs' | 'progress'>

  constructor(options: Pick<ReadOptions, 'known' | 'sinceMs' | 'progress'>) {
    this.#options = options
  }

  /** Undefined for an event that is too old or was told of before. */
  record({ name, item, also, without, replayed }: Draft, where: string): ImportRecord | undefined {
    const { known, sinceMs, progress } = this.#options
    const instant = item['timestamp_ms']
    if (typeof instant === 'number' && sinceMs !== undefined && instant < sinceMs) {
      this.leftOut = true
      return undefined
    }
    const elsewhere = replayed === true || (without !== undefined && known.has(without))
    // Named in any case: a copy of this copy is told by it.
    if (!known.add(name) || elsewhere) {
      progress.copies++
      return undefined
    }
    if (also !== undefined) known.add(also)
    if (typeof instant === 'number') return { item, where }
    return { problem: { code: 'missing_field', message: 'The record has no timestamp that can be read.' }, where }
  }
}
