import { isTallystickError, TallystickError } from '../errors.ts'
import {
  type DecodeContext,
  decodeUsageRecord,
  FIELDS,
  type FieldName,
  MAX_AHEAD_MS,
  MIN_TIMESTAMP_MS,
  parseRfc3339,
  type UsageEvent,
} from '../event/index.ts'
import { cutUtf8 } from '../event/wire/text.ts'

/** A record, read leniently. */
export interface ReadInvocation {
  readonly event: UsageEvent
  /** Members that were not usable as they came. */
  readonly repaired: ReadonlySet<string>
}

/**
 * Reads what a caller of the old class hands in, and its files. Whoever records something must not fail because of what is
 * recorded, so members are repaired rather than refused: digits in a text are the number, a number as a name is its digits,
 * names too long are cut, and what remains unusable (NaN, a negative count, a confidence of 85) is unknown. An instant that
 * cannot be read, or lies outside 2000 to tomorrow, is now. Whatever was repaired is told.
 *
 * @throws TallystickError `not_an_object` if it is none, or its members cannot be read
 */
export function readInvocation(input: unknown, context: DecodeContext): ReadInvocation {
  const repairs = new Repairs()
  const record = repairedRecord(input, context.nowMs, repairs)
  const decoded = decodeUsageRecord(record, context)
  if (!decoded.ok) throw new TallystickError(decoded.code, decoded.message)
  return { event: decoded.event, repaired: repairs.members }
}

/** Collects the names of members that are not usable as they came. */
class Repairs {
  readonly members = new Set<string>()

  note(member: string): undefined {
    this.members.add(member)
    return undefined
  }
}

function repairedRecord(input: unknown, nowMs: number, repairs: Repairs): Record<string, unknown> {
  try {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      throw new TallystickError('not_an_object', 'An invocation must be an object such as { tool_name, backend_used }')
    const { event_id: _, ...sent } = input as Record<string, unknown>
    return {
      ...sent,
      timestamp: new Date(instant(sent['timestamp'], nowMs, repairs)).toISOString(),
      session_id: name(sent['session_id'], 'sessionId', 'session_id', repairs),
      tool_name: name(sent['tool_name'], 'toolName', 'tool_name', repairs) ?? 'unknown',
      backend_used: name(sent['backend_used'], 'backend', 'backend_used', repairs),
      routing_method: name(sent['routing_method'], 'routingMethod', 'routing_method', repairs),
      routing_confidence: ratio(sent['routing_confidence'], repairs),
      processing_time_ms: count(sent['processing_time_ms'], 'processing_time_ms', repairs),
      ...tokens(sent, repairs),
      prompt_length: count(sent['prompt_length'], 'prompt_length', repairs),
      response_length: count(sent['response_length'], 'response_length', repairs),
      success: flag(sent['success'], repairs),
      error: failure(sent['error'], repairs),
    }
  } catch (cause) {
    if (isTallystickError(cause)) throw cause
    throw new TallystickError('not_an_object', 'The members of the invocation cannot be read', { cause })
  }
}

const DATE_ONLY = /^\d{4}-\d\d-\d\d$/

function instant(value: unknown, nowMs: number, repairs: Repairs): number {
  if (value === undefined || value === null) return nowMs
  let ms: number | undefined
  if (value instanceof Date) ms = value.getTime()
  else if (typeof value === 'number') ms = Math.floor(value)
  else if (typeof value === 'string')
    ms = parseRfc3339(value) ?? parseRfc3339(DATE_ONLY.test(value) ? `${value}T00:00:00Z` : `${value}Z`)
  if (ms !== undefined && ms >= MIN_TIMESTAMP_MS && ms <= nowMs + MAX_AHEAD_MS) return ms
  repairs.note('timestamp')
  return nowMs
}

function name(value: unknown, field: FieldName, member: string, repairs: Repairs): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const plain = typeof value === 'string'
  if (!plain && !['number', 'boolean', 'bigint'].includes(typeof value)) return repairs.note(member)
  const text = String(value)
  const { max } = FIELDS[field] as { readonly max: number }
  // A cut before the check keeps a hundred megabytes from being scanned.
  const kept = cutUtf8(text.slice(0, max).toWellFormed().replaceAll('\0', ''), max)
  if (!plain || kept !== text) repairs.note(member)
  return kept === '' ? undefined : kept
}

const DECIMAL = /^\s*\d{1,16}(?:\.\d{1,16})?\s*$/
const MAX_DECIMAL = 64

/** A number that stands for itself or in a text; undefined, and told, for anything else that is given. */
function numberOf(value: unknown, member: string, repairs: Repairs): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return value
  repairs.note(member)
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && value.length <= MAX_DECIMAL && DECIMAL.test(value) ? Number(value) : undefined
}

/** A whole number from 0 on; a fraction is rounded. */
function count(value: unknown, member: string, repairs: Repairs): number | undefined {
  const number = numberOf(value, member, repairs)
  if (number === undefined) return undefined
  const whole = Math.round(number)
  return Number.isSafeInteger(whole) && whole >= 0 ? whole + 0 : repairs.note(member)
}

function ratio(value: unknown, repairs: Repairs): number | undefined {
  const number = numberOf(value, 'routing_confidence', repairs)
  if (number === undefined) return undefined
  return number >= 0 && number <= 1 ? number + 0 : repairs.note('routing_confidence')
}

/** Where the counts contradict each other, the parts are believed. */
function tokens(sent: Readonly<Record<string, unknown>>, repairs: Repairs): Record<string, number | undefined> {
  const input = count(sent['input_tokens'], 'input_tokens', repairs)
  const output = count(sent['output_tokens'], 'output_tokens', repairs)
  let total = count(sent['tokens_used'], 'tokens_used', repairs)
  let cached = count(sent['cache_read_tokens'], 'cache_read_tokens', repairs)
  const known = (input ?? 0) + (output ?? 0)
  const divided = input !== undefined && output !== undefined
  if (total !== undefined && total > 0 && (total < known || (divided && total !== known)))
    total = repairs.note('tokens_used')
  if (cached !== undefined && cached > (input ?? 0)) cached = repairs.note('cache_read_tokens')
  return { input_tokens: input, output_tokens: output, tokens_used: total, cache_read_tokens: cached }
}

const FALSE_TEXTS: readonly string[] = ['false', 'no', '0', '']

function flag(value: unknown, repairs: Repairs): boolean | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value
  repairs.note('success')
  return typeof value === 'string' ? !FALSE_TEXTS.includes(value.trim().toLowerCase()) : Boolean(value)
}

function failure(value: unknown, repairs: Repairs): Record<string, string | undefined> | null {
  if (value === undefined || value === null || value === false || value === '') return null
  if (typeof value !== 'object') return { message: message(value, repairs) }
  try {
    const { type, name: className, message: said, code } = value as Readonly<Record<string, unknown>>
    return {
      type: name(type, 'errorType', 'error', repairs) ?? name(className, 'errorType', 'error', repairs),
      message: message(said, repairs),
      code: typeof code === 'number' ? String(code) : name(code, 'errorCode', 'error', repairs),
    }
  } catch {
    // An error whose members throw is still one.
    repairs.note('error')
    return { type: 'unknown' }
  }
}

/** The door cuts it; a message that is no text has none of its own. */
function message(value: unknown, repairs: Repairs): string | undefined {
  const { max } = FIELDS.errorMessage as { readonly max: number }
  if (typeof value === 'string') return value.slice(0, max).toWellFormed().replaceAll('\0', '')
  if (value === undefined || value === null) return undefined
  repairs.note('error')
  return ['number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : undefined
}
