import type { Quantity } from '../../query/index.ts'

/** An integer; text of digits past 2^53; null where it is unknown. */
export type Figure = number | string | null

/** Version of the shape of {@link Report}. Members may come to it; what one means never changes under the same number. */
export const REPORT_VERSION = 1

/**
 * A report as it is on the wire: snake_case, instants ms since 1970 UTC, money integer nano-USD, tokens integers, `*_ratio` and
 * `*_share` 0 to 1, `*_rate` percent as smart-ai-bridge has it. Lists of names end in a row with `other: true` where there are
 * more than are shown, so that sums over a list are exact. docs/reports.md says what each member is.
 */
export interface Report {
  readonly report_version: typeof REPORT_VERSION
  readonly generated_ms: number
  readonly from_ms: number
  readonly to_ms: number
  readonly time_zone: string
  /** What was asked for by name, e.g. `7d`; null for two instants. */
  readonly range: string | null
  readonly previous: { readonly from_ms: number; readonly to_ms: number }
  readonly filters: readonly ReportFilter[]
  /** Whose figures these are; null: all that there is. */
  readonly scope: { readonly tenant_id: string | null; readonly agent_ids: readonly string[] | null }
  /** By the name of the measure. */
  readonly totals: { readonly [measure: string]: ReportTotal }
  readonly projection: ReportProjection
  /** Days of the zone, also those without a request; the first and the last may be cut by the range. */
  readonly days: readonly ReportDay[]
  readonly series: ReportSeries
  /** By `model`, `provider`, `agent_id`, `api_key_id`, `user_id`, in this order; the dearest first. */
  readonly breakdowns: readonly ReportBreakdown[]
  /** Add up to the total tokens. */
  readonly tokens: readonly ReportTokens[]
  readonly cache: { readonly hit_ratio: number | null; readonly read_tokens: Figure; readonly savings_nano_usd: Figure }
  readonly latency: readonly ReportLatency[]
  readonly errors: ReportErrors
  /** The state of budgets now, whatever the range; null where nobody keeps any. */
  readonly budgets: readonly ReportBudget[] | null
  readonly recommendations: readonly ReportRecommendation[]
  /** What was not priced, by provider and model. */
  readonly unpriced: readonly ReportUnpriced[]
  readonly completeness: ReportCompleteness
  readonly backend_performance: readonly ReportBackend[]
  readonly tool_popularity: readonly ReportTool[]
  readonly routing_effectiveness: readonly ReportRoute[]
  /** 24 of them, by the zone's clock. */
  readonly hourly_distribution: readonly {
    readonly hour: number
    readonly events: number
    readonly cost_nano_usd: Figure
  }[]
  readonly cost_analysis: ReportCost
}

/** What a report is narrowed to. */
export interface ReportFilter {
  readonly dimension: string
  readonly values: readonly (string | number | boolean | null)[]
  readonly not: boolean
}

/** A figure of the whole range, and what it was before. */
export interface ReportTotal {
  readonly label: string
  readonly unit: Quantity['unit'] | 'ratio' | 'percent'
  readonly value: Figure
  /** Over the period of the same length before. */
  readonly previous: Figure
  /** Relative to `previous`, 0.5 is half more; of a ratio the difference. Null without something to compare with. */
  readonly change: number | null
}

/** What a month costs if it goes on like that. */
export interface ReportProjection {
  /** What 30 days cost at the rate of the range; null where nothing is priced. */
  readonly month_nano_usd: Figure
  readonly elapsed_ms: number
  /** `low`: less than a day of traffic, `medium`: less than a week. */
  readonly confidence: 'low' | 'medium' | 'high'
}

/** A day of the report's zone. */
export interface ReportDay {
  readonly time_ms: number
  readonly end_ms: number
  readonly date: string
  readonly requests: number
  readonly failed_requests: number
  readonly total_tokens: Figure
  readonly cost_nano_usd: Figure
  readonly unpriced_requests: number
  /** The range does not hold all of it. */
  readonly partial: boolean
}

/** Spend over time, split by model. */
export interface ReportSeries {
  readonly interval: '1h' | '1d' | '1w' | '1mo'
  /** Starts of the buckets. */
  readonly times_ms: readonly number[]
  /** The dearest first; each has a value for each bucket, null where nothing is known. */
  readonly models: readonly {
    readonly name: string | null
    readonly other?: true
    readonly cost_nano_usd: readonly Figure[]
  }[]
}

/** The figures of a report, split by one dimension. */
export interface ReportBreakdown {
  readonly dimension: string
  readonly label: string
  readonly rows: readonly ReportRow[]
  /** How many names stand behind the row `other`. */
  readonly other_groups: number
}

/** One name of a breakdown. */
export interface ReportRow {
  /** Null: of requests that name none. */
  readonly name: string | null
  /** What people call it, where that is something else. */
  readonly title?: string
  readonly other?: true
  readonly cost_nano_usd: Figure
  readonly cost_share: number | null
  readonly requests: number
  readonly failed_requests: number
  readonly error_ratio: number | null
  readonly input_tokens: Figure
  readonly output_tokens: Figure
  readonly total_tokens: Figure
  readonly cache_hit_ratio: number | null
  readonly duration_ms_p50: Figure
  readonly duration_ms_p95: Figure
  readonly unpriced_requests: number
}

/** Tokens of one kind. */
export interface ReportTokens {
  readonly kind: 'fresh_input' | 'cache_read' | 'cache_write' | 'output' | 'undivided'
  readonly label: string
  readonly tokens: Figure
  /** At list price; null where it is not known apart. */
  readonly cost_nano_usd: Figure
}

/** Quantiles of a duration, ms. */
export interface ReportLatency {
  readonly quantity: 'duration_ms' | 'ttfb_ms'
  readonly label: string
  readonly p50: Figure
  readonly p95: Figure
  readonly p99: Figure
}

/** What failed, and for which reasons. */
export interface ReportErrors {
  readonly requests: number
  readonly by_kind: readonly {
    readonly error_type: string | null
    readonly error_code: string | null
    readonly status_code: number | null
    readonly other?: true
    readonly requests: number
    readonly cost_nano_usd: Figure
  }[]
  /** Failures that are the same but for numbers and ids, of requests and of tool invocations; the ten most frequent. */
  readonly patterns: readonly ReportPattern[]
  /** How many failures were read for the patterns, the newest first; `all` false: there are more. */
  readonly patterns_read: { readonly events: number; readonly all: boolean }
}

/** Failures that are the same but for numbers and ids. */
export interface ReportPattern {
  readonly type: string
  readonly code: string | null
  /** Of failures without a code. */
  readonly status_code: number | null
  readonly message: string | null
  readonly count: number
  readonly first_seen_ms: number
  readonly last_seen_ms: number
  readonly sample_messages: readonly string[]
}

/** How a budget stands, as a report tells it. */
export interface ReportBudget {
  readonly id: string
  readonly name: string
  readonly unit: 'nano_usd' | 'tokens'
  /** Decimal integers of the unit. */
  readonly amount: string
  readonly spent: string
  readonly remaining: string
  /** Hundredths of a percent. */
  readonly used_basis_points: number
  readonly status: string
  readonly window: string
  readonly resets_ms: number | null
  readonly projected: string | null
}

/** What should change, as a report tells it. */
export interface ReportRecommendation {
  readonly id: string
  readonly rule: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly subject: { readonly [dimension: string]: string | null }
  readonly advice: string
  readonly evidence: string
  readonly saving_nano_usd: Figure
  readonly bound: 'exact' | 'at_most' | 'at_least' | 'about'
  readonly confidence: 'high' | 'medium' | 'low'
  readonly assumptions: readonly string[]
}

/** Requests that have no price. */
export interface ReportUnpriced {
  readonly provider: string | null
  readonly model: string | null
  readonly other?: true
  readonly unpriced_requests: number
  readonly total_tokens: Figure
}

/** How far the figures of a report can be trusted. */
export interface ReportCompleteness {
  /** Everything acknowledged before this instant is in the figures. */
  readonly complete_to_ms: number
  /** Single events before this instant have expired, and something asked needed them; null: nothing is missing. */
  readonly raw_from_ms: number | null
  /** Accepted and not counted yet. */
  readonly pending_events: number | null
  /** What sources have recorded and did not arrive; null for whoever sees a part of a tenant. */
  readonly sources: {
    readonly sources: number
    readonly missing: number
    /** Of which the source has said that they are lost, by its own reasons. */
    readonly dropped: { readonly [reason: string]: number }
    readonly unexplained: number
    readonly outstanding: number
  } | null
}

/** Of requests and tool invocations that name a backend. Rates are percent. */
export interface ReportBackend {
  readonly backend: string | null
  readonly other?: true
  readonly requests: number
  readonly successes: number
  readonly failures: number
  readonly success_rate: number
  readonly total_tokens: Figure
  readonly avg_time_ms: number | null
  readonly avg_tokens: number
  readonly p50_time_ms: Figure
  readonly p95_time_ms: Figure
  readonly cost_nano_usd: Figure
  /** smart-ai-bridge's score, 0 to 100, and the success rate that is certain at 95 %. */
  readonly score: number
  readonly reliability_score: number
}

/** Invocations of one tool. */
export interface ReportTool {
  readonly tool: string | null
  readonly other?: true
  readonly invocations: number
  readonly successes: number
  readonly failures: number
  readonly success_rate: number
  readonly avg_time_ms: number | null
}

/** Decisions of one routing method for one backend. */
export interface ReportRoute {
  readonly routing_method: string | null
  readonly backend: string | null
  readonly other?: true
  readonly count: number
  readonly successes: number
  readonly success_rate: number
  /** Mean of those that say it, 0 to 1; null where none does. */
  readonly avg_confidence: number | null
  readonly confident: number
}

/** What smart-ai-bridge's `getCostAnalysis` says, of the range and in nano-USD. */
export interface ReportCost {
  readonly total_nano_usd: Figure
  readonly nano_usd_per_request: Figure
  readonly month_nano_usd: Figure
  readonly backends: readonly {
    readonly backend: string | null
    readonly other?: true
    readonly requests: number
    readonly total_tokens: Figure
    readonly input_nano_usd: Figure
    readonly output_nano_usd: Figure
    readonly cost_nano_usd: Figure
    readonly unpriced_requests: number
  }[]
  /** The tokens of the backend `local` at smart-ai-bridge's price of gemini: $0.075 and $0.30 per million. */
  readonly savings_vs_cloud_only: {
    readonly actual_nano_usd: Figure
    readonly would_have_cost_nano_usd: Figure
    readonly savings_nano_usd: Figure
    /** In 30 days. */
    readonly potential_nano_usd: Figure
  }
}
