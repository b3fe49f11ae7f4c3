import { type AttributeTable, readTable } from '../attribute-table.ts'
import { numberOf, textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Attributes } from '../model.ts'

/** Claude Code 2. @source https://code.claude.com/docs/en/monitoring-usage, and what version 2.1.329 sends */
export const CLAUDE_CODE: AttributeTable = {
  requestModel: ['model'],
  provider: ['anthropic.provider'],
  statusCode: ['status_code'],
  attempt: ['attempt'],
  inputTokens: ['input_tokens'],
  cacheReadTokens: ['cache_read_tokens'],
  cacheWriteTokens: ['cache_creation_5m_tokens'],
  cacheWrite1hTokens: ['cache_creation_1h_tokens'],
  outputTokens: ['output_tokens'],
  costUsd: ['cost_usd'],
  durationMs: ['duration_ms'],
  ttfbMs: ['ttft_ms'],
  counting: { input: 'fresh', output: 'inclusive' },
  convention: 'claude_code',
}

const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['firstParty', 'anthropic'],
  ['bedrock', 'aws.bedrock'],
  ['vertex', 'gcp.vertex_ai'],
])

export const CLAUDE_CODE_REQUEST_ID = ['request_id']

export function claudeCodeRequest(eventName: string, attributes: Attributes): Draft | undefined {
  const name = eventName.replace(/^claude_code\./, '')
  if (name !== 'api_request' && name !== 'api_error') return undefined
  return claudeCodeDraft(attributes, name === 'api_request')
}

export function claudeCodeDraft(attributes: Attributes, success: boolean, table = CLAUDE_CODE): Draft {
  // Older versions do not say for how long a cache write is kept.
  const told = attributes.has('cache_creation_5m_tokens') || attributes.has('cache_creation_1h_tokens')
  const draft = readTable(attributes, told ? table : { ...table, cacheWriteTokens: ['cache_creation_tokens'] })
  draft.provider = PROVIDERS.get(textOf(attributes, ['anthropic.provider']) ?? 'firstParty') ?? 'anthropic'
  draft.operation = 'chat'
  draft.success = success
  if (textOf(attributes, ['speed']) === 'fast') draft.service_tier = 'fast'
  if (draft.cost_usd === undefined) {
    const micros = numberOf(attributes, ['cost_usd_micros'])
    if (micros !== undefined && micros >= 0) draft.cost_nano_usd = micros * 1000
  }
  if (!success) draft.error_type ??= 'api_error'
  return draft
}
