import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, text } from './schema.ts'

/** What the API page says about patterns of errors. */
export const ERROR_PATTERNS_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'Failures that have the same type and code (without a code: status), and messages that are the same but for numbers and ids. Every dimension and `tags.<key>` is a filter, as for `GET /api/v1/events`. Messages are in no totals, so failures are read one by one: the newest 50,000.',
  parameters: [
    {
      name: 'from',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; everything when absent.',
      schema: text(),
    },
    { name: 'to', in: 'query', description: 'As `from`; itself not in the range.', schema: text() },
    {
      name: 'limit',
      in: 'query',
      description: 'Patterns, the most frequent first.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      example: 10,
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` waits until everything acknowledged so far is in the figures.',
      schema: { type: 'string', enum: ['applied'] },
    },
  ],
  answers: {
    200: jsonAnswer(
      'Patterns',
      object({
        from_ms: integer(),
        to_ms: integer(),
        read: integer('Failures that were looked at.'),
        read_from_ms: orNull(integer('Those before this instant were not, as there are too many; null: all were.')),
        patterns: array(
          object({
            type: text('`unknown` where only a message is known.'),
            code: orNull(text()),
            status_code: orNull(integer('Of failures without a code.')),
            message: orNull(text('Of the earliest failure.')),
            samples: array(text(), 'The earliest messages that differ, three at the most.'),
            count: integer(),
            first_seen_ms: integer(),
            last_seen_ms: integer(),
          }),
        ),
      }),
      {
        from_ms: 1_795_176_000_000,
        to_ms: 1_795_262_400_000,
        read: 31,
        read_from_ms: null,
        patterns: [
          {
            type: 'timeout',
            code: null,
            status_code: 504,
            message: 'no answer after 30000 ms',
            samples: ['no answer after 30000 ms', 'no answer after 60000 ms'],
            count: 31,
            first_seen_ms: 1_795_180_000_000,
            last_seen_ms: 1_795_262_000_000,
          },
        ],
      },
    ),
  },
  errors: ['unknown_parameter', 'unknown_value', 'invalid_query', 'overloaded', 'store_unavailable'],
}
