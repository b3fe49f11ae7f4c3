import { type AttributeTable, INCLUSIVE, readTable } from '../attribute-table.ts'
import { first, numberOf, textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Attributes } from '../model.ts'

/** Codex 0.1xx: `tool_token_count` is the total, whatever its name; counts may be texts. @source what version 0.169 sends */
const CODEX: AttributeTable = {
  requestModel: ['model'],
  inputTokens: ['input_token_count'],
  cacheReadTokens: ['cached_token_count'],
  cacheWriteTokens: ['cache_write_token_count'],
  outputTokens: ['output_token_count'],
  reasoningTokens: ['reasoning_token_count'],
  statusCode: ['http.response.status_code'],
  attempt: ['attempt'],
  ttfbMs: ['ttft_ms'],
  counting: INCLUSIVE,
  convention: 'codex',
}

export const CODEX_RESPONSE_ID = ['response.id', 'response_id', 'gen_ai.response.id']

/**
 * A response that was completed, of which two events tell and one has the counts; and an attempt that the API refused. An
 * attempt that went well is told of by its response.
 */
export function codexRequest(eventName: string, attributes: Attributes): Draft | undefined {
  const completed = textOf(attributes, ['event.kind']) === 'response.completed' && attributes.has('input_token_count')
  const refused =
    eventName === 'codex.api_request' &&
    ((numberOf(attributes, CODEX.statusCode ?? []) ?? 0) >= 400 || first(attributes, ['error.message']) !== undefined)
  if (!completed && !refused) return undefined
  const draft = readTable(attributes, CODEX)
  draft.provider = 'openai'
  draft.operation = 'responses'
  draft.success = completed
  if (refused) draft.error_type = 'api_error'
  return draft
}
