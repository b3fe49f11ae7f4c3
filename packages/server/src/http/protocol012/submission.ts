import { TallystickError } from '@tallystick/core'
import { type BatchLimits, parseJson, readBatch, weigh } from '../batch.ts'
import type { BodyFormat } from '../media.ts'

/** A body of events, not yet looked into. */
export interface Submission {
  readonly items: readonly unknown[]
  /** One event by itself is answered by a status, a batch by a list. */
  readonly batch: boolean
}

const OPEN_BRACKET = 0x5b
/** Space, tab, line feed, carriage return and the bytes of a byte order mark. */
const BEFORE_JSON: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/**
 * One event, or an array or NDJSON of them.
 *
 * @throws TallystickError `invalid_json`, `invalid_body`, `too_many_events`
 */
export function readSubmission(body: Uint8Array, format: BodyFormat, limits: BatchLimits): Submission {
  if (format === 'ndjson' || isArray(body)) return { items: readBatch(body, format, limits).items, batch: true }
  weigh(body, { batchEvents: 1 })
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null)
    throw new TallystickError(
      'invalid_body',
      `The body is ${value === null ? 'null' : `a ${typeof value}`}, not an event or a list of events.`,
    )
  return { items: [value], batch: false }
}

function isArray(body: Uint8Array): boolean {
  return body[body.findIndex((byte) => !BEFORE_JSON.has(byte))] === OPEN_BRACKET
}
