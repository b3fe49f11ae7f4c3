import { type CookieOptions, parse, serialize } from 'hono/utils/cookie'

/**
 * The cookies of logging in. Behind https a name begins with `__Host-`: the browser then takes it from this very host
 * alone, so that neither a neighbouring subdomain nor a page on plain http can plant one.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix
 */
export interface CookieName {
  readonly secure: string
  readonly plain: string
}

export const SESSION_COOKIE: CookieName = { secure: '__Host-tallystick', plain: 'tallystick_session' }
/** Between the way to the issuer and the way back. */
export const LOGIN_COOKIE: CookieName = { secure: '__Host-tallystick-login', plain: 'tallystick_login' }

/** Longer values are none of ours. */
const MAX_CHARACTERS = 4_096

/**
 * The value of a cookie; undefined where there is none. Of the two names the secure one counts, and where the request is
 * known to have come by https no other.
 */
export function cookieOf(headers: Pick<Headers, 'get'>, name: CookieName, https: boolean): string | undefined {
  const header = headers.get('cookie')
  if (header === null) return undefined
  const value = parse(header, name.secure)[name.secure] ?? (https ? undefined : parse(header, name.plain)[name.plain])
  return value === undefined || value === '' || value.length > MAX_CHARACTERS ? undefined : value
}

export interface CookieLife {
  readonly https: boolean
  readonly maxAgeSeconds: number
  /** `strict`: in requests of our own pages only. `lax`: also when another site leads the browser here. */
  readonly sameSite: 'strict' | 'lax'
}

/** A `Set-Cookie` that gives the browser a value. */
export function cookieHeader(name: CookieName, value: string, { https, maxAgeSeconds, sameSite }: CookieLife): string {
  const options = { path: '/', httpOnly: true, secure: https, sameSite, maxAge: maxAgeSeconds }
  return serialize(https ? name.secure : name.plain, value, options as CookieOptions)
}

/** The `Set-Cookie` headers that take a cookie away, under whichever of its names it was given. */
export function cookieRemovals(name: CookieName): readonly string[] {
  const gone = { path: '/', httpOnly: true, maxAge: 0, sameSite: 'strict' } as const
  return [
    serialize(name.secure, '', { ...gone, secure: true } as CookieOptions),
    serialize(name.plain, '', gone as CookieOptions),
  ]
}
