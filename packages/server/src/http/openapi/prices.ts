import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about prices. */

const UNIT_PRICES: Schema = {
  type: 'object',
  description:
    'Kind of tokens to nano-USD per million of them: `input`, `cache_read`, `output` and so on. One that is absent is not known; docs/prices.md says what stands in.',
  additionalProperties: integer(),
}

const TIERS: Schema = array(
  object({ above_input_tokens: integer(), unit_prices: UNIT_PRICES }),
  'Prices of the whole request beyond a length of its input.',
)

const ROW: { readonly [name: string]: Schema } = {
  unit_prices: UNIT_PRICES,
  tiers: TIERS,
  units: array(
    object({ unit: text(), nano_usd: integer(), per: integer() }),
    'Other billed units: `nano_usd` for every `per` of them.',
  ),
  service_tiers: array(
    object(
      { tier: text(), permille: integer('Applied to token prices.'), unit_prices: UNIT_PRICES, tiers: TIERS },
      { optional: ['permille', 'unit_prices', 'tiers'] },
    ),
    'Either a share of the token prices, or prices of its own.',
  ),
  time_of_day: orNull(
    object({
      from_ms: integer('Of the UTC day.'),
      to_ms: integer('Of the UTC day, exclusive; not beyond `from_ms`: of the next day.'),
    }),
  ),
  effective_from_ms: orNull(integer()),
  effective_to_ms: orNull(integer()),
  context_tokens: orNull(integer('The most tokens of one request, where that is known.')),
}

/** A price and how it was found. */
export const PRICE: Schema = object({
  provider: orNull(text('Who bills.')),
  model: text('Whose price it is; not always the one that was asked for.'),
  match: { type: 'string', enum: ['exact', 'alias', 'suffix', 'prefix', 'default'] },
  source: { type: 'string', enum: ['catalogue', 'override'] },
  price_id: text('Immutable: the same id never stands for other figures.'),
  before_first_row: flag('The instant lies before the first known price, which was taken.'),
  ...ROW,
})

export const PRICE_EXAMPLE = {
  provider: 'openai',
  model: 'gpt-4o-mini',
  match: 'exact',
  source: 'catalogue',
  price_id: '0.0.40+1a2b3c4d/openai/gpt-4o-mini/0',
  before_first_row: false,
  unit_prices: { input: 150_000_000, cache_read: 75_000_000, output: 600_000_000 },
  tiers: [],
  units: [],
  service_tiers: [{ tier: 'batch', permille: 500 }],
  time_of_day: null,
  effective_from_ms: null,
  effective_to_ms: null,
  context_tokens: 128_000,
}

export const PRICES_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'With `model` its price at an instant and the rule that found it; without, the version of the prices in force and every override.',
  parameters: [
    { name: 'model', in: 'query', description: 'As requests name it.', schema: text(), example: 'gpt-4o-mini' },
    {
      name: 'provider',
      in: 'query',
      description: 'Who bills; without it publishers are asked in a fixed order.',
      schema: text(),
    },
    { name: 'at', in: 'query', description: 'ms or RFC 3339; now when absent.', schema: text() },
  ],
  answers: {
    200: jsonAnswer(
      'The price, or the prices in force',
      object({
        version: text('Names the prices: catalogue, and a fingerprint of the overrides.'),
        at_ms: integer(),
        found: orNull(PRICE),
        nearest: array(text(), 'Names most like one without a price.'),
        overrides: array(
          object({
            provider: orNull(text()),
            model: text(),
            aliases: array(text()),
            prefix: flag('It stands for every longer name that begins with it.'),
            rows: array(object({ price_id: text(), ...ROW })),
          }),
          'Without `model`, at most 1,000.',
        ),
      }),
      { version: '0.0.40+1a2b3c4d', at_ms: 1_795_262_400_000, found: PRICE_EXAMPLE, nearest: [], overrides: [] },
    ),
  },
  errors: ['invalid_query'],
}

export const PRICE_MODELS_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'Models that have a price of their own, overrides first.',
  parameters: [
    {
      name: 'search',
      in: 'query',
      description: 'Words that provider and model contain.',
      schema: text(),
      example: 'gpt-4o',
    },
    {
      name: 'limit',
      in: 'query',
      description: 'Models.',
      schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    },
  ],
  answers: {
    200: jsonAnswer(
      'Models',
      object({
        models: array(
          object({
            provider: orNull(text()),
            model: text(),
            source: { type: 'string', enum: ['catalogue', 'override'] },
            input: orNull(integer('Nano-USD per million tokens now.')),
            output: orNull(integer()),
            context_tokens: orNull(integer()),
          }),
        ),
        total: integer('How many there are in all.'),
      }),
      {
        models: [
          {
            provider: 'openai',
            model: 'gpt-4o-mini',
            source: 'catalogue',
            input: 150_000_000,
            output: 600_000_000,
            context_tokens: 128_000,
          },
        ],
        total: 1,
      },
    ),
  },
  errors: ['invalid_query'],
}
