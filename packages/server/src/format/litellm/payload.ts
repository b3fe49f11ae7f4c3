import { type Decoded, type Decoder, decodeWireEvent, type FieldName, wireName } from '@tallystick/core/event'
import { scaleDecimal } from '@tallystick/core/pricing'
import { at, codeOf, knownCode } from '@tallystick/core/provider'
import { eventIdOf, firstText, labelTags, saidObject, saidText } from '../said.ts'
import { litellmModel, litellmProvider } from './names.ts'
import { operationOf } from './operation.ts'
import { litellmUsage } from './usage.ts'

type Payload = Readonly<Record<string, unknown>>

/**
 * Reads one `StandardLoggingPayload` of LiteLLM's callback.
 *
 * Its cost is taken from the shortest decimal that names the float, which is what Python wrote, half-even to nano-USD. A cost of
 * 0 is LiteLLM's word for a price it does not know, and absent here; it is 0 for an answer out of its own cache, and where it
 * shows how it reckoned.
 *
 * The id is the provider's own of the answer where there is one. A failed attempt has none, and all attempts of a call
 * share the call's id: its start is added, so that each is counted.
 *
 * @returns as every decoder; text of prompts, answers and errors is never looked at
 * @source litellm/types/utils.py, litellm/litellm_core_utils/litellm_logging.py `get_standard_logging_object_payload`
 */
export const decodeLitellm: Decoder = (item, context): Decoded => {
  const payload = saidObject(item)
  // LiteLLM puts null where it could not make a payload.
  if (payload === undefined)
    return { ok: false, code: 'not_an_object', message: 'a payload of LiteLLM must be a JSON object' }
  const decoded = decodeWireEvent(nativeItem(payload), context)
  return decoded.ok || decoded.field === undefined ? decoded : named(decoded, decoded.field)
}

/** Where a member of the native wire stands in the payload: a refusal names it as the sender does. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['request_model', 'model'],
  ['timestamp_ms', 'startTime'],
  ['tool_name', 'metadata.mcp_tool_call_metadata.name'],
])

function named(refused: Extract<Decoded, { ok: false }>, field: string): Decoded {
  const name = NAMES.get(field)
  return name === undefined ? refused : { ...refused, field: name, message: refused.message.replace(field, name) }
}

function nativeItem(payload: Payload): Record<string, unknown> {
  const said = (name: string, max: number): string | undefined => saidText(payload[name], max)
  const meta = (name: string): unknown => at(payload, 'metadata', name)
  const startMs = millisecondsOf(payload['startTime'])
  const failed = payload['status'] === 'failure'
  const spoken = said('custom_llm_provider', 64)
  // What was refused before a model was chosen is a failed request all the same.
  const model = litellmModel(textOf(payload['model']) ?? textOf(payload['model_group']), spoken)
  const tool = payload['call_type'] === 'call_mcp_tool'
  return {
    kind: tool ? 'tool_invocation' : failed ? 'llm_request_failed' : 'llm_request_completed',
    event_id: idOf(payload, failed, startMs),
    timestamp_ms: startMs ?? payload['startTime'],
    success: !failed,
    user_id: firstText(256, payload['end_user'], meta('user_api_key_end_user_id'), meta('user_api_key_user_id')),
    api_key_id: keyHash(meta('user_api_key_hash')),
    api_key_label: saidText(meta('user_api_key_alias'), 256),
    client_ip: firstText(64, payload['requester_ip_address'], meta('requester_ip_address')),
    user_agent: firstText(512, payload['user_agent'], meta('user_agent')),
    provider: litellmProvider(spoken, model),
    provider_id: said('model_id', 128),
    request_model: model ?? 'unknown',
    response_model: litellmModel(textOf(at(payload, 'response', 'model')), spoken),
    operation: operationOf(payload['call_type']),
    endpoint: saidText(meta('user_api_key_request_route'), 512),
    stream: typeof payload['stream'] === 'boolean' ? payload['stream'] : undefined,
    service_tier: knownCode(at(payload, 'response', 'service_tier')),
    status_code: statusOf(at(payload, 'error_information', 'error_code')),
    error_type: failed ? (codeOf(at(payload, 'error_information', 'error_class')) ?? 'error') : undefined,
    error_code: failed ? codeOf(at(payload, 'error_information', 'error_code')) : undefined,
    finish_reason: codeOf(at(payload, 'response', 'choices', '0', 'finish_reason')),
    ...usageOf(payload),
    cost_reported_nano_usd: costOf(payload),
    duration_ms: between(startMs, millisecondsOf(payload['endTime'])),
    ttfb_ms: payload['stream'] === true ? between(startMs, millisecondsOf(payload['completionStartTime'])) : undefined,
    backend: said('model_group', 128),
    tool_name: saidText(at(payload, 'metadata', 'mcp_tool_call_metadata', 'name'), 256),
    mcp_servers: listOf(saidText(at(payload, 'metadata', 'mcp_tool_call_metadata', 'mcp_server_name'), 128)),
    cache_hit: payload['cache_hit'] === true ? true : undefined,
    operation_id: said('litellm_call_id', 128),
    trace_id: said('trace_id', 64),
    tags: tagsOf(payload),
    detail: detailOf(payload),
  }
}

/**
 * What has to be one event must have one id, and what is not must not: LiteLLM writes `None` where there is none, and its own
 * answers out of a cache have an id of their own.
 */
function idOf(payload: Payload, failed: boolean, startMs: number | undefined): string | undefined {
  const call = identifier(payload['litellm_call_id'])
  const id = identifier(payload['id']) ?? call
  if (id === undefined) return undefined
  return eventIdOf(failed ? `${id}@${startMs ?? ''}` : id)
}

function identifier(value: unknown): string | undefined {
  return value === 'None' ? undefined : saidText(value, MAX_ID_BYTES)
}

/** Ids of answers that LiteLLM has packed a route into have some hundred. */
const MAX_ID_BYTES = 4096

/** However long: a refusal says that a name is too long. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** Python's seconds since 1970 as a float. */
function millisecondsOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const ms = Math.round(value * 1000)
  return Number.isSafeInteger(ms) ? ms : undefined
}

function between(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined || toMs < fromMs ? undefined : toMs - fromMs
}

/** Undefined where it is LiteLLM's 0 for a price that it does not know. */
function costOf(payload: Payload): number | undefined {
  const said = payload['response_cost']
  const nano = typeof said === 'number' || typeof said === 'string' ? scaleDecimal(said, 9) : undefined
  if (nano !== 0) return nano
  const reckoned = typeof at(payload, 'cost_breakdown', 'total_cost') === 'number'
  return payload['cache_hit'] === true || (reckoned && payload['status'] !== 'failure') ? 0 : undefined
}

/** The hash of one of LiteLLM's keys; a key itself, which some setups put there, is nothing to keep. */
function keyHash(value: unknown): string | undefined {
  const hash = saidText(value, 128)
  return hash?.startsWith('sk-') ? undefined : hash
}

function statusOf(code: unknown): number | undefined {
  const status = typeof code === 'string' && /^[1-5]\d\d$/.test(code) ? Number(code) : code
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined
}

function usageOf(payload: Payload): Record<string, unknown> {
  const fields = litellmUsage(payload)?.fields ?? {}
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [wireName(name as FieldName), value]))
}

function tagsOf(payload: Payload): Record<string, string> {
  const labels = Array.isArray(payload['request_tags']) ? payload['request_tags'] : []
  // LiteLLM adds the caller's user agent to them, twice.
  const tags = labelTags(labels.filter((label) => typeof label === 'string' && !label.startsWith('User-Agent:')))
  const meta = (name: string): unknown => at(payload, 'metadata', `user_api_key_${name}`)
  const own: readonly (readonly [string, string | undefined])[] = [
    ['team', firstText(256, meta('team_alias'), meta('team_id'))],
    ['organization', firstText(256, meta('org_alias'), meta('org_id'))],
    ['project', firstText(256, meta('project_alias'), meta('project_id'))],
    ['key_user', saidText(meta('user_id'), 256)],
  ]
  // What the key is bound to counts over what the request says of itself.
  for (const [name, value] of own) if (value !== undefined) tags.set(name, value)
  return Object.fromEntries(tags)
}

/** The host that was asked, and nothing else of the address: some have a credential in their path. */
function detailOf(payload: Payload): Record<string, string> | undefined {
  const base = payload['api_base']
  const url = typeof base === 'string' && base.length <= 2048 && URL.canParse(base) ? new URL(base) : undefined
  const host = saidText(url?.host, 256)
  return host === undefined ? undefined : { api_host: host }
}

const listOf = (value: string | undefined): readonly string[] | undefined => (value === undefined ? undefined : [value])
