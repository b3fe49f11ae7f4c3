import { FIELDS, type FieldName, type UsageEvent } from '../event/index.ts'
import { cutUtf8, isText, utf8Bytes } from '../event/wire/text.ts'

const TAG_NAME_BYTES = 128
const TAG_BYTES = 1_024

/**
 * The event with every text cut to what its member holds: names of models, agents and tags come from whoever asks, and one that
 * is too long must not cost the record of the request.
 */
export function fitted(event: UsageEvent): UsageEvent {
  let changed: Record<string, unknown> | undefined
  for (const name in event) {
    const value = event[name as FieldName]
    const spec = FIELDS[name as FieldName]
    const fit =
      typeof value === 'string' && 'max' in spec ? cut(value, spec.max) : name === 'tags' ? fittedTags(event) : value
    if (fit !== value) changed = { ...changed, [name]: fit }
  }
  return changed === undefined ? event : { ...event, ...changed }
}

function fittedTags({ tags }: UsageEvent): UsageEvent['tags'] {
  const entries = Object.entries(tags ?? {})
  const fit = entries.map(([name, value]) => [cut(name, TAG_NAME_BYTES), cut(value, TAG_BYTES)] as const)
  return fit.every(([name, value], at) => name === entries[at]?.[0] && value === entries[at]?.[1])
    ? tags
    : Object.fromEntries(fit)
}

function cut(text: string, max: number): string {
  if (text.length * 3 <= max && isText(text)) return text
  const kept = text.slice(0, max).toWellFormed().replaceAll('\0', '\ufffd')
  return utf8Bytes(kept) <= max ? kept : cutUtf8(kept, max)
}
