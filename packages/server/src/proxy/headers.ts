import { KEY_PREFIX } from '../identity/api-key.ts'
import type { Upstream } from './upstream.ts'

/**
 * Headers of one connection, which end where it does. `te` and `trailer` go on in so far as this proxy carries trailers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
/** How long a body is, is for the one who passes it on to say: whoever names these in `connection` wants to hide it. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'host'])
/** What names a client to a provider. */
export const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const OURS = 'x-tallystick-'
const AWS_SIGNATURE = 'AWS4-'

/** A request's headers as they go on, and what was found in them. */
export interface ForwardedHeaders {
  /** Flat list of names and values, in their order and spelling. */
  readonly list: string[]
  /** The client's own key for the provider. */
  readonly providerKey: string | undefined
}

/** What else becomes of a request's headers. */
export interface HeaderChanges {
  /** The body was changed: its length now. */
  readonly contentLength?: number
  /** The answer has to be read and changed, which a compressed one cannot be. */
  readonly plainAnswer?: boolean
}

/**
 * The headers of a request as an upstream gets them: without those of the connection, without ours, without cookies (all upstreams
 * stand behind one host here, and so does the dashboard), with the upstream's own host, and with the operator's key where there is
 * one. A Tallystick key never leaves.
 */
export function requestHeaders(
  method: string | undefined,
  raw: readonly string[],
  upstream: Upstream,
  { contentLength, plainAnswer }: HeaderChanges = {},
): ForwardedHeaders {
  const named = namedByConnection(raw)
  const list: string[] = ['Host', upstream.origin.host]
  const { credential } = upstream
  let providerKey: string | undefined
  let hasTrailers = false
  let framing: 'none' | 'length' | 'chunked' = 'none'
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    const lower = name.toLowerCase()
    let value = raw[at + 1] as string
    if (lower === 'content-length') framing = 'length'
    else if (lower === 'transfer-encoding') framing = 'chunked'
    else if (lower === 'te') hasTrailers ||= /(?:^|[\s,])trailers(?:$|[\s,;])/i.test(value)
    if (HOP_BY_HOP.has(lower) || lower === 'host' || lower === 'expect' || lower === 'cookie') continue
    if (lower.startsWith(OURS) || named?.has(lower)) continue
    if (CREDENTIALS.has(lower)) {
      if (isOurs(value)) continue
      providerKey ??= keyIn(value)
      if (credential !== undefined) continue
    }
    if (lower === 'content-length' && contentLength !== undefined) value = String(contentLength)
    if (lower === 'accept-encoding' && plainAnswer) value = 'identity'
    list.push(name, value)
  }
  // Said here and not left to the runtime, which takes some methods to have no body and would send one without any end.
  if (framing === 'chunked') list.push('Transfer-Encoding', 'chunked')
  else if (framing === 'none' && method !== undefined && EXPECTS_BODY.has(method)) list.push('Content-Length', '0')
  if (hasTrailers) list.push('TE', 'trailers')
  if (credential !== undefined) list.push(credential.header, credential.value)
  return { list, providerKey: credential === undefined ? providerKey : undefined }
}

/** The headers of an answer as the client gets them. `changed`: its length is not what it was. */
export function responseHeaders(raw: readonly string[], changed = false): string[] {
  const named = namedByConnection(raw)
  const list: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    const lower = name.toLowerCase()
    // A cookie would be taken for one of this server.
    if (HOP_BY_HOP.has(lower) || lower === 'set-cookie' || named?.has(lower)) continue
    if (changed && lower === 'content-length') continue
    list.push(name, raw[at + 1] as string)
  }
  return list
}

function namedByConnection(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const option of (raw[at + 1] as string).split(',')) {
      const lower = option.trim().toLowerCase()
      if (lower === '' || lower === 'keep-alive' || lower === 'close' || FRAMING.has(lower)) continue
      named ??= new Set()
      named.add(lower)
    }
  }
  return named
}

/** Does a credential's header hold a key of Tallystick, which is for this server and nobody else? */
export const isOurs = (value: string): boolean => keyIn(value).startsWith(KEY_PREFIX)

/** The key in the value of such a header; of a signature of AWS the id of the key that it was made with, for the rest is new each time. */
export function keyIn(value: string): string {
  const signer = value.startsWith(AWS_SIGNATURE) ? /[\s,]Credential=([^/,\s]+)/.exec(value)?.[1] : undefined
  return signer ?? value.replace(/^bearer +/i, '').trim()
}
