import type { ErrorCode } from '@tallystick/core'
import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about budgets and leases; `docs/budgets.md` says it at length. */

const DIGITS: Schema = { type: 'string', pattern: '^\\d+$', description: 'A decimal integer: nano-USD or tokens.' }
const AMOUNT: Schema = {
  anyOf: [integer(), { type: 'string', pattern: '^\\d{1,27}$' }],
  description: 'Integer nano-USD or tokens; past 2^53 - 1 as a string of digits.',
}
const PERCENT = integer('Percent of the amount.', 1_000)
const SUBJECT: Schema = object(
  {
    dimension: text('`agent_id`, `api_key_id`, `user_id`, `provider`, `model` or `tags.KEY`.'),
    value: text(),
  },
  { description: 'Whose spend: events for which the dimension has this value. Absent: everything.' },
)
const WINDOW: Schema = object(
  {
    kind: { type: 'string', enum: ['day', 'week', 'month', 'rolling', 'total'] },
    time_zone: text('IANA zone that a day, week or month belongs to; UTC unless given.'),
    ms: integer('How long a rolling window is.'),
  },
  { optional: ['time_zone', 'ms'] },
)
const MODE: Schema = {
  type: 'string',
  enum: ['hard', 'soft'],
  description: '`hard` refuses leases beyond the amount; `soft` only tells.',
}
const UNIT: Schema = { type: 'string', enum: ['nano_usd', 'tokens'] }

export const BUDGET_INPUT_SCHEMA: Schema = object(
  {
    id: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', description: 'Minted unless given.' },
    name: text(),
    tenant_id: text('Absent: of the whole server.'),
    subject: orNull(SUBJECT),
    unit: { ...UNIT, default: 'nano_usd' },
    amount: AMOUNT,
    amount_usd: { anyOf: [text(), { type: 'number' }], description: 'Instead of `amount`: decimal dollars, exactly.' },
    window: WINDOW,
    mode: MODE,
    thresholds: array(PERCENT, 'When to tell; 50, 80, 90, 95 and 100 unless given.'),
    revision: integer('The revision that the change was made from.'),
  },
  {
    optional: [
      'id',
      'tenant_id',
      'subject',
      'unit',
      'amount',
      'amount_usd',
      'window',
      'mode',
      'thresholds',
      'revision',
    ],
  },
)

export const BUDGET_SCHEMA: Schema = object({
  id: text(),
  name: text(),
  tenant_id: orNull(text()),
  subject: orNull(SUBJECT),
  unit: UNIT,
  amount: DIGITS,
  window: WINDOW,
  mode: MODE,
  thresholds: array(PERCENT),
  revision: integer('Rises with every change.'),
  created_ms: integer(),
  updated_ms: integer(),
  counted_from_ms: orNull(integer('Earlier spend does not count: the budget was reset then.')),
  spent: { ...DIGITS, description: 'The sum of the events of the window.' },
  reserved: { ...DIGITS, description: 'Promised to requests that are under way.' },
  remaining: { ...DIGITS, description: 'What can still be promised.' },
  used_basis_points: integer('Share of the amount that is spent, in hundredths of a percent, rounded down.'),
  status: { type: 'string', enum: ['active', 'exhausted'] },
  risk_level: { type: 'string', enum: ['low', 'medium', 'high', 'critical', 'exhausted'] },
  projected: orNull({ ...DIGITS, description: 'Spend at the end of the window if it goes on like this.' }),
  requests: integer(),
  unpriced_requests: integer('Requests whose cost nobody knows: they are in no amount.'),
  leases: integer('Leases that take room.'),
  window_start_ms: integer(),
  resets_ms: orNull(integer('When spend begins anew.')),
  crossed: array(object({ threshold: PERCENT, at_ms: integer() }), 'Thresholds reached in this window.'),
})

export const LEASE_SCHEMA: Schema = object(
  {
    id: text(),
    request_id: text(),
    state: { type: 'string', enum: ['open', 'settled', 'expired', 'returned'] },
    tenant_id: orNull(text()),
    agent_id: orNull(text()),
    budgets: array(text(), 'Budgets that the request counts in.'),
    granted_nano_usd: orNull(DIGITS),
    granted_tokens: orNull(DIGITS),
    partial: flag('Less was granted than was asked for.'),
    settled_nano_usd: orNull(DIGITS),
    settled_tokens: orNull(DIGITS),
    takes_room: flag('Keeps others out of room: while it is open, and settled until its event is counted.'),
    created_ms: integer(),
    expires_ms: integer('Until when it takes room at the most.'),
    event: object({ event_id: text(), status: { type: 'string', enum: ['accepted', 'duplicate'] } }),
  },
  { optional: ['event'] },
)

const id = (what: string, example: string): ParameterDoc => ({
  name: 'id',
  in: 'path',
  required: true,
  description: `Of the ${what}.`,
  schema: text(),
  example,
})
const BUDGET_ID = id('budget', 'team-search')
const DEFINITION = {
  name: 'Team search',
  subject: { dimension: 'tags.team', value: 'search' },
  amount_usd: '25.00',
  window: { kind: 'month', time_zone: 'Europe/Berlin' },
  mode: 'hard',
}
const BUDGET = {
  id: 'team-search',
  name: 'Team search',
  tenant_id: null,
  subject: { dimension: 'tags.team', value: 'search' },
  unit: 'nano_usd',
  amount: '25000000000',
  window: { kind: 'month', time_zone: 'Europe/Berlin' },
  mode: 'hard',
  thresholds: [50, 80, 90, 95, 100],
  revision: 1,
  created_ms: 1_795_262_400_000,
  updated_ms: 1_795_262_400_000,
  counted_from_ms: null,
  spent: '13000000000',
  reserved: '40000000',
  remaining: '11960000000',
  used_basis_points: 5_200,
  status: 'active',
  risk_level: 'medium',
  projected: '18950000000',
  requests: 8_819,
  unpriced_requests: 0,
  leases: 4,
  window_start_ms: 1_793_487_600_000,
  resets_ms: 1_796_079_600_000,
  crossed: [{ threshold: 50, at_ms: 1_795_201_000_000 }],
}
const LEASE = {
  id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  request_id: 'req-8819',
  state: 'open',
  tenant_id: null,
  agent_id: 'agent_42',
  budgets: ['team-search'],
  granted_nano_usd: '10000000',
  granted_tokens: '2200',
  partial: false,
  settled_nano_usd: null,
  settled_tokens: null,
  takes_room: true,
  created_ms: 1_795_262_400_000,
  expires_ms: 1_795_263_000_000,
}

const DEFINITION_ERRORS: readonly ErrorCode[] = [
  ...(['invalid_json', 'invalid_body', 'not_an_object', 'missing_field', 'invalid_type', 'not_an_integer'] as const),
  ...(['out_of_range', 'unknown_value', 'too_long', 'too_many_entries', 'empty_value', 'invalid_text'] as const),
  ...(['body_too_large', 'disk_full', 'journal_unavailable'] as const),
]
const jsonBody = (schema: Schema, examples: Readonly<Record<string, unknown>>): NonNullable<RouteDoc['body']> => ({
  required: true,
  content: {
    'application/json': {
      schema,
      examples: Object.fromEntries(
        Object.entries(examples).map(([name, value]) => [name, { summary: name.replaceAll('_', ' '), value }]),
      ),
    },
  },
})

export const LIST_BUDGETS_DOC: RouteDoc = {
  tag: 'Budgets',
  description: 'In the order in which they were made.',
  answers: {
    200: jsonAnswer('Budgets and how they stand', object({ budgets: array(ref('Budget')) }), { budgets: [BUDGET] }),
  },
  errors: ['store_unavailable'],
}

export const CREATE_BUDGET_DOC: RouteDoc = {
  tag: 'Budgets',
  description: 'What has been spent already in the window counts at once. A total counts from now on.',
  body: jsonBody(ref('BudgetInput'), {
    a_team: { ...DEFINITION, id: 'team-search' },
    an_agent_in_tokens: {
      name: 'Agent 42',
      subject: { dimension: 'agent_id', value: '42' },
      unit: 'tokens',
      amount: 2_000_000,
      window: { kind: 'rolling', ms: 86_400_000 },
      mode: 'soft',
      thresholds: [80, 100],
    },
  }),
  answers: { 201: jsonAnswer('The budget', ref('Budget'), BUDGET) },
  errors: [...DEFINITION_ERRORS, 'budget_exists', 'store_unavailable'],
}

export const SHOW_BUDGET_DOC: RouteDoc = {
  tag: 'Budgets',
  parameters: [BUDGET_ID],
  answers: { 200: jsonAnswer('The budget and how it stands', ref('Budget'), BUDGET) },
  errors: ['budget_not_found', 'store_unavailable'],
}

export const UPDATE_BUDGET_DOC: RouteDoc = {
  tag: 'Budgets',
  description:
    'Takes the whole definition, as the one that made it. Thresholds are armed again unless only name or mode change. With `revision` it is refused where somebody has changed the budget meanwhile.',
  parameters: [BUDGET_ID],
  body: jsonBody(ref('BudgetInput'), { more_money: { ...DEFINITION, amount_usd: '30.00' } }),
  answers: { 200: jsonAnswer('The budget', ref('Budget'), { ...BUDGET, amount: '30000000000', revision: 2 }) },
  errors: [...DEFINITION_ERRORS, 'budget_not_found', 'revision_conflict', 'store_unavailable'],
}

export const RESET_BUDGET_DOC: RouteDoc = {
  tag: 'Budgets',
  description: 'Spend counts from now on, and thresholds are armed again.',
  parameters: [BUDGET_ID],
  body: { ...jsonBody(object({ revision: integer() }, { optional: ['revision'] }), { now: {} }), required: false },
  answers: { 200: jsonAnswer('The budget', ref('Budget'), { ...BUDGET, spent: '0', crossed: [] }) },
  errors: ['invalid_json', 'budget_not_found', 'revision_conflict', 'store_unavailable'],
}

export const DELETE_BUDGET_DOC: RouteDoc = {
  tag: 'Budgets',
  description: 'Leases go on, and take room in the other budgets that they count in.',
  parameters: [
    BUDGET_ID,
    { name: 'revision', in: 'query', description: 'The revision that is to be deleted.', schema: integer() },
  ],
  answers: { 200: jsonAnswer('It is gone', object({ deleted: text() }), { deleted: 'team-search' }) },
  errors: ['budget_not_found', 'not_an_integer', 'revision_conflict'],
}

export const CREATE_LEASE_DOC: RouteDoc = {
  tag: 'Budgets',
  description:
    'Takes room in every budget that the request counts in, or in none. Say what it costs at the most, by `nano_usd` and `tokens`, or by `model`, `input_tokens` and `max_output_tokens`. The same `request_id` is the same lease. A hard budget without room answers 402, and the problem has a member `budget` that says which one, what is left, and when it begins anew.',
  body: jsonBody(
    object(
      {
        request_id: text("The caller's own name for the request; the id of its event."),
        tenant_id: text(),
        agent_id: { anyOf: [text(), integer()] },
        api_key_id: text(),
        user_id: text(),
        provider: text(),
        model: text(),
        tags: { type: 'object', additionalProperties: text() },
        nano_usd: AMOUNT,
        tokens: AMOUNT,
        input_tokens: integer(),
        max_output_tokens: integer(),
        ttl_ms: integer('How long it takes room unless it ends earlier; 10 minutes unless given.', 86_400_000),
        partial: flag('Less will do.'),
      },
      {
        optional: [
          ...['tenant_id', 'agent_id', 'api_key_id', 'user_id', 'provider', 'model', 'tags', 'nano_usd', 'tokens'],
          ...['input_tokens', 'max_output_tokens', 'ttl_ms', 'partial'],
        ],
      },
    ),
    {
      by_amounts: {
        request_id: 'req-8819',
        agent_id: '42',
        tags: { team: 'search' },
        nano_usd: 10_000_000,
        tokens: 2_200,
      },
      by_model: {
        request_id: 'req-8820',
        agent_id: '42',
        provider: 'openai',
        model: 'gpt-4o',
        input_tokens: 1_200,
        max_output_tokens: 1_000,
      },
    },
  ),
  answers: { 201: jsonAnswer('The lease', ref('Lease'), LEASE) },
  errors: [...DEFINITION_ERRORS, 'budget_exceeded', 'request_conflict', 'store_unavailable'],
}

export const SHOW_LEASE_DOC: RouteDoc = {
  tag: 'Budgets',
  parameters: [id('lease', 'lease-shown')],
  answers: { 200: jsonAnswer('The lease', ref('Lease'), LEASE) },
  errors: ['lease_not_found'],
}

export const SETTLE_LEASE_DOC: RouteDoc = {
  tag: 'Budgets',
  description:
    'With `event`, what the request used is recorded as an event with the id of the request, and the room is given back in the moment in which it is counted. With `nano_usd` and `tokens`, the event comes by another way, and that much room is taken until it does, 10 minutes at the most. Again it changes nothing.',
  parameters: [id('lease', 'lease-settled')],
  body: jsonBody(
    object(
      {
        event: {
          ...ref('EventInput'),
          description: 'As `POST /api/v1/events` takes it; what the lease knows need not be said.',
        },
        nano_usd: AMOUNT,
        tokens: AMOUNT,
      },
      { optional: ['event', 'nano_usd', 'tokens'] },
    ),
    {
      usage: {
        event: { provider: 'openai', model: 'gpt-4o', input_tokens: 1_187, output_tokens: 212, duration_ms: 900 },
      },
    },
  ),
  answers: {
    200: jsonAnswer('The lease, and what became of the event', ref('Lease'), {
      ...LEASE,
      state: 'settled',
      settled_nano_usd: '5087500',
      settled_tokens: '1399',
      takes_room: false,
      event: { event_id: 'req-8819', status: 'accepted' },
    }),
  },
  errors: [...DEFINITION_ERRORS, 'usage_inconsistent', 'lease_not_found', 'lease_ended', 'request_conflict'],
}

export const RETURN_LEASE_DOC: RouteDoc = {
  tag: 'Budgets',
  description: 'The request was not made, and nothing was spent.',
  parameters: [id('lease', 'lease-returned')],
  answers: { 200: jsonAnswer('The lease', ref('Lease'), { ...LEASE, state: 'returned', takes_room: false }) },
  errors: ['lease_not_found', 'lease_ended', 'disk_full', 'journal_unavailable'],
}
