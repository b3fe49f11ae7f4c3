import { ERROR } from './protocol012.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about the routes of Protocol 005; `docs/budgets.md` says it at length. */

const MICROS = integer('Integer micro-USD.')
const USD: Schema = { type: 'number', description: 'The same in USD; either will do.', minimum: 0 }
const LEASE_ID = 'lease_00112233445566778899aabbccddeeff'
const GRANT = {
  ip_token: text('Names the lease, and stands for knowing its id.'),
  lease_id: text(),
  budget_granted: orNull(MICROS),
  budget_granted_usd: orNull(USD),
  budget_remaining: orNull({ ...MICROS, description: 'Left in the tightest budget; null where there is none.' }),
  budget_remaining_usd: orNull(USD),
  expires_at: integer('ms since 1970 UTC.'),
}
const GRANTED = {
  ip_token: `ip_${LEASE_ID}`,
  lease_id: LEASE_ID,
  budget_granted: 10_000_000,
  budget_granted_usd: 10,
  budget_remaining: 15_000_000,
  budget_remaining_usd: 15,
  expires_at: 1_795_266_000_000,
}
const TOKEN = text('An IC token, or an API key. May stand in `Authorization` instead.')
const REQUEST_ID = text('Makes a repeat recognisable.')
const REFUSALS = [
  'missing_field',
  'invalid_type',
  'out_of_range',
  'not_an_integer',
  'invalid_body',
  'invalid_json',
] as const

const body = (
  properties: { readonly [name: string]: Schema },
  required: readonly string[],
  value: unknown,
): NonNullable<RouteDoc['body']> => ({
  required: true,
  content: {
    'application/json': {
      schema: { type: 'object', properties, required, additionalProperties: true },
      examples: { request: { summary: 'A request', value } },
    },
  },
})

export const HANDSHAKE_DOC: RouteDoc = {
  tag: 'Protocol 005',
  description: 'A lease for an agent: as much as was asked for, $10 unless said, or as is left.',
  body: body(
    {
      ic_token: TOKEN,
      provider: text(),
      provider_key_id: text(),
      requested_budget: { ...MICROS, maximum: 100_000_000 },
      requested_budget_usd: USD,
      request_id: REQUEST_ID,
    },
    ['provider'],
    { ic_token: 'any-token-in-local-mode', provider: 'openai', requested_budget: 10_000_000 },
  ),
  answers: { 200: jsonAnswer('The lease', object(GRANT), GRANTED) },
  errors: [...REFUSALS, 'unauthorized', 'budget_exceeded', 'request_conflict', 'store_unavailable'],
  errorContent: ERROR,
}

export const REPORT_DOC: RouteDoc = {
  tag: 'Protocol 005',
  description: 'What one request used. It becomes an event with the id of the request, and is counted once.',
  body: body(
    {
      lease_id: text(),
      request_id: text(),
      tokens: integer(),
      cost_microdollars: MICROS,
      cost_usd: USD,
      model: text(),
      provider: text(),
    },
    ['lease_id', 'request_id', 'tokens', 'model'],
    {
      lease_id: LEASE_ID,
      request_id: 'req-1',
      tokens: 1_200,
      cost_microdollars: 3_600,
      model: 'gpt-4o',
      provider: 'openai',
    },
  ),
  answers: {
    200: jsonAnswer(
      'It is counted',
      object({
        success: flag(),
        budget_remaining: orNull(MICROS),
        budget_remaining_usd: orNull(USD),
        lease_remaining: orNull(MICROS),
        lease_remaining_usd: orNull(USD),
      }),
      {
        success: true,
        budget_remaining: 15_000_000,
        budget_remaining_usd: 15,
        lease_remaining: 9_996_400,
        lease_remaining_usd: 9.9964,
      },
    ),
  },
  errors: [...REFUSALS, 'lease_not_found', 'lease_ended', 'request_conflict'],
  errorContent: ERROR,
}

export const REFRESH_DOC: RouteDoc = {
  tag: 'Protocol 005',
  description: 'A further lease beside the current one. Always 200: `denied` where no budget has room.',
  body: body(
    {
      ic_token: TOKEN,
      current_lease_id: text(),
      requested_budget: { ...MICROS, maximum: 1_000_000_000 },
      requested_budget_usd: USD,
      request_id: REQUEST_ID,
    },
    ['current_lease_id'],
    { ic_token: 'any-token-in-local-mode', current_lease_id: LEASE_ID, requested_budget_usd: 2.5 },
  ),
  answers: {
    200: jsonAnswer(
      'A further lease, or none',
      object(
        { status: { type: 'string', enum: ['approved', 'denied'] }, reason: text(), ...GRANT },
        { optional: ['reason', 'ip_token', 'lease_id', 'expires_at'] },
      ),
      { status: 'approved', ...GRANTED },
    ),
  },
  errors: [...REFUSALS, 'unauthorized', 'lease_not_found', 'request_conflict', 'store_unavailable'],
  errorContent: ERROR,
}

export const RETURN_DOC: RouteDoc = {
  tag: 'Protocol 005',
  description: 'Gives back what is left of a lease. Spend that was never reported becomes an event now.',
  body: body({ lease_id: text(), spent_microdollars: MICROS, final_spent_usd: USD }, ['lease_id'], {
    lease_id: LEASE_ID,
    spent_microdollars: 3_600,
  }),
  answers: {
    200: jsonAnswer(
      'It is given back',
      object({ success: flag(), returned: orNull(MICROS), returned_usd: orNull(USD) }),
      {
        success: true,
        returned: 9_996_400,
        returned_usd: 9.9964,
      },
    ),
  },
  errors: [...REFUSALS, 'lease_not_found'],
  errorContent: ERROR,
}
