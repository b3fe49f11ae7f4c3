import type { ExchangeNames } from '@tallystick/core/capture'
import { FIELDS, normaliseAgentId } from '@tallystick/core/event'

/** What a client says of itself in `X-Tallystick-*`, and the server it is meant for keeps to itself. */
export type ClientNames = ExchangeNames & { readonly sourceId?: string }

const MAX_TAGS = 64
const MAX_TAG_NAME_BYTES = 128
const MAX_TAG_BYTES = 1024

const NAMED = {
  'x-tallystick-agent': 'agentId',
  'x-tallystick-user': 'userId',
  'x-tallystick-session': 'sessionId',
  'x-tallystick-operation': 'operationId',
  'x-tallystick-source': 'sourceId',
} as const

/**
 * The names in a request's headers. Values are UTF-8. One that is too long for its member is left out: a request must not fail for
 * how it is to be recorded.
 *
 * @example clientNames(['X-Tallystick-Agent', '7', 'X-Tallystick-Tags', 'team=search,env=prod'])
 * // { agentId: 'agent_7', tags: { team: 'search', env: 'prod' } }
 */
export function clientNames(raw: readonly string[]): ClientNames {
  let names: Record<string, unknown> | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const header = raw[at] as string
    if (header.length < 16 || header.charCodeAt(1) !== 0x2d) continue
    const lower = header.toLowerCase()
    if (!lower.startsWith('x-tallystick-')) continue
    const value = utf8(raw[at + 1] as string)
    if (lower === 'x-tallystick-tags') {
      names ??= {}
      names['tags'] = readTags(value)
      continue
    }
    const field = NAMED[lower as keyof typeof NAMED]
    if (field === undefined) continue
    const named = field === 'agentId' ? normaliseAgentId(value) : value
    if (!fits(named, (FIELDS[field] as { readonly max: number }).max)) continue
    names ??= {}
    names[field] = named
  }
  return (names ?? NOTHING) as ClientNames
}

const NOTHING: ClientNames = {}

/** `name=value` with commas between; what would be read as one of these marks is percent-encoded. */
function readTags(text: string): Readonly<Record<string, string>> {
  const tags: Record<string, string> = Object.create(null)
  let count = 0
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    const name = decoded(pair.slice(0, Math.max(0, at)).trim())
    const value = decoded(pair.slice(at + 1).trim())
    if (at < 1 || !fits(name, MAX_TAG_NAME_BYTES) || !fits(value, MAX_TAG_BYTES) || count >= MAX_TAGS) continue
    if (!(name in tags)) count++
    tags[name] = value
  }
  return tags
}

const fits = (text: string, max: number): boolean =>
  text !== '' && text.length <= max && Buffer.byteLength(text) <= max && text.isWellFormed() && !text.includes('\0')

/** Node gives the bytes of a header as characters of Latin-1. */
function utf8(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value.trim()
  const read = Buffer.from(value, 'latin1').toString('utf8')
  // Only then: the last byte of an à is a space in Latin-1.
  return (read.includes('\ufffd') ? value : read).trim()
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
