/**
 * The addresses that proxies have written down, the client's first, as they stand there; a hop that is hidden or cannot
 * be read is an empty text.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7239
 * @example forwardedHops('for=192.0.2.60;proto=http, for="[2001:db8::17]:4711"') // ['192.0.2.60', '[2001:db8::17]:4711']
 */
export function forwardedHops(header: string): readonly string[] {
  return split(header, ',').map((element) => {
    const pair = split(element, ';').find((part) => /^\s*for\s*=/i.test(part))
    const value = pair?.slice(pair.indexOf('=') + 1).trim() ?? ''
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  })
}

/** The same of `X-Forwarded-For`, which is a plain list. */
export function forwardedForHops(header: string): readonly string[] {
  return header.split(',').map((hop) => hop.trim())
}

/** Splits at a separator that stands outside quotes. */
function split(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let start = 0
  let inQuotes = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\' && inQuotes) at++
    else if (character === '"') inQuotes = !inQuotes
    else if (character === separator && !inQuotes) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
