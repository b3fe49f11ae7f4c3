/** The questions whose answers the functions beside this one read. Range, zone and filters are whoever's who asks. */

/** What of a query is not its range. */
export interface Asked {
  readonly measures: readonly string[]
  readonly group_by: readonly string[]
  readonly order_by: string
  readonly limit: number
}

/** Groups beyond these are one `other` row: names come from outside. */
const MOST_GROUPS = 1_000

/** Outcomes by method, backend and success: what {@link routesOf} and {@link rankBackends} read. */
export const DECISIONS_QUESTION: Asked = {
  measures: [
    'events',
    'total_tokens',
    'duration_ms_sum',
    'duration_ms_count',
    'routing_confidence_millionths_sum',
    'routing_confidence_millionths_count',
  ],
  group_by: ['routing_method', 'backend', 'success'],
  order_by: '-events',
  limit: MOST_GROUPS,
}

/** How often each tool is used: what {@link toolsOf} reads. */
export const TOOLS_QUESTION: Asked = {
  measures: ['events', 'total_tokens', 'duration_ms_sum', 'duration_ms_count'],
  group_by: ['tool_name', 'success'],
  order_by: '-events',
  limit: MOST_GROUPS,
}

/** Hours in which something happened: with the interval `1h`, what {@link hourGrid} reads. */
export const HOURS_QUESTION: Asked = { measures: ['events'], group_by: ['kind'], order_by: '-events', limit: 10 }
