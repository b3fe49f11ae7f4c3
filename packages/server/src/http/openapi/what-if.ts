import { PRICE, PRICE_EXAMPLE } from './prices.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about what-if. */

const AMOUNT: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?\\d+$' }],
  description: 'Nano-USD; text past 2^53.',
}

const RANGE = object({ low: AMOUNT, likely: AMOUNT, high: AMOUNT })

const COMPARISON: { readonly [name: string]: Schema } = {
  requests: integer('Whose cost is known.'),
  now_nano_usd: AMOUNT,
  there_nano_usd: RANGE,
  unpriced_requests: integer('Whose cost is not known: they are in no difference.'),
  unpriced_there_nano_usd: orNull(RANGE),
}

const TARGET = object({
  provider: orNull(text()),
  model: text(),
  price: PRICE,
  ...COMPARISON,
  difference_nano_usd: RANGE,
  there_nano_usd_yearly: RANGE,
  uncertainties: array(
    object({
      about: {
        type: 'string',
        enum: ['tokenizer', 'cache', 'reasoning', 'prompt_sizes', 'undivided_tokens'],
      },
      low_nano_usd: AMOUNT,
      high_nano_usd: AMOUNT,
      because: text(),
    }),
    'What each alone makes of the likely amount; the range is what comes of all at once.',
  ),
  assumptions: array(text()),
  context: orNull(
    object({
      tokens: integer('The most that the model reads and writes in one request.'),
      too_long_at_least: integer('Requests whose input alone is longer.'),
      too_long_at_most: integer(),
    }),
  ),
  by_model: array(object({ provider: orNull(text()), model: orNull(text()), ...COMPARISON })),
  by_agent: array(object({ agent_id: orNull(text()), ...COMPARISON })),
})

const RANGE_EXAMPLE = { low: 2_600_000_000, likely: 2_856_533_700, high: 3_300_000_000 }
const COMPARISON_EXAMPLE = {
  requests: 8_819,
  now_nano_usd: 47_608_895_000,
  there_nano_usd: RANGE_EXAMPLE,
  unpriced_requests: 0,
  unpriced_there_nano_usd: null,
}

export const WHAT_IF_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'The traffic of a range, at the prices of now of up to eight other models. docs/what-if.md says what the range is made of.',
  parameters: [
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` waits until everything acknowledged so far is in the figures.',
      schema: { type: 'string', enum: ['applied'] },
    },
  ],
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            from: {
              anyOf: [{ type: 'integer' }, { type: 'string' }],
              description: 'ms or RFC 3339; default: 30 days ago.',
            },
            to: { anyOf: [{ type: 'integer' }, { type: 'string' }], description: 'As `from`; default: now.' },
            filters: { type: 'object', description: 'As of a query: which traffic.' },
            targets: {
              ...array(object({ model: text(), provider: text('Who bills.') }, { optional: ['provider'] })),
              minItems: 1,
              maxItems: 8,
            },
            cache_share: {
              type: 'number',
              minimum: 0,
              maximum: 1,
              description: 'Share of the input that would be read from a cache; as it is when absent.',
            },
          },
          { optional: ['from', 'to', 'filters', 'cache_share'] },
        ),
        examples: {
          body: {
            summary: 'What is asked of gpt-4o, on its smaller sister',
            value: { filters: { model: ['gpt-4o'] }, targets: [{ provider: 'openai', model: 'gpt-4o-mini' }] },
          },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer(
      'What it would cost',
      object({
        from_ms: integer(),
        to_ms: integer(),
        requests: integer(),
        unpriced_requests: integer(),
        now_nano_usd: AMOUNT,
        now_nano_usd_yearly: AMOUNT,
        observed_ms: integer('How long the traffic took that a year is made of.'),
        confidence: { type: 'string', enum: ['low', 'medium', 'high'], description: 'Of the yearly figures.' },
        raw_from_ms: orNull(integer('Single events before this instant are gone, and so is their part.')),
        query: { type: 'object', description: 'What `POST /api/v1/query` answers with the traffic.' },
        targets: array(TARGET),
      }),
      {
        from_ms: 1_792_670_400_000,
        to_ms: 1_795_262_400_000,
        requests: 8_819,
        unpriced_requests: 0,
        now_nano_usd: 47_608_895_000,
        now_nano_usd_yearly: 579_241_555_833,
        observed_ms: 2_592_000_000,
        confidence: 'high',
        raw_from_ms: null,
        query: { measures: ['requests', 'cost_nano_usd'], filters: { model: ['gpt-4o'] } },
        targets: [
          {
            provider: 'openai',
            model: 'gpt-4o-mini',
            price: PRICE_EXAMPLE,
            ...COMPARISON_EXAMPLE,
            difference_nano_usd: { low: -45_008_895_000, likely: -44_752_361_300, high: -44_308_895_000 },
            there_nano_usd_yearly: RANGE_EXAMPLE,
            uncertainties: [
              {
                about: 'cache',
                low_nano_usd: 0,
                high_nano_usd: 443_466_300,
                because: 'No prompt would be read from a cache.',
              },
            ],
            assumptions: ['List prices of now hold for all of it; discounts and commitments are left out.'],
            context: { tokens: 128_000, too_long_at_least: 0, too_long_at_most: 0 },
            by_model: [{ provider: 'openai', model: 'gpt-4o', ...COMPARISON_EXAMPLE }],
            by_agent: [{ agent_id: null, ...COMPARISON_EXAMPLE }],
          },
        ],
      },
    ),
  },
  errors: ['invalid_body', 'invalid_query', 'unknown_dimension', 'unpriced_model', 'too_many_groups', 'overloaded'],
}
