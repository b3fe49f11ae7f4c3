/**
 * Does the origin name the host the request was sent to? The scheme is not ours to know behind a TLS proxy.
 *
 * @example sameOrigin('https://stats.example', 'stats.example:443') // true
 */
export function sameOrigin(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/?#@]+)$/.exec(origin.toLowerCase())
  if (match === null) return false
  const [, scheme, authority] = match
  const to = host.toLowerCase()
  return authority === to || `${authority}:${scheme === 'http' ? 80 : 443}` === to
}

/**
 * Does a request come from a page of ours, or from no page at all? A browser adds cookies by itself, also to what a page
 * of a neighbouring port or subdomain sends, so a cookie proves nothing in any other request. Browsers that do not send
 * `Sec-Fetch-Site` (to plain http, or old ones) send `Origin` with whatever changes something.
 */
export function fromOwnPage(headers: Pick<Headers, 'get'>, url: URL): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const origin = headers.get('origin')
  return origin === null || sameOrigin(origin, headers.get('host') ?? url.host)
}
