/**
 * The token of `Authorization: Bearer`; undefined for another scheme or none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export function bearerOf(headers: Pick<Headers, 'get'>): string | undefined {
  return /^bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
}
