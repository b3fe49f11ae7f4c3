import type { EventPayload } from '../../event/index.ts'

/** A completed request in the view of the systems replaced. */
export function completed(
  model = 'gpt-4',
  inputTokens = 100,
  outputTokens = 50,
  costMicros = 15_000,
  provider = 'openai',
): EventPayload {
  return { kind: 'llm_request_completed', provider, model, inputTokens, outputTokens, costMicros }
}

export function failed(model = 'gpt-4', provider = 'openai'): EventPayload {
  return { kind: 'llm_request_failed', provider, model }
}

export function budgetNotice(): EventPayload {
  return {
    kind: 'budget_threshold_reached',
    thresholdPercent: 80,
    currentSpendMicros: 80_000_000,
    budgetMicros: 100_000_000,
  }
}
