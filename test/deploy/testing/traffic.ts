import { createPriceBook } from '@tallystick/core/pricing'

/** A request as a client tells of it. */
export interface Told {
  readonly provider: string
  readonly model: string
  readonly operation: string
  readonly kind?: 'llm_request_failed'
  readonly error_type?: string
  readonly input_tokens?: number
  readonly cache_read_tokens?: number
  readonly output_tokens?: number
  readonly reasoning_tokens?: number
  readonly duration_ms?: number
  readonly ttfb_ms?: number
  readonly cache_hit?: boolean
  readonly cache_tier?: string
  readonly source_id?: string
  readonly epoch?: number
  readonly seq?: number
}

const times = (count: number, of: (index: number) => Told): readonly Told[] =>
  Array.from({ length: count }, (_, i) => of(i))

/** What is sent twice: before the window that queries look at, and within it. */
export const TRAFFIC: readonly Told[] = [
  ...times(30, (index) => ({
    provider: 'openai',
    model: 'gpt-4o',
    operation: 'chat',
    input_tokens: 1200 + index,
    cache_read_tokens: 200,
    output_tokens: 80,
    duration_ms: 90 + 110 * index,
    ttfb_ms: 20 + 15 * index,
  })),
  ...times(9, (index) => ({
    provider: 'anthropic',
    model: 'claude-3-5-haiku-20241022',
    operation: 'chat',
    input_tokens: 900,
    output_tokens: 150 + index,
    reasoning_tokens: 50,
    duration_ms: 1000 + 2000 * index,
    ttfb_ms: 400,
  })),
  ...times(4, (index) => ({
    provider: 'acme',
    model: 'own-model',
    operation: 'embeddings',
    input_tokens: 500,
    output_tokens: 0,
    duration_ms: 40,
    cache_hit: index < 3,
    cache_tier: index < 2 ? 'l1' : 'l2',
  })),
  ...times(3, () => ({
    provider: 'openai',
    model: 'gpt-4o',
    operation: 'chat',
    kind: 'llm_request_failed' as const,
    error_type: 'rate_limit',
  })),
  ...times(1, () => ({
    provider: 'anthropic',
    model: 'claude-3-5-haiku-20241022',
    operation: 'chat',
    kind: 'llm_request_failed' as const,
    error_type: 'timeout',
  })),
]

const book = createPriceBook()

/** Dollars of a request, and what its cached tokens saved; undefined where it has no price. */
export function moneyOf(
  told: Told,
  timestampMs: number,
): { readonly cost: number; readonly saved: number } | undefined {
  const { costNanoUsd, cacheSavingsNanoUsd } = book.price({
    eventId: 'any',
    timestampMs,
    kind: told.kind ?? 'llm_request_completed',
    provider: told.provider,
    requestModel: told.model,
    operation: told.operation,
    ...(told.input_tokens === undefined ? {} : { inputTokens: told.input_tokens }),
    ...(told.cache_read_tokens === undefined ? {} : { cacheReadTokens: told.cache_read_tokens }),
    ...(told.output_tokens === undefined ? {} : { outputTokens: told.output_tokens }),
  })
  return costNanoUsd === undefined ? undefined : { cost: costNanoUsd / 1e9, saved: (cacheSavingsNanoUsd ?? 0) / 1e9 }
}
