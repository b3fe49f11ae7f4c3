import type { ErrorCode } from '@tallystick/core'
import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about the routes of Routiium's dialect. */

const usd: Schema = { type: 'number', minimum: 0, description: 'USD.' }
const optionalInteger = orNull(integer())
const optionalText = orNull(text())
const exact = (description: string): Schema => ({
  anyOf: [integer(), { type: 'string', pattern: '^[0-9]+$' }, { type: 'null' }],
  description,
})
const counts = (description: string): Schema => ({ type: 'object', description, additionalProperties: integer() })

export const ROUTIIUM_DOCUMENT_SCHEMA: Schema = object(
  {
    id: text(),
    timestamp: integer('Seconds since 1970 UTC.'),
    request: object({
      endpoint: text(),
      method: text(),
      model: optionalText,
      stream: flag(),
      size_bytes: integer('0 where it is not known.'),
      message_count: optionalInteger,
      input_tokens: optionalInteger,
      user_agent: optionalText,
      client_ip: optionalText,
    }),
    response: orNull(
      object({
        status_code: integer('0 where it is not known.', 999),
        size_bytes: integer('0 for streams and where it is not known.'),
        output_tokens: optionalInteger,
        success: flag(),
        error_message: optionalText,
      }),
    ),
    performance: object({
      duration_ms: integer(),
      ttfb_ms: optionalInteger,
      upstream_duration_ms: optionalInteger,
      tokens_per_second: orNull({ type: 'number', minimum: 0 }),
    }),
    auth: object({
      authenticated: flag(),
      api_key_id: optionalText,
      api_key_label: optionalText,
      auth_method: optionalText,
    }),
    routing: object({
      backend: text(),
      upstream_mode: text(),
      mcp_enabled: flag(),
      mcp_servers: array(text()),
      system_prompt_applied: flag(),
    }),
    token_usage: orNull(
      object({
        prompt_tokens: integer(),
        completion_tokens: integer(),
        total_tokens: integer(),
        cached_tokens: optionalInteger,
        reasoning_tokens: optionalInteger,
      }),
    ),
    cost: orNull(
      object({
        input_cost: usd,
        output_cost: usd,
        cached_cost: orNull(usd),
        total_cost: usd,
        currency: { type: 'string', const: 'USD' },
        pricing_model: optionalText,
      }),
    ),
    x_tallystick: {
      type: 'object',
      description: 'Members of the native event that the document has no place for; null takes one away.',
      additionalProperties: true,
    },
  },
  { optional: ['x_tallystick'], description: 'The analytics document of Routiium.' },
)

export const ROUTIIUM_ERROR_SCHEMA: Schema = object({
  error: object(
    { message: text(), type: { type: 'string', const: 'invalid_request_error' } },
    { optional: ['type'], description: '`type` stands where credentials are missing or wrong.' },
  ),
})

const ERRORS: readonly ErrorCode[] = ['unauthorized', 'store_unavailable', 'overloaded']
const errorContent = { type: 'application/json', schema: ref('RoutiiumError') }

const query = (name: string, description: string, schema: Schema, example?: string | number): ParameterDoc => ({
  name,
  in: 'query',
  description,
  schema,
  ...(example === undefined ? {} : { example }),
})
const start = (ago: string): ParameterDoc =>
  query('start', `Seconds since 1970 UTC, itself in the period; ${ago} ago unless given.`, integer(), 1_704_067_200)
const END = query('end', 'Seconds since 1970 UTC, itself in the period; now unless given.', integer())
const FILTERS: readonly ParameterDoc[] = [
  query('model', 'The model asked for. Like the other filters: repeated means any of them, empty means none.', text()),
  query('provider', 'Who answered.', text()),
  query('endpoint', 'The path that was called.', text()),
  query('key', 'Id of the API key.', text()),
  query('status', 'HTTP status of the answer.', text()),
]
const CONSISTENCY = query('consistency', '`applied` first waits for everything acknowledged so far.', {
  type: 'string',
  enum: ['applied'],
})
const LIST: readonly ParameterDoc[] = [
  ...FILTERS,
  query('limit', 'At most this many; all unless given.', integer(), 10),
  query('order', 'By time; oldest first unless `desc`.', { type: 'string', enum: ['asc', 'desc'] }, 'desc'),
  query('cursor', '`next_cursor` of the list that this one goes on from.', text()),
  CONSISTENCY,
]
const nextCursor = orNull(text('Where the list goes on; null when it is whole.'))

const FIGURES = {
  total_input_tokens: exact('Cached ones included.'),
  total_output_tokens: exact('Reasoning included.'),
  total_cached_tokens: exact('Input read from a cache.'),
  total_reasoning_tokens: exact('Output that was reasoning.'),
}
const SPEED = orNull({ type: 'number', minimum: 0, description: 'Mean of the speeds of single requests.' })
const COST = exact('The same, exactly, in nano-USD; null where nothing has a price.')

export const ANALYTICS_STATS_DOC: RouteDoc = {
  tag: 'Routiium',
  description: 'Totals are of all requests, also of those no longer kept one by one.',
  parameters: [CONSISTENCY],
  answers: {
    200: jsonAnswer(
      'What the store holds',
      object({
        total_events: integer('Events kept one by one.'),
        backend_type: text(),
        ttl_seconds: optionalInteger,
        max_events: optionalInteger,
        ...FIGURES,
        avg_tokens_per_second: SPEED,
        total_cost: usd,
        total_cost_nano_usd: COST,
        unpriced_requests: integer(),
      }),
    ),
  },
  errors: ERRORS,
  errorContent,
}

export const ANALYTICS_EVENTS_DOC: RouteDoc = {
  tag: 'Routiium',
  parameters: [start('an hour'), END, ...LIST],
  answers: {
    200: jsonAnswer(
      'The documents of the period',
      object({
        events: array(ref('RoutiiumDocument')),
        count: integer(),
        start: integer(),
        end: integer(),
        next_cursor: nextCursor,
      }),
    ),
  },
  errors: ['invalid_query', 'invalid_cursor', ...ERRORS],
  errorContent,
}

export const ANALYTICS_AGGREGATE_DOC: RouteDoc = {
  tag: 'Routiium',
  parameters: [start('an hour'), END, ...FILTERS, CONSISTENCY],
  answers: {
    200: jsonAnswer(
      'Sums of the period',
      object(
        {
          total_requests: integer(),
          successful_requests: integer(),
          failed_requests: integer('Requests without a response are in neither.'),
          ...FIGURES,
          avg_duration_ms: { type: 'number', minimum: 0, description: '0 when nothing was requested.' },
          avg_tokens_per_second: SPEED,
          total_cost: usd,
          cost_by_model: { type: 'object', additionalProperties: usd },
          models_used: counts('Requests by the model asked for.'),
          endpoints_hit: counts('Requests by path.'),
          backends_used: counts('Requests by backend.'),
          total_cost_nano_usd: COST,
          cost_by_model_nano_usd: { type: 'object', additionalProperties: COST },
          unpriced_requests: integer(),
          names_left_out: counts('How many names a map beyond 10,000 leaves out.'),
          period_start: integer(),
          period_end: integer(),
        },
        { optional: ['names_left_out'] },
      ),
    ),
  },
  errors: ['invalid_query', ...ERRORS],
  errorContent,
}

export const ANALYTICS_EXPORT_DOC: RouteDoc = {
  tag: 'Routiium',
  description: 'A file of any size, sent as fast as it is read: CSV when `format` is `csv`, else JSON.',
  parameters: [
    start('a day'),
    END,
    query('format', '`csv`; anything else is JSON.', text()),
    query('columns', 'Of the CSV: names, or the sets `seed`, `code` and `current`; all unless given.', text()),
    ...LIST,
  ],
  answers: {
    200: {
      description: 'The file',
      content: {
        'application/json': {
          schema: object({
            events: array(ref('RoutiiumDocument')),
            count: integer(),
            period: object({ start: integer(), end: integer() }),
            next_cursor: nextCursor,
          }),
        },
        'text/csv': { schema: text('A header, then one event a line.') },
      },
    },
  },
  errors: ['invalid_query', 'invalid_cursor', ...ERRORS],
  errorContent,
}

export const ANALYTICS_CLEAR_DOC: RouteDoc = {
  tag: 'Routiium',
  description: 'For good, and durably. A body is ignored.',
  answers: {
    200: jsonAnswer('Everything is gone', object({ success: { type: 'boolean', const: true }, message: text() }), {
      success: true,
      message: 'Analytics data cleared',
    }),
  },
  errors: ['body_too_large', 'disk_full', 'journal_unavailable', ...ERRORS],
  errorContent,
}
