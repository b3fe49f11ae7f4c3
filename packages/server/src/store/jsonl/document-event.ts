import { eventFromRoutiium, FIELDS, type FieldName, type FieldSpec, type UsageEvent } from '@tallystick/core/event'

export interface ReadEvent {
  readonly event: UsageEvent
  /** Every member of the document had the type it must have. */
  readonly sound: boolean
}

/** Year 9999: what lies beyond is no instant that a calendar could place. */
const LATEST_MS = 253_402_300_799_999

/**
 * The event of a document that anybody may have written. A member of the wrong type is left out, as unknown, so that no
 * figure can come to be NaN; without an id, an instant or a kind there is no event.
 */
export function documentEvent(document: unknown): ReadEvent | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined
  const event = eventFromRoutiium(document as Readonly<Record<string, unknown>>)
  const wrong = (Object.keys(event) as FieldName[]).filter((name) => !fits(FIELDS[name], event[name]))
  const { eventId, timestampMs } = event
  if (typeof eventId !== 'string' || eventId === '' || wrong.includes('kind')) return undefined
  if (!Number.isInteger(timestampMs) || timestampMs < 0 || timestampMs > LATEST_MS) return undefined
  if (wrong.length === 0) return { event, sound: true }
  const kept = { ...event } as { [K in FieldName]?: unknown }
  for (const name of wrong) delete kept[name]
  return { event: kept as unknown as UsageEvent, sound: false }
}

/** Types only: a long text that stands in the file already harms nobody. */
function fits(spec: FieldSpec, value: unknown): boolean {
  switch (spec.type) {
    case 'string':
    case 'text':
      return typeof value === 'string'
    case 'integer':
      return isCount(value) && value <= spec.max
    case 'boolean':
      return typeof value === 'boolean'
    case 'ratio':
      return typeof value === 'number' && value >= 0 && value <= 1
    case 'enum':
      return spec.values.includes(value as string)
    case 'strings':
      return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
    case 'counts':
      return isMap(value) && Object.values(value).every(isCount)
    case 'tags':
      return isMap(value) && Object.values(value).every((entry) => typeof entry === 'string')
    case 'detail':
      return isMap(value)
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
