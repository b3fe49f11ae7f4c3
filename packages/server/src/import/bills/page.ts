import { createHash } from 'node:crypto'
import { TallystickError } from '@tallystick/core'
import { Fields, instantOf, listOf, RowProblem } from '../exports/fields.ts'
import type { ExportRow } from '../exports/rows.ts'
import type { Bill, BillPart } from './bill.ts'

const DAY_MS = 86_400_000

/**
 * Buckets of a provider's reports, each added once: the same bucket in two files, or on two pages, is one.
 */
export class Buckets {
  readonly #seen = new Set<string>()

  /**
   * Adds a bucket's lines to the bill.
   *
   * @param part which report the bucket is of; undefined: as its lines say
   * @param add the lines of that part
   * @throws TallystickError `bad_answer`
   */
  add(
    bucket: ExportRow,
    bill: Bill,
    part: BillPart | undefined,
    add: (part: BillPart, line: Fields, dayMs: number) => void,
  ): void {
    const fields = new Fields(bucket)
    const startMs = startOf(fields)
    const results = listOf(fields.value('results'))
    const print = createHash('sha256')
      .update(JSON.stringify([startMs, part ?? null, results]))
      .digest('base64')
    if (results.length > 0 && this.#seen.has(print)) return
    this.#seen.add(print)
    const dayMs = startMs - (startMs % DAY_MS)
    if (part !== undefined) bill.cover(part, dayMs)
    for (const result of results) {
      const line = new Fields(typeof result === 'object' && result !== null ? (result as ExportRow) : {})
      const told = line.value('amount') === undefined ? 'usage' : 'cost'
      try {
        add(part ?? told, line, dayMs)
      } catch (error) {
        if (!(error instanceof RowProblem)) throw error
        throw new TallystickError(
          'bad_answer',
          `A line of the report of ${new Date(dayMs).toISOString().slice(0, 10)}: ${error.message}.`,
        )
      }
    }
  }
}

/** OpenAI has seconds since 1970, Anthropic an instant. */
function startOf(bucket: Fields): number {
  const seconds = bucket.count('start_time')
  const ms = seconds === undefined ? instantOf(bucket.text('starting_at') ?? '') : seconds * 1_000
  if (ms !== undefined) return ms
  throw new TallystickError('bad_answer', 'A bucket of the report says neither start_time nor starting_at.')
}
