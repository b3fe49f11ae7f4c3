import { DIMENSIONS } from '@tallystick/core/event'
import { INTERVALS, MAX_GROUP_BY, MAX_LIMIT, MAX_MEASURES, MEASURES } from '@tallystick/core/query'
import { array, integer, object, type Schema, text } from './schema.ts'

/** Schemas of questions and answers, made of the tables of measures and dimensions. */

const MEASURE_NAMES: readonly string[] = MEASURES.map(({ name }) => name)

const DIMENSION: Schema = {
  anyOf: [
    { type: 'string', enum: DIMENSIONS.flatMap(({ name, aliases = [] }) => [name, ...aliases]) },
    { type: 'string', pattern: '^tags\\..+' },
  ],
}

const INSTANT: Schema = {
  anyOf: [
    { type: 'integer', minimum: 0, description: 'ms since 1970 UTC' },
    { type: 'string', format: 'date-time', description: 'RFC 3339 with a zone' },
  ],
}

const FILTER_VALUE: Schema = { type: ['string', 'integer', 'boolean', 'null'] }
const FILTER_VALUES: Schema = { anyOf: [FILTER_VALUE, { type: 'array', items: FILTER_VALUE, minItems: 1 }] }

export const QUERY_SCHEMA: Schema = object(
  {
    from: { ...INSTANT, description: 'First instant of the range; 24 hours before `to` when absent.' },
    to: { ...INSTANT, description: 'End of the range, itself not in it; now when absent.' },
    measures: {
      type: 'array',
      items: { type: 'string', enum: MEASURE_NAMES },
      minItems: 1,
      maxItems: MAX_MEASURES,
      description:
        '`requests` and `cost_nano_usd` when absent. With any figure of money `unpriced_requests` comes along.',
    },
    group_by: { type: 'array', items: DIMENSION, maxItems: MAX_GROUP_BY },
    interval: { type: 'string', enum: INTERVALS, description: 'One row per bucket; without it one row per group.' },
    time_zone: { ...text('IANA zone that days, weeks and months belong to.'), default: 'UTC' },
    filters: {
      type: 'object',
      description:
        'Dimension to value, list of values (any of them), null (absent), or `{"not": ...}`. All filters must hold.',
      additionalProperties: {
        anyOf: [FILTER_VALUES, object({ not: FILTER_VALUES })],
      },
    },
    order_by: text('A measure, with `-` in front for descending; the first measure descending when absent.'),
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_LIMIT,
      default: 100,
      description: 'Groups; the rest is one row.',
    },
  },
  {
    description: 'A question. Every member may be left out.',
    optional: ['from', 'to', 'measures', 'group_by', 'interval', 'time_zone', 'filters', 'order_by', 'limit'],
  },
)

export const QUERY_RESULT_SCHEMA: Schema = object(
  {
    rows: array(
      {
        type: 'object',
        description:
          '`time_ms` with an interval, each dimension (null = unknown), each measure (null = unknown), and `other: true` on the rest beyond `limit`. Integers past 2^53 - 1 are strings of digits.',
        additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
      },
      'Sorted by time, then rank; the rest last.',
    ),
    complete_to_ms: integer('Everything acknowledged before this instant is in the figures.'),
    answered_from: { type: 'string', enum: ['cells', 'raw', 'cells+raw', 'fold'] },
    raw_from_ms: integer('Single events before this instant have expired and the question needed them.'),
    other_groups: integer('How many groups the `other` rows stand for.'),
  },
  { optional: ['raw_from_ms'] },
)

export const TABLES_SCHEMA: Schema = object({
  dimensions: array(
    object({
      name: text(),
      type: { type: 'string', enum: ['string', 'boolean', 'integer'] },
      label: text(),
      cardinality: { type: 'string', enum: ['low', 'high'] },
      aliases: array(text()),
    }),
  ),
  measures: array(object({ name: text(), label: text(), unit: text() })),
})

export const EVENT_FILTER_NOTE =
  'Every dimension and `tags.<key>` is a parameter too: `provider=openai`; repeated means any of them; empty means absent; a `!` before the equals sign turns it round (`model!=gpt-4o`).'

export const CONSISTENCY: Schema = { type: 'string', enum: ['applied'] }
