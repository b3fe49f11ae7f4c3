import { type FieldName, wireName } from '@tallystick/core/event'
import { inferProvider } from '@tallystick/core/provider'
import { saidText } from '../format/said.ts'
import { type GenerationFacts, hasEnded, type TraceFacts } from './facts.ts'

const NO_MODEL = 'unknown'

/**
 * A generation as an item of the native wire. The same facts give the same item, so that one sent again is a duplicate.
 *
 * A generation of level ERROR is a failed request, and so is one whose end nobody has told of.
 */
export function generationItem(facts: GenerationFacts, trace: TraceFacts = {}): Record<string, unknown> {
  const { id = '', startMs = facts.saidMs, endMs, firstTokenMs, model = NO_MODEL, usage = {}, traceId } = facts
  const provider = inferProvider(model)
  const unfinished = !hasEnded(facts) && Object.keys(usage).length === 0 && facts.costNanoUsd === undefined
  const failed = facts.failed === true || unfinished
  const figures = Object.entries(usage).map(([name, value]) => [wireName(name as FieldName), value])
  return {
    kind: failed ? 'llm_request_failed' : 'llm_request_completed',
    event_id: id,
    timestamp_ms: startMs,
    user_id: trace.userId,
    session_id: trace.sessionId,
    provider: provider === 'unknown' ? undefined : provider,
    request_model: model,
    operation: facts.operation,
    success: !failed,
    error_type: failed ? (unfinished ? 'unfinished' : 'error') : undefined,
    ...Object.fromEntries(figures),
    usage_convention: figures.length === 0 ? undefined : 'langfuse',
    cost_reported_nano_usd: facts.costNanoUsd,
    duration_ms: between(startMs, endMs),
    ttfb_ms: between(startMs, firstTokenMs),
    trace_id: saidText(traceId, 64),
    span_id: saidText(id, 64),
    tags: tagsOf(facts, trace),
  }
}

function between(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined || toMs < fromMs ? undefined : toMs - fromMs
}

function tagsOf(facts: GenerationFacts, trace: TraceFacts): Record<string, string> {
  const tags = new Map(Object.entries(trace.tags ?? {}))
  const own: readonly (readonly [string, string | undefined])[] = [
    ['generation', facts.name],
    ['trace', trace.name],
    ['environment', facts.environment ?? trace.environment],
    ['release', trace.release],
    ['version', facts.version],
  ]
  for (const [name, value] of own) if (value !== undefined && !tags.has(name)) tags.set(name, value)
  return Object.fromEntries(tags)
}
