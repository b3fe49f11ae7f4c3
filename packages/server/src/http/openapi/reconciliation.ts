import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about bills of providers and their comparison with what was recorded. */

const AMOUNT: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?\\d+$' }],
  description: 'Nano-USD; text past 2^53.',
}
const COUNT: Schema = { anyOf: [integer(), { type: 'string', pattern: '^\\d+$' }] }
const TENANT = orNull(text('Whose account it is. Null: of the whole server.'))

const tokens = (of: Schema): { readonly [name: string]: Schema } => ({
  fresh_input_tokens: of,
  cache_read_tokens: of,
  cache_write_tokens: of,
  output_tokens: of,
})

const EXPLAINED = object(
  {
    missing_nano_usd: AMOUNT,
    price_drift_nano_usd: AMOUNT,
    unpriced_nano_usd: AMOUNT,
    rounding_nano_usd: AMOUNT,
    unknown_nano_usd: AMOUNT,
  },
  { description: 'Why theirs is not ours; the parts add up to the difference exactly.' },
)

const ROW = object({
  day: text('Of UTC.'),
  model: orNull(text('As the provider spells it. Null: what it attributes to no model.')),
  ours: object({
    requests: COUNT,
    ...tokens(COUNT),
    cost_nano_usd: orNull(AMOUNT),
    unpriced_requests: COUNT,
  }),
  theirs: object(
    { requests: orNull(integer()), ...tokens(orNull(COUNT)), cost_nano_usd: orNull(AMOUNT) },
    { description: 'Null: no report has told of it.' },
  ),
  difference_nano_usd: orNull(AMOUNT),
  explained: orNull(EXPLAINED),
})

const NOTHING = {
  missing_nano_usd: 0,
  price_drift_nano_usd: 0,
  unpriced_nano_usd: 0,
  rounding_nano_usd: 0,
  unknown_nano_usd: 0,
}

export const SHOW_RECONCILIATION_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'Only days that a bill tells of. Answers of a gateway’s cache are left out: they are on nobody’s bill. Bills are of an account: whoever sees some agents only sees none.',
  parameters: [
    { name: 'provider', in: 'query', description: 'One provider.', schema: text(), example: 'openai' },
    {
      name: 'from',
      in: 'query',
      description: 'A day of UTC; default: 31 days before `to`.',
      schema: text(),
      example: '2026-11-01',
    },
    {
      name: 'to',
      in: 'query',
      description: 'A day of UTC, not included; default: tomorrow.',
      schema: text(),
      example: '2026-11-02',
    },
    { name: 'tenant_id', in: 'query', description: 'The account of this tenant, beside its events.', schema: text() },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` waits until everything acknowledged so far is in the figures.',
      schema: { type: 'string', enum: ['applied'] },
    },
  ],
  answers: {
    200: jsonAnswer(
      'By provider, day and model',
      object({
        from: text(),
        to: text(),
        tenant_id: TENANT,
        providers: array(
          object({
            provider: text(),
            rows: array(ROW),
            totals: object(
              {
                ours_nano_usd: AMOUNT,
                theirs_nano_usd: AMOUNT,
                difference_nano_usd: AMOUNT,
                explained: EXPLAINED,
              },
              { description: 'Of the rows whose costs were told.' },
            ),
          }),
        ),
      }),
      {
        from: '2026-11-01',
        to: '2026-11-02',
        tenant_id: null,
        providers: [
          {
            provider: 'openai',
            rows: [
              {
                day: '2026-11-01',
                model: 'gpt-4o-2024-08-06',
                ours: {
                  requests: 11,
                  fresh_input_tokens: 900,
                  cache_read_tokens: 0,
                  cache_write_tokens: 0,
                  output_tokens: 100,
                  cost_nano_usd: 3_250_000,
                  unpriced_requests: 0,
                },
                theirs: {
                  requests: 12,
                  fresh_input_tokens: 1_000,
                  cache_read_tokens: 0,
                  cache_write_tokens: 0,
                  output_tokens: 100,
                  cost_nano_usd: 3_500_000,
                },
                difference_nano_usd: 250_000,
                explained: { ...NOTHING, missing_nano_usd: 250_000 },
              },
            ],
            totals: {
              ours_nano_usd: 3_250_000,
              theirs_nano_usd: 3_500_000,
              difference_nano_usd: 250_000,
              explained: { ...NOTHING, missing_nano_usd: 250_000 },
            },
          },
        ],
      },
    ),
  },
  errors: ['invalid_query', 'store_unavailable'],
}

export const PUT_RECONCILIATION_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'A part replaces what was known of it for its days, so sending it again changes nothing. `tallystick reconcile import` makes these of the reports of OpenAI and Anthropic.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            provider: text('As events name it.'),
            part: { type: 'string', enum: ['cost', 'usage'] },
            tenant_id: TENANT,
            days: array(
              object({
                day: text('Of UTC.'),
                rows: array(
                  object(
                    {
                      model: orNull(text('Absent: what is attributed to no model.')),
                      requests: integer('Of usage.'),
                      ...tokens(integer('Of usage.')),
                      cost_nano_usd: AMOUNT,
                      cost_fresh_input_nano_usd: AMOUNT,
                      cost_cache_read_nano_usd: AMOUNT,
                      cost_cache_write_nano_usd: AMOUNT,
                      cost_output_nano_usd: AMOUNT,
                      cost_other_nano_usd: AMOUNT,
                      lines: integer('From how many rounded amounts the cost was added.'),
                    },
                    {
                      optional: [
                        'model',
                        'requests',
                        ...Object.keys(tokens({})),
                        'cost_nano_usd',
                        'cost_fresh_input_nano_usd',
                        'cost_cache_read_nano_usd',
                        'cost_cache_write_nano_usd',
                        'cost_output_nano_usd',
                        'cost_other_nano_usd',
                        'lines',
                      ],
                    },
                  ),
                ),
              }),
              'At most 2,000 rows in all. A day without rows was one without usage, or without costs.',
            ),
          },
          { optional: ['tenant_id'] },
        ),
        examples: {
          costs: {
            summary: 'Costs of a day',
            value: {
              provider: 'openai',
              part: 'cost',
              days: [
                {
                  day: '2026-11-01',
                  rows: [
                    {
                      model: 'gpt-4o-2024-08-06',
                      cost_nano_usd: 3_500_000,
                      cost_fresh_input_nano_usd: 2_500_000,
                      cost_output_nano_usd: 1_000_000,
                      lines: 2,
                    },
                  ],
                },
              ],
            },
          },
          usage: {
            summary: 'Usage of a day',
            value: {
              provider: 'openai',
              part: 'usage',
              days: [
                {
                  day: '2026-11-01',
                  rows: [{ model: 'gpt-4o-2024-08-06', requests: 12, fresh_input_tokens: 1_000, output_tokens: 100 }],
                },
              ],
            },
          },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer('What was taken', object({ provider: text(), part: text(), days: integer(), rows: integer() }), {
      provider: 'openai',
      part: 'cost',
      days: 1,
      rows: 1,
    }),
  },
  errors: ['invalid_json', 'invalid_body', 'too_many_entries', 'disk_full', 'journal_unavailable'],
}
