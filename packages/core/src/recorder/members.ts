import { FIELD_NAMES, FIELDS, type FieldName } from '../event/fields.ts'

/** How a value is read. Nearly all members are of the first three, which the reader tells apart before the others. */
export const TEXT = 0
export const INTEGER = 1
export const BOOLEAN = 2
export const OTHER = 3
/** Read before all others, and not stored among them. */
export const SILENT = 4

/** One member that a caller's object may have. */
export interface Member {
  readonly name: string
  readonly role: number
  /** Largest integer, or most characters. */
  readonly max: number
  /** The member of the event that the value is, unless it is read for another purpose or under another name. */
  readonly field?: FieldName
}

const MAX = Number.MAX_SAFE_INTEGER
const MICROS_MAX = Math.floor(MAX / 1_000)
/** The last instant that a `Date` can hold. */
const TIMESTAMP_MAX = 8_640_000_000_000_000

/** What the recorder decides itself, and what is stored beside the members. */
const NOT_STORED: readonly FieldName[] = ['eventId', 'timestampMs', 'kind', 'sourceId', 'epoch', 'seq']

function stored(field: FieldName): Member {
  const spec = FIELDS[field]
  const { max = 0 } = spec as { readonly max?: number }
  const role =
    spec.type === 'string' && field !== 'provider'
      ? TEXT
      : spec.type === 'integer'
        ? INTEGER
        : spec.type === 'boolean'
          ? BOOLEAN
          : OTHER
  return { name: field, role, max, field }
}

const KNOWN: readonly Member[] = [
  ...FIELD_NAMES.filter((field) => !NOT_STORED.includes(field)).map(stored),
  { name: 'eventId', role: TEXT, max: FIELDS.eventId.type === 'string' ? FIELDS.eventId.max : 0 },
  { name: 'timestampMs', role: INTEGER, max: TIMESTAMP_MAX },
  { name: 'kind', role: SILENT, max: 0 },
  { name: 'model', role: TEXT, max: 256 },
  { name: 'costMicros', role: INTEGER, max: MICROS_MAX },
  { name: 'thresholdPercent', role: INTEGER, max: 255 },
  { name: 'currentSpendMicros', role: INTEGER, max: MAX },
  { name: 'budgetMicros', role: INTEGER, max: MAX },
  { name: 'port', role: INTEGER, max: 65_535 },
  { name: 'totalRequests', role: INTEGER, max: MAX },
  { name: 'totalCostMicros', role: INTEGER, max: MAX },
]

/** Name -> member. A `Map`: names come from outside. */
export const MEMBERS: ReadonlyMap<string, Member> = new Map(KNOWN.map((member) => [member.name, member]))
