import { usdToNano } from '../units.ts'
import { setOwn } from '../wire/values.ts'

type Members = Readonly<Record<string, unknown>>

/** Name on the native wire, section and member of the document. */
const PLACES: readonly (readonly [wire: string, section: string, member: string])[] = [
  ['endpoint', 'request', 'endpoint'],
  ['method', 'request', 'method'],
  ['request_model', 'request', 'model'],
  ['stream', 'request', 'stream'],
  ['request_bytes', 'request', 'size_bytes'],
  ['message_count', 'request', 'message_count'],
  ['input_tokens', 'request', 'input_tokens'],
  ['user_agent', 'request', 'user_agent'],
  ['client_ip', 'request', 'client_ip'],
  ['status_code', 'response', 'status_code'],
  ['response_bytes', 'response', 'size_bytes'],
  ['output_tokens', 'response', 'output_tokens'],
  ['success', 'response', 'success'],
  ['error_message', 'response', 'error_message'],
  ['duration_ms', 'performance', 'duration_ms'],
  ['ttfb_ms', 'performance', 'ttfb_ms'],
  ['upstream_duration_ms', 'performance', 'upstream_duration_ms'],
  ['authenticated', 'auth', 'authenticated'],
  ['api_key_id', 'auth', 'api_key_id'],
  ['api_key_label', 'auth', 'api_key_label'],
  ['auth_method', 'auth', 'auth_method'],
  ['backend', 'routing', 'backend'],
  ['upstream_mode', 'routing', 'upstream_mode'],
  ['mcp_enabled', 'routing', 'mcp_enabled'],
  ['mcp_servers', 'routing', 'mcp_servers'],
  ['system_prompt_applied', 'routing', 'system_prompt_applied'],
]

const USAGE_PLACES = [
  ['input_tokens', 'prompt_tokens'],
  ['output_tokens', 'completion_tokens'],
  ['cache_read_tokens', 'cached_tokens'],
  ['reasoning_tokens', 'reasoning_tokens'],
] as const

/** Path in the document of each member of the native wire that it can hold. */
export const PATH_OF_WIRE: ReadonlyMap<string, string> = new Map([
  ...PLACES.map(([wire, section, member]) => [wire, `${section}.${member}`] as const),
  ['model', 'request.model'],
  ['event_id', 'id'],
  ['timestamp_ms', 'timestamp'],
  ['cache_read_tokens', 'token_usage.cached_tokens'],
  ['reasoning_tokens', 'token_usage.reasoning_tokens'],
  ['cost_usd', 'cost.total_cost'],
])

/** Where 0 is what the document says for "not known". */
const ZERO_IS_UNKNOWN: ReadonlySet<string> = new Set(['request_bytes', 'response_bytes', 'status_code'])

/** How the document's missing model is called inside, where a request always has one. */
export const NO_MODEL = 'unknown'
/** `error_type` of a request whose document has no response. */
export const NO_RESPONSE = 'no_response'

/**
 * The document as members of the native wire, without looking at their values; `x_tallystick` has the last word. A
 * member that the document leaves open is absent.
 */
export function flattenDocument(document: Members): Record<string, unknown> {
  const item: Record<string, unknown> = {}
  item['event_id'] = document['id']
  item['timestamp_ms'] = milliseconds(document['timestamp'])
  item['kind'] = 'llm_request_completed'
  for (const [wire, section, member] of PLACES) {
    const value = members(document[section])?.[member]
    if (value === undefined || value === null || (value === 0 && ZERO_IS_UNKNOWN.has(wire))) continue
    if (value === '' || (Array.isArray(value) && value.length === 0)) continue
    item[wire] = value
  }
  item['request_model'] ??= NO_MODEL
  settleOutcome(item, members(document['response']))
  readUsage(item, members(document['token_usage']))
  readCost(item, members(document['cost']))

  const extension = members(document['x_tallystick'])
  if (extension === undefined) return item
  for (const name of Object.keys(extension)) {
    const value = extension[name]
    if (value === null || value === undefined) delete item[name]
    else setOwn(item, name, value)
  }
  return item
}

function members(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

/** A second that is no integer stays as it is, to be refused as such. */
function milliseconds(seconds: unknown): unknown {
  return Number.isInteger(seconds) ? (seconds as number) * 1000 : seconds
}

function settleOutcome(item: Record<string, unknown>, response: Members | undefined): void {
  if (response === undefined) {
    item['success'] = false
    item['error_type'] = NO_RESPONSE
  } else if (item['success'] === undefined) {
    const status = item['status_code']
    item['success'] = typeof status !== 'number' || (status >= 200 && status < 300)
  }
  if (item['success'] === false) item['kind'] = 'llm_request_failed'
}

function readUsage(item: Record<string, unknown>, usage: Members | undefined): void {
  if (usage !== undefined) {
    for (const [wire, member] of USAGE_PLACES) {
      const value = usage[member]
      if (value === undefined || value === null) delete item[wire]
      else item[wire] = value
    }
  }
  const measured = item['input_tokens'] !== undefined || item['output_tokens'] !== undefined
  item['usage_basis'] = measured ? 'measured' : 'unknown'
}

function readCost(item: Record<string, unknown>, cost: Members | undefined): void {
  if (cost === undefined) return
  const { total_cost: total, currency, pricing_model: model } = cost
  if (typeof model === 'string' && model !== '') item['detail'] = { pricing_model: model }
  // An amount in another currency is no cost that could be added to the others.
  if (total === undefined || total === null || (currency !== undefined && currency !== null && currency !== 'USD'))
    return
  const nano = typeof total === 'number' ? usdToNano(total) : undefined
  if (nano === undefined) {
    // Under the name that says what is wrong with it.
    item['cost_usd'] = total
    return
  }
  item['cost_nano_usd'] = nano
  item['cost_reported_nano_usd'] = nano
  item['cost_basis'] = 'client'
  for (const [wire, member] of COST_PARTS) {
    const part = cost[member]
    const value = typeof part === 'number' ? usdToNano(part) : undefined
    if (value !== undefined) item[wire] = value
  }
}

const COST_PARTS = [
  ['cost_input_nano_usd', 'input_cost'],
  ['cost_output_nano_usd', 'output_cost'],
  ['cost_cache_read_nano_usd', 'cached_cost'],
] as const
