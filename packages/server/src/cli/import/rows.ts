import { createHash, type Hash } from 'node:crypto'
import { type Issue, TallystickError } from '@tallystick/core'
import { FIELD_OF_WIRE_NAME, FIELDS } from '@tallystick/core/event'
import { parseInstant } from './instant.ts'

/** Wire names an imported row may carry beside the members of the event. */
const EXTRA_NAMES: ReadonlySet<string> = new Set(['timestamp', 'model', 'cost_usd', 'cost_micros'])

/** How one CSV row becomes an item of the native wire. */
export interface RowMapping {
  /** Wire name -> column header. */
  readonly columns: ReadonlyMap<string, string>
  /** Wire name -> the same text for every row. */
  readonly constants: ReadonlyMap<string, string>
  readonly timeZone: string
}

/**
 * Reads `a=B,c=D`. A value may hold `=`; a comma ends it.
 *
 * @throws TallystickError `usage` listing every problem.
 */
export function parseAssignments(flag: string, text: string | undefined): Map<string, string> {
  const pairs = new Map<string, string>()
  const issues: Issue[] = []
  for (const part of (text ?? '').split(',').filter((piece) => piece.trim() !== '')) {
    const at = part.indexOf('=')
    const name = part.slice(0, at).trim()
    if (at <= 0) issues.push({ path: flag, message: `"${part}" is not NAME=VALUE` })
    else if (!isImportable(name))
      issues.push({ path: flag, message: `"${name}" is no field of an event (docs/wire.md lists them)` })
    else pairs.set(name, part.slice(at + 1).trim())
  }
  if (issues.length > 0)
    throw new TallystickError('usage', issues.map((issue) => `${issue.path}: ${issue.message}`).join('\n'), { issues })
  return pairs
}

const isImportable = (name: string): boolean =>
  FIELD_OF_WIRE_NAME.has(name) || EXTRA_NAMES.has(name) || /^(tags|units)\.[^.]+$/.test(name)

/**
 * The item of one row, by the types of the field table. A cell that does not fit its type stays text, so that the door
 * refuses it by name instead of this function guessing. An empty cell is an absent field.
 */
export function itemOf(
  row: ReadonlyMap<string, string>,
  mapping: RowMapping,
  eventId: string,
): Record<string, unknown> {
  const item: Record<string, unknown> = { event_id: eventId }
  const put = (name: string, text: string): void => {
    if (text.trim() === '') {
      // Without an instant the door would date the row now, which is never what a file means.
      if (name === 'timestamp' || name === 'timestamp_ms') item['timestamp_ms'] = text
      return
    }
    const nested = /^(tags|units)\.(.+)$/.exec(name)
    if (nested) {
      const [, group, key] = nested as unknown as [string, string, string]
      item[group] ??= Object.create(null)
      const members = item[group] as Record<string, unknown>
      members[key] = group === 'units' ? wholeNumber(text) : text
    } else if (name === 'timestamp' || name === 'timestamp_ms') {
      const ms = parseInstant(text, mapping.timeZone)
      if (ms === undefined) item['timestamp'] = text
      else item['timestamp_ms'] = ms
    } else item[name] = typed(name, text)
  }
  for (const [name, text] of mapping.constants) put(name, text)
  for (const [name, column] of mapping.columns) put(name, row.get(column) ?? '')
  return item
}

function typed(name: string, text: string): unknown {
  if (name === 'cost_micros') return wholeNumber(text)
  if (name === 'cost_usd') return decimal(text)
  const field = FIELD_OF_WIRE_NAME.get(name)
  const type = field === undefined ? 'string' : FIELDS[field].type
  if (type === 'integer') return wholeNumber(text)
  if (type === 'ratio') return decimal(text)
  if (type === 'boolean')
    return /^(true|1|yes)$/i.test(text.trim()) ? true : /^(false|0|no)$/i.test(text.trim()) ? false : text
  return text
}

/** Spreadsheets write 12 as `12.0`; anything else that is not whole stays text. */
const wholeNumber = (text: string): number | string => (/^\s*-?\d{1,16}(\.0+)?\s*$/.test(text) ? Number(text) : text)
const decimal = (text: string): number | string => (/^\s*-?\d+(\.\d+)?(e-?\d+)?\s*$/i.test(text) ? Number(text) : text)

/** Bytes of a file that take part in the identity of its rows. */
const IDENTITY_BYTES = 64 * 1024

/**
 * Gives each row of a file an id that is the same whenever the file is imported again, moved, or has grown.
 *
 * With a dataset label the id is the hash of label, row number and the row's bytes. Without one, the label's place is
 * taken by the header and those of the first 64 KB that stand *before* the row: a grown file then keeps the ids of its
 * old rows, however short it was.
 */
export class RowIds {
  readonly #label: string | undefined
  readonly #prefix: Hash
  #prefixBytes = 0
  #prefixDigest: Buffer | undefined
  #row = 0

  constructor(label: string | undefined, header: string) {
    this.#label = label
    this.#prefix = createHash('sha256').update(lengthPrefixed(header))
  }

  next(rowBytes: string): string {
    const id = createHash('sha256')
    if (this.#label === undefined) id.update('f').update(this.#prefixDigest ?? this.#prefix.copy().digest())
    else id.update('d').update(lengthPrefixed(this.#label))
    id.update(`${this.#row}:`).update(rowBytes)
    this.#row++
    if (this.#prefixDigest === undefined) {
      this.#prefix.update(lengthPrefixed(rowBytes))
      this.#prefixBytes += Buffer.byteLength(rowBytes)
      if (this.#prefixBytes >= IDENTITY_BYTES) this.#prefixDigest = this.#prefix.copy().digest()
    }
    return `csv_${id.digest('hex').slice(0, 32)}`
  }
}

/** No delimiter can be forged into a length. */
const lengthPrefixed = (text: string): string => `${text.length}:${text}`
