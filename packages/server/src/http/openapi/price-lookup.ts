import { PRICE, PRICE_EXAMPLE } from './prices.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, text } from './schema.ts'

/** What the API page says about looking prices up. */

export const MOST_LOOKUPS = 500

const ASKED = { provider: orNull(text('Who bills; null: publishers are asked in a fixed order.')), model: text() }

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
        version: '0.0.40+1a2b3c4d',
        models: [
          {
            provider: 'openai',
            model: 'gpt-4o-mini',
            price: PRICE_EXAMPLE,
          },
          { provider: null, model: 'a-model-of-our-own', price: null },
        ],
      },
    ),
  },
  errors: ['invalid_body'],
}
