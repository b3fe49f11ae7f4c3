import { inferProvider, parseProvider } from '@tallystick/core/provider'
import { elapsed, Fields, fitting, idOf, listOf, present, RowProblem, tagsOf } from './fields.ts'
import { costOf, usageOf, wireUsageOf } from './langfuse-usage.ts'
import type { ExportRow } from './rows.ts'

/** Types of observations that stand for a request to a model. All others are spans around them. */
const REQUESTS: ReadonlySet<string> = new Set(['GENERATION', 'EMBEDDING'])

/** Is this observation a request to a model? */
export function isRequest(row: ExportRow): boolean {
  return REQUESTS.has(new Fields(row).text('type')?.toUpperCase() ?? '')
}

/**
 * A Langfuse observation as an item of the native wire: of the observations export of the page (JSON, CSV), of the export
 * to blob storage (`observations/`, `observations_v2/`; JSON, JSONL, CSV), or of the API. Input, output and metadata that
 * a row may hold are not read, nor is `statusMessage`, which may quote them.
 *
 * - The id is that of the observation.
 * - Only types that stand for a request to a model count (`isRequest`).
 * - An observation that has neither ended nor has any usage is still under way; a later import brings it.
 * - Instants without a zone are UTC.
 *
 * @throws RowProblem
 * @source langfuse/langfuse: worker/src/features/database-read-stream/observation-stream.ts (export of the page),
 * packages/shared/src/server/repositories/observations_converters.ts (members, what 0 means); langfuse.com/docs,
 * "Blob storage export field reference" (snake_case members, UTC instants)
 */
export function eventOfObservation(row: ExportRow): Record<string, unknown> {
  const observation = new Fields(row)
  const startMs = observation.instant('startTime', 'start_time')
  if (startMs === undefined) throw new RowProblem('has no startTime')
  const endMs = observation.instant('endTime', 'end_time')
  const usage = usageOf(observation)
  const failed = observation.text('level') === 'ERROR'
  if (endMs === undefined && usage.tokens === undefined && !failed)
    throw new RowProblem('is of a request that has not ended')
  const model = observation.text('model', 'providedModelName', 'provided_model_name')
  const id = idOf(observation.text('id'), 'id')
  return present({
    event_id: id,
    timestamp_ms: startMs,
    success: !failed,
    request_model: fitting(model, 256) ?? 'unknown',
    provider: fitting(providerOf(observation, model), 64),
    operation: observation.text('type')?.toUpperCase() === 'EMBEDDING' ? 'embeddings' : undefined,
    user_id: fitting(observation.text('userId', 'user_id'), 256),
    session_id: fitting(observation.text('sessionId', 'session_id'), 256),
    trace_id: fitting(observation.text('traceId', 'trace_id'), 64),
    span_id: fitting(id, 64),
    duration_ms: elapsed(startMs, endMs),
    ttfb_ms: elapsed(startMs, observation.instant('completionStartTime', 'completion_start_time')),
    tags: observationTags(observation),
    ...wireUsageOf(usage),
    cost_nano_usd: costOf(observation),
  })
}

/** LangChain's integration says who answers; otherwise the model's name does. */
function providerOf(observation: Fields, model: string | undefined): string | undefined {
  const told = observation.object('metadata').text('ls_provider')
  if (told !== undefined) return parseProvider(told)
  const inferred = inferProvider(model ?? '')
  return inferred === 'unknown' ? undefined : inferred
}

function observationTags(observation: Fields): Record<string, string> | undefined {
  const listed = listOf(observation.value('traceTags', 'trace_tags', 'tags')).filter(
    (tag): tag is string => typeof tag === 'string',
  )
  return tagsOf([
    ...listed.map((tag) => [tag, 'true'] as const),
    ['environment', observation.text('environment')],
    ['trace_name', observation.text('traceName', 'trace_name')],
    ['prompt_name', observation.text('promptName', 'prompt_name')],
  ])
}
