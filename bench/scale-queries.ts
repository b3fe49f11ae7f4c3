const DAY_MS = 86_400_000
const SUMS = ['requests', 'input_tokens', 'output_tokens', 'cost_nano_usd']

/** A question of the dashboard, and the same of the engine itself where it has one: `$from` and `$to` stand for instants. */
export interface ScaleQuery {
  readonly name: string
  readonly body: object
  readonly sql?: string
}

const range = 'FROM events WHERE timestamp_ms >= $from AND timestamp_ms < $to'
const sums = 'count(*), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd)'
const by = (column: string): string => `SELECT ${column}, ${sums} ${range} GROUP BY ALL`

/** What the dashboard asks, over `[from, to)`. */
export function dashboardQueries(from: number, to: number): readonly ScaleQuery[] {
  const split = (name: string, dimension: string, column: string): ScaleQuery => ({
    name: `by ${name}`,
    body: { from, to, measures: SUMS, group_by: [dimension], order_by: '-requests', limit: 100 },
    sql: by(column),
  })
  const series = (name: string, interval: string, ms: number, more: object = {}): ScaleQuery => ({
    name,
    body: { from, to, measures: ['requests', 'cost_nano_usd'], interval, ...more },
    sql: by(`timestamp_ms // ${ms}`),
  })
  return [
    { name: 'totals', body: { from, to, measures: [...SUMS, 'error_ratio'] }, sql: `SELECT ${sums} ${range}` },
    to - from > 90 * DAY_MS ? series('series, days', '1d', DAY_MS) : series('series, hours', '1h', 3_600_000),
    series('series, days of Kathmandu', '1d', DAY_MS, { time_zone: 'Asia/Kathmandu' }),
    split('provider', 'provider', 'provider'),
    split('model', 'model', 'request_model'),
    split('agent', 'agent_id', 'agent_id'),
    split('key', 'api_key_id', 'api_key_id'),
    split('status', 'status_code', 'status_code'),
    split('user', 'user_id', 'user_id'),
    {
      name: 'distinct users',
      body: { from, to, measures: ['requests'], group_by: ['user_id'], limit: 1 },
      sql: `SELECT count(DISTINCT user_id) ${range}`,
    },
    {
      name: 'p50 p95 p99 by model',
      body: { from, to, measures: ['duration_ms_p50', 'duration_ms_p95', 'duration_ms_p99'], group_by: ['model'] },
      sql: `SELECT request_model, quantile_cont(duration_ms, [0.5, 0.95, 0.99]) ${range} GROUP BY 1`,
    },
    {
      name: 'spend by model, days',
      body: { from, to, measures: ['cost_nano_usd'], group_by: ['model'], interval: '1d', limit: 8 },
      sql: `SELECT timestamp_ms // ${DAY_MS}, request_model, sum(cost_nano_usd) ${range} GROUP BY ALL`,
    },
  ]
}
