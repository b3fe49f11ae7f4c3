import { ACK_MODES } from '../../ingest/ingest.ts'
import { CONSISTENCY, EVENT_FILTER_NOTE } from './query-schema.ts'
import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about the native routes. */

const EVENT = {
  event_id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  timestamp_ms: 1_795_262_400_000,
  provider: 'openai',
  model: 'gpt-4o',
  agent_id: 'support-bot',
  input_tokens: 1200,
  cache_read_tokens: 1024,
  output_tokens: 80,
  duration_ms: 900,
  status_code: 200,
}
const SECOND = {
  event_id: 'a-2',
  provider: 'anthropic',
  model: 'claude-sonnet-4-5',
  input_tokens: 900,
  output_tokens: 40,
}

const consistency: ParameterDoc = {
  name: 'consistency',
  in: 'query',
  description: '`applied` first waits until everything acknowledged so far is in the figures.',
  schema: CONSISTENCY,
}

const LEDGER: Schema = {
  type: 'object',
  required: ['source_id', 'epoch', 'recorded'],
  properties: {
    tenant_id: text(),
    source_id: text(),
    epoch: integer('Which of its lives.'),
    recorded: integer('Events it has numbered: the next `seq`.'),
    dropped: {
      type: 'object',
      maxProperties: 64,
      additionalProperties: integer(),
      description: 'How many of them will never come, by reason. Counts never fall.',
    },
  },
  additionalProperties: true,
}

const CLOUD_EVENT: Schema = {
  type: 'object',
  description:
    'A CloudEvent whose data is an event; `source` and `id` are its identity where the data has no `event_id`.',
  required: ['specversion', 'id', 'source', 'type', 'data'],
  properties: {
    specversion: { const: '1.0' },
    id: text(),
    source: text('Also the `source_id`, where the data has none.'),
    type: text('One of the kinds of events, or anything.'),
    time: text('RFC 3339; the instant where the data has none.'),
    subject: text('Becomes the tag `subject`.'),
    datacontenttype: text(),
    data: ref('EventInput'),
  },
  additionalProperties: true,
}

const CLOUD_EXAMPLE = {
  specversion: '1.0',
  id: '42',
  source: '/gateways/eu-1',
  type: 'llm_request_completed',
  time: '2026-11-21T08:00:00Z',
  datacontenttype: 'application/json',
  data: { provider: 'openai', model: 'gpt-4o', input_tokens: 1200, output_tokens: 80 },
}

export const INGEST_DOC: RouteDoc = {
  tag: 'Events',
  description:
    'Takes one event, an array, `{"events": [...]}` or, as NDJSON, one event a line; also CloudEvents 1.0, structured, batched, or binary with `ce-` headers; gzip is read. The answer comes once the events are in the journal and synced to disk. Bad items are listed and cost the others nothing; the same event sent again is a duplicate and is not counted twice.',
  parameters: [
    {
      name: 'ack',
      in: 'query',
      description: 'When to answer: synced to disk, held in memory, or visible to queries.',
      schema: { type: 'string', enum: ACK_MODES, default: 'durable' },
    },
    {
      name: 'results',
      in: 'query',
      description: '`all` also lists the outcome of every item.',
      schema: { type: 'string', enum: ['all'] },
    },
    {
      name: 'Idempotency-Key',
      in: 'header',
      description: 'Gives items without ids an id made of this key and their place, so that a retry is recognised.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  ],
  body: {
    required: true,
    content: {
      'application/json': {
        schema: {
          anyOf: [
            array(ref('EventInput')),
            {
              type: 'object',
              required: ['events'],
              properties: {
                events: array(ref('EventInput')),
                source_id: text('Holds for every event that does not say otherwise.'),
                epoch: integer(),
                seq: integer('Of the first event; it rises by one with each.'),
                ledgers: array(LEDGER, 'What senders say of events that will never come; `events` may be empty.'),
              },
              additionalProperties: true,
            },
            ref('EventInput'),
          ],
        },
        examples: {
          one: { summary: 'One event', value: EVENT },
          array: { summary: 'Several events', value: [EVENT, SECOND] },
          batch: {
            summary: 'A batch with the numbers of its sender',
            value: { source_id: 'gateway-1', epoch: 1, seq: 41, events: [SECOND, { ...SECOND, event_id: 'a-3' }] },
          },
          ledgers: {
            summary: 'Nothing to send, and something to tell',
            value: {
              events: [],
              ledgers: [{ source_id: 'gateway-1', epoch: 1, recorded: 46, dropped: { queue_full: 3 } }],
            },
          },
        },
      },
      'application/x-ndjson': {
        schema: text('One event a line.'),
        examples: {
          lines: { summary: 'One event a line', value: `${JSON.stringify(EVENT)}\n${JSON.stringify(SECOND)}\n` },
        },
      },
      'application/cloudevents+json': {
        schema: CLOUD_EVENT,
        examples: { one: { summary: 'A CloudEvent', value: CLOUD_EXAMPLE } },
      },
      'application/cloudevents-batch+json': {
        schema: array(CLOUD_EVENT),
        examples: {
          several: { summary: 'Several CloudEvents', value: [CLOUD_EXAMPLE, { ...CLOUD_EXAMPLE, id: '43' }] },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer('What became of each item', ref('IngestAnswer'), {
      received: 3,
      accepted: 1,
      duplicate: 1,
      conflict: 0,
      conflicts: [],
      rejected: [
        {
          index: 2,
          event_id: 'a-3',
          code: 'out_of_range',
          field: 'input_tokens',
          message: 'input_tokens must be an integer from 0 to 9007199254740991, not -1',
        },
      ],
    }),
  },
  errors: [
    'invalid_json',
    'invalid_body',
    'unsupported_media_type',
    'unsupported_encoding',
    'body_too_large',
    'too_many_events',
    'disk_full',
    'journal_unavailable',
  ],
}

export const LIST_EVENTS_DOC: RouteDoc = {
  tag: 'Events',
  description: `Events of \`[from, to)\`, newest first. ${EVENT_FILTER_NOTE}`,
  parameters: [
    {
      name: 'from',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; everything when absent.',
      schema: text(),
    },
    {
      name: 'to',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; itself not in the range.',
      schema: text(),
    },
    {
      name: 'limit',
      in: 'query',
      description: 'Events on a page.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      example: 50,
    },
    { name: 'cursor', in: 'query', description: '`next_cursor` of the page before.', schema: text() },
    {
      name: 'event_id',
      in: 'query',
      description: 'Only events with this id; more than one where several agents or sources chose it.',
      schema: text(),
    },
    {
      name: 'min_duration_ms',
      in: 'query',
      description: 'Only requests that took at least so long, as far as that is known.',
      schema: integer(),
      example: 5_000,
    },
    {
      name: 'min_cost_nano_usd',
      in: 'query',
      description: 'Only requests that cost at least so much; unpriced ones are not among them.',
      schema: integer(),
      example: 100_000_000,
    },
    {
      name: 'order',
      in: 'query',
      description: 'Oldest or newest first.',
      schema: { type: 'string', enum: ['asc', 'desc'], default: 'desc' },
    },
    consistency,
  ],
  answers: {
    200: jsonAnswer(
      'A page of events',
      object({ events: array(ref('Event')), next_cursor: orNull(text('Null on the last page.')) }),
      {
        events: [
          {
            event_id: 'a-2',
            timestamp_ms: 1_795_262_400_000,
            kind: 'llm_request_completed',
            provider: 'openai',
            request_model: 'gpt-4o',
            success: true,
            input_tokens: 1200,
            output_tokens: 80,
            usage_basis: 'measured',
            cost_nano_usd: 3_800_000,
            cost_basis: 'catalogue',
          },
        ],
        next_cursor: null,
      },
    ),
  },
  errors: ['unknown_parameter', 'unknown_value', 'invalid_query', 'invalid_cursor'],
}

export const QUERY_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'Sums, counts, ratios and quantiles of any range, split by any dimensions and over time. Sums are exact integers; money is nano-USD (1e-9 USD) and null where nothing has a price.',
  parameters: [consistency],
  body: {
    required: true,
    content: {
      'application/json': {
        schema: ref('Query'),
        examples: {
          models: {
            summary: 'Spend and requests by model, the last 24 hours',
            value: { measures: ['requests', 'cost_nano_usd'], group_by: ['model'] },
          },
          series: {
            summary: 'A day in Kathmandu, hour by hour',
            value: {
              from: '2026-11-20T18:15:00Z',
              to: '2026-11-21T18:15:00Z',
              measures: ['requests', 'input_tokens', 'duration_ms_p95'],
              interval: '1h',
              time_zone: 'Asia/Kathmandu',
              filters: { provider: ['openai', 'anthropic'], status_code: { not: [429] } },
            },
          },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer('The figures', ref('QueryResult'), {
      rows: [{ model: 'gpt-4o', requests: 8819, cost_nano_usd: 47_608_895_000, unpriced_requests: 0 }],
      complete_to_ms: 1_795_262_400_000,
      answered_from: 'cells',
      other_groups: 0,
    }),
  },
  errors: ['invalid_json', 'invalid_query', 'unknown_measure', 'unknown_dimension', 'too_many_groups', 'overloaded'],
}

export const TABLES_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'Every dimension and measure a question may name, with labels and units for people.',
  answers: { 200: jsonAnswer('The tables', ref('Tables')) },
}

export const LIVE_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'Server-sent events: `hello`, then one merged `tick` a second while anything new was accepted; `reset` when figures must be asked for again and `gap` when some ticks were left out. With `Last-Event-ID` what was missed comes first.',
  parameters: [{ name: 'Last-Event-ID', in: 'header', description: 'Id of the last tick received.', schema: text() }],
  answers: { 200: { description: 'An endless stream', content: { 'text/event-stream': { schema: text() } } } },
  errors: ['too_many_streams'],
}

export const WEBSOCKET_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'A WebSocket. The first message says who the client is, `{"token":"..."}`, within 10 s; then `AGENT_EVENT`, `STATE_UPDATE` and `COST_ALERT` as they happen, `HEARTBEAT` every 30 s, and `GAP` where messages were left out. Each has a `cursor`; with `{"token":"...","resume":"<cursor>"}` what was missed comes first. All that a WebSocket client needs to know stands in docs/live.md.',
  answers: { 101: { description: 'The connection is a WebSocket from here on' } },
  errors: ['upgrade_required', 'too_many_streams'],
}

export const INVARIANTS_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'What was received equals what was accepted, refused and failed; what was accepted equals what is stored, expired, cleared, pending and damaged. Balanced at every instant, under load too.',
  parameters: [
    {
      name: 'audit',
      in: 'query',
      description: '`1` compares journal, store and rollups with each other, which reads the whole journal.',
      schema: { type: 'string', enum: ['1'] },
    },
  ],
  answers: {
    200: jsonAnswer('The law, or with `audit=1` the comparison', {
      anyOf: [ref('Invariants'), ref('Verification')],
    }),
  },
}

const READINESS_MEMBERS: { readonly [name: string]: Schema } = {
  status: { type: 'string', enum: ['ready', 'catching_up', 'unavailable'] },
  reasons: array(text(), 'Why not, in sentences.'),
  store_error: text('What the store said, where it does not keep up; for whoever sees the whole server.'),
  applied_ordinal: integer('How far the store has come.'),
  durable_ordinal: integer('How far the journal has.'),
}
const READINESS: Schema = object(READINESS_MEMBERS, { optional: ['store_error'] })
/** What is told without a key of a server that has some is less. */
const PUBLIC_READINESS: Schema = object(READINESS_MEMBERS, {
  optional: ['store_error', 'applied_ordinal', 'durable_ordinal'],
})
const DISK_STATE: Schema = { type: 'string', enum: ['ok', 'disk_full', 'failed', 'gone'] }

export const STATUS_DOC: RouteDoc = {
  tag: 'Operations',
  answers: {
    200: jsonAnswer(
      'What runs here',
      object(
        {
          version: text(),
          started_ms: integer(),
          now_ms: integer(),
          address: orNull(text()),
          readiness: READINESS,
          store: object(
            {
              backend_type: text(),
              durable: flag(),
              events: integer(),
              oldest_ms: orNull(integer()),
              newest_ms: orNull(integer()),
              bytes: orNull(integer('Of the whole store; null for whoever sees a part of it.')),
              sealed_to_ms: integer(
                'Up to here events stand in cells; later ones are read one by one. An embedded store that waits for events goes no further than they do.',
              ),
              late_events: integer(
                'Events before that instant that came too late for their cell and are read one by one.',
              ),
              cleared_events: integer('Removed by clearing, over the life of the store.'),
              malformed_lines: integer(),
              foreign_events: integer(),
              warnings: array(text(), 'What is not as it should be around a store that works nevertheless.'),
              lag_events: integer(),
            },
            {
              optional: [
                'sealed_to_ms',
                'late_events',
                'cleared_events',
                'malformed_lines',
                'foreign_events',
                'warnings',
              ],
            },
          ),
          journal: orNull(
            object({
              id: text('The same for the whole life of a journal.'),
              state: DISK_STATE,
              records: integer(),
              bytes: integer(),
              segments: integer(),
              quarantined_lines: integer(),
            }),
          ),
          state: orNull(
            object(
              {
                state: DISK_STATE,
                log_bytes: integer(),
                damaged_lines: integer(),
              },
              { description: 'The control state: keys, budgets, alerts. Null where it is in memory only.' },
            ),
          ),
          control: orNull(
            object(
              {
                owner: text('Address of the server that owns it.'),
                state: { type: 'string', enum: ['following', 'away', 'stale'] },
                heard_ms: orNull(integer('When the owner was last heard of.')),
                notes_waiting: integer('What happened here that the owner has yet to be told.'),
                notes_dropped: integer('Of these, those that were given up.'),
                problem: text('Why the owner cannot be asked.'),
              },
              {
                description:
                  'The control state where another server owns it: `away`, what is known still counts; `stale`, it does not, and nobody is let in. Null where it is our own, and for whoever does not see the whole server.',
                optional: ['problem'],
              },
            ),
          ),
          live: object({ streams: integer(), ticks: integer(), skipped_ticks: integer() }),
          proxy: {
            type: 'object',
            description:
              'What has gone through the capture proxy, for whoever sees the whole server: `failed` and `dropped` of `recording` are requests that were made and not counted.',
          },
          otlp_push: object(
            { pushed: integer(), failed: integer(), problem: text('Why the last one failed, where it did.') },
            {
              description: 'Pushes to a collector of OpenTelemetry since the start, for whoever sees the whole server.',
              optional: ['problem'],
            },
          ),
          traces: object({
            url_template: orNull(
              text(
                'Address of a trace, with `{trace_id}` and `{span_id}` where their values are put, percent-encoded.',
              ),
            ),
          }),
          prices: object({ catalogue_version: text() }),
          retention: object({
            events_seconds: orNull(integer('Single events older than this go; null: kept.')),
            cells_seconds: orNull(integer('The same of totals.')),
            kinds_seconds: {
              type: 'object',
              additionalProperties: integer(),
              description: 'Of kinds of events that go sooner.',
            },
            holds: integer('Legal holds that stand.'),
          }),
          limits: object({
            body_bytes: integer(),
            inflated_bytes: integer(),
            batch_events: integer(),
            depth: integer(),
            streams: integer(),
          }),
        },
        { optional: ['proxy', 'otlp_push'] },
      ),
    ),
  },
}

export const HEALTH_DOC: RouteDoc = {
  tag: 'Operations',
  answers: { 200: jsonAnswer('It answers', object({ status: { const: 'ok' } }), { status: 'ok' }) },
}

export const READINESS_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'A store that is catching up is ready: its answers say up to when they are complete. Without a key, of a server that has some, it is told what is wrong and not how far things are. With `Accept: text/plain` in lines.',
  answers: {
    200: jsonAnswer('Ready, or catching up', PUBLIC_READINESS, {
      status: 'ready',
      reasons: [],
      applied_ordinal: 8819,
      durable_ordinal: 8819,
    }),
    503: jsonAnswer('Events cannot be kept or queries not be answered', PUBLIC_READINESS),
  },
}

export const VERSION_DOC: RouteDoc = {
  tag: 'Operations',
  answers: { 200: jsonAnswer('The version', object({ name: { const: 'tallystick' }, version: text() })) },
}

export const OPENAPI_DOC: RouteDoc = {
  tag: 'Operations',
  answers: {
    200: jsonAnswer('This document, OpenAPI 3.1', { type: 'object', additionalProperties: true }),
  },
}

export const API_PAGE_DOC: RouteDoc = {
  tag: 'Operations',
  answers: { 200: { description: 'A page', content: { 'text/html': { schema: text() } } } },
}

export const FILES_DOC: RouteDoc = {
  tag: 'Operations',
  description: 'The dashboard and its files.',
  answers: { 200: { description: 'A file', content: { 'text/html': { schema: text() } } } },
}
