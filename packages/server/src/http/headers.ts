/** Name of the header that a page may bring its own of; see {@link API_PAGE_POLICY}. */
const POLICY = 'content-security-policy'

/**
 * The policy of every page and answer. Nothing inline, nothing from elsewhere, and no string may become markup except
 * through a Trusted Types policy.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "trusted-types svelte-trusted-html; require-trusted-types-for 'script'",
].join('; ')

/** Headers of every answer, errors included. */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [POLICY, CONTENT_SECURITY_POLICY],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['x-frame-options', 'DENY'],
]

/** For everything but hashed assets: figures must never come out of a cache. */
const NO_STORE: readonly [string, string] = ['cache-control', 'no-store']

/** The same as one flat list, as `ServerResponse.writeHead` takes it. */
export const RAW_API_HEADERS: readonly string[] = [...SECURITY_HEADERS, NO_STORE].flat()

/**
 * The policy of the API page alone. The component that draws it writes style elements and markup of its own, so styles may
 * be inline and Trusted Types are not required there; scripts and data still come from this server only, and all it shows
 * is our own document.
 */
export const API_PAGE_POLICY: readonly [string, string] = [
  POLICY,
  CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    /; trusted-types .*$/,
    '',
  ),
]

/** Adds what is missing; a route's own `cache-control` and content policy stand. */
export function secureHeaders(headers: Headers): void {
  for (const [name, value] of SECURITY_HEADERS) if (name !== POLICY || !headers.has(POLICY)) headers.set(name, value)
  if (!headers.has(NO_STORE[0])) headers.set(NO_STORE[0], NO_STORE[1])
}
