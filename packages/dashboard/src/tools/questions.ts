import { type Asked, DECISIONS_QUESTION, HOURS_QUESTION, TOOLS_QUESTION } from '@tallystick/core/insight'
import type { QueryResult } from '@tallystick/core/query'
import { type QueryBody, queryFilters, type Scope } from '../lib/queries.ts'
import type { ViewFilter } from '../lib/url-state.ts'

/** What of all that is recorded the page looks at. */
export type Of = 'tools' | 'requests'

export const KINDS: { readonly [K in Of]: readonly string[] } = {
  tools: ['tool_invocation'],
  requests: ['llm_request_completed', 'llm_request_failed'],
}

/** Hours of more than this many days are more rows than a query may have. */
const MOST_DAYS = 800
const DAY_MS = 86_400_000

/** The filters of the page with the kinds it looks at; a filter on the kind of one's own stays. */
export function filtersOf(scope: Scope, of: Of): readonly ViewFilter[] {
  const own = scope.filters.some(({ name }) => name === 'kind')
  return own ? scope.filters : [...scope.filters, { name: 'kind', values: KINDS[of], negate: false }]
}

function asked(scope: Scope, of: Of, question: Asked, more: Partial<QueryBody> = {}): QueryBody {
  return {
    from: scope.span.fromMs,
    to: scope.span.toMs,
    time_zone: scope.zone,
    filters: queryFilters(filtersOf(scope, of)),
    ...question,
    ...more,
  }
}

/** How much there is of each kind: what is looked at where nobody has picked. */
export const kindsQuery = (scope: Scope): QueryBody => ({
  from: scope.span.fromMs,
  to: scope.span.toMs,
  time_zone: scope.zone,
  measures: ['invocations', 'requests'],
  ...(scope.filters.length > 0 ? { filters: queryFilters(scope.filters) } : {}),
})

export const decisionsQuery = (scope: Scope, of: Of): QueryBody => asked(scope, of, DECISIONS_QUESTION)
export const toolsQuery = (scope: Scope, of: Of): QueryBody => asked(scope, of, TOOLS_QUESTION)
export const hoursQuery = (scope: Scope, of: Of): QueryBody =>
  asked(scope, of, HOURS_QUESTION, {
    interval: '1h',
    from: Math.max(scope.span.fromMs, scope.span.toMs - MOST_DAYS * DAY_MS),
  })

/** Tools where there are any: they are what this page is named after. */
export function usualOf(answer: QueryResult | undefined): Of {
  const [row] = answer?.rows ?? []
  return Number(row?.['invocations'] ?? 0) > 0 || Number(row?.['requests'] ?? 0) === 0 ? 'tools' : 'requests'
}

/** An error pattern as `GET /api/v1/error-patterns` tells it. */
export interface PatternRow {
  readonly type: string
  readonly code: string | null
  /** Of failures without a code. */
  readonly status_code: number | null
  readonly message: string | null
  readonly samples: readonly string[]
  readonly count: number
  readonly first_seen_ms: number
  readonly last_seen_ms: number
}

export interface PatternsAnswer {
  readonly read: number
  readonly read_from_ms: number | null
  readonly patterns: readonly PatternRow[]
}

const MOST_PATTERNS = 10

/** Repeated parameters mean any of, an empty one means absent, `!` after the name means none of. */
export function patternsPath(scope: Scope, of: Of): string {
  const params = new URLSearchParams({
    from: String(scope.span.fromMs),
    to: String(scope.span.toMs),
    limit: String(MOST_PATTERNS),
  })
  for (const { name, values, negate } of filtersOf(scope, of))
    for (const value of values) params.append(negate ? `${name}!` : name, value === null ? '' : String(value))
  return `/api/v1/error-patterns?${params}`
}
