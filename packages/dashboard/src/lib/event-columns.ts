import type { WireEvent } from './api.ts'
import { costOf, isFailed, numberOf, outcome, subject } from './event-text.ts'
import { countExact, duration, NONE, toExact } from './format.ts'
import { dimensionOf } from './newest.ts'
import { dimensionLabel } from './words.ts'

/** THE table of columns that lists of events may have, beside the instant that each begins with. */
export interface EventColumn {
  /** As it stands in the address. */
  readonly name: string
  readonly label: string
  /** Right-aligned figures. */
  readonly figure?: true
  readonly text: (event: WireEvent) => string
  /** For hovering; the text itself when absent. */
  readonly title?: (event: WireEvent) => string | undefined
  /** What is read last where there is little room. */
  readonly look?: 'subject' | 'outcome' | 'cost'
  /** From which width on it is shown unless somebody has asked for it. */
  readonly room?: 'max-sm:hidden' | 'max-md:hidden' | 'max-lg:hidden'
}

const dimension = (name: string, room?: EventColumn['room']): EventColumn => ({
  name,
  label: dimensionLabel(name),
  text: (event) => {
    const value = dimensionOf(event, name)
    return value === null ? NONE : typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
  },
  title: (event) => (dimensionOf(event, name) === null ? 'Not told' : undefined),
  ...(room && { room }),
})

const tokens = (name: string, label: string, room?: EventColumn['room']): EventColumn => ({
  name,
  label,
  figure: true,
  text: (event) => countExact(toExact(event[name] ?? null)),
  title: (event) =>
    event[name] === undefined ? 'Nobody has told how many' : `${countExact(toExact(event[name]))} tokens`,
  ...(room && { room }),
})

const time = (name: string, label: string, room?: EventColumn['room']): EventColumn => ({
  name,
  label,
  figure: true,
  text: (event) => duration(numberOf(event, name)),
  title: (event) => (event[name] === undefined ? 'Not told' : `${countExact(numberOf(event, name))} ms`),
  ...(room && { room }),
})

export const EVENT_COLUMNS: readonly EventColumn[] = [
  { name: 'model', label: 'Model', text: subject, look: 'subject' },
  dimension('provider', 'max-md:hidden'),
  dimension('agent_id', 'max-lg:hidden'),
  {
    name: 'outcome',
    label: 'Outcome',
    text: outcome,
    look: 'outcome',
    room: 'max-sm:hidden',
    title: (event) => errorText(event),
  },
  tokens('input_tokens', 'Input', 'max-sm:hidden'),
  tokens('output_tokens', 'Output', 'max-sm:hidden'),
  {
    name: 'cost',
    label: 'Spend',
    figure: true,
    text: (event) => costOf(event).text,
    title: (event) => costOf(event).exact,
    look: 'cost',
  },
  time('duration_ms', 'Duration', 'max-sm:hidden'),
  time('ttfb_ms', 'First byte'),
  tokens('cache_read_tokens', 'Cache reads'),
  tokens('reasoning_tokens', 'Reasoning'),
  dimension('user_id'),
  dimension('session_id'),
  dimension('api_key_label'),
  dimension('tenant_id'),
  dimension('operation'),
  dimension('endpoint'),
  dimension('response_model'),
  dimension('service_tier'),
  dimension('stream'),
  dimension('finish_reason'),
  dimension('error_code'),
  dimension('backend'),
  dimension('source_id'),
  { name: 'attempt', label: 'Attempt', figure: true, text: (event) => countExact(numberOf(event, 'attempt')) },
  dimension('trace_id'),
]

const errorText = (event: WireEvent): string | undefined => {
  const parts = [event['error_type'], event['error_code'], event['error_message']]
  const said = parts.filter((part) => typeof part === 'string')
  return isFailed(event) && said.length > 0 ? said.join(': ') : undefined
}

export const DEFAULT_COLUMNS: readonly string[] = [
  'model',
  'provider',
  'agent_id',
  'outcome',
  'input_tokens',
  'output_tokens',
  'cost',
  'duration_ms',
]

/** Those that are left while one event is read beside the list. */
const NARROW: ReadonlySet<string> = new Set(['model', 'outcome', 'cost', 'duration_ms'])

/**
 * The columns that an address asks for, in the order of the table; the usual ones where it asks for none.
 *
 * @example columnsOf('cost,no_such,model').map(({ name }) => name) // ['model', 'cost']
 */
export function columnsOf(text: string | null, narrow = false): readonly EventColumn[] {
  const names = new Set(text === null ? DEFAULT_COLUMNS : text.split(','))
  const asked = EVENT_COLUMNS.filter(({ name }) => names.has(name))
  const columns =
    asked.length === 0 ? columnsOf(null) : text === null ? asked : asked.map(({ room: _room, ...rest }) => rest)
  return narrow ? columns.filter(({ name }) => NARROW.has(name)) : columns
}
