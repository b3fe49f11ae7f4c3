import { FIELDS, type FieldName, type UsageEvent } from '../event/index.ts'
import { cutUtf8, isText, utf8Bytes } from '../event/wire/text.ts'

const TAG_NAME_BYTES = 128
const TAG_BYTES = 1_024

/**
 * The event with every text cut to what its member holds: names of models, agents and tags come from whoever asks, and one that
 * is too long must not cost the record of the request.
 */
export function fitted(event: UsageEvent): UsageEvent {
  const changed: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(event)) {
    if (typeof value !== 'string') continue
    const spec = FIELDS[name as FieldName]
    const text = 'max' in spec ? cut(value, spec.max) : value
    if (text !== value) changed[name] = text
  }
  const { tags } = event
  if (
    tags !== undefined &&
    Object.entries(tags).some(([name, value]) => name !== cut(name, TAG_NAME_BYTES) || value !== cut(value, TAG_BYTES))
  )
    changed['tags'] = Object.fromEntries(
      Object.entries(tags).map(([name, value]) => [cut(name, TAG_NAME_BYTES), cut(value, TAG_BYTES)]),
    )
  return { ...event, ...changed }
}

function cut(text: string, max: number): string {
  if (text.length * 3 <= max && isText(text)) return text
  const kept = text.slice(0, max).toWellFormed().replaceAll('\0', '\ufffd')
  return utf8Bytes(kept) <= max ? kept : cutUtf8(kept, max)
}
