import { FIELD_NAMES, FIELDS, type FieldName, type FieldSpec } from '../event/fields.ts'

/** How a value is read. Nearly all members are of the first four. */
export const TEXT = 0
export const INTEGER = 1
export const BOOLEAN = 2
export const NAMED = 3
/** A text whose value `unknown` says nothing. */
export const PROVIDER = 4
/** A text that is cut rather than refused. */
export const CUT = 5
export const RATIO = 6
/** Maps and lists. */
export const NESTED = 7
/** Not stored among the values: the kind, which is read before all others, and the instant. */
export const KIND = 8
export const INSTANT = 9

/** One member that a caller's object may have. */
export interface Member {
  readonly name: string
  readonly role: number
  /** Largest integer, or most characters. */
  readonly max: number
  /** Of `NAMED`: the values that it may have. */
  readonly values?: readonly string[]
  /** The member of the event that the value is, unless it is read for another purpose or under another name. */
  readonly field?: FieldName
}

const MAX = Number.MAX_SAFE_INTEGER
const MICROS_MAX = Math.floor(MAX / 1_000)
/** The last instant that a `Date` can hold. */
const TIMESTAMP_MAX = 8_640_000_000_000_000

/** What the recorder decides itself, and what is stored beside the members. */
const NOT_STORED: readonly FieldName[] = ['eventId', 'timestampMs', 'kind', 'sourceId', 'epoch', 'seq']

const ROLE_OF_TYPE: { readonly [Type in FieldSpec['type']]: number } = {
  string: TEXT,
  text: CUT,
  integer: INTEGER,
  boolean: BOOLEAN,
  ratio: RATIO,
  enum: NAMED,
  strings: NESTED,
  counts: NESTED,
  tags: NESTED,
  detail: NESTED,
}

function stored(field: FieldName): Member {
  const spec = FIELDS[field]
  const role = field === 'provider' ? PROVIDER : ROLE_OF_TYPE[spec.type]
  return { name: field, role, max: 'max' in spec ? spec.max : 0, values: 'values' in spec ? spec.values : [], field }
}

const KNOWN: readonly Member[] = [
  ...FIELD_NAMES.filter((field) => !NOT_STORED.includes(field)).map(stored),
  { name: 'eventId', role: TEXT, max: 128 },
  { name: 'timestampMs', role: INSTANT, max: TIMESTAMP_MAX },
  { name: 'kind', role: KIND, max: 0 },
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
