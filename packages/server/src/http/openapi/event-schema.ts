import { FIELD_NAMES, FIELDS, type FieldSpec, MAX_AHEAD_MS, MIN_TIMESTAMP_MS, wireName } from '@tallystick/core/event'
import { integer, type Schema, text } from './schema.ts'

/** Schemas of the event on the native wire, made of the field table. */

function fieldSchema(spec: FieldSpec): Schema {
  switch (spec.type) {
    case 'string':
      return { type: 'string', description: `At most ${spec.max} bytes of UTF-8.` }
    case 'text':
      return { type: 'string', description: `Cut to ${spec.max} bytes of UTF-8.` }
    case 'integer':
      return integer(undefined, spec.max)
    case 'boolean':
      return { type: 'boolean' }
    case 'ratio':
      return { type: 'number', minimum: 0, maximum: 1 }
    case 'enum':
      return { type: 'string', enum: spec.values }
    case 'strings':
      return { type: 'array', items: { type: 'string' }, maxItems: spec.count }
    case 'counts':
      return { type: 'object', additionalProperties: integer(), maxProperties: spec.count }
    case 'tags':
      return { type: 'object', additionalProperties: { type: 'string' }, maxProperties: spec.count }
    case 'detail':
      return {
        type: 'object',
        additionalProperties: true,
        description: `At most ${spec.max} bytes of JSON; members of kinds that are no requests, and a source's own.`,
      }
  }
}

const FIELD_PROPERTIES: { readonly [name: string]: Schema } = Object.fromEntries(
  FIELD_NAMES.map((field) => [wireName(field), fieldSchema(FIELDS[field])]),
)

/** An event as it is listed. */
export const EVENT_SCHEMA: Schema = {
  type: 'object',
  description: 'One event, members in snake_case; what is absent is unknown, never zero.',
  properties: FIELD_PROPERTIES,
  required: ['event_id', 'timestamp_ms', 'kind'],
  additionalProperties: false,
}

/** An event as it is sent: with the spellings that the door also understands, and everything but the model optional. */
export const EVENT_INPUT_SCHEMA: Schema = {
  type: 'object',
  description:
    'One event. A request needs a model; `null` and empty strings are the same as absent; members the wire does not know are kept in `detail`. ' +
    'Costs that are sent are kept as what the client reported; the server prices by itself.',
  properties: {
    ...FIELD_PROPERTIES,
    event_id: {
      type: 'string',
      minLength: 1,
      description: 'At most 128 bytes. Minted when absent; give one to make retries safe.',
    },
    timestamp_ms: {
      type: 'integer',
      minimum: MIN_TIMESTAMP_MS,
      description: `Start of the request, ms since 1970 UTC; not before 2000 and at most ${MAX_AHEAD_MS / 3_600_000} h ahead. The time of arrival when absent.`,
    },
    model: text('Same as `request_model`, which wins.'),
    event_type: text('Same as `kind`, which wins; also in the spelling of the older systems.'),
    timestamp: { type: 'string', format: 'date-time', description: 'RFC 3339 with a zone; `timestamp_ms` wins.' },
    cost_micros: integer('What the client says it cost, micro-USD; `cost_nano_usd` wins.'),
    cost_usd: { type: 'number', minimum: 0, description: 'The same in USD; the exact spellings win.' },
  },
  additionalProperties: true,
}
