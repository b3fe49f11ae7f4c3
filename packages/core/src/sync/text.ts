const MAX_CHARS = 500

/**
 * What a server said, for a message of ours: it may be anything, of any length, and what it was sent itself.
 *
 * @param token does not come to light
 */
export function boundedText(value: unknown, token: string | undefined): string {
  const said = String(value)
  const text = token === undefined ? said : said.replaceAll(token, '[token]')
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}...` : text
}
