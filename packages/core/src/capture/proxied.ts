import type { EventDefaults } from '../recorder/recordable.ts'
import type { ExchangeNames } from './exchange-names.ts'

/** Where Tallystick's proxy takes requests, on whatever host. No provider has such paths. */
const PROXY_PATH = /^\/proxy\/[a-z0-9][a-z0-9_.-]{0,63}\//
/** A head may be 16 KiB in all, and what else is in it comes first. */
const MAX_VALUE_BYTES = 512
const MAX_TAGS_CHARS = 2048

/** Is it a capture proxy that this goes to? */
export const isProxied = ({ pathname }: URL): boolean => PROXY_PATH.test(pathname)

/** The provider's own path of such a one. */
export const ownPath = (pathname: string): string => pathname.replace(PROXY_PATH, '/')

/** Whose the exchange is here. */
export interface Told {
  readonly names: ExchangeNames
  /** Of the recorder, for what `names` leaves out. */
  readonly defaults?: EventDefaults | undefined
  readonly sourceId?: string | undefined
  /** The id of the event where the provider gives none. */
  readonly exchangeId?: string | undefined
}

/**
 * The headers that tell a capture proxy what is known of an exchange here: it sees the same one, and both are to make the same event
 * of it. The proxy sends none of them on.
 */
export function headersFor({
  names,
  defaults = {},
  sourceId,
  exchangeId,
}: Told): readonly (readonly [string, string])[] {
  const said: readonly (readonly [name: string, value: string | undefined])[] = [
    ['x-tallystick-agent', names.agentId ?? defaults.agentId],
    ['x-tallystick-user', names.userId ?? defaults.userId],
    ['x-tallystick-session', names.sessionId ?? defaults.sessionId],
    ['x-tallystick-operation', names.operationId],
    ['x-tallystick-source', sourceId],
    ['x-tallystick-exchange', exchangeId],
    ['x-tallystick-tags', tagsOf({ ...defaults.tags, ...names.tags })],
  ]
  const headers: [string, string][] = []
  for (const [name, value] of said) {
    const max = name === 'x-tallystick-tags' ? MAX_TAGS_CHARS : MAX_VALUE_BYTES
    if (value === undefined || value === '' || !isHeaderText(value)) continue
    const bytes = latin1(value)
    if (bytes.length <= max) headers.push([name, bytes])
  }
  return headers
}

/** Comes out of a header as it went in: nothing that ends a line, no space at either end, no half of a character. */
const isHeaderText = (text: string): boolean =>
  isWhole(text) && text.trim() === text && Array.from(text).every((letter) => letter >= ' ' && letter !== '\u007f')

const isWhole = (text: string): boolean => text.isWellFormed() && !text.includes('\ufffd')

const ENCODER = new TextEncoder()

/** UTF-8, each byte a character, which is how `Headers` takes it. */
function latin1(text: string): string {
  return Array.from(ENCODER.encode(text), (byte) => String.fromCharCode(byte)).join('')
}

function tagsOf(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .filter((tag) => tag.every(isWhole))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join(',')
}
