import type { JsonValue } from './event.ts'
import { FIELDS } from './fields.ts'
import { MAX_TEXT, meansContentOrSecret } from './wire/extras.ts'
import { isText, utf8Bytes } from './wire/text.ts'
import { setOwn } from './wire/values.ts'

const MAX_BYTES = (FIELDS.detail as { readonly max: number }).max
const MAX_NAME = 128
const MAX_DEPTH = 4
/** No longer list or wider object fits the bytes anyway; it bounds the time spent on one. */
const MAX_ENTRIES = 1024

/**
 * What a source says beside the members that are known of it, as an event's `detail` may hold it: numbers, booleans, null,
 * texts of at most 256 UTF-16 units, and lists and objects of these, four deep, in the order given, while all of it stays
 * within the limit of `detail`. A date is its ISO text.
 *
 * Left out, and no reason to refuse anything: what is no JSON, longer texts, names that mean content or secrets (at every
 * depth), members that throw when they are read, and what finds no room.
 *
 * @param parts objects, and which of their members; of two members of one name the first is kept
 * @returns undefined when nothing is kept
 * @example
 * const sent = { team: 'search', prompt: 'Dear ...', size: { rows: 3 } }
 * keptMetadata([[sent, Object.keys(sent)]]) // { team: 'search', size: { rows: 3 } }
 */
export function keptMetadata(
  parts: readonly (readonly [source: object, names: readonly string[]])[],
): Record<string, JsonValue> | undefined {
  const kept: Record<string, JsonValue> = {}
  let room = MAX_BYTES - 2
  let found = false
  for (const [source, names] of parts) {
    for (const name of names) {
      if (!isName(name) || Object.hasOwn(kept, name)) continue
      const copy = guardedCopy(source, name)
      if (copy === undefined) continue
      // A colon and a comma more than the two texts.
      const bytes = utf8Bytes(JSON.stringify(name)) + utf8Bytes(JSON.stringify(copy)) + 2
      if (bytes > room) continue
      room -= bytes
      setOwn(kept, name, copy)
      found = true
    }
  }
  return found ? kept : undefined
}

function guardedCopy(source: object, name: string): JsonValue | undefined {
  try {
    return copyOf(name, (source as Record<string, unknown>)[name], 1)
  } catch {
    return undefined
  }
}

function copyOf(name: string, value: unknown, depth: number): JsonValue | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value + 0 : undefined
    case 'boolean':
      return value
    case 'string':
      return value.length <= MAX_TEXT && isText(value) && !meansContentOrSecret(name) ? value : undefined
    case 'object':
      if (value === null) return null
      if (meansContentOrSecret(name)) return undefined
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
      if (depth > MAX_DEPTH) return undefined
      return Array.isArray(value) ? listOf(name, value, depth) : objectOf(value, depth)
    default:
      return undefined
  }
}

function listOf(name: string, list: readonly unknown[], depth: number): JsonValue[] | undefined {
  if (list.length > MAX_ENTRIES) return undefined
  return list.flatMap((entry) => {
    const copy = copyOf(name, entry, depth + 1)
    return copy === undefined ? [] : [copy]
  })
}

function objectOf(source: object, depth: number): { readonly [key: string]: JsonValue } | undefined {
  const names = Object.keys(source)
  if (names.length > MAX_ENTRIES) return undefined
  const target: Record<string, JsonValue> = {}
  for (const name of names) {
    const copy = isName(name) ? copyOf(name, (source as Record<string, unknown>)[name], depth + 1) : undefined
    if (copy !== undefined) setOwn(target, name, copy)
  }
  return target
}

function isName(name: string): boolean {
  return name !== '' && name.length <= MAX_NAME && isText(name)
}
