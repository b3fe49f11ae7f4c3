import type { IncomingMessage } from 'node:http'

/** Headers by which a client offers another protocol; `connection` names them. */
const OFFERS: ReadonlySet<string> = new Set(['upgrade', 'http2-settings'])

/**
 * A request as it was sent but for its offer of another protocol, which a server may leave alone: `curl --http2` offers one with
 * every request. Node takes every offer for accepted once anybody listens for one, and has stopped reading HTTP there.
 *
 * @param head what had been read behind the headers
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.8
 */
export function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage, head: Buffer): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index] as string, rawHeaders[index + 1] as string]
    const lower = name.toLowerCase()
    if (lower === 'connection') {
      const rest = value.split(',').filter((option) => !OFFERS.has(option.trim().toLowerCase()))
      if (rest.length > 0) lines.push(`${name}: ${rest.join(',')}`)
    } else if (!OFFERS.has(lower)) lines.push(`${name}: ${value}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head])
}
