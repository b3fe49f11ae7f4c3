import { expect } from 'vitest'
import type { Recorded } from '../../../../core/src/provider/stream/testing/answers.ts'

/** Where those are asked who answer in words of their own. */
const OWN_PATHS: ReadonlyMap<string, string> = new Map([
  ['anthropic', '/v1/messages'],
  ['gemini', '/v1beta/models/m:streamGenerateContent'],
  ['vertex', '/v1/projects/p/locations/l/publishers/p/models/m:streamRawPredict'],
  ['bedrock', '/model/m/invoke-with-response-stream'],
  ['cohere', '/v2/chat'],
])

/** The path at which a provider answers as it is recorded. */
export const pathOf = (provider: string): string => OWN_PATHS.get(provider) ?? '/v1/chat/completions'

/** Expects that an event has what its answer told. */
export function expectRead(event: Record<string, unknown>, { expected }: Recorded, name: string): void {
  const { input, output, cacheRead, reasoning, id, finish, complete } = expected
  expect([event['input_tokens'], event['output_tokens']], name).toEqual([input, output])
  if (cacheRead !== undefined) expect(event['cache_read_tokens'], name).toBe(cacheRead)
  if (reasoning !== undefined) expect(event['reasoning_tokens'], name).toBe(reasoning)
  if (id !== undefined) expect(event['event_id'], name).toBe(id)
  if (finish !== undefined) expect(event['finish_reason'], name).toBe(finish)
  if (complete) expect(event['kind'], name).toBe('llm_request_completed')
}
