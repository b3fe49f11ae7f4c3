import { CONSISTENCY, EVENT_FILTER_NOTE } from './query-schema.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about one event and the receipt of its cost. */

const DIFFERENCE: Schema = { type: 'integer', description: 'Nano-USD; below zero where it is less.' }

const LINE = object({
  component: text('`input`, `cache_read`, `output`, ... or `unit:NAME`; `units` where several stand together.'),
  count: orNull(integer('Tokens or units.')),
  price_nano_usd: orNull(integer('Published price for `per` of them; null where the price row is gone.')),
  per: orNull(integer()),
  multiplier_permille: orNull(integer('What the price was multiplied by for the service tier; 1000 is once.')),
  cost_nano_usd: integer('count x price / per x multiplier / 1000.'),
  rounded: flag('That was no whole number of nano-USD: it was rounded half to even.'),
})

export const RECEIPT_SCHEMA: Schema = object(
  {
    cost_nano_usd: orNull(integer('What is reported; null is unpriced, never zero.')),
    cost_basis: orNull(text('Whose figure it is: catalogue, override, provider, client, unpriced.')),
    list_nano_usd: orNull(integer('At list price: the cost, unless somebody has reported another.')),
    lines: array(LINE, 'They add up to `list_nano_usd` exactly.'),
    lines_from: orNull({
      type: 'string',
      enum: ['price', 'record'],
      description:
        '`price`: worked out again from the price row, to the same figures. `record`: that row is gone; the parts that were recorded.',
    }),
    price: orNull(
      object({
        id: text('Immutable: row, context tier, service tier.'),
        source: orNull(text('catalogue or override; null, like all that follows, where the row is gone.')),
        match: orNull(text('How the name of the model was found: exact, alias, suffix, prefix, default.')),
        provider: orNull(text()),
        model: orNull(text('Whose price it is; not always the name that was asked for.')),
        effective_from_ms: orNull(integer()),
        effective_to_ms: orNull(integer()),
        above_input_tokens: orNull(integer('Its input exceeded this: the prices of long contexts held for all of it.')),
        service_tier: orNull(text()),
        flag: orNull({
          type: 'string',
          enum: ['before_first_row', 'unknown_service_tier'],
          description: 'Why the figure may be off.',
        }),
      }),
    ),
    reported: orNull(
      object({
        by: { type: 'string', enum: ['provider', 'client'] },
        cost_nano_usd: integer(),
        difference_nano_usd: orNull({ ...DIFFERENCE, description: 'Reported less list price, nano-USD.' }),
      }),
    ),
    repriced: orNull(
      object({
        cost_nano_usd: integer('At newer prices; what was billed stays.'),
        difference_nano_usd: DIFFERENCE,
        price_id: orNull(text()),
        lines: array(LINE, 'They add up to its cost; none where the price row is gone.'),
      }),
    ),
    cache_savings_nano_usd: orNull(integer('What the cache reads would have cost more as fresh input.')),
    unpriced: orNull(
      object({
        reason: {
          type: 'string',
          enum: [
            'no_price',
            'no_usage',
            'no_unit_price',
            'total_tokens_only',
            'overflow',
            'invalid_usage',
            'priced_since',
          ],
        },
        about: orNull(text('A component that has no price.')),
        now_nano_usd: orNull(integer('What it comes to at the prices in force now.')),
        why: text('For people.'),
        remedy: text('What would give it a price.'),
      }),
    ),
    prices_version: text('The prices in force now.'),
  },
  { description: 'How the recorded cost of an event came about; nothing is priced anew.' },
)

export const SHOW_EVENT_DOC: RouteDoc = {
  tag: 'Events',
  description: `One whole event, and how its cost came about. Ids are unique within an agent (or source) of a tenant: where several events have the id, the answer is \`ambiguous_event\`, and \`issues\` lists what to add to the address for each. ${EVENT_FILTER_NOTE}`,
  parameters: [
    {
      name: 'event_id',
      in: 'path',
      description: 'Percent-encoded. An id that is `.` or `..` is no part of an address: list it with `?event_id=`.',
      schema: text(),
      required: true,
      example: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
    },
    {
      name: 'timestamp_ms',
      in: 'query',
      description: 'When it happened, ms since 1970 UTC. With it the answer takes no search.',
      schema: integer(),
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` first waits until everything acknowledged so far can be found.',
      schema: CONSISTENCY,
    },
  ],
  answers: {
    200: jsonAnswer(
      'The event and its receipt',
      object({
        event: ref('Event'),
        received_ms: integer('When the server took it, ms since 1970 UTC.'),
        receipt: ref('Receipt'),
      }),
      {
        event: {
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
          cost_input_nano_usd: 3_000_000,
          cost_output_nano_usd: 800_000,
          cost_list_nano_usd: 3_800_000,
          cost_basis: 'catalogue',
          price_id: '1a2b3c4d/openai/gpt-4o/0',
        },
        received_ms: 1_795_262_401_000,
        receipt: {
          cost_nano_usd: 3_800_000,
          cost_basis: 'catalogue',
          list_nano_usd: 3_800_000,
          lines: [
            {
              component: 'input',
              count: 1200,
              price_nano_usd: 2_500_000_000,
              per: 1_000_000,
              multiplier_permille: 1000,
              cost_nano_usd: 3_000_000,
              rounded: false,
            },
            {
              component: 'output',
              count: 80,
              price_nano_usd: 10_000_000_000,
              per: 1_000_000,
              multiplier_permille: 1000,
              cost_nano_usd: 800_000,
              rounded: false,
            },
          ],
          lines_from: 'price',
          price: {
            id: '1a2b3c4d/openai/gpt-4o/0',
            source: 'catalogue',
            match: 'exact',
            provider: 'openai',
            model: 'gpt-4o',
            effective_from_ms: null,
            effective_to_ms: null,
            above_input_tokens: null,
            service_tier: null,
            flag: null,
          },
          reported: null,
          repriced: null,
          cache_savings_nano_usd: null,
          unpriced: null,
          prices_version: '0.0.40.1a2b3c4d',
        },
      },
    ),
  },
  errors: ['event_not_found', 'ambiguous_event', 'unknown_parameter', 'unknown_value', 'invalid_query', 'overloaded'],
}
