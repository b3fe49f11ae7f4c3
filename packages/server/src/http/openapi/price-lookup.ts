import { TOKEN_PRICE_NAMES } from '@tallystick/core/pricing'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about looking prices up. */

/** @example wireName('cacheWrite1h') // 'cache_write_1h' */
export const wireName = (name: string): string => name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`)

export const MOST_LOOKUPS = 500

const UNIT_PRICES: Schema = object(Object.fromEntries(TOKEN_PRICE_NAMES.map((name) => [wireName(name), integer()])), {
  optional: TOKEN_PRICE_NAMES.map(wireName),
  description:
    'Nano-USD per million tokens, by kind. One that is absent is not known; docs/prices.md says what stands in.',
})

const ASKED = { provider: orNull(text('Who bills; null: publishers are asked in a fixed order.')), model: text() }

const PRICE = object({
  price_id: text('Immutable: the same id never stands for other figures.'),
  provider: orNull(text('Who bills, as the price table names it.')),
  model: text('Whose price it is; not always the model that was asked for.'),
  match: text('The rule that found it.'),
  source: { type: 'string', enum: ['catalogue', 'override'] },
  before_first_row: flag('The instant lies before the first known price; the first was taken.'),
  effective_from_ms: orNull(integer()),
  effective_to_ms: orNull(integer()),
  unit_prices: UNIT_PRICES,
  tiers: array(
    object({ above_input_tokens: integer(), unit_prices: UNIT_PRICES }),
    'What all tokens of a request cost whose input is longer.',
  ),
})

export const LOOK_UP_PRICES_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'The prices in force for models as requests name them: overrides first, then the catalogue.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            at_ms: integer('Prices of that instant; now when absent.'),
            models: { ...array(object(ASKED, { optional: ['provider'] })), minItems: 1, maxItems: MOST_LOOKUPS },
          },
          { optional: ['at_ms'] },
        ),
        examples: { one: { summary: 'One model', value: { models: [{ provider: 'openai', model: 'gpt-4o' }] } } },
      },
    },
  },
  answers: {
    200: jsonAnswer(
      'In the order they were asked for',
      object({
        at_ms: integer(),
        version: text('Names these prices.'),
        models: array(
          object({ ...ASKED, price: orNull(PRICE) }),
          'With null for a price where nobody knows one: its requests are unpriced.',
        ),
      }),
      {
        at_ms: 1_795_262_400_000,
        version: '0.0.71-3c9e0f1a',
        models: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            price: {
              price_id: 'openai/gpt-4o@1d7a3c9e',
              provider: 'openai',
              model: 'gpt-4o',
              match: 'id',
              source: 'catalogue',
              before_first_row: false,
              effective_from_ms: null,
              effective_to_ms: null,
              unit_prices: { input: 2_500_000_000, output: 10_000_000_000, cache_read: 1_250_000_000 },
              tiers: [],
            },
          },
          { provider: null, model: 'a-model-of-our-own', price: null },
        ],
      },
    ),
  },
  errors: ['invalid_body'],
}
