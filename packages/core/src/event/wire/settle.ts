import type { EventKind, Mutable, UsageEvent } from '../event.ts'
import { type FieldName, REQUIRED_DETAIL, REQUIRED_FIELDS, wireName } from '../fields.ts'
import { Refusal } from './decoder.ts'
import type { WireItem } from './item.ts'
import { notAnInteger } from './values.ts'

type Draft = Mutable<UsageEvent>

/** Is the event a request to a model (rather than a tool call or a notice)? */
export function isLlmRequest(kind: EventKind): boolean {
  return kind === 'llm_request_completed' || kind === 'llm_request_failed'
}

/**
 * Decides `kind` and `success` where they were left open.
 *
 * A given kind stands. Without one the request failed if `success` is false or, when `success` is not given either, if
 * there is an error or a status from 400; otherwise it completed. A failed request is never a success. A completed one
 * is what `success` says; without that it succeeded unless its status is 400 or above.
 */
export function settleOutcome(event: Draft): void {
  const { statusCode = 0, success } = event
  if (event.kind === undefined) {
    const broken = event.errorType !== undefined || event.errorCode !== undefined || event.errorMessage !== undefined
    const failed = success === undefined ? broken || statusCode >= 400 : !success
    event.kind = failed ? 'llm_request_failed' : 'llm_request_completed'
  }
  if (event.kind === 'llm_request_failed') event.success = false
  else if (event.kind === 'llm_request_completed') event.success = success ?? statusCode < 400
}

/**
 * Resolves a total into its parts. `totalTokens` is for sources that give nothing else: beside input and output it must
 * be their sum and is left out; beside one of them that is smaller it gives the other.
 */
export function settleTotal(event: Draft, total: number): void {
  const { inputTokens, outputTokens } = event
  if (inputTokens === undefined && outputTokens === undefined) {
    event.totalTokens = total
    return
  }
  const known = (inputTokens ?? 0) + (outputTokens ?? 0)
  if (total === known) return
  if (total < known || (inputTokens !== undefined && outputTokens !== undefined)) {
    const message = `total_tokens is ${total}, but input_tokens and output_tokens make ${known}`
    throw new Refusal('usage_inconsistent', 'total_tokens', message)
  }
  if (inputTokens === undefined) event.inputTokens = total - known
  else event.outputTokens = total - known
}

/** Checks that subsets fit their totals, and says on what ground the usage stands. */
export function settleUsage(event: Draft): void {
  const cached = (event.cacheReadTokens ?? 0) + (event.cacheWriteTokens ?? 0) + (event.cacheWrite1hTokens ?? 0)
  const { inputTokens: input = 0, outputTokens: output = 0 } = event
  if (cached > input) {
    throw inconsistent(event, 'inputTokens', ['cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens'])
  }
  if ((event.inputAudioTokens ?? 0) + (event.inputImageTokens ?? 0) > input) {
    throw inconsistent(event, 'inputTokens', ['inputAudioTokens', 'inputImageTokens'])
  }
  if ((event.reasoningTokens ?? 0) > output) throw inconsistent(event, 'outputTokens', ['reasoningTokens'])
  if ((event.outputAudioTokens ?? 0) + (event.outputImageTokens ?? 0) > output) {
    throw inconsistent(event, 'outputTokens', ['outputAudioTokens', 'outputImageTokens'])
  }
  if (event.usageBasis === undefined && isLlmRequest(event.kind)) {
    const known = event.inputTokens ?? event.outputTokens ?? event.totalTokens ?? event.units
    event.usageBasis = known === undefined ? 'unknown' : 'measured'
  }
}

function inconsistent(event: Draft, total: FieldName, parts: readonly FieldName[]): Refusal {
  const given = parts.filter((part) => event[part] !== undefined).map((part) => `${wireName(part)} ${event[part]}`)
  const whole = wireName(total)
  const found = event[total] === undefined ? 'is missing' : `is ${event[total]}`
  return new Refusal('usage_inconsistent', whole, `${whole} ${found} but must include ${given.join(' and ')}`)
}

/** Checks what the event's kind cannot do without. */
export function checkRequired(item: WireItem, event: Draft): void {
  const { kind, detail } = event
  for (const name of REQUIRED_DETAIL[kind]) {
    const value =
      detail !== undefined && Object.hasOwn(detail, name)
        ? detail[name]
        : (item as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || value === null) throw missing(kind, name)
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw notAnInteger(value, Number.MAX_SAFE_INTEGER, name)
    // Also true of an integer that found no room in `detail`, whose other members then have to give way.
    if (detail === undefined || !Object.hasOwn(detail, name))
      throw new Refusal('too_long', 'detail', `detail has no room for ${name}`)
  }
  for (const field of REQUIRED_FIELDS[kind]) {
    if (event[field] !== undefined) continue
    const name = field === 'requestModel' ? 'model' : wireName(field)
    const members = item as Readonly<Record<string, unknown>>
    if (members[name] === '') throw new Refusal('empty_value', name, `${name} is empty, but ${kind} needs it`)
    throw missing(kind, name)
  }
}

function missing(kind: EventKind, name: string): Refusal {
  return new Refusal('missing_field', name, `${name} is missing, but ${kind} needs it`)
}
