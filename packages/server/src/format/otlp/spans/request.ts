import { appOf } from '../app.ts'
import { textOf } from '../attributes.ts'
import type { Draft, Request } from '../draft.ts'
import { isUniqueId, millisOf, spanEventId } from '../ids.ts'
import { CLAUDE_CODE_REQUEST_ID } from '../logs/claude-code.ts'
import type { Emitted, Span } from '../model.ts'
import { addWho, type Sender } from '../who.ts'
import { AI_SDK_OPERATION, aiSdkRequest } from './ai-sdk.ts'
import { APP_SPANS } from './apps.ts'
import { genaiRequest, RESPONSE_ID } from './genai.ts'
import { LANGFUSE_TYPE, langfuseRequest } from './langfuse.ts'
import { OPEN_INFERENCE_KIND, openInferenceRequest } from './openinference.ts'

/**
 * THE table of conventions of spans: a span that has the attribute is of that convention, the first one that fits, and then
 * of no other; several instrumentations mark one span with the names of several.
 */
const CONVENTIONS: readonly (readonly [attribute: string, read: (span: Span) => Draft | undefined])[] = [
  [LANGFUSE_TYPE, langfuseRequest],
  [AI_SDK_OPERATION, aiSdkRequest],
  [OPEN_INFERENCE_KIND, openInferenceRequest],
]

/**
 * The request to a model that a span is; undefined for every other span.
 *
 * Its id is that of the answer where the provider gave one, and otherwise that of trace and span, so that the same request is
 * known again in a log event or at a proxy. Without any of these it has no id, and the door refuses it.
 */
export function requestOfSpan({ origin, item: span }: Emitted<Span>, sender: Sender): Request | undefined {
  const app = appOf(origin, span.name)
  const draft = draftOf(span, app)
  if (draft === undefined) return undefined
  const { traceId, spanId, startNanos, endNanos, attributes } = span
  const responseId = textOf(attributes, app === 'claude-code' ? CLAUDE_CODE_REQUEST_ID : IDS)
  draft.event_id = isUniqueId(responseId) ? responseId : (spanEventId(traceId, spanId) ?? '')
  const startMs = millisOf(startNanos)
  const endMs = millisOf(endNanos)
  draft.timestamp_ms = startMs
  if (draft.duration_ms === undefined && endMs >= startMs) draft.duration_ms = endMs - startMs
  draft.success ??= !span.failed && draft.error_type === undefined
  if (!draft.success) draft.error_type ??= 'error'
  if (traceId !== '') draft.trace_id = traceId
  if (spanId !== '') draft.span_id = spanId
  addWho(draft, origin, attributes, sender)
  return { draft, knownMs: endMs === 0 ? startMs : endMs }
}

/** Names of the provider's id of an answer. */
const IDS = [...RESPONSE_ID, 'ai.response.id']

function draftOf(span: Span, app: ReturnType<typeof appOf>): Draft | undefined {
  if (app !== undefined) return APP_SPANS[app](span)
  for (const [attribute, read] of CONVENTIONS) if (span.attributes.has(attribute)) return read(span)
  return genaiRequest(span)
}
