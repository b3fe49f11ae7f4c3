import { createHmac, timingSafeEqual } from 'node:crypto'

/** A JSON Web Token taken apart, nothing of it verified. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** What the signature is over. */
  readonly signed: string
  readonly signature: string
}

const PART = /^[A-Za-z0-9_-]+$/

/**
 * Takes a token apart; undefined when it is no JWT.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7519
 */
export function parseJwt(token: string): Jwt | undefined {
  const parts = token.split('.')
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3 || !PART.test(head) || !PART.test(payload)) return undefined
  const header = objectOf(head)
  const claims = objectOf(payload)
  if (header === undefined || claims === undefined) return undefined
  return { header, claims, signed: `${head}.${payload}`, signature }
}

/**
 * Is it signed with the secret by HS256? Any other algorithm is refused whatever its signature: a token must not choose
 * how it is verified. So are header extensions that the token calls critical, since none is known here.
 */
export function isSignedBy({ header, signed, signature }: Jwt, secret: string): boolean {
  if (header['alg'] !== 'HS256' || header['crit'] !== undefined || !PART.test(signature)) return false
  const expected = createHmac('sha256', secret).update(signed).digest()
  const given = Buffer.from(signature, 'base64url')
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

function objectOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
