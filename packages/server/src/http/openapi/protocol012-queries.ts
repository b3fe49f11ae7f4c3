import { ERROR } from './protocol012.ts'
import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about the queries of Protocol 012; `docs/protocol012.md` says it at length. */

/** An integer of any size: digits in quotes beyond 2^53 - 1. */
const exact = (description?: string): Schema => ({
  type: ['integer', 'string'],
  ...(description === undefined ? {} : { description }),
})
const number = (description?: string): Schema => ({
  type: 'number',
  ...(description === undefined ? {} : { description }),
})
type Members = { readonly [name: string]: Schema }

/** An amount: USD as the nearest number, and exactly. */
const amount = (name: string, description: string): Members => ({
  [name]: number(`${description}, USD.`),
  [`${name}_micros`]: exact('The same in micro-USD, half to even.'),
  [`${name}_nano_usd`]: exact('The same in nano-USD, exactly.'),
})
/** A figure of one request. */
const perRequest = (name: string, description: string): Members => ({
  [name]: number(`${description}, USD with four decimals.`),
  [`${name}_nano_usd`]: exact('The same in nano-USD, half to even.'),
})

const query = (
  name: string,
  description: string,
  schema: Schema = text(),
  example?: string | number,
): ParameterDoc => ({
  name,
  in: 'query',
  description,
  schema,
  ...(example === undefined ? {} : { example }),
})

const PERIOD_PARAMETERS: readonly ParameterDoc[] = [
  query(
    'period',
    '`today`, `yesterday`, `last-7-days`, `last-30-days`, `this-month`, `last-month` or `all-time`, the default; the spellings of the old server too.',
  ),
  query('start', 'Instead of a period: ms, RFC 3339, or a day.'),
  query('end', 'The end, itself not in the range; a day is.'),
]
const AGENT = query('agent_id', 'One agent: `42` and `agent_42` are the same.', text(), '42')
const FILTERS: readonly ParameterDoc[] = [
  AGENT,
  query('provider_id', 'One credential.'),
  query('provider', 'One provider; `unknown` where there is none.'),
  query('model', 'One model, as it was asked for.'),
]
const pages = (perPage: number): readonly ParameterDoc[] => [
  query('page', 'From 1; past the end it is empty.', { type: 'integer', minimum: 1, default: 1 }),
  query('per_page', 'Rows on a page.', { type: 'integer', minimum: 1, maximum: 100, default: perPage }),
]

const PAGINATION = object({ page: integer(), per_page: integer(), total: integer(), total_pages: integer() })
const PERIOD: Members = {
  period: text('The first of its spellings, or `custom`.'),
  start: text(),
  end: text(),
}
const SHOWN = object(
  { agent_id: orNull(text()), provider_id: orNull(text()), provider: text(), model: text() },
  { optional: ['provider', 'model'] },
)
const UNPRICED = { unpriced_requests: exact('Requests without a price; they count as 0 in every sum.') }
const CALCULATED: Members = { calculated_at: text() }

const ERRORS: NonNullable<RouteDoc['errors']> = [
  'invalid_period',
  'invalid_query',
  'rate_limit_exceeded',
  'query_timeout',
  'too_many_groups',
  'store_unavailable',
]

interface Answer {
  readonly description: string
  readonly members: Members
  /** Rows on a page; absent: the answer is not a list. */
  readonly perPage?: number
  readonly example?: object
}

function doc({ description, example, members, perPage }: Answer): RouteDoc {
  const schema = object({ ...members, ...PERIOD, filters: SHOWN, ...CALCULATED }, { optional: ['start', 'end'] })
  return {
    tag: 'Protocol 012',
    description,
    parameters: [...PERIOD_PARAMETERS, ...FILTERS, ...(perPage === undefined ? [] : pages(perPage))],
    answers: { 200: jsonAnswer('The figures', schema, example) },
    errors: ERRORS,
    errorContent: ERROR,
  }
}

const list = (row: Members, summary: Members): Members => ({
  data: array(object(row)),
  pagination: PAGINATION,
  summary: object(summary, { description: 'Of all rows, not of the page.' }),
})

const NO_FILTERS = { agent_id: null, provider_id: null }
const TAIL = { period: 'all-time', filters: NO_FILTERS, calculated_at: '2026-11-21T12:00:00.000Z' }
const money = (name: string, nanoUsd: number): object => ({
  [name]: nanoUsd / 1e9,
  [`${name}_micros`]: nanoUsd / 1e3,
  [`${name}_nano_usd`]: nanoUsd,
})
const each = (name: string, nanoUsd: number): object => ({
  [name]: Math.round(nanoUsd / 1e5) / 1e4,
  [`${name}_nano_usd`]: nanoUsd,
})
const ONE_PAGE = { page: 1, per_page: 50, total: 1, total_pages: 1 }

export const SPENDING_TOTAL_DOC: RouteDoc = doc({
  description: 'What completed requests have cost.',
  members: {
    ...amount('total_spend', 'What was spent'),
    currency: { const: 'USD' },
    total_requests: exact(),
    ...UNPRICED,
  },
  example: {
    ...money('total_spend', 6_000_000),
    currency: 'USD',
    total_requests: 2,
    unpriced_requests: 0,
    ...TAIL,
  },
})

export const SPENDING_BY_AGENT_DOC: RouteDoc = doc({
  description:
    'Agents by what they have spent, the greatest first, then by id. `percent_used` is the spend of the period in percent of the budget.',
  perPage: 50,
  members: list(
    {
      agent_id: orNull(text()),
      agent_name: text(),
      ...amount('spending', 'What it has spent'),
      ...amount('budget', 'What it may spend; 0 without a budget'),
      percent_used: number('Two decimals, cut; 0 without a budget.'),
      request_count: exact(),
      ...UNPRICED,
    },
    {
      ...amount('total_spend', 'What all have spent'),
      ...amount('total_budget', 'What those listed may spend'),
      average_percent_used: number('Of agents that have a budget.'),
      total_agents: integer('Without requests of no agent, which have a row.'),
      total_requests: exact(),
      ...UNPRICED,
    },
  ),
  example: {
    data: [
      {
        agent_id: 'agent_42',
        agent_name: 'Support',
        ...money('spending', 6_000_000),
        ...money('budget', 10_000_000_000),
        percent_used: 0.06,
        request_count: 2,
        unpriced_requests: 0,
      },
    ],
    pagination: ONE_PAGE,
    summary: {
      ...money('total_spend', 6_000_000),
      ...money('total_budget', 10_000_000_000),
      average_percent_used: 0.06,
      total_agents: 1,
      total_requests: 2,
      unpriced_requests: 0,
    },
    ...TAIL,
  },
})

export const SPENDING_BY_PROVIDER_DOC: RouteDoc = doc({
  description: 'Providers by what was spent there, the greatest first, then by name.',
  perPage: 50,
  members: list(
    {
      provider_id: orNull(text('The credential; null where there were several or none.')),
      provider_name: text(),
      provider: text('The same.'),
      ...amount('spending', 'What was spent there'),
      request_count: exact(),
      ...perRequest('avg_cost_per_request', 'Mean cost'),
      agent_count: integer('Agents with an id.'),
      ...UNPRICED,
    },
    {
      ...amount('total_spend', 'What was spent'),
      total_requests: exact(),
      ...perRequest('average_cost_per_request', 'Mean cost'),
      providers_count: integer(),
      ...UNPRICED,
    },
  ),
  example: {
    data: [
      {
        provider_id: 'ip_openai_001',
        provider_name: 'openai',
        provider: 'openai',
        ...money('spending', 6_000_000),
        request_count: 2,
        ...each('avg_cost_per_request', 3_000_000),
        agent_count: 1,
        unpriced_requests: 0,
      },
    ],
    pagination: ONE_PAGE,
    summary: {
      ...money('total_spend', 6_000_000),
      total_requests: 2,
      ...each('average_cost_per_request', 3_000_000),
      providers_count: 1,
      unpriced_requests: 0,
    },
    ...TAIL,
  },
})

export const AVG_PER_REQUEST_DOC: RouteDoc = doc({
  description:
    'Mean, median, least and greatest cost of a completed request, exactly. One without a price counts as 0.',
  members: {
    ...perRequest('average_cost_per_request', 'Mean cost'),
    total_requests: exact(),
    ...amount('total_spend', 'What was spent'),
    ...perRequest('median_cost_per_request', 'The cost in the middle, or the mean of both'),
    ...perRequest('min_cost_per_request', 'Least cost'),
    ...perRequest('max_cost_per_request', 'Greatest cost'),
    ranked_requests: integer(
      'How many the median, the least and the greatest are of: fewer than all once single events have expired.',
    ),
    ...UNPRICED,
  },
  example: {
    ...each('average_cost_per_request', 3_000_000),
    total_requests: 2,
    ...money('total_spend', 6_000_000),
    ...each('median_cost_per_request', 3_000_000),
    ...each('min_cost_per_request', 2_000_000),
    ...each('max_cost_per_request', 4_000_000),
    ranked_requests: 2,
    unpriced_requests: 0,
    ...TAIL,
  },
})

export const USAGE_REQUESTS_DOC: RouteDoc = doc({
  description: 'How many requests completed, and how many failed.',
  members: {
    total_requests: exact(),
    successful_requests: exact(),
    failed_requests: exact(),
    success_rate: number('Percent with two decimals; 0 of nothing.'),
  },
  example: { total_requests: 4, successful_requests: 3, failed_requests: 1, success_rate: 75, ...TAIL },
})

export const TOKENS_BY_AGENT_DOC: RouteDoc = doc({
  description: 'Agents by the tokens of their completed requests, the greatest total first, then by id.',
  perPage: 50,
  members: list(
    {
      agent_id: orNull(text()),
      agent_name: text(),
      input_tokens: exact(),
      output_tokens: exact(),
      total_tokens: exact(),
      request_count: exact(),
      avg_tokens_per_request: exact('The rest of the division is cut off.'),
    },
    {
      total_input_tokens: exact(),
      total_output_tokens: exact(),
      total_tokens: exact(),
      total_requests: exact(),
      average_tokens_per_request: exact(),
      total_agents: integer(),
    },
  ),
  example: {
    data: [
      {
        agent_id: 'agent_42',
        agent_name: 'Agent 42',
        input_tokens: 150,
        output_tokens: 50,
        total_tokens: 200,
        request_count: 1,
        avg_tokens_per_request: 200,
      },
    ],
    pagination: ONE_PAGE,
    summary: {
      total_input_tokens: 150,
      total_output_tokens: 50,
      total_tokens: 200,
      total_requests: 1,
      average_tokens_per_request: 200,
      total_agents: 1,
    },
    ...TAIL,
  },
})

export const USAGE_MODELS_DOC: RouteDoc = doc({
  description: 'Models by their completed requests, the most first, then by name. A model at two providers is two.',
  perPage: 50,
  members: list(
    {
      model: text(),
      provider_id: orNull(text('The credential; null where there were several or none.')),
      provider_name: text(),
      provider: text('The same.'),
      request_count: exact(),
      ...amount('spending', 'What was spent on it'),
      input_tokens: exact(),
      output_tokens: exact(),
      total_tokens: exact(),
      ...perRequest('avg_cost_per_request', 'Mean cost'),
      ...UNPRICED,
    },
    {
      total_requests: exact(),
      ...amount('total_spend', 'What was spent'),
      total_tokens: exact(),
      unique_models: integer(),
      ...UNPRICED,
    },
  ),
  example: {
    data: [
      {
        model: 'gpt-4o',
        provider_id: null,
        provider_name: 'openai',
        provider: 'openai',
        request_count: 2,
        ...money('spending', 6_000_000),
        input_tokens: 150,
        output_tokens: 50,
        total_tokens: 200,
        ...each('avg_cost_per_request', 3_000_000),
        unpriced_requests: 0,
      },
    ],
    pagination: ONE_PAGE,
    summary: {
      total_requests: 2,
      ...money('total_spend', 6_000_000),
      total_tokens: 200,
      unique_models: 1,
      unpriced_requests: 0,
    },
    ...TAIL,
  },
})

const STATUS: Schema = { type: 'string', enum: ['active', 'exhausted', 'inactive'] }

export const BUDGET_STATUS_DOC: RouteDoc = {
  tag: 'Protocol 012',
  description:
    'Every agent by how much of its budget is gone, the most first, then by id. Below 50 % low, from 50 medium, from 80 high, from 95 critical, from 100 exhausted; without a budget active, low and 0.',
  parameters: [
    AGENT,
    query('threshold', 'Only those strictly above so many percent.', text(), '0'),
    query('status', 'Only these.', STATUS),
    ...pages(50),
  ],
  answers: {
    200: jsonAnswer(
      'Budgets',
      object({
        ...list(
          {
            agent_id: text(),
            agent_name: text(),
            ...amount('budget', 'What it may spend'),
            ...amount('spent', 'What it has spent'),
            ...amount('remaining', 'What is left; never below 0'),
            percent_used: number('Two decimals, cut.'),
            status: { type: 'string', enum: ['active', 'exhausted'] },
            risk_level: { type: 'string', enum: ['low', 'medium', 'high', 'critical', 'exhausted'] },
          },
          {
            total_agents: integer(),
            active: integer(),
            exhausted: integer(),
            critical: integer(),
            high: integer(),
            medium: integer(),
            low: integer(),
          },
        ),
        filters: object({ agent_id: orNull(text()), threshold: orNull(text()), status: orNull(text()) }),
        ...CALCULATED,
      }),
      {
        data: [
          {
            agent_id: 'agent_42',
            agent_name: 'Support',
            ...money('budget', 10_000_000_000),
            ...money('spent', 8_500_000_000),
            ...money('remaining', 1_500_000_000),
            percent_used: 85,
            status: 'active',
            risk_level: 'high',
          },
        ],
        pagination: ONE_PAGE,
        summary: { total_agents: 1, active: 1, exhausted: 0, critical: 0, high: 1, medium: 0, low: 0 },
        filters: { agent_id: null, threshold: null, status: null },
        calculated_at: '2026-11-21T12:00:00.000Z',
      },
    ),
  },
  errors: ERRORS,
  errorContent: ERROR,
}

const LEGACY_PROVIDER: Members = {
  provider: text(),
  tokens: exact(),
  requests: exact(),
  cost_cents: exact('Rounded half to even from the exact sum, on its own: the parts need not add up to the whole.'),
  cost_nano_usd: exact('Exactly.'),
}
const LEGACY: Schema = object({
  total_tokens: exact(),
  total_requests: exact(),
  total_cost_cents: exact('Rounded half to even from the exact sum.'),
  total_cost_nano_usd: exact('Exactly.'),
  providers: array(object(LEGACY_PROVIDER), 'The most tokens first, then by name.'),
  ...CALCULATED,
})
const LEGACY_ROW = { provider: 'openai', tokens: 200, requests: 1, cost_cents: 2, cost_nano_usd: 15_000_000 }

function legacy(description: string, schema: Schema, example: object, path?: ParameterDoc): RouteDoc {
  return {
    tag: 'Protocol 012',
    description,
    parameters: [...(path ? [path] : []), ...PERIOD_PARAMETERS, ...FILTERS],
    answers: {
      200: jsonAnswer('The figures', schema, { ...example, calculated_at: '2026-11-21T12:00:00.000Z' }),
    },
    errors: ERRORS,
    errorContent: ERROR,
  }
}

const LEGACY_EXAMPLE = {
  total_tokens: 200,
  total_requests: 1,
  total_cost_cents: 2,
  total_cost_nano_usd: 15_000_000,
  providers: [LEGACY_ROW],
}

export const USAGE_AGGREGATE_DOC: RouteDoc = legacy('Completed requests by provider, in cents.', LEGACY, LEGACY_EXAMPLE)
export const USAGE_BY_PROJECT_DOC: RouteDoc = legacy(
  'The same of requests with the tag `project`; zeros of one that is not known.',
  LEGACY,
  LEGACY_EXAMPLE,
  {
    name: 'project_id',
    in: 'path',
    required: true,
    description: 'Value of the tag, at most 1,000 characters, not blank.',
    schema: text(),
  },
)
export const USAGE_BY_PROVIDER_DOC: RouteDoc = legacy(
  'The same of one provider; zeros of one that is not known.',
  object({ ...LEGACY_PROVIDER, ...CALCULATED }),
  LEGACY_ROW,
  {
    name: 'provider',
    in: 'path',
    required: true,
    description: 'Its name, at most 100 characters, not blank.',
    schema: text(),
  },
)

export const LIST_PROTOCOL012_DOC: RouteDoc = {
  tag: 'Protocol 012',
  description: 'Requests, completed and failed, newest first. What the protocol has no word for is 0 or `unknown`.',
  parameters: [...PERIOD_PARAMETERS, ...FILTERS, ...pages(10)],
  answers: {
    200: jsonAnswer(
      'A page of requests',
      object(
        {
          data: array(
            object({
              event_id: text(),
              timestamp_ms: integer(),
              event_type: text(),
              model: text(),
              provider: text(),
              input_tokens: integer(),
              output_tokens: integer(),
              cost_micros: integer('Rounded half to even from `cost_nano_usd`; 0 where there is no price.'),
              agent_id: orNull(text()),
              agent_name: text(),
              error_code: orNull(text()),
              error_message: orNull(text()),
              provider_id: orNull(text()),
              cost_nano_usd: orNull(integer()),
              authenticated: orNull(flag()),
            }),
          ),
          pagination: PAGINATION,
          ...PERIOD,
          ...CALCULATED,
        },
        { optional: ['start', 'end'] },
      ),
    ),
  },
  errors: ERRORS,
  errorContent: ERROR,
}
