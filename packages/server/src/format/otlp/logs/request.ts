import { type App, appOf } from '../app.ts'
import { textOf } from '../attributes.ts'
import type { Draft, Request } from '../draft.ts'
import { contentId, isUniqueId, millisOf, spanEventId } from '../ids.ts'
import type { Attributes, Emitted, LogRecord } from '../model.ts'
import { genaiRequest, RESPONSE_ID } from '../spans/genai.ts'
import { addWho, type Sender } from '../who.ts'
import { CLAUDE_CODE_REQUEST_ID, claudeCodeRequest } from './claude-code.ts'
import { CODEX_RESPONSE_ID, codexRequest } from './codex.ts'
import { geminiCliRequest } from './gemini-cli.ts'

/** Of each program the one event that is counted; what else it logs repeats it or is about something else. */
const APP_LOGS: { readonly [A in App]: (eventName: string, attributes: Attributes) => Draft | undefined } = {
  'claude-code': claudeCodeRequest,
  codex: codexRequest,
  'gemini-cli': geminiCliRequest,
}
const INFERENCE_DETAILS = 'gen_ai.client.inference.operation.details'

/** The request to a model that a log record tells of; undefined for every other record. */
export function requestOfLog({ origin, item: record }: Emitted<LogRecord>, sender: Sender): Request | undefined {
  const { eventName, attributes, traceId, spanId, timeNanos } = record
  if (eventName === undefined) return undefined
  const app = appOf(origin, eventName)
  const draft = app === undefined ? genaiLog(eventName, attributes) : APP_LOGS[app](eventName, attributes)
  if (draft === undefined) return undefined
  const knownMs = millisOf(timeNanos)
  // A record is written when the answer is there, and an event stands at the start of its request.
  draft.timestamp_ms = Math.max(0, knownMs - (Number.isSafeInteger(draft.duration_ms) ? (draft.duration_ms ?? 0) : 0))
  draft.success ??= draft.error_type === undefined
  if (traceId !== '') draft.trace_id = traceId
  if (spanId !== '') draft.span_id = spanId
  addWho(draft, origin, attributes, sender)
  draft.event_id = idOf(app, record, draft)
  return { draft, knownMs }
}

function genaiLog(eventName: string, attributes: Attributes): Draft | undefined {
  return eventName === INFERENCE_DETAILS ? genaiRequest({ attributes }) : undefined
}

/**
 * The provider's id where the record has one. A record of the conventions stands for the span it was written in; those of
 * programs have several requests below one span, and are known by what they say.
 */
function idOf(app: App | undefined, { attributes, traceId, spanId, timeNanos }: LogRecord, draft: Draft): string {
  if (app === 'claude-code') {
    // Whole as it is: it is the API's own, and unique.
    const requestId = textOf(attributes, CLAUDE_CODE_REQUEST_ID, 128)
    if (requestId !== undefined) return requestId
  } else {
    const responseId = textOf(attributes, app === 'codex' ? CODEX_RESPONSE_ID : RESPONSE_ID)
    if (isUniqueId(responseId)) return responseId
    const span = app === undefined ? spanEventId(traceId, spanId) : undefined
    if (span !== undefined) return span
  }
  const sequence = attributes.get('event.sequence')
  return contentId([timeNanos, sequence ?? null, spanId, draft])
}
