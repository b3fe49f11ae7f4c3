import { inferProvider, parseProvider } from '@tallystick/core/provider'
import { Fields, fitting, idOf, objectOf, present, RowProblem, tagsOf } from './fields.ts'
import type { ExportRow } from './rows.ts'
import { sum, wireUsage } from './usage.ts'

/** What Helicone writes for "no answer of the cache". */
const NO_CACHED_ANSWER = '00000000-0000-0000-0000-000000000000'

/**
 * A row of a Helicone export (`npx @helicone/export`, the API's `query-clickhouse`) as an item of the native wire. Bodies,
 * which a row may hold, are not read.
 *
 * - The id is `response_id`, or `request_id` where there was no answer: the CSV export has only the former, and a request
 *   that is imported from CSV and from JSON must be one.
 * - `prompt_tokens` and `completion_tokens` are without cache reads, cache writes, audio and reasoning, which stand beside
 *   them and are added.
 * - Answers from Helicone's cache have no tokens and cost nothing.
 * - A cost of 0 beside tokens means that Helicone has no price for the model: the cost is unknown and ours counts.
 * - A status below 0 is Helicone's own; -2 is a request that is still under way, which a later import brings.
 *
 * @throws RowProblem
 * @source Helicone/helicone: examples/export/typescript/index.ts (formats, columns of CSV),
 * valhalla/jawn/src/lib/stores/request/request.ts (members), valhalla/jawn/src/lib/handlers/LoggingHandler.ts (cache hits,
 * cost), packages/cost/usage/openAIUsageProcessor.ts (what is not in the token counts)
 */
export function eventOfHelicone(row: ExportRow): Record<string, unknown> {
  const request = new Fields(row)
  const status = statusOf(request)
  const startMs = request.instant('request_created_at')
  if (startMs === undefined) throw new RowProblem('has no request_created_at')
  const model = request.text('model_override', 'request_model', 'model', 'response_model')
  const properties = propertiesOf(request)
  return present({
    event_id: idOf(request.text('response_id', 'request_id'), 'request_id'),
    timestamp_ms: startMs,
    request_model: fitting(model, 256) ?? 'unknown',
    response_model: fitting(request.text('response_model'), 256),
    provider: fitting(providerOf(request.text('provider'), model), 64),
    endpoint: fitting(request.text('request_path'), 512),
    user_id: fitting(request.text('request_user_id', 'helicone_user'), 256),
    session_id: fitting(properties.get('Helicone-Session-Id'), 256),
    duration_ms: request.count('delay_ms', 'latency'),
    ttfb_ms: request.count('time_to_first_token') || undefined,
    tags: tagsOf([...properties].filter(([name]) => name !== 'Helicone-Session-Id')),
    ...outcomeOf(status),
    ...usageOf(request, status),
  })
}

const ENDED_WITHOUT_ANSWER: ReadonlyMap<number, string> = new Map([
  [-3, 'cancelled'],
  [-4, 'blocked'],
])

function statusOf(request: Fields): number | undefined {
  const told = request.text('response_status', 'status')
  const status = told === undefined ? undefined : Number(told)
  if (status === -2) throw new RowProblem('is of a request that is still under way')
  return status
}

function outcomeOf(status: number | undefined): Record<string, unknown> {
  if (status === undefined || status === 0) return {}
  if (status >= 100 && status <= 599) return { status_code: status, success: status < 400 }
  return {
    kind: 'llm_request_failed',
    success: false,
    error_type: ENDED_WITHOUT_ANSWER.get(status) ?? 'helicone',
    error_code: String(status),
    aborted: status === -3 ? true : undefined,
  }
}

/** `OPENAI` in older rows, `google-ai-studio` and the like in newer ones. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['google-ai-studio', 'gcp.gemini'],
  ['aws', 'aws.bedrock'],
  ['x', 'x_ai'],
])

function providerOf(told: string | undefined, model: string | undefined): string | undefined {
  const name = told?.toLowerCase()
  if (name !== undefined && name !== 'custom' && name !== 'helicone') return PROVIDERS.get(name) ?? parseProvider(name)
  const inferred = inferProvider(model ?? '')
  return inferred === 'unknown' ? undefined : inferred
}

function propertiesOf(request: Fields): ReadonlyMap<string, string> {
  const told = { ...objectOf(request.value('request_properties')), ...objectOf(request.value('properties')) }
  return new Map(Object.entries(told).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function usageOf(request: Fields, status: number | undefined): Record<string, unknown> {
  const cachedBy = request.text('cache_reference_id')
  if (cachedBy !== undefined && cachedBy !== NO_CACHED_ANSWER)
    return { cache_hit: true, ...wireUsage({ input: 0, output: 0 }), cost_nano_usd: 0 }

  const [prompt, completion] = [request.count('prompt_tokens'), request.count('completion_tokens')]
  const cacheRead = request.count('prompt_cache_read_tokens')
  const cacheWrite = request.count('prompt_cache_write_tokens')
  const inputAudio = request.count('prompt_audio_tokens')
  const outputAudio = request.count('completion_audio_tokens')
  const reasoning = request.count('reasoning_tokens')
  const input = sum(prompt, cacheRead, cacheWrite, inputAudio)
  const output = sum(completion, reasoning, outputAudio)
  const cost = request.nanoUsd('costUSD', 'cost_usd', 'cost')
  const known = input + output > 0 || (prompt !== undefined && status !== undefined && status < 400)
  return {
    ...(known ? wireUsage({ input, output, cacheRead, cacheWrite, reasoning, inputAudio, outputAudio }) : {}),
    cost_nano_usd: cost === 0 ? undefined : cost,
  }
}
