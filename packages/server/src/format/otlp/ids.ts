import { hash } from 'node:crypto'
import { plainName } from './attributes.ts'
import type { Attributes, AttributeValue } from './model.ts'

const TRACE_ID = /^[0-9a-f]{32}$/
const SPAN_ID = /^[0-9a-f]{16}$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** The id in lower case if it is one; empty otherwise. All zeroes are none. */
export function traceIdOf(text: string): string {
  const id = text.toLowerCase()
  return TRACE_ID.test(id) && id !== NO_TRACE ? id : ''
}

/** @see traceIdOf */
export function spanIdOf(text: string): string {
  const id = text.toLowerCase()
  return SPAN_ID.test(id) && id !== NO_SPAN ? id : ''
}

/** Shorter ones are not of an id that is unique: some local servers number their answers from 0 to 999. */
const LEAST_ID_LENGTH = 16
const MAX_ID_LENGTH = 128

/** May a provider's id of an answer stand for the request wherever else it is seen? */
export function isUniqueId(id: string | undefined): id is string {
  return id !== undefined && id.length >= LEAST_ID_LENGTH && id.length <= MAX_ID_LENGTH
}

/** The id of a request that is known by its span only. The parts have a fixed length. */
export function spanEventId(traceId: string, spanId: string): string | undefined {
  return traceId === '' || spanId === '' ? undefined : `${traceId}-${spanId}`
}

/** An id made of what something is: the same again has the same id. */
export function contentId(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts, bigintAsText), 'hex').slice(0, 32)
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** The name of a log event: OTLP 1.5 has a member for it, before that it was an attribute, and some have only a body. */
export function eventNameOf(
  member: string,
  attributes: Attributes,
  body: AttributeValue | undefined,
): string | undefined {
  return plainName(attributes.get('event.name')) ?? plainName(member) ?? plainName(body)
}

/** Ms since 1970 UTC. */
export function millisOf(nanos: bigint): number {
  return Number(nanos / 1_000_000n)
}
