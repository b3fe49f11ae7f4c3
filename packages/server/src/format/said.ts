import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

/** Readers of single values that strangers sent in a format of their own. None throws; what is not as it should be is unknown. */

/** More labels than an honest sender puts on one request. */
const MAX_LABELS = 32
const MAX_LABEL_BYTES = 256
const MAX_LABELS_BYTES = 2048
/** `team:search`: a short name, then what it is. */
const NAMED_LABEL = /^([A-Za-z][\w.-]{0,63})[:=]\s*(\S.*)$/

/**
 * A text of at most `max` bytes; undefined for anything else. What is longer is no name of something but what somebody wrote.
 *
 * @example saidText('gpt-4o', 256) // 'gpt-4o'
 */
export function saidText(value: unknown, max: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > max) return undefined
  if (!value.isWellFormed() || value.includes('\0')) return undefined
  return Buffer.byteLength(value) <= max ? value : undefined
}

/** The first of these that is a text of at most `max` bytes. */
export function firstText(max: number, ...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const text = saidText(value, max)
    if (text !== undefined) return text
  }
  return undefined
}

/** A whole number from 0 to 2^53 - 1; undefined for anything else. */
export function saidCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value + 0 : undefined
}

/** An object of members; undefined for anything else. */
export function saidObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

/**
 * An id as an event has it: as it came, or, where it is longer than 128 bytes, its hash. Gateways make ids of some hundred
 * characters by packing a route into them.
 *
 * @example eventIdOf('chatcmpl-1') // 'chatcmpl-1'
 */
export function eventIdOf(id: string): string {
  return saidText(id, 128) ?? `sha256-${hash('sha256', id, 'hex')}`
}

/**
 * Labels of a request as tags: `team:search` and `team=search` name theirs, any other is its own name with the value `true`.
 * At most 32 of 256 bytes, and 2 KiB in all; the first of two with one name stands.
 *
 * @example [...labelTags(['team:search', 'beta'])] // [['team', 'search'], ['beta', 'true']]
 */
export function labelTags(labels: unknown): Map<string, string> {
  const tags = new Map<string, string>()
  if (!Array.isArray(labels)) return tags
  let room = MAX_LABELS_BYTES
  for (const label of labels.slice(0, MAX_LABELS)) {
    const text = saidText(label, MAX_LABEL_BYTES)?.trim()
    if (text === undefined || text === '') continue
    room -= Buffer.byteLength(text)
    if (room < 0) break
    const [, name, value] = NAMED_LABEL.exec(text) ?? [undefined, saidText(text, 128), 'true']
    if (name !== undefined && value !== undefined && !tags.has(name)) tags.set(name, value)
  }
  return tags
}
