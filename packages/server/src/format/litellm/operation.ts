import { saidText } from '../said.ts'

/** LiteLLM's `call_type`, without the `a` of its asynchronous half, as OpenTelemetry and our own capture name operations. */
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['completion', 'chat'],
  ['anthropic_messages', 'chat'],
  ['responses', 'chat'],
  ['text_completion', 'text_completion'],
  ['embedding', 'embeddings'],
  ['generate_content', 'generate_content'],
  ['generate_content_stream', 'generate_content'],
  ['image_generation', 'image_generation'],
  ['image_edit', 'image_generation'],
  ['transcription', 'audio'],
  ['speech', 'audio'],
  ['moderation', 'moderation'],
  ['rerank', 'rerank'],
  ['call_mcp_tool', 'execute_tool'],
])

/**
 * The operation of a call; LiteLLM's own name for one that we have none for.
 *
 * @example operationOf('acompletion') // 'chat'
 */
export function operationOf(callType: unknown): string | undefined {
  const name = saidText(callType, 64)
  if (name === undefined) return undefined
  return OPERATIONS.get(name) ?? (name.startsWith('a') ? OPERATIONS.get(name.slice(1)) : undefined) ?? name
}
