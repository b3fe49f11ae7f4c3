import { type AttributeTable, readTable } from '../attribute-table.ts'
import { numberOf, textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Attributes } from '../model.ts'
import { sumOf } from '../usage.ts'

/** Gemini CLI: output is without thoughts. @source its docs/cli/telemetry.md, and what version 0.61 sends */
const GEMINI_CLI: AttributeTable = {
  requestModel: ['model', 'model_name'],
  finishReason: ['finish_reasons'],
  statusCode: ['status_code'],
  errorType: ['error_type', 'error.type'],
  inputTokens: ['input_token_count'],
  cacheReadTokens: ['cached_content_token_count'],
  outputTokens: ['output_token_count'],
  reasoningTokens: ['thoughts_token_count'],
  durationMs: ['duration_ms', 'duration'],
  counting: { input: 'inclusive', output: 'visible' },
  convention: 'gemini_cli',
}

export function geminiCliRequest(eventName: string, attributes: Attributes): Draft | undefined {
  if (eventName !== 'gemini_cli.api_response' && eventName !== 'gemini_cli.api_error') return undefined
  const draft = readTable(attributes, GEMINI_CLI)
  // What tools put into the prompt is beside what the prompt had.
  const input = sumOf([draft.input_tokens, numberOf(attributes, ['tool_token_count'])])
  if (draft.input_tokens !== undefined && input !== undefined) draft.input_tokens = input
  draft.provider = /vertex/i.test(textOf(attributes, ['auth_type']) ?? '') ? 'gcp.vertex_ai' : 'gcp.gemini'
  draft.operation = 'generate_content'
  draft.success = eventName === 'gemini_cli.api_response'
  if (!draft.success) draft.error_type ??= 'api_error'
  return draft
}
