import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Emitted, LogRecord, Metric, Signal, Span } from '../../format/otlp/model.ts'
import { jsonLogs, jsonMetrics, jsonSpans } from '../../format/otlp/read-json.ts'
import { jsonShape } from '../shape.ts'
import type { OtlpFormat } from './media-type.ts'

/** What each signal's bodies are made of. */
export interface Items {
  readonly traces: Span
  readonly logs: LogRecord
  readonly metrics: Metric
}

/** Items that are looked at in one go: some milliseconds, so that a large body does not hold up the small ones. */
const TURN_ITEMS = 1000
/** More than a body of honest items can have: an item without content takes two bytes of protobuf. */
const MAX_ITEMS = 250_000
/** Bodies below this are parsed without being weighed first. */
const WEIGHED_BYTES = 1024 * 1024
/** Objects and arrays of a JSON body; an attribute takes two. */
const MAX_CONTAINERS = 1_500_000

/**
 * Hands the items of a body to `see`, giving way now and then.
 *
 * @returns how many there were; rejects with TallystickError `invalid_json`, `invalid_body`, `too_many_entries`,
 * `too_many_events`, and then nothing of the body may be kept
 */
export async function eachItem<S extends Signal>(
  signal: S,
  body: Uint8Array,
  format: OtlpFormat,
  see: (emitted: Emitted<Items[S]>) => void,
): Promise<number> {
  let count = 0
  for (const emitted of readable(await generatorOf(signal, body, format), signal)) {
    if (++count > MAX_ITEMS)
      throw new TallystickError('too_many_events', `The body has more than ${MAX_ITEMS} items; split it.`)
    see(emitted)
    if (count % TURN_ITEMS === 0) await setImmediate()
  }
  return count
}

type Reader<S extends Signal> = Generator<Emitted<Items[S]>>
type Readers<B> = { readonly [S in Signal]: (body: B) => Reader<S> }

const JSON_READERS: Readers<unknown> = { traces: jsonSpans, logs: jsonLogs, metrics: jsonMetrics }

async function generatorOf<S extends Signal>(signal: S, body: Uint8Array, format: OtlpFormat): Promise<Reader<S>> {
  if (format === 'json') return JSON_READERS[signal](parsed(body))
  // Loaded with the first body of its kind; see `answer.ts`.
  const { protobufLogs, protobufMetrics, protobufSpans } = await import('../../format/otlp/read-protobuf.ts')
  const readers: Readers<Uint8Array> = { traces: protobufSpans, logs: protobufLogs, metrics: protobufMetrics }
  return readers[signal](body)
}

/** What the readers of the wire format throw is about the body. */
function* readable<T>(items: Generator<T>, signal: Signal): Generator<T> {
  try {
    yield* items
  } catch (error) {
    if (isTallystickError(error)) throw error
    const message = `The body cannot be read as ${signal} of OTLP: ${(error as Error).message.slice(0, 200)}.`
    throw new TallystickError('invalid_body', message, { cause: error })
  }
}

function parsed(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new TallystickError('invalid_json', 'The body is not valid UTF-8.')
  if (body.byteLength > WEIGHED_BYTES && jsonShape(body).containers > MAX_CONTAINERS)
    throw new TallystickError(
      'too_many_entries',
      `The body has more than ${MAX_CONTAINERS} objects and arrays; split it.`,
    )
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TallystickError(
      'invalid_json',
      `The body is not valid JSON: ${(cause as Error).message.slice(0, 200)}.`,
      {
        cause,
      },
    )
  }
}
