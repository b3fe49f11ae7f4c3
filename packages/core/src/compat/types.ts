import type { UsageRecord } from '../event/index.ts'

/**
 * What `recordInvocation` takes: the members of the old class, and whatever else the caller wants to keep. Only `tool_name`
 * and `backend_used` are worth insisting on; what is left out is unknown.
 */
export interface InvocationInput {
  readonly tool_name?: unknown
  readonly backend_used?: unknown
  /** Default `unknown`. */
  readonly routing_method?: unknown
  /** 0 to 1. */
  readonly routing_confidence?: unknown
  /** Milliseconds; rounded. */
  readonly processing_time_ms?: unknown
  /** All tokens, where it is not known which. */
  readonly tokens_used?: unknown
  /** Beyond the old class: exact cost instead of an assumed split. */
  readonly input_tokens?: unknown
  readonly cache_read_tokens?: unknown
  readonly output_tokens?: unknown
  /** Default true. */
  readonly success?: unknown
  /** An `Error`, `{ type, message, code }`, or a text. */
  readonly error?: unknown
  /** Characters. */
  readonly prompt_length?: unknown
  readonly response_length?: unknown
  /** ISO 8601 (UTC unless it has a zone), integer ms or a `Date`; default now. */
  readonly timestamp?: unknown
  readonly metadata?: unknown
  readonly [more: string]: unknown
}

/** A record as it is kept, returned and emitted. */
export type InvocationRecord = UsageRecord

/** Objects by names from outside: without a prototype, so that no name means anything but itself. */
export type Named<Value> = { [name: string]: Value }

export interface BackendUsage {
  requests: number
  successes: number
  failures: number
  total_tokens: number
  total_time_ms: number
  /** Of the requests whose time is known; 0 if there is none. */
  avg_time_ms: number
  avg_tokens: number
}

export interface ToolUsage {
  invocations: number
  successes: number
  failures: number
  avg_processing_time_ms: number
  total_time_ms: number
}

/** Keyed `<method>_<backend>`; a key that another pair has already ends in `#2` and so on. */
export interface RoutingDecision {
  routing_method: string
  backend: string
  count: number
  /** Of the decisions that say how confident they are; 0 if none does. */
  avg_confidence: number
  total_confidence: number
  successes: number
  failures: number
}

export interface SessionMetrics {
  total_requests: number
  successful_requests: number
  failed_requests: number
  total_tokens: number
  total_processing_time_ms: number
  backend_usage: Named<BackendUsage>
  tool_usage: Named<ToolUsage>
  routing_decisions: Named<RoutingDecision>
}

export interface BackendRank {
  backend: string
  /** Percent. */
  success_rate: number
  avg_time_ms: number
  total_requests: number
  /** The old score, see `volumeScore`. */
  score: number
  /** 0 to 100: the success rate that is certain at 95 %, see `wilsonLowerBound`. */
  reliability_score: number
}

export interface SessionStats {
  session_id: string
  /** ISO 8601 in UTC. */
  started_at: string
  metrics: SessionMetrics & {
    success_rate: number
    avg_processing_time_ms: number
    avg_tokens_per_request: number
    backend_ranking: BackendRank[]
  }
}

/** What the directory knows of a session. */
export interface SessionSummary {
  session_id: string
  started_at: string
  /** Of its latest event; the start if it has none. */
  last_event_at: string
  /** When `cleanup` ended it; null for one that runs or was killed. */
  ended_at: string | null
  requests: number
  /** What the session's own file said, for one that the old class wrote: more than `requests` if it had lost events. */
  reported_requests: number | null
}

export interface BackendPerformance extends BackendUsage {
  /** Percent. */
  success_rate: number
  /** Within 0.8 %; null where no time is known. */
  p50_time_ms: number | null
  p95_time_ms: number | null
}

export interface RoutingEffectiveness {
  routing_method: string
  backend: string
  count: number
  avg_confidence: number
  total_confidence: number
  success_rate: number
  successes: number
}

export interface ErrorPatternRecord {
  /** `unknown` for an error without one. */
  type: string
  /** Of the earliest such error. */
  message: string | null
  code: string | null
  count: number
  first_seen: string
  last_seen: string
  /** The earliest messages that differ, three at the most. */
  sample_messages: string[]
}

export interface HistoricalAnalytics {
  /** Of the earliest and latest event; null without events. */
  time_range: { start: string | null; end: string | null; total_events: number }
  totals: {
    requests: number
    successes: number
    failures: number
    total_tokens: number
    total_time_ms: number
    success_rate: number
  }
  backend_performance: Named<BackendPerformance>
  tool_popularity: Named<number>
  routing_effectiveness: Named<RoutingEffectiveness>
  /** Full hours 0 to 23 of the zone's clock that had events. */
  hourly_distribution: Named<number>
  /** The ten most frequent. */
  error_patterns: ErrorPatternRecord[]
}

/** USD per million tokens, as numbers or decimal texts. A side that is left out keeps the default of that backend. */
export interface BackendPrice {
  readonly input?: number | string
  /** The input price where it is left out. */
  readonly cache_read?: number | string
  readonly output?: number | string
}
export type Pricing = { readonly [backend: string]: BackendPrice }

/** USD. */
export interface BackendCost {
  input_cost: number
  output_cost: number
  total_cost: number
  tokens: number
  requests: number
  /** False: nobody has a price for the backend, and its zeros mean unknown. */
  priced: boolean
  /** Some of its tokens were split 30 to 70 between input and output because nobody said which they were. */
  estimated: boolean
}

export interface CostSavings {
  actual_cost: number
  would_have_cost: number
  savings: number
  /** In 30 days. */
  potential_savings: number
}

export interface CostAnalysis {
  total_cost: number
  breakdown: Named<BackendCost>
  cost_per_request: number
  /** In 30 days; see `projection`. */
  estimated_monthly_cost: number
  cost_savings_vs_cloud_only: CostSavings
  /** Something of it rests on the assumed split. */
  estimated: boolean
  unpriced_requests: number
  unpriced_backends: string[]
  projection: {
    method: 'elapsed' | 'thirtyfold'
    elapsed_ms: number
    /** What `elapsed_ms` was taken for: at least a day. */
    window_ms: number
    confidence: 'low' | 'medium' | 'high'
  }
}

export interface OptimizationRecommendation {
  type: string
  severity: 'critical' | 'warning' | 'info'
  backend?: string
  routing_method?: string
  message: string
  suggestion: string
}

export interface OptimizationRecommendations {
  total_recommendations: number
  by_severity: { critical: number; warning: number; info: number }
  recommendations: OptimizationRecommendation[]
}

export interface UsageReport {
  generated_at: string
  time_range: TimeRange
  current_session: SessionStats
  historical_data: HistoricalAnalytics
  /** Of the time range; in legacy mode of the current session. */
  cost_analysis: CostAnalysis
  recommendations: OptimizationRecommendations
}

/** The last so much time, or from an instant (ISO 8601 or ms) up to, not including, another; without `to` up to now. */
export type TimeRange = '1h' | '24h' | '7d' | '30d' | { readonly from: string | number; readonly to?: string | number }

/** How recording is doing. Counts are of this instance. */
export interface RecordingStatus {
  /** Accepted by `recordInvocation`: `durable` + `pending` + `dropped`. */
  recorded: number
  /** On disk. */
  durable: number
  /** Waiting to be written, or to be written again. */
  pending: number
  /** Given up because too many waited already. */
  dropped: number
  write_failures: number
  /** Members that were not usable as they came, by member: read as a number, cut, or left unknown. */
  repaired: Named<number>
  /** Calls that were refused because they handed in no object. */
  refused: number
  listener_errors: number
  /** Records of the directory that were found damaged when it was read last. */
  damaged_records: number
  last_error: string | null
}

/** What an import of the old class's directory found. Nothing is counted twice, however often it is imported. */
export interface ImportResult {
  events: { files: number; imported: number; known: number; refused: number; expired: number }
  sessions: { files: number; imported: number; known: number; refused: number }
  /** Requests that the session files counted beyond the event files there are: what the old class had lost. */
  missing_events: number
  /** The first hundred files that could not be read, by name. */
  problems: { file: string; code: string; message: string }[]
}
