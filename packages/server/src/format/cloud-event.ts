import { hash } from 'node:crypto'
import { type Decoded, type Decoder, decodeWireEvent, KIND_OF_WIRE } from '@tallystick/core/event'
import { saidObject, saidText } from './said.ts'

const MAX_ATTRIBUTE_BYTES = 2048
const JSON_TYPE = /^[^;]*[/+]json\s*(?:;|$)/i

/**
 * Reads a CloudEvent whose data is an event of the native wire.
 *
 * `source` and `id` together are the event's identity, as the specification has it, unless the data has an `event_id`: then the
 * event is the same one as without its envelope. `time` is the instant where the data has none, `source` the `source_id`,
 * `subject` the tag of that name. A `type` that is one of our kinds is the kind; any other says nothing.
 *
 * @source CloudEvents 1.0.2, sections 3.1 (attributes) and JSON format 3.1 (data)
 */
export const decodeCloudEvent: Decoder = (item, context): Decoded => {
  const event = saidObject(item)
  if (event === undefined) return refused('not_an_object', undefined, 'a CloudEvent must be a JSON object')
  if (event['specversion'] !== '1.0')
    return refused('unknown_value', 'specversion', 'specversion must be "1.0", the version of CloudEvents that is read')
  const [id, source, type] = ['id', 'source', 'type'].map((name) => saidText(event[name], MAX_ATTRIBUTE_BYTES))
  if (id === undefined || source === undefined || type === undefined) {
    const name = id === undefined ? 'id' : source === undefined ? 'source' : 'type'
    return refused(
      event[name] === undefined ? 'missing_field' : 'invalid_type',
      name,
      `${name} must be a text of 1 to ${MAX_ATTRIBUTE_BYTES} bytes; CloudEvents needs it`,
    )
  }
  const contentType = event['datacontenttype'] ?? undefined
  if (contentType !== undefined && (typeof contentType !== 'string' || !JSON_TYPE.test(contentType)))
    return refused('unknown_value', 'datacontenttype', 'datacontenttype must be JSON, e.g. application/json')
  const data = saidObject(event['data'])
  if (data === undefined)
    return refused(
      event['data'] === undefined ? 'missing_field' : 'invalid_type',
      'data',
      'data must be an event of the native wire, as a JSON object',
    )
  return decodeWireEvent(
    nativeItem(data, { id, source, type, time: event['time'], subject: event['subject'] }),
    context,
  )
}

interface Attributes {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: unknown
  readonly subject: unknown
}

function nativeItem(data: Readonly<Record<string, unknown>>, said: Attributes): Record<string, unknown> {
  const item: Record<string, unknown> = { ...data }
  const fill = (name: string, value: unknown): void => {
    if (value !== undefined && (item[name] ?? undefined) === undefined) item[name] = value
  }
  fill('event_id', identityOf(said))
  fill('source_id', saidText(said.source, 128))
  if ((item['timestamp_ms'] ?? undefined) === undefined) fill('timestamp', said.time ?? undefined)
  if ((item['event_type'] ?? undefined) === undefined && KIND_OF_WIRE.has(said.type)) fill('kind', said.type)
  const subject = saidText(said.subject, 1024)
  const tags = item['tags'] ?? {}
  if (subject !== undefined && saidObject(tags) !== undefined && !Object.hasOwn(tags, 'subject'))
    item['tags'] = { ...tags, subject }
  return item
}

/** One id of the two that make the identity: never joined as they are, since `a/b` and `c` are not `a` and `b/c`. */
function identityOf({ source, id }: Pick<Attributes, 'source' | 'id'>): string {
  return `ce-${hash('sha256', `${source.length}:${source}${id}`, 'base64url')}`
}

function refused(code: Extract<Decoded, { ok: false }>['code'], field: string | undefined, message: string): Decoded {
  return { ok: false, code, message, ...(field === undefined ? {} : { field }) }
}
