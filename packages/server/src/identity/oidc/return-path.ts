/** Longer addresses of the page do not come back. */
const MAX_CHARACTERS = 2_048
const BASE = 'http://localhost'

/**
 * Where a browser goes after it has logged in: a path of this server, `/` for anything else. Whatever a browser would read
 * as another host (`//evil.example`, `/\evil.example`, `https:evil.example`) or not as a page is not a path.
 *
 * @example returnPath('/?model=gpt-4o') // '/?model=gpt-4o'
 * @example returnPath('//evil.example') // '/'
 */
export function returnPath(text: string | null): string {
  if (text === null || text.length > MAX_CHARACTERS || !text.startsWith('/') || !URL.canParse(text, BASE)) return '/'
  const { origin, pathname, search } = new URL(text, BASE)
  // As it was parsed, not as it was sent: tabs and line breaks, which browsers drop, are gone, and dots are resolved.
  if (origin !== BASE || pathname.startsWith('//') || /^\/(?:api|auth)\//.test(pathname)) return '/'
  return pathname + search
}
