import type { ErrorCode } from '@tallystick/core'
import { parseRfc3339 } from '@tallystick/core/event'
import { scaleDecimal } from '@tallystick/core/pricing'
import { eventIdOf } from '../../format/said.ts'
import type { ExportRow } from './rows.ts'

/** What cannot be so in a row; the row is told of and left out. */
export class RowProblem extends Error {
  readonly code: ErrorCode

  constructor(message: string, code: ErrorCode = 'missing_field') {
    super(message)
    this.code = code
  }
}

/**
 * The members of a row under any of several names: exporters spell one thing as `usageDetails` here and `usage_details`
 * there, and CSV has text where JSON has numbers and objects. Absent, `null` and empty text are the same.
 */
export class Fields {
  readonly #row: ExportRow

  constructor(row: ExportRow) {
    this.#row = row
  }

  value(...names: readonly string[]): unknown {
    for (const name of names) {
      const value = Object.hasOwn(this.#row, name) ? this.#row[name] : undefined
      if (value !== undefined && value !== null && value !== '') return value
    }
    return undefined
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.value(...names)
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
  }

  /** @throws RowProblem for a count that is none */
  count(...names: readonly string[]): number | undefined {
    const value = this.value(...names)
    return value === undefined ? undefined : countOf(value, names[0] as string)
  }

  /** Of an amount in USD. @throws RowProblem for an amount that is none */
  nanoUsd(...names: readonly string[]): number | undefined {
    const value = this.value(...names)
    return value === undefined ? undefined : nanoUsdOf(value, names[0] as string)
  }

  /** ms since 1970 UTC; a time without a zone is one of UTC. @throws RowProblem for an instant that is none */
  instant(...names: readonly string[]): number | undefined {
    const value = this.text(...names)
    if (value === undefined) return undefined
    const ms = instantOf(value)
    if (ms === undefined)
      throw new RowProblem(`${names[0]} ${JSON.stringify(value.slice(0, 40))} is no time`, 'invalid_timestamp')
    return ms
  }

  flag(...names: readonly string[]): boolean {
    const value = this.value(...names)
    return value === true || (typeof value === 'string' && /^(true|t|1)$/i.test(value))
  }

  /** An object; also one that a cell of CSV has as JSON. Empty when there is none. */
  object(...names: readonly string[]): Fields {
    return new Fields(objectOf(this.value(...names)))
  }

  entries(): readonly (readonly [string, unknown])[] {
    return Object.entries(this.#row)
  }
}

/** @throws RowProblem */
export function countOf(value: unknown, name: string): number {
  // Spreadsheets and data frames write 12 as 12.0.
  const count = typeof value === 'string' && /^\d{1,15}(\.0+)?$/.test(value.trim()) ? Number(value) : value
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count
  throw new RowProblem(`${name} is not a whole number`, 'not_an_integer')
}

/** @throws RowProblem */
export function nanoUsdOf(value: unknown, name: string): number {
  const nano = typeof value === 'number' || typeof value === 'string' ? scaleDecimal(value, 9) : undefined
  if (nano !== undefined) return nano
  throw new RowProblem(`${name} is not an amount`, 'invalid_type')
}

/**
 * RFC 3339, also with a space for the `T` and without a zone, which then is UTC: ClickHouse and Prisma write such.
 *
 * @example instantOf('2024-05-29 13:46:19.963000') // 1716990379963
 */
export function instantOf(text: string): number | undefined {
  const match = INSTANT.exec(text.trim())
  if (match === null) return undefined
  const [, date, time, zone = 'Z'] = match
  const offset = /^(z|utc)$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  return parseRfc3339(`${date}T${time}${offset}`)
}

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i

export function objectOf(value: unknown): ExportRow {
  if (typeof value === 'string' && /^\s*\{/.test(value)) {
    try {
      return objectOf(JSON.parse(value))
    } catch {
      return {}
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ExportRow) : {}
}

/** A list; also one that a cell of CSV has as JSON. */
export function listOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string' && /^\s*\[/.test(value)) {
    try {
      return listOf(JSON.parse(value))
    } catch {
      return []
    }
  }
  return Array.isArray(value) ? value : []
}

/**
 * An id that fits the event whatever the product allows, the same as where the product's own client tells of it.
 *
 * @throws RowProblem when there is none
 */
export function idOf(id: string | undefined, name: string): string {
  if (id === undefined) throw new RowProblem(`has no ${name}`)
  return eventIdOf(id)
}

/** Text that fits into `bytes` bytes, or nothing: half of a name is another name. */
export function fitting(text: string | undefined, bytes: number): string | undefined {
  return text === undefined || Buffer.byteLength(text) > bytes ? undefined : text
}

/** The members that are there. */
export function present(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** Milliseconds between two instants, if the first is not after the second. */
export function elapsed(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined || toMs < fromMs ? undefined : toMs - fromMs
}

/** Tags as an event may have them: at most 32 of them, in the order of their names. */
export function tagsOf(pairs: Iterable<readonly [string, string | undefined]>): Record<string, string> | undefined {
  const tags: Record<string, string> = Object.create(null)
  const fit = [...pairs].filter(
    ([name, value]) =>
      name !== '' &&
      value !== undefined &&
      value !== '' &&
      Buffer.byteLength(name) <= 128 &&
      Buffer.byteLength(value) <= 1024,
  ) as [string, string][]
  for (const [name, value] of fit.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, 32)) tags[name] = value
  return fit.length === 0 ? undefined : tags
}
