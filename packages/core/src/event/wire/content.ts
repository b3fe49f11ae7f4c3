import type { DecodedEvent } from './decoder.ts'
import { jsonOfMembers, quote } from './members.ts'

/**
 * Canonical text of what the sender said an event is. Two sends of one event give equal text whatever the order of
 * their members; another text under the same id is a contradiction.
 *
 * Call it before the server adds anything of its own. Left out: the id (it is compared by itself), an instant that the
 * door minted, and `epoch` and `seq`, which number the delivery and may differ when a batch is put together anew.
 *
 * @complexity about a microsecond for 26 members
 */
export function contentJson(decoded: DecodedEvent): string {
  const { event, timestampMinted } = decoded
  const instant = timestampMinted ? '' : `,"timestamp_ms":${event.timestampMs}`
  const source = event.sourceId === undefined ? '' : `,"source_id":${quote(event.sourceId)}`
  return `{"kind":"${event.kind}"${instant}${source}${jsonOfMembers(event, sortedJson)}}`
}

/** JSON text with the members of every object in the order of their UTF-16 units. */
function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${quote(name)}:${sortedJson((value as Readonly<Record<string, unknown>>)[name])}`).join(',')}}`
}
