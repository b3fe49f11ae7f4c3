import type { Sender } from '../../format/otlp/who.ts'

const PREFIX = 'x-tallystick-'
const TAG = `${PREFIX}tag-`
const MAX_TAGS = 16
const MAX_TAG_BYTES = 64

/**
 * What the headers of an export say of everything in it: `X-Tallystick-Agent`, `-User`, `-Session`, `-Team` and
 * `-Tag-<name>`. An exporter sends them with `OTEL_EXPORTER_OTLP_HEADERS`.
 */
export function senderOfHeaders(headers: Headers): Sender {
  const agent = valueIn(headers, 'agent', 120)
  const user = valueIn(headers, 'user', 256)
  const session = valueIn(headers, 'session', 256)
  const tags: [string, string][] = []
  const team = valueIn(headers, 'team', 256)
  if (team !== undefined) tags.push(['team', team])
  for (const [name, value] of headers) {
    if (!name.startsWith(TAG) || tags.length === MAX_TAGS) continue
    const tag = name.slice(TAG.length)
    if (tag !== '' && tag.length <= MAX_TAG_BYTES && isText(value, 1024)) tags.push([tag, value])
  }
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(user === undefined ? {} : { user }),
    ...(session === undefined ? {} : { session }),
    // Unlike assignment this makes an own member of any name.
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
  }
}

function valueIn(headers: Headers, name: string, most: number): string | undefined {
  const value = headers.get(PREFIX + name)
  return value !== null && value !== '' && isText(value, most) ? value : undefined
}

const isText = (text: string, most: number): boolean => Buffer.byteLength(text) <= most && !text.includes('\0')
