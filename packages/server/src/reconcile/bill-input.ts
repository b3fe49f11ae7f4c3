import { type Issue, inlineIssues, nearest, TallystickError } from '@tallystick/core'
import type { BilledCost, BilledUsage } from '../state/bill.ts'
import { TOKEN_KINDS } from './explain.ts'

/** What a bill is of: the provider's count of usage, or what it charges. */
export type BillPart = 'usage' | 'cost'

/** A model of a day in one part of a bill; without a model, what is attributed to none. */
export interface BillInputRow {
  readonly model: string | undefined
  readonly usage?: BilledUsage
  readonly cost?: BilledCost
}

/** A part of a provider's bill, which replaces what was known of it for its days. */
export interface BillInput {
  readonly provider: string
  readonly part: BillPart
  readonly tenantId: string | undefined
  readonly days: readonly { readonly day: string; readonly rows: readonly BillInputRow[] }[]
}

/** In one request; a year of thirty models is more than that. */
const MOST_ROWS = 2_000
const MOST_ISSUES = 20
const MEMBERS = ['provider', 'part', 'tenant_id', 'days']
const COST_KINDS = [...TOKEN_KINDS, 'other'] as const
const ROW_MEMBERS: { readonly [P in BillPart]: readonly string[] } = {
  usage: ['model', 'requests', ...TOKEN_KINDS.map((kind) => `${kind}_tokens`)],
  cost: ['model', 'cost_nano_usd', 'lines', ...COST_KINDS.map((kind) => `cost_${kind}_nano_usd`)],
}

/**
 * A bill as a body tells it.
 *
 * @throws TallystickError `invalid_body` with every problem; `too_many_entries`
 */
export function readBillInput(body: unknown): BillInput {
  const reader = new Reader()
  const top = reader.object(body, '', MEMBERS)
  const provider = reader.text(top, 'provider', 64, '')
  const part = top.get('part')
  if (part !== 'usage' && part !== 'cost') reader.wrong('part', 'must be usage or cost')
  const tenantId = top.has('tenant_id') ? reader.text(top, 'tenant_id', 128, '') : undefined
  const days = top.get('days')
  if (!Array.isArray(days)) reader.wrong('days', 'must be a list')
  const list: readonly unknown[] = Array.isArray(days) ? days : []
  const read = list.map((day, index) => readDay(reader, day, `days[${index}]`, part as BillPart))
  if (new Set(read.map(({ day }) => day)).size < read.length) reader.wrong('days', 'must name each day once')
  reader.assertRight()
  if (read.reduce((sum, { rows }) => sum + rows.length, 0) > MOST_ROWS)
    throw new TallystickError('too_many_entries', `A request takes ${MOST_ROWS} rows of a bill; send the days apart.`)
  return { provider: provider as string, part: part as BillPart, tenantId, days: read }
}

function readDay(reader: Reader, value: unknown, path: string, part: BillPart) {
  const members = reader.object(value, path, ['day', 'rows'])
  const day = members.get('day')
  if (!isDay(day)) reader.wrong(`${path}.day`, 'must be a day such as 2026-11-21')
  const given = members.get('rows')
  if (!Array.isArray(given)) reader.wrong(`${path}.rows`, 'must be a list')
  const rows = (Array.isArray(given) ? given : []).map((row, index) =>
    part === 'cost'
      ? readCost(reader, row, `${path}.rows[${index}]`)
      : readUsage(reader, row, `${path}.rows[${index}]`),
  )
  if (new Set(rows.map(({ model }) => model)).size < rows.length)
    reader.wrong(`${path}.rows`, 'must name each model once')
  return { day: day as string, rows }
}

function isDay(day: unknown): boolean {
  if (typeof day !== 'string' || !/^20\d\d-\d\d-\d\d$/.test(day)) return false
  const ms = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}

function readUsage(reader: Reader, value: unknown, path: string): BillInputRow {
  const members = reader.object(value, path, ROW_MEMBERS.usage)
  const tokens = TOKEN_KINDS.map((kind) => [kind, reader.count(members, `${kind}_tokens`, path) ?? 0])
  const requests = reader.count(members, 'requests', path)
  return {
    model: modelOf(reader, members, path),
    usage: {
      ...(requests === undefined ? {} : { requests }),
      tokens: Object.fromEntries(tokens) as unknown as BilledUsage['tokens'],
    },
  }
}

function readCost(reader: Reader, value: unknown, path: string): BillInputRow {
  const members = reader.object(value, path, ROW_MEMBERS.cost)
  const nanoUsd = reader.amount(members, 'cost_nano_usd', path)
  if (nanoUsd === undefined) reader.wrong(`${path}.cost_nano_usd`, 'must be given')
  const kinds = COST_KINDS.map((kind) => [kind, reader.amount(members, `cost_${kind}_nano_usd`, path)] as const)
  const told = kinds.filter(([, amount]) => amount !== undefined)
  const sum = told.reduce((total, [, amount]) => total + BigInt(amount as string), 0n)
  if (told.length > 0 && nanoUsd !== undefined && sum !== BigInt(nanoUsd))
    reader.wrong(`${path}.cost_nano_usd`, `must be the sum of its kinds, which is ${sum}`)
  return {
    model: modelOf(reader, members, path),
    cost: {
      nanoUsd: nanoUsd ?? '0',
      ...(told.length === 0
        ? {}
        : {
            kinds: Object.fromEntries(kinds.map(([kind, amount]) => [kind, amount ?? '0'])) as unknown as NonNullable<
              BilledCost['kinds']
            >,
          }),
      lines: reader.count(members, 'lines', path) ?? 1,
    },
  }
}

const modelOf = (reader: Reader, members: ReadonlyMap<string, unknown>, path: string): string | undefined =>
  members.has('model') ? reader.text(members, 'model', 256, path) : undefined

/** Collects what is wrong, so that all of it is answered at once. Absent and `null` are the same. */
class Reader {
  readonly #issues: Issue[] = []

  wrong(path: string, message: string): void {
    if (this.#issues.length < MOST_ISSUES) this.#issues.push({ path, message })
  }

  object(value: unknown, path: string, known: readonly string[]): ReadonlyMap<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if (path === '') throw new TallystickError('invalid_body', 'The body is not a JSON object.')
      this.wrong(path, 'must be an object')
      return new Map()
    }
    const members = new Map(Object.entries(value).filter(([, member]) => member !== null))
    for (const name of members.keys())
      if (!known.includes(name))
        this.wrong(at(path, JSON.stringify(name).slice(1, -1)), `no such member; ${nearest(name, known)}`)
    return members
  }

  text(members: ReadonlyMap<string, unknown>, name: string, bytes: number, path: string): string | undefined {
    const value = members.get(name)
    const right =
      typeof value === 'string' &&
      value !== '' &&
      value.isWellFormed() &&
      !/\p{Cc}/u.test(value) &&
      Buffer.byteLength(value) <= bytes
    if (right) return value
    this.wrong(at(path, name), `must be text of 1 to ${bytes} bytes`)
    return undefined
  }

  count(members: ReadonlyMap<string, unknown>, name: string, path: string): number | undefined {
    const value = members.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    this.wrong(at(path, name), 'must be a whole number from 0')
    return undefined
  }

  /** A decimal integer as text, whichever of number and text it was sent as. */
  amount(members: ReadonlyMap<string, unknown>, name: string, path: string): string | undefined {
    const value = members.get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
    if (typeof value === 'string' && /^-?\d{1,30}$/.test(value)) return BigInt(value).toString()
    this.wrong(at(path, name), 'must be an integer, in text where it is past 2^53')
    return undefined
  }

  assertRight(): void {
    if (this.#issues.length > 0)
      throw new TallystickError('invalid_body', `${inlineIssues(this.#issues)}.`, { issues: this.#issues })
  }
}

const at = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
