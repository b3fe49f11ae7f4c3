import { createHash } from 'node:crypto'
import { codeOf } from '@tallystick/core/provider'
import { litellmModel, litellmProvider } from '../../format/litellm/names.ts'
import { operationOf } from '../../format/litellm/operation.ts'
import { elapsed, Fields, fitting, idOf, listOf, present, RowProblem, tagsOf } from './fields.ts'
import type { ExportRow } from './rows.ts'
import { sum, wireUsage } from './usage.ts'

/**
 * A row of LiteLLM's spend logs as an item of the native wire. Prompts and answers, which a row may hold, are not read.
 *
 * - The id is `request_id`, the primary key: the provider's own id of the answer, or LiteLLM's of the call. The callback tells
 *   of an answer under the same, so what comes both ways is counted once; of failed calls and answers out of the cache
 *   each of the two makes up an id of its own.
 * - Who asked is `end_user`, as the callback says it, or else the user of the key, who is the tag `key_user` in any case.
 * - `prompt_tokens` has cache reads and writes in it; a row in which they cannot be, or whose `total_tokens` says that they
 *   are beside it, is of a pass-through to a provider that counts so, and they are added once.
 * - Answers from LiteLLM's own cache (`cache_hit`) took no tokens of the provider and cost nothing; what the answer would
 *   have taken stands in `detail`.
 * - `spend` of 0 beside tokens means that LiteLLM has no price for the model, unless `cost_breakdown` says that the cost is
 *   0: the cost is then unknown and ours counts.
 * - A row stands for all attempts of a call: how often it was retried stands in `detail`, and `attempt` is left out so that
 *   it counts as one operation.
 * - Instants are UTC, with or without saying so.
 *
 * @throws RowProblem
 * @source BerriAI/litellm: schema.prisma (LiteLLM_SpendLogs), litellm/proxy/spend_tracking/spend_tracking_utils.py
 * (get_logging_payload: ids of cache hits, UTC, status, additional_usage_values)
 */
export function eventOfSpendLog(row: ExportRow): Record<string, unknown> {
  const log = new Fields(row)
  const metadata = log.object('metadata')
  const startMs = log.instant('startTime', 'start_time')
  if (startMs === undefined) throw new RowProblem('has no startTime')
  const endMs = log.instant('endTime', 'end_time')
  const provider = log.text('custom_llm_provider')
  const model = litellmModel(log.text('model', 'model_group'), provider)
  return present({
    event_id: idOf(log.text('request_id'), 'request_id'),
    timestamp_ms: startMs,
    request_model: fitting(model, 256) ?? 'unknown',
    provider: fitting(litellmProvider(provider, model), 64),
    provider_id: fitting(log.text('model_id'), 128),
    backend: fitting(log.text('model_group'), 128),
    operation: fitting(operationOf(log.text('call_type')), 64),
    agent_id: fitting(log.text('agent_id'), 120),
    user_id: fitting(log.text('end_user') ?? log.text('user'), 256),
    session_id: fitting(log.text('session_id'), 256),
    api_key_id: fitting(keyId(log.text('api_key')), 128),
    api_key_label: fitting(metadata.text('user_api_key_alias'), 256),
    duration_ms: elapsed(startMs, endMs) ?? log.count('request_duration_ms'),
    ttfb_ms: firstToken(startMs, log.instant('completionStartTime', 'completion_start_time'), endMs),
    tags: logTags(log, metadata),
    ...outcomeOf(log, metadata),
    ...usageOf(log, metadata),
  })
}

/** Spend logs have the SHA-256 of a key; a key that is there itself must not get any further. */
function keyId(key: string | undefined): string | undefined {
  return key?.startsWith('sk-') ? createHash('sha256').update(key).digest('hex') : key
}

/** Without a stream the first token is told to have come at the end. */
function firstToken(startMs: number, firstMs: number | undefined, endMs: number | undefined): number | undefined {
  return firstMs === endMs ? undefined : elapsed(startMs, firstMs)
}

function logTags(log: Fields, metadata: Fields): Record<string, string> | undefined {
  const listed = listOf(log.value('request_tags')).filter(
    (tag): tag is string => typeof tag === 'string' && !tag.startsWith('User-Agent:'),
  )
  return tagsOf([
    ...listed.map((tag): readonly [string, string] => {
      const at = tag.indexOf(':')
      return at > 0 ? [tag.slice(0, at).trim(), tag.slice(at + 1).trim()] : [tag.trim(), 'true']
    }),
    ['team', metadata.text('user_api_key_team_alias') ?? log.text('team_id')],
    ['organization', log.text('organization_id')],
    ['key_user', log.text('user')],
  ])
}

/** The message of an error may quote the prompt, and is not read. */
function outcomeOf(log: Fields, metadata: Fields): Record<string, unknown> {
  if ((log.text('status') ?? metadata.text('status')) !== 'failure') return { success: true }
  const error = metadata.object('error_information')
  const code = error.text('error_code')
  return {
    kind: 'llm_request_failed',
    success: false,
    error_type: codeOf(error.text('error_class')),
    error_code: codeOf(code),
    status_code: code !== undefined && /^[1-5]\d\d$/.test(code) ? Number(code) : undefined,
  }
}

function usageOf(log: Fields, metadata: Fields): Record<string, unknown> {
  const told = new Fields({
    ...Object.fromEntries(metadata.object('additional_usage_values').entries()),
    ...Object.fromEntries(metadata.object('usage_object').entries()),
  })
  const counted = tokensOf(log, told)
  const { input, output } = counted
  const spend = log.nanoUsd('spend')
  const retries = metadata.count('attempted_retries') ?? 0
  const retried = retries > 0 ? { attempted_retries: retries } : undefined
  if (log.flag('cache_hit'))
    return {
      cache_hit: true,
      ...wireUsage({ input: 0, output: 0 }),
      cost_nano_usd: 0,
      detail: { ...retried, answer_input_tokens: input ?? 0, answer_output_tokens: output ?? 0 },
    }
  const nothing = sum(input, output) === 0
  const failed = (log.text('status') ?? metadata.text('status')) === 'failure'
  const free = metadata.object('cost_breakdown').nanoUsd('total_cost') === 0
  const searches = told.object('server_tool_use').count('web_search_requests') ?? 0
  return {
    // A failure is logged with zeros, which are nobody's figures.
    ...(failed && nothing ? {} : wireUsage(counted)),
    ...(searches > 0 ? { units: { web_searches: searches } } : {}),
    cost_nano_usd: spend === 0 && (failed || !nothing) && !free ? undefined : spend,
    detail: retried,
  }
}

function tokensOf(log: Fields, told: Fields) {
  const of = { input: told.object('prompt_tokens_details', 'input_tokens_details') }
  const details = { input: of.input, output: told.object('completion_tokens_details', 'output_tokens_details') }
  const read = told.count('cache_read_input_tokens') ?? details.input.count('cached_tokens') ?? 0
  const written =
    told.count('cache_creation_input_tokens') ?? details.input.count('cache_creation_tokens', 'cache_write_tokens') ?? 0
  const lasting = details.input.object('cache_creation_token_details').count('ephemeral_1h_input_tokens')
  const prompt = log.count('prompt_tokens') || told.count('input_tokens') || 0
  const completion = log.count('completion_tokens') || told.count('output_tokens') || 0
  const cached = read + written
  const beside = cached > prompt || (cached > 0 && log.count('total_tokens') === prompt + completion + cached)
  return {
    input: beside ? prompt + cached : prompt,
    output: completion,
    cacheRead: read,
    cacheWrite: Math.max(0, written - (lasting ?? 0)),
    cacheWrite1h: lasting,
    reasoning: details.output.count('reasoning_tokens'),
    inputAudio: details.input.count('audio_tokens'),
    outputAudio: details.output.count('audio_tokens'),
    inputImage: details.input.count('image_tokens'),
    outputImage: details.output.count('image_tokens'),
  }
}
