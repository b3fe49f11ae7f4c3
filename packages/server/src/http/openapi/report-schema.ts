import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** The JSON of a report, member by member, as `Report` of `@tallystick/core/insight` has it. docs/reports.md says what each is. */

const FIGURE: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'number' }, { type: 'string', pattern: '^-?\\d+$' }, { type: 'null' }],
  description: 'Text of digits past 2^53; null where it is unknown.',
}
const number = (description?: string): Schema => ({
  type: 'number',
  ...(description === undefined ? {} : { description }),
})
const RATIO = orNull(number('0 to 1.'))
const NAME = orNull(text())
const OTHER: Schema = { const: true, description: 'Everything beyond the names that are shown.' }
const TOKENS_AND_MONEY = { total_tokens: FIGURE, cost_nano_usd: FIGURE }

const list = (properties: { readonly [name: string]: Schema }, description?: string): Schema =>
  array(object({ ...properties, other: OTHER }, { optional: ['other', 'title'] }), description)

export const REPORT_SCHEMA: Schema = object(
  {
    report_version: { const: 1 },
    generated_ms: integer(),
    from_ms: integer(),
    to_ms: integer('Itself not in the range.'),
    time_zone: text(),
    range: orNull(text('As it was asked for by name.')),
    previous: object({ from_ms: integer(), to_ms: integer() }, { description: 'What figures are compared with.' }),
    filters: array(
      object({
        dimension: text(),
        values: { type: 'array', items: { type: ['string', 'number', 'boolean', 'null'] } },
        not: flag(),
      }),
    ),
    scope: object({ tenant_id: NAME, agent_ids: orNull(array(text())) }, { description: 'Whose figures; null: all.' }),
    totals: {
      type: 'object',
      description: 'By the name of the measure.',
      additionalProperties: object({
        label: text(),
        unit: text(),
        value: FIGURE,
        previous: FIGURE,
        change: orNull(number('Relative; of a ratio the difference.')),
      }),
    },
    projection: object({
      month_nano_usd: FIGURE,
      elapsed_ms: integer(),
      confidence: { type: 'string', enum: ['low', 'medium', 'high'] },
    }),
    days: array(
      object({
        time_ms: integer(),
        end_ms: integer(),
        date: text(),
        requests: integer(),
        failed_requests: integer(),
        ...TOKENS_AND_MONEY,
        unpriced_requests: integer(),
        partial: flag('The range does not hold all of it.'),
      }),
    ),
    series: object({
      interval: { type: 'string', enum: ['1h', '1d', '1w', '1mo'] },
      times_ms: array(integer()),
      models: list({ name: NAME, cost_nano_usd: array(FIGURE, 'One for each of `times_ms`.') }),
    }),
    breakdowns: array(
      object({
        dimension: text(),
        label: text(),
        rows: list({
          name: NAME,
          title: text('What people call it.'),
          cost_nano_usd: FIGURE,
          cost_share: RATIO,
          requests: integer(),
          failed_requests: integer(),
          error_ratio: RATIO,
          input_tokens: FIGURE,
          output_tokens: FIGURE,
          total_tokens: FIGURE,
          cache_hit_ratio: RATIO,
          duration_ms_p50: FIGURE,
          duration_ms_p95: FIGURE,
          unpriced_requests: integer(),
        }),
        other_groups: integer('How many names stand behind `other`.'),
      }),
    ),
    tokens: array(object({ kind: text(), label: text(), tokens: FIGURE, cost_nano_usd: FIGURE })),
    cache: object({ hit_ratio: RATIO, read_tokens: FIGURE, savings_nano_usd: FIGURE }),
    latency: array(object({ quantity: text(), label: text(), p50: FIGURE, p95: FIGURE, p99: FIGURE })),
    errors: object({
      requests: integer(),
      by_kind: list({
        error_type: NAME,
        error_code: NAME,
        status_code: orNull(integer()),
        requests: integer(),
        cost_nano_usd: FIGURE,
      }),
      patterns: array(
        object({
          type: text(),
          code: NAME,
          status_code: orNull(integer('Of failures without a code.')),
          message: NAME,
          count: integer(),
          first_seen_ms: integer(),
          last_seen_ms: integer(),
          sample_messages: array(text()),
        }),
      ),
      patterns_read: object({ events: integer(), all: flag() }),
    }),
    budgets: orNull(
      array(
        object({
          id: text(),
          name: text(),
          unit: { type: 'string', enum: ['nano_usd', 'tokens'] },
          amount: text(),
          spent: text(),
          remaining: text(),
          used_basis_points: integer(),
          status: text(),
          window: text(),
          resets_ms: orNull(integer()),
          projected: NAME,
        }),
      ),
    ),
    recommendations: array(
      object({
        id: text(),
        rule: text(),
        severity: { type: 'string', enum: ['critical', 'warning', 'info'] },
        subject: { type: 'object', additionalProperties: NAME },
        advice: text(),
        evidence: text(),
        saving_nano_usd: FIGURE,
        bound: { type: 'string', enum: ['exact', 'at_most', 'at_least', 'about'] },
        confidence: { type: 'string', enum: ['high', 'medium', 'low'] },
        assumptions: array(text()),
      }),
    ),
    unpriced: list({ provider: NAME, model: NAME, unpriced_requests: integer(), total_tokens: FIGURE }),
    completeness: object({
      complete_to_ms: integer(),
      raw_from_ms: orNull(integer()),
      pending_events: orNull(integer()),
      sources: orNull(
        object({
          sources: integer(),
          missing: integer(),
          dropped: { type: 'object', additionalProperties: integer() },
          unexplained: integer(),
          outstanding: integer(),
        }),
      ),
    }),
    backend_performance: list({
      backend: NAME,
      requests: integer(),
      successes: integer(),
      failures: integer(),
      success_rate: number('Percent.'),
      ...TOKENS_AND_MONEY,
      avg_time_ms: orNull(number()),
      avg_tokens: number(),
      p50_time_ms: FIGURE,
      p95_time_ms: FIGURE,
      score: number(),
      reliability_score: number(),
    }),
    tool_popularity: list({
      tool: NAME,
      invocations: integer(),
      successes: integer(),
      failures: integer(),
      success_rate: number('Percent.'),
      avg_time_ms: orNull(number()),
    }),
    routing_effectiveness: list({
      routing_method: NAME,
      backend: NAME,
      count: integer(),
      successes: integer(),
      success_rate: number('Percent.'),
      avg_confidence: RATIO,
      confident: integer('Decisions that say how confident they are.'),
    }),
    hourly_distribution: array(object({ hour: integer(undefined, 23), events: integer(), cost_nano_usd: FIGURE })),
    cost_analysis: object({
      total_nano_usd: FIGURE,
      nano_usd_per_request: FIGURE,
      month_nano_usd: FIGURE,
      backends: list({
        backend: NAME,
        requests: integer(),
        input_nano_usd: FIGURE,
        output_nano_usd: FIGURE,
        ...TOKENS_AND_MONEY,
        unpriced_requests: integer(),
      }),
      savings_vs_cloud_only: object({
        actual_nano_usd: FIGURE,
        would_have_cost_nano_usd: FIGURE,
        savings_nano_usd: FIGURE,
        potential_nano_usd: FIGURE,
      }),
    }),
  },
  {
    description:
      'Members may come to it; what one means never changes under the same `report_version`. Lists that end in a row `other` are whole.',
  },
)
