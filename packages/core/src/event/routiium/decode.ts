import type { UsageEvent } from '../event.ts'
import { decodeWireEvent } from '../wire/decode.ts'
import { type Decoder, describe, guarded, Refusal, renamed } from '../wire/decoder.ts'
import { eventFromWire } from '../wire/trusted.ts'
import { flattenDocument, PATH_OF_WIRE } from './flatten.ts'

const SECTIONS: readonly string[] = [
  'request',
  'response',
  'performance',
  'auth',
  'routing',
  'token_usage',
  'cost',
  'x_tallystick',
]

/**
 * Reads a document of either form at the door, by the rules of the native wire; refusals name the document's own paths,
 * e.g. `performance.duration_ms`.
 *
 * `token_usage` wins over the counts in `request` and `response`. Sizes and statuses of 0, and a null model, mean
 * unknown. A document without response is a failed request of error type `no_response`. `cost.total_cost` is the cost
 * the client reports, if it is in USD.
 */
export const decodeRoutiium: Decoder = (item, context) =>
  guarded(item, (document) => {
    for (const section of SECTIONS) {
      const value = document[section]
      if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) continue
      throw new Refusal('invalid_type', section, `${section} must be an object, not ${describe(value)}`)
    }
    return renamed(decodeWireEvent(flattenDocument(document), context), PATH_OF_WIRE)
  })

/**
 * The canonical event of a document that {@link encodeRoutiium} wrote in its extended form; nothing is checked, and the
 * money of the server stands as it was.
 *
 * @example eventFromRoutiium(encodeRoutiium(event)) // event
 */
export function eventFromRoutiium(trusted: Readonly<Record<string, unknown>>): UsageEvent {
  return eventFromWire(flattenDocument(trusted))
}
