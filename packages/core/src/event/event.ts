/**
 * The canonical event: what one request to an LLM (or one tool call, or one notice of a router) was.
 *
 * Every way in ends in this shape, and everything that is reported is computed from it. It is flat, immutable and wide;
 * an absent member means *unknown*, which is never the same as zero. There is no member for message content.
 * `fields.ts` holds the table (type, limit, wire name) of the same members; a test keeps the two equal.
 */
export interface UsageEvent {
  // identity
  /** Identity within (tenant, agent or source). 1 to 128 bytes. UUIDv7 when minted by Tallystick. */
  readonly eventId: string
  /** Start of the request, integer ms since 1970 UTC, in [2000-01-01, now + 24 h]. */
  readonly timestampMs: number
  readonly kind: EventKind
  /** Which recorder sent it; with `epoch` (which of its lives) and `seq` (which number, from 0 in each epoch) gaps can be seen. */
  readonly sourceId?: string
  readonly epoch?: number
  readonly seq?: number

  // who
  readonly tenantId?: string
  /** All-digit agents are written `agent_<n>` at every door. */
  readonly agentId?: string
  readonly userId?: string
  readonly sessionId?: string
  /** A keyed hash or public key id, never the key itself. */
  readonly apiKeyId?: string
  readonly apiKeyLabel?: string
  readonly authMethod?: string
  readonly authenticated?: boolean
  readonly clientIp?: string
  readonly userAgent?: string

  // what
  /** Who answers and bills, e.g. `openai`, `anthropic`, `aws.bedrock`. */
  readonly provider?: string
  /** Which credential of that provider. */
  readonly providerId?: string
  readonly requestModel?: string
  readonly responseModel?: string
  /** `chat`, `responses`, `embeddings`, ... */
  readonly operation?: string
  readonly endpoint?: string
  readonly method?: string
  readonly stream?: boolean
  readonly serviceTier?: string
  readonly messageCount?: number
  readonly requestBytes?: number
  readonly responseBytes?: number

  // outcome
  readonly statusCode?: number
  /** Always present on the two LLM kinds. */
  readonly success?: boolean
  readonly errorType?: string
  readonly errorCode?: string
  /** Cut to 1,024 bytes at the door. */
  readonly errorMessage?: string
  readonly finishReason?: string
  readonly aborted?: boolean

  // usage: totals are inclusive, the rest are subsets of them
  /** All input tokens, cached ones included. */
  readonly inputTokens?: number
  readonly cacheReadTokens?: number
  /** Written to a cache with the provider's default lifetime (5 minutes at Anthropic). */
  readonly cacheWriteTokens?: number
  /** Written to a cache with the long lifetime (1 hour at Anthropic). */
  readonly cacheWrite1hTokens?: number
  /** All output tokens, reasoning included. */
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  readonly inputAudioTokens?: number
  readonly inputImageTokens?: number
  readonly outputAudioTokens?: number
  readonly outputImageTokens?: number
  /** Only where a source gives nothing but a total. */
  readonly totalTokens?: number
  /** Other billed units, e.g. `{ web_searches: 2 }`; at most 16. */
  readonly units?: Readonly<Record<string, number>>
  readonly usageBasis?: UsageBasis
  /** How the provider counted before normalisation, e.g. `openai.chat`, `anthropic.messages`. */
  readonly usageConvention?: string

  // money, integer nano-USD (1e-9 USD)
  /** What is reported. Absent = unpriced. */
  readonly costNanoUsd?: number
  /** The parts of `costListNanoUsd`; they add up to it exactly. */
  readonly costInputNanoUsd?: number
  readonly costCacheReadNanoUsd?: number
  readonly costCacheWriteNanoUsd?: number
  readonly costOutputNanoUsd?: number
  readonly costUnitsNanoUsd?: number
  /** What the cache reads would have cost more at the input price. */
  readonly cacheSavingsNanoUsd?: number
  /** Ours, at list price. */
  readonly costListNanoUsd?: number
  /** What the provider or the client said. */
  readonly costReportedNanoUsd?: number
  readonly costBasis?: CostBasis
  /** Which price row of which catalogue version; immutable. */
  readonly priceId?: string
  /**
   * How much more than `costNanoUsd` it comes to at newer prices, by the last re-pricing; the whole of it where that is absent.
   * Of an event that was repriced either this is present or `repricedDownNanoUsd`. The bill stays what it was.
   */
  readonly repricedUpNanoUsd?: number
  /** How much less it comes to; at most `costNanoUsd`. */
  readonly repricedDownNanoUsd?: number
  /** Which price row it was repriced by. */
  readonly repricedPriceId?: string

  // time, integer milliseconds
  readonly durationMs?: number
  readonly ttfbMs?: number
  readonly upstreamDurationMs?: number

  // routing
  readonly backend?: string
  readonly upstreamMode?: string
  readonly mcpEnabled?: boolean
  readonly mcpServers?: readonly string[]
  readonly systemPromptApplied?: boolean
  readonly routingMethod?: string
  /** 0 to 1. */
  readonly routingConfidence?: number
  readonly toolName?: string
  readonly cacheTier?: string
  readonly cacheHit?: boolean
  /** One user-visible operation; its attempts (retries, fallbacks) share it. */
  readonly operationId?: string
  /** 1 for the first attempt. */
  readonly attempt?: number

  // trace and the rest
  readonly traceId?: string
  readonly spanId?: string
  readonly promptChars?: number
  readonly responseChars?: number
  /** At most 64 keys of 128 bytes, values of 1,024 bytes. */
  readonly tags?: Readonly<Record<string, string>>
  /** Members of the kinds that are not requests (port, threshold, totals) and a source's extra fields; at most 4 KiB of JSON. */
  readonly detail?: Readonly<Record<string, JsonValue>>
}

/** What an event tells of: a request to a model, a call of a tool, a router, or a budget. */
export type EventKind =
  | 'llm_request_completed'
  | 'llm_request_failed'
  | 'tool_invocation'
  | 'router_started'
  | 'router_stopped'
  | 'budget_threshold_reached'

/** `measured`: the provider said so. `estimated`: counted by somebody else. `unknown`: nobody knows. */
export type UsageBasis = 'measured' | 'estimated' | 'unknown'

/** Whose figure `costNanoUsd` is. */
export type CostBasis = 'catalogue' | 'override' | 'provider' | 'client' | 'unpriced'

/** Whatever JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A {@link UsageEvent} while it is being built. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Token counts as the canonical event holds them: totals inclusive, the rest subsets. Integers from 0 to 2^53 - 1. */
export type UsageCounts = Pick<
  UsageEvent,
  | 'inputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'cacheWrite1hTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'inputAudioTokens'
  | 'inputImageTokens'
  | 'outputAudioTokens'
  | 'outputImageTokens'
  | 'totalTokens'
  | 'units'
>
