import { codeOf, inferProvider, KNOWN_PROVIDERS, parseProvider } from '@tallystick/core/provider'
import type { Draft } from './files/log-format.ts'
import { instantMs, objectOf, projectOf, textOf } from './usage-item.ts'

/**
 * What opencode says of a message of its assistant. Tokens stand beside each other: input without what was read from or
 * written to the cache, output without reasoning. A cost of 0 is that of a plan or of a model without a price, so it is none.
 */
export function opencodeDraft(
  message: Readonly<Record<string, unknown>>,
  around: { readonly id?: string | undefined; readonly session?: string | undefined },
): Draft | undefined {
  const tokens = objectOf(message['tokens'])
  const name = textOf(message['id']) ?? around.id
  if ((message['role'] ?? message['type']) !== 'assistant' || tokens === undefined || name === undefined)
    return undefined
  const cache = objectOf(tokens['cache'])
  const [input, output, reasoning, read, written] = [
    tokens['input'],
    tokens['output'],
    tokens['reasoning'],
    cache?.['read'],
    cache?.['write'],
  ].map(countOf) as [number, number, number, number, number]
  const time = objectOf(message['time'])
  const completedMs = instantMs(time?.['completed'])
  const createdMs = instantMs(time?.['created'])
  // The newer shape has both in one member.
  const chosen = objectOf(message['model'])
  const model = textOf(message['modelID']) ?? textOf(chosen?.['modelID']) ?? textOf(chosen?.['id']) ?? 'unknown'
  const providerId = textOf(message['providerID']) ?? textOf(chosen?.['providerID'])
  const named = parseProvider(providerId ?? '')
  const cost = message['cost']
  const project = projectOf(objectOf(message['path'])?.['cwd'])
  const failed = message['error'] !== undefined && message['error'] !== null
  return {
    name,
    item: {
      event_id: name,
      timestamp_ms: createdMs,
      kind: failed ? 'llm_request_failed' : 'llm_request_completed',
      agent_id: 'opencode',
      session_id: textOf(message['sessionID']) ?? around.session,
      provider: (KNOWN_PROVIDERS as readonly string[]).includes(named) ? named : inferProvider(model),
      backend: providerId,
      model,
      input_tokens: input + read + written,
      cache_read_tokens: read,
      cache_write_tokens: written,
      output_tokens: output + reasoning,
      reasoning_tokens: reasoning,
      usage_convention: 'opencode',
      error_type: failed ? codeOf(objectOf(message['error'])?.['name']) : undefined,
      duration_ms:
        completedMs !== undefined && createdMs !== undefined && completedMs >= createdMs
          ? completedMs - createdMs
          : undefined,
      cost_usd: typeof cost === 'number' && cost > 0 ? cost : undefined,
      tags: project === undefined ? undefined : { project },
    },
    tokens: input + read + written + output + reasoning,
    final: completedMs !== undefined || failed,
  }
}

const countOf = (value: unknown): number =>
  Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0
