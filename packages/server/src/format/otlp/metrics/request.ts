import { textOf } from '../attributes.ts'
import type { Draft, Request } from '../draft.ts'
import { contentId, millisOf } from '../ids.ts'
import { providerOf } from '../provider-names.ts'
import { includeSubsets, sumOf } from '../usage.ts'
import { addWho, type Sender } from '../who.ts'
import type { PointGroup } from './groups.ts'
import type { Part } from './tables.ts'

const UNKNOWN_MODEL = 'unknown'

/**
 * The event of what a group has grown by. It stands for all the requests of an interval: their tokens and cost are right,
 * their number is not known.
 *
 * @param values what was used between `fromNanos` and the group's own time
 * @returns undefined where nothing was
 */
export function requestOfGroup(
  group: PointGroup,
  values: ReadonlyMap<Part, number>,
  fromNanos: bigint,
  sender: Sender,
): Request | undefined {
  if (![...values.values()].some((value) => value > 0)) return undefined
  const { source, origin, attributes, timeNanos, id } = group
  const responseModel = textOf(attributes, source.responseModel)
  const requestModel = textOf(attributes, source.requestModel) ?? responseModel ?? UNKNOWN_MODEL
  const provider = textOf(attributes, source.provider, 64)
  const knownMs = millisOf(timeNanos)
  const draft: Draft = {
    event_id: contentId(['metric', id, fromNanos, timeNanos]),
    timestamp_ms: knownMs,
    success: true,
    request_model: requestModel,
    provider:
      provider === undefined && source.defaultProvider ? source.defaultProvider : providerOf(provider, requestModel),
    usage_convention: source.convention,
    detail: { signal: 'metric' },
  }
  if (responseModel !== undefined) draft.response_model = responseModel
  const operation = textOf(attributes, source.operation, 64)
  if (operation !== undefined) draft.operation = operation
  addParts(draft, values)
  includeSubsets(draft, source.counting)
  addWho(draft, origin, attributes, sender)
  return { draft, knownMs }
}

function addParts(draft: Draft, values: ReadonlyMap<Part, number>): void {
  const input = sumOf([values.get('input'), values.get('toolInput')])
  if (input !== undefined) draft.input_tokens = input
  const cacheRead = values.get('cacheRead')
  if (cacheRead !== undefined) draft.cache_read_tokens = cacheRead
  const cacheWrite = values.get('cacheWrite')
  if (cacheWrite !== undefined) draft.cache_write_tokens = cacheWrite
  const output = values.get('output')
  if (output !== undefined) draft.output_tokens = output
  const reasoning = values.get('reasoning')
  if (reasoning !== undefined) draft.reasoning_tokens = reasoning
  const cost = values.get('costUsd')
  if (cost !== undefined) draft.cost_nano_usd = cost
}
