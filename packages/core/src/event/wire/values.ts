import type { JsonValue } from '../event.ts'
import type { FieldSpec } from '../fields.ts'
import { describe, Refusal } from './decoder.ts'
import { cutUtf8, isText, utf8Bytes, withoutHalfPair } from './text.ts'

/**
 * One reader per type of the field table. Each takes a value that is neither undefined nor null and returns it as the
 * canonical event holds it, or throws a {@link Refusal} that names `field`.
 */

const MAX_TAG_KEY_BYTES = 128
const MAX_TAG_BYTES = 1024
const MAX_DEPTH = 16

export function readString(value: unknown, spec: FieldSpec, field: string): string {
  if (typeof value !== 'string')
    throw new Refusal('invalid_type', field, `${field} must be a string, not ${describe(value)}`)
  return boundedText(value, (spec as { readonly max: number }).max, field)
}

/** Like {@link readString}, but what is too long is cut at the last whole character that fits. */
export function readText(value: unknown, spec: FieldSpec, field: string): string {
  if (typeof value !== 'string')
    throw new Refusal('invalid_type', field, `${field} must be a string, not ${describe(value)}`)
  const max = (spec as { readonly max: number }).max
  // A cut before the check keeps a megabyte from being scanned; the half pair it may leave goes with the second cut.
  const text = value.length > max ? withoutHalfPair(value.slice(0, max)) : value
  checkText(text, field)
  return text.length * 3 <= max ? text : cutUtf8(text, max)
}

export function readInteger(value: unknown, spec: FieldSpec, field: string): number {
  if (typeof value === 'number') {
    // Adding 0 turns -0, which JSON can carry, into 0.
    if (value >= 0 && value <= (spec as { readonly max: number }).max && Math.floor(value) === value) return value + 0
  }
  throw notAnInteger(value, (spec as { readonly max: number }).max, field)
}

export function notAnInteger(value: unknown, max: number, field: string): Refusal {
  if (typeof value !== 'number') {
    return new Refusal('invalid_type', field, `${field} must be a number without quotes, not ${describe(value)}`)
  }
  if (Number.isNaN(value) || (Number.isFinite(value) && !Number.isInteger(value))) {
    return new Refusal('not_an_integer', field, `${field} must be a whole number, not ${value}`)
  }
  return new Refusal('out_of_range', field, `${field} must be from 0 to ${max}, not ${value}`)
}

export function readBoolean(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value
  throw new Refusal('invalid_type', field, `${field} must be true or false, not ${describe(value)}`)
}

export function readRatio(value: unknown, field: string): number {
  if (typeof value !== 'number')
    throw new Refusal('invalid_type', field, `${field} must be a number from 0 to 1, not ${describe(value)}`)
  if (!(value >= 0 && value <= 1))
    throw new Refusal('out_of_range', field, `${field} must be from 0 to 1, not ${value}`)
  return value + 0
}

export function readOneOf<T extends string>(value: unknown, values: readonly T[], field: string): T {
  if (typeof value !== 'string')
    throw new Refusal('invalid_type', field, `${field} must be a string, not ${describe(value)}`)
  if (values.includes(value as T)) return value as T
  throw new Refusal('unknown_value', field, `${field} must be one of ${values.join(', ')}, not ${describe(value)}`)
}

/** A list of non-empty strings; undefined when it is empty. */
export function readStrings(value: unknown, spec: FieldSpec, field: string): readonly string[] | undefined {
  const { max, count } = spec as { readonly max: number; readonly count: number }
  if (!Array.isArray(value))
    throw new Refusal('invalid_type', field, `${field} must be an array of strings, not ${describe(value)}`)
  if (value.length > count) throw tooMany(value.length, count, field)
  if (value.length === 0) return undefined
  const strings: string[] = []
  for (let index = 0; index < value.length; index++) {
    const entry: unknown = value[index]
    if (typeof entry !== 'string') {
      throw new Refusal('invalid_type', field, `${field}[${index}] must be a string, not ${describe(entry)}`)
    }
    if (entry === '') throw new Refusal('empty_value', field, `${field}[${index}] is empty`)
    strings.push(boundedText(entry, max, field))
  }
  return strings
}

/** A map of non-negative integers; undefined when it is empty. */
export function readCounts(
  value: unknown,
  spec: FieldSpec,
  field: string,
): Readonly<Record<string, number>> | undefined {
  return readMap(value, spec, field, readCount)
}

/** A map of strings, which may be empty; undefined when the map is. */
export function readTags(value: unknown, spec: FieldSpec, field: string): Readonly<Record<string, string>> | undefined {
  return readMap(value, spec, field, readTag)
}

function readCount(value: unknown, field: string, key: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0
  throw notAnInteger(value, Number.MAX_SAFE_INTEGER, pathOf(field, key))
}

function readTag(value: unknown, field: string, key: string): string {
  if (typeof value !== 'string') {
    throw new Refusal(
      'invalid_type',
      pathOf(field, key),
      `${pathOf(field, key)} must be a string, not ${describe(value)}`,
    )
  }
  return boundedText(value, MAX_TAG_BYTES, field)
}

function readMap<T>(
  value: unknown,
  spec: FieldSpec,
  field: string,
  read: (entry: unknown, field: string, key: string) => T,
): Readonly<Record<string, T>> | undefined {
  const { count } = spec as { readonly count: number }
  const source = plainObject(value, field)
  const keys = Object.keys(source)
  if (keys.length > count) throw tooMany(keys.length, count, field)
  let target: Record<string, T> | undefined
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    if (key === '') throw new Refusal('empty_value', field, `${field} has an entry with an empty name`)
    boundedText(key, MAX_TAG_KEY_BYTES, field)
    const entry = source[key]
    if (entry === undefined || entry === null) continue
    target ??= {}
    setOwn(target, key, read(entry, field, key))
  }
  return target
}

/** `tags.team`, with a long key cut: it stands in an answer that somebody reads. */
function pathOf(field: string, key: string): string {
  return `${field}.${key.length > 40 ? `${withoutHalfPair(key.slice(0, 40))}...` : key}`
}

/** A copy of a JSON object whose text takes at most `max` bytes; undefined when it is empty. */
export function readDetail(value: unknown, spec: FieldSpec, field: string): Record<string, JsonValue> | undefined {
  const { max } = spec as { readonly max: number }
  const copy = copyJson(plainObject(value, field), field, { left: max, max }, 1) as Record<string, JsonValue>
  for (const _ in copy) {
    if (utf8Bytes(JSON.stringify(copy)) > max) throw tooLong(field, max)
    return copy
  }
  return undefined
}

interface Budget {
  /** Lower bound of the bytes that may still come: what is hopelessly too large is left before it is copied. */
  left: number
  readonly max: number
}

function copyJson(value: unknown, field: string, budget: Budget, depth: number): JsonValue {
  if (--budget.left < 0) throw tooLong(field, budget.max)
  switch (typeof value) {
    case 'string':
      budget.left -= value.length
      if (budget.left < 0) throw tooLong(field, budget.max)
      checkText(value, field)
      return value
    case 'number':
      if (!Number.isFinite(value))
        throw new Refusal('out_of_range', field, `${field} holds a number that JSON cannot carry`)
      return value + 0
    case 'boolean':
      return value
    case 'object': {
      if (value === null) return null
      if (depth > MAX_DEPTH) throw new Refusal('too_deep', field, `${field} is nested deeper than ${MAX_DEPTH} levels`)
      if (Array.isArray(value)) {
        const list: JsonValue[] = []
        for (let index = 0; index < value.length; index++) list.push(copyJson(value[index], field, budget, depth + 1))
        return list
      }
      const source = plainObject(value, field)
      const target: Record<string, JsonValue> = {}
      for (const key of Object.keys(source)) {
        budget.left -= key.length
        if (budget.left < 0) throw tooLong(field, budget.max)
        checkText(key, field)
        const member = source[key]
        if (member !== undefined) setOwn(target, key, copyJson(member, field, budget, depth + 1))
      }
      return target
    }
    default:
      throw new Refusal('invalid_type', field, `${field} holds ${describe(value)}, which is not JSON`)
  }
}

/** Sets an own member, whatever its name: assigning to `__proto__` would set the prototype instead. */
export function setOwn<T>(target: Record<string, T>, name: string, value: T): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

function plainObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw new Refusal('invalid_type', field, `${field} must be an object, not ${describe(value)}`)
}

export function boundedText(text: string, max: number, field: string): string {
  // No character takes more than three bytes per UTF-16 unit, so short text needs no counting.
  if (text.length > max) throw tooLong(field, max)
  checkText(text, field)
  if (text.length * 3 > max && utf8Bytes(text) > max) throw tooLong(field, max)
  return text
}

function checkText(text: string, field: string): void {
  if (isText(text)) return
  throw new Refusal('invalid_text', field, `${field} holds a NUL character or half of a surrogate pair`)
}

function tooLong(field: string, max: number): Refusal {
  return new Refusal('too_long', field, `${field} must be at most ${max} bytes`)
}

function tooMany(found: number, count: number, field: string): Refusal {
  return new Refusal('too_many_entries', field, `${field} must have at most ${count} entries, not ${found}`)
}
