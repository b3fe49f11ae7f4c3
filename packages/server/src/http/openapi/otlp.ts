import type { Signal } from '../../format/otlp/model.ts'
import type { ContentDoc, ParameterDoc, RouteDoc } from './route-doc.ts'
import { object, type Schema, text } from './schema.ts'

/** What the API page says about the routes of OpenTelemetry exporters. */

const attribute = (key: string, value: object): object => ({ key, value })
const TIME = '1795215594109000000'

const EXAMPLES: { readonly [S in Signal]: object } = {
  traces: {
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', { stringValue: 'checkout' })] },
        scopeSpans: [
          {
            scope: { name: 'my-instrumentation' },
            spans: [
              {
                traceId: '5b8efff798038103d269b633813fc60c',
                spanId: 'eee19b7ec3c1b174',
                name: 'chat gpt-4o',
                kind: 3,
                startTimeUnixNano: '1795215593209000000',
                endTimeUnixNano: TIME,
                attributes: [
                  attribute('gen_ai.operation.name', { stringValue: 'chat' }),
                  attribute('gen_ai.provider.name', { stringValue: 'openai' }),
                  attribute('gen_ai.request.model', { stringValue: 'gpt-4o' }),
                  attribute('gen_ai.usage.input_tokens', { intValue: '1200' }),
                  attribute('gen_ai.usage.output_tokens', { intValue: '80' }),
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  logs: {
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', { stringValue: 'claude-code' })] },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: TIME,
                body: { stringValue: 'claude_code.api_request' },
                attributes: [
                  attribute('event.name', { stringValue: 'api_request' }),
                  attribute('session.id', { stringValue: 's-1' }),
                  attribute('request_id', { stringValue: 'req_011CVhLwdm7Ya4pPpyV3zQ8b' }),
                  attribute('model', { stringValue: 'claude-opus-5' }),
                  attribute('input_tokens', { intValue: '12' }),
                  attribute('output_tokens', { intValue: '42' }),
                  attribute('cache_read_tokens', { intValue: '4000' }),
                  attribute('cost_usd', { doubleValue: 0.00311 }),
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  metrics: {
    resourceMetrics: [
      {
        resource: { attributes: [attribute('service.name', { stringValue: 'claude-code' })] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'claude_code.token.usage',
                unit: 'tokens',
                sum: {
                  aggregationTemporality: 1,
                  isMonotonic: true,
                  dataPoints: [
                    {
                      startTimeUnixNano: '1795215534109000000',
                      timeUnixNano: TIME,
                      asInt: '42',
                      attributes: [
                        attribute('session.id', { stringValue: 's-2' }),
                        attribute('model', { stringValue: 'claude-opus-5' }),
                        attribute('type', { stringValue: 'output' }),
                      ],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  },
}

const REQUESTS: { readonly [S in Signal]: string } = {
  traces: 'resourceSpans',
  logs: 'resourceLogs',
  metrics: 'resourceMetrics',
}
const REJECTED: { readonly [S in Signal]: string } = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

const header = (name: string, description: string): ParameterDoc => ({
  name,
  in: 'header',
  description,
  schema: text(),
})

const SENDER: readonly ParameterDoc[] = [
  header('X-Tallystick-Agent', 'The agent of whatever in the body names none.'),
  header('X-Tallystick-User', 'The user of whatever in the body names none.'),
  header('X-Tallystick-Session', 'The session of whatever in the body names none.'),
  header('X-Tallystick-Team', 'The tag `team`; any other is `X-Tallystick-Tag-NAME`.'),
]

const protobuf = (description: string): ContentDoc => ({ schema: { type: 'string', format: 'binary', description } })

function requestSchema(signal: Signal): Schema {
  return {
    type: 'object',
    properties: { [REQUESTS[signal]]: { type: 'array', items: { type: 'object', additionalProperties: true } } },
    additionalProperties: true,
  }
}

function docOf(signal: Signal, takes: string, message: string): RouteDoc {
  return {
    tag: 'OpenTelemetry',
    description: `${takes} Everything else in the body is left alone, and message content is never kept. gzip is read. The answer comes once the requests are in the journal and synced to disk; what cannot be a request is counted in \`partialSuccess\`, and costs the rest nothing.`,
    parameters: SENDER,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: requestSchema(signal),
          examples: { [signal]: { summary: `The JSON of OTLP: ${message}`, value: EXAMPLES[signal] } },
        },
        'application/x-protobuf': protobuf(message),
      },
    },
    answers: {
      200: {
        description: 'Taken, or told of before',
        content: {
          'application/json': {
            schema: object(
              {
                partialSuccess: {
                  type: 'object',
                  properties: {
                    [REJECTED[signal]]: text('Decimal integer.'),
                    errorMessage: text('What is wrong with the first of them.'),
                  },
                  additionalProperties: false,
                },
              },
              { optional: ['partialSuccess'] },
            ),
            examples: { all: { summary: 'All of it was taken', value: {} } },
          },
          'application/x-protobuf': protobuf(message.replace('Request', 'Response')),
        },
      },
    },
    errors: [
      'invalid_json',
      'invalid_body',
      'invalid_encoding',
      'too_many_entries',
      'too_many_events',
      'body_too_large',
      'unsupported_media_type',
      'unsupported_encoding',
      'malformed_request',
      'overloaded',
      'journal_unavailable',
      'disk_full',
    ],
    errorContent: {
      type: 'application/json',
      schema: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: { type: 'integer', description: 'A google.rpc.Code.' },
          message: text('The code of the error, and what to do about it.'),
        },
        additionalProperties: false,
        description: 'google.rpc.Status, in the encoding of the request.',
      },
    },
  }
}

export const OTLP_TRACES_DOC: RouteDoc = docOf(
  'traces',
  'Takes spans that are requests to a model: of the GenAI conventions, OpenLLMetry, OpenInference, Langfuse, the AI SDK, and coding agents.',
  'ExportTraceServiceRequest',
)
export const OTLP_LOGS_DOC: RouteDoc = docOf(
  'logs',
  'Takes log events that tell of a request to a model: those of Claude Code, Codex and Gemini CLI, and of the GenAI conventions.',
  'ExportLogsServiceRequest',
)
export const OTLP_METRICS_DOC: RouteDoc = docOf(
  'metrics',
  'Takes counts of tokens and cost, delta or cumulative, of sources that tell of them by neither logs nor spans.',
  'ExportMetricsServiceRequest',
)
export const LANGFUSE_TRACES_DOC: RouteDoc = {
  ...docOf(
    'traces',
    "The route of spans, where Langfuse's later clients look for it: log in with `Authorization: Basic`, any user, and an API key as password.",
    'ExportTraceServiceRequest',
  ),
  tag: 'Receivers',
}
