import { EVENT_INPUT_SCHEMA } from './event-schema.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about the routes of Protocol 012; `docs/protocol012.md` says it at length. */

/** How errors of the protocol look. */
export const ERROR: NonNullable<RouteDoc['errorContent']> = {
  type: 'application/json',
  schema: object({
    error: object({
      code: text('Of the protocol, e.g. `VALIDATION_ERROR`.'),
      message: text(),
      details: object(
        {
          reason: text('Our own code, finer than the protocol has.'),
          fields: array(object({ field: text(), message: text() })),
          instance: text('Names this occurrence; the server log has the same id.'),
        },
        { optional: ['fields'] },
      ),
    }),
  }),
}

const TOKEN = text(
  'Who sends it: a JWT, or, where no secret is configured, any text. May stand once in `Authorization`.',
)

const ITEM: Schema = {
  ...EVENT_INPUT_SCHEMA,
  description: 'One event of Protocol 012; any member of the native wire may stand beside its own.',
  properties: { ...EVENT_INPUT_SCHEMA.properties, ic_token: TOKEN },
  required: ['event_id'],
}

const EVENT = {
  ic_token: 'any-token-in-local-mode',
  event_id: 'evt_0198b2ce-0001',
  timestamp_ms: 1_760_000_000_123,
  event_type: 'llm_request_completed',
  model: 'gpt-4o-mini',
  provider: 'openai',
  input_tokens: 150,
  output_tokens: 50,
  cost_micros: 52,
}

const OUTCOME: Schema = object(
  {
    event_id: text(),
    status: { type: 'string', enum: ['accepted', 'duplicate'] },
    conflict: { const: true, description: 'The id is taken by an event with other content; the first stands.' },
  },
  { optional: ['conflict'] },
)

const RESULTS: Schema = object({
  results: array(
    object(
      {
        event_id: orNull(text()),
        status: { type: 'string', enum: ['accepted', 'duplicate', 'conflict', 'rejected'] },
        code: text('Of the protocol.'),
        reason: text('Our own.'),
        field: text(),
        message: text(),
      },
      { optional: ['event_id', 'code', 'reason', 'field', 'message'] },
    ),
    'In the order of the items.',
  ),
})

export const INGEST_PROTOCOL012_DOC: RouteDoc = {
  tag: 'Protocol 012',
  description:
    'One event, an array, or one a line as NDJSON; gzip is read. The answer comes once the events are in the journal and synced to disk. The server prices by itself and keeps `cost_micros` as what the client reported.',
  parameters: [
    {
      name: 'Authorization',
      in: 'header',
      description: '`Bearer` and a token for every event without its own.',
      schema: text(),
    },
  ],
  body: {
    required: true,
    content: {
      'application/json': {
        schema: { anyOf: [array(ITEM), ITEM] },
        examples: {
          one: { summary: 'One event', value: EVENT },
          batch: { summary: 'Several events', value: [{ ...EVENT, event_id: 'evt_0198b2ce-0002' }, EVENT] },
        },
      },
      'application/x-ndjson': { schema: text('One event a line.') },
    },
  },
  answers: {
    200: jsonAnswer(
      'It was there already; or the outcomes of a batch',
      { anyOf: [OUTCOME, RESULTS] },
      {
        event_id: EVENT.event_id,
        status: 'duplicate',
      },
    ),
    202: jsonAnswer('A new event', OUTCOME, { event_id: EVENT.event_id, status: 'accepted' }),
  },
  errors: [
    'unauthorized',
    'token_expired',
    'invalid_token',
    'missing_field',
    'out_of_range',
    'invalid_json',
    'unsupported_media_type',
    'body_too_large',
    'too_many_events',
    'rate_limit_exceeded',
    'disk_full',
    'journal_unavailable',
  ],
  errorContent: ERROR,
}
