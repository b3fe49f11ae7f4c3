import type { App } from '../app.ts'
import { type AttributeTable, hasUsage, INCLUSIVE, readTable } from '../attribute-table.ts'
import type { Draft } from '../draft.ts'
import { CLAUDE_CODE, claudeCodeDraft } from '../logs/claude-code.ts'
import type { Span } from '../model.ts'
import { GENAI, genaiRequest } from './genai.ts'

const CLAUDE_CODE_SPAN: AttributeTable = {
  ...CLAUDE_CODE,
  requestModel: ['model', 'gen_ai.request.model'],
  finishReason: ['stop_reason', 'gen_ai.response.finish_reasons'],
  errorType: ['error.type'],
}

/** Codex puts the usage of one response on the span that handled it, and the sum of a turn on other names. */
const CODEX_SPAN: AttributeTable = {
  ...GENAI,
  requestModel: ['gen_ai.request.model', 'model'],
  reasoningTokens: ['codex.usage.reasoning_output_tokens', 'gen_ai.usage.reasoning.output_tokens'],
  counting: INCLUSIVE,
  convention: 'codex',
}

/** The request that a span of one of these programs is. Their logs say more, and are preferred. */
export const APP_SPANS: { readonly [A in App]: (span: Span) => Draft | undefined } = {
  'claude-code': ({ name, attributes, failed }) =>
    name === 'claude_code.llm_request'
      ? claudeCodeDraft(attributes, !failed && attributes.get('success') !== false, CLAUDE_CODE_SPAN)
      : undefined,
  codex({ attributes }) {
    const draft = readTable(attributes, CODEX_SPAN)
    if (!hasUsage(draft)) return undefined
    if (!attributes.has('gen_ai.provider.name') && !attributes.has('gen_ai.system')) draft.provider = 'openai'
    return { ...draft, operation: 'responses' }
  },
  'gemini-cli': genaiRequest,
}
