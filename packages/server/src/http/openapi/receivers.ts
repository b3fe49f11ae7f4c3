import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, ref, type Schema, text } from './schema.ts'

/** What the API page says about the routes that other people's clients send to; `docs/receivers.md` says it at length. */

const PAYLOAD: Schema = {
  type: 'object',
  description: 'A `StandardLoggingPayload`. Messages, answers and errors in it are passed over.',
  required: ['id', 'model'],
  properties: { id: text(), model: text() },
  additionalProperties: true,
}

const LITELLM_EXAMPLE = {
  id: 'chatcmpl-9f2c',
  litellm_call_id: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11',
  trace_id: 'b980db26-9512-45cc-b1da-c511a363b83f',
  call_type: 'acompletion',
  stream: null,
  status: 'success',
  model: 'gpt-4o',
  model_group: 'fast',
  custom_llm_provider: 'openai',
  api_base: 'https://api.openai.com',
  prompt_tokens: 1200,
  completion_tokens: 80,
  total_tokens: 1280,
  response_cost: 0.00252,
  startTime: 1_795_262_400.25,
  endTime: 1_795_262_401.15,
  completionStartTime: 1_795_262_401.15,
  cache_hit: false,
  end_user: 'ada',
  request_tags: ['feature:search'],
  metadata: {
    user_api_key_hash: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
    user_api_key_alias: 'web',
    user_api_key_team_alias: 'search',
    usage_object: {
      prompt_tokens: 1200,
      completion_tokens: 80,
      total_tokens: 1280,
      prompt_tokens_details: { cached_tokens: 1024 },
    },
  },
  messages: 'redacted-by-litellm',
  response: { model: 'gpt-4o-2024-08-06', choices: [{ finish_reason: 'stop' }] },
}

const RECEIVED = { received: 1, accepted: 1, duplicate: 0, conflict: 0, conflicts: [], rejected: [] }

export const LITELLM_DOC: RouteDoc = {
  tag: 'Receivers',
  description:
    "What LiteLLM's `generic_api` callback sends, in any of its formats: a JSON array, one payload, or one a line. The text of prompts and answers is passed over while the body is read. The answer comes once the events are in the journal and synced to disk.",
  body: {
    required: true,
    content: {
      'application/json': {
        schema: { anyOf: [array(PAYLOAD), PAYLOAD] },
        examples: {
          batch: { summary: '`json_array`, the usual format', value: [LITELLM_EXAMPLE] },
          single: { summary: '`single`', value: { ...LITELLM_EXAMPLE, id: 'chatcmpl-9f2d' } },
        },
      },
    },
  },
  answers: { 200: jsonAnswer('What became of each payload', ref('IngestAnswer'), RECEIVED) },
  errors: [
    'invalid_json',
    'unsupported_media_type',
    'unsupported_encoding',
    'body_too_large',
    'too_many_events',
    'disk_full',
    'journal_unavailable',
  ],
}

/** How errors of a whole request look to Langfuse's clients. */
const LANGFUSE_ERROR: NonNullable<RouteDoc['errorContent']> = {
  type: 'application/json',
  schema: object({
    message: text('What was wrong, where, and what to do.'),
    error: text('The code.'),
    instance: text('Names this occurrence; the server log has the same id.'),
  }),
}

const TRACE = {
  id: '72aa4281-e42f-4eab-95db-a074348d6139',
  type: 'trace-create',
  timestamp: '2026-11-21T08:00:00.038Z',
  body: {
    id: 'trace-1',
    timestamp: '2026-11-21T08:00:00.036Z',
    name: 'checkout',
    userId: 'ada',
    tags: ['team:search'],
  },
}
const GENERATION = {
  id: '1d9b5413-5152-4c5f-a33e-1bba7bb00c57',
  type: 'generation-create',
  timestamp: '2026-11-21T08:00:00.040Z',
  body: {
    id: 'generation-1',
    traceId: 'trace-1',
    startTime: '2026-11-21T08:00:00.040Z',
    name: 'answer',
    model: 'gpt-4o',
  },
}
const ENDED = {
  id: '906163f2-8a6f-47ce-8394-3c0c3e1934b7',
  type: 'generation-update',
  timestamp: '2026-11-21T08:00:00.980Z',
  body: {
    id: 'generation-1',
    traceId: 'trace-1',
    endTime: '2026-11-21T08:00:00.940Z',
    usage: { promptTokens: 12, completionTokens: 8, totalTokens: 20 },
  },
}

const LANGFUSE_ERRORS: RouteDoc['errors'] = [
  'invalid_json',
  'invalid_body',
  'unsupported_media_type',
  'unsupported_encoding',
  'body_too_large',
  'too_many_events',
  'disk_full',
  'journal_unavailable',
]

const OUTCOME = { id: text('Of the event in the batch.'), status: integer(undefined, 599) }

export const LANGFUSE_INGESTION_DOC: RouteDoc = {
  tag: 'Receivers',
  description:
    "Langfuse's batch ingestion, as its clients before OpenTelemetry send to it. Log in with `Authorization: Basic`, any user, and an API key as password. Each generation becomes one event when its model, its end and its usage are known; until then its parts are kept, durably. Input, output and metadata are passed over; spans, scores and logs are acknowledged and not kept.",
  body: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['batch'],
          properties: {
            batch: array({
              type: 'object',
              required: ['id', 'type', 'body'],
              properties: {
                id: text(),
                type: text(),
                timestamp: text(),
                body: { type: 'object', additionalProperties: true },
              },
              additionalProperties: true,
            }),
          },
          additionalProperties: true,
        },
        examples: {
          batch: {
            summary: 'A trace, and a generation from its beginning to its end',
            value: { batch: [TRACE, GENERATION, ENDED] },
          },
        },
      },
    },
  },
  answers: {
    207: jsonAnswer(
      'What became of each event',
      object({
        successes: array(object(OUTCOME)),
        errors: array(object({ ...OUTCOME, message: text(), error: text('The code, or `conflict`.') })),
      }),
      {
        successes: [TRACE, GENERATION, ENDED].map(({ id }) => ({ id, status: 201 })),
        errors: [],
      },
    ),
  },
  errors: LANGFUSE_ERRORS,
  errorContent: LANGFUSE_ERROR,
}

export const LANGFUSE_HEALTH_DOC: RouteDoc = {
  tag: 'Receivers',
  answers: {
    200: jsonAnswer('It answers', object({ status: { const: 'OK' }, version: text() }), {
      status: 'OK',
      version: '1.0.0',
    }),
  },
  errorContent: LANGFUSE_ERROR,
}

export const LANGFUSE_PROJECTS_DOC: RouteDoc = {
  tag: 'Receivers',
  description: "What `auth_check` of Langfuse's clients asks: the key's tenant stands for the project.",
  answers: {
    200: jsonAnswer(
      'The project',
      object({
        data: array(
          object({
            id: text(),
            name: text(),
            organization: object({ id: text(), name: text() }),
            metadata: { type: 'object', additionalProperties: true },
            retentionDays: { type: 'null' },
          }),
        ),
      }),
      {
        data: [
          {
            id: 'default',
            name: 'default',
            organization: { id: 'tallystick', name: 'Tallystick' },
            metadata: {},
            retentionDays: null,
          },
        ],
      },
    ),
  },
  errorContent: LANGFUSE_ERROR,
}
