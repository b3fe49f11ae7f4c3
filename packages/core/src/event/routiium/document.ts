import type { JsonValue } from '../event.ts'

/**
 * The nested analytics document of Routiium. Optional values are written as null, never left out.
 *
 * The members up to `routing` are those of its first description; `tokens_per_second`, `token_usage` and `cost` came
 * later and are part of the extended form. `x_tallystick` is ours: what the document has no place for.
 */
export interface RoutiiumDocument {
  readonly id: string
  /** Seconds since 1970 UTC. */
  readonly timestamp: number
  readonly request: RoutiiumRequest
  /** Null when no answer was recorded. */
  readonly response: RoutiiumResponse | null
  readonly performance: RoutiiumPerformance
  readonly auth: RoutiiumAuth
  readonly routing: RoutiiumRouting
  readonly token_usage?: RoutiiumTokenUsage | null
  readonly cost?: RoutiiumCost | null
  /** Members of the native wire that differ from what the document says without them; null takes one away. */
  readonly x_tallystick?: Readonly<Record<string, JsonValue>>
}

/** What was asked. */
export interface RoutiiumRequest {
  readonly endpoint: string
  readonly method: string
  readonly model: string | null
  readonly stream: boolean
  /** 0 where it is not known. */
  readonly size_bytes: number
  readonly message_count: number | null
  readonly input_tokens: number | null
  readonly user_agent: string | null
  readonly client_ip: string | null
}

/** What was answered. */
export interface RoutiiumResponse {
  /** 0 where it is not known. */
  readonly status_code: number
  /** 0 for streams and where it is not known. */
  readonly size_bytes: number
  readonly output_tokens: number | null
  readonly success: boolean
  readonly error_message: string | null
}

/** How long it took. */
export interface RoutiiumPerformance {
  readonly duration_ms: number
  readonly ttfb_ms: number | null
  readonly upstream_duration_ms: number | null
  /** Output tokens per second of the whole duration. */
  readonly tokens_per_second?: number | null
}

/** Who asked. */
export interface RoutiiumAuth {
  readonly authenticated: boolean
  readonly api_key_id: string | null
  readonly api_key_label: string | null
  readonly auth_method: string | null
}

/** Where it was sent. */
export interface RoutiiumRouting {
  readonly backend: string
  readonly upstream_mode: string
  readonly mcp_enabled: boolean
  readonly mcp_servers: readonly string[]
  readonly system_prompt_applied: boolean
}

/** Wins over `request.input_tokens` and `response.output_tokens`. */
export interface RoutiiumTokenUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly cached_tokens: number | null
  readonly reasoning_tokens: number | null
}

/** USD. The parts need not add up to the total: reasoning is in none of them. */
export interface RoutiiumCost {
  readonly input_cost: number
  readonly output_cost: number
  readonly cached_cost: number | null
  readonly total_cost: number
  readonly currency: string
  readonly pricing_model: string | null
}
