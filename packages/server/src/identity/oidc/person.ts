import { TallystickError } from '@tallystick/core'
import { type Principal, scopesOf } from '../principal.ts'
import { letsEverybodyIn, type OidcOptions } from './options.ts'

/** What an issuer says of somebody, its signature verified. */
export type Claims = Readonly<Record<string, unknown>>

const MAX_NAME = 256

/**
 * Who somebody is here, by what the issuer says. A mail address counts only if the issuer has verified it: otherwise
 * anybody could write one of ours into a profile.
 *
 * @throws TallystickError `login_refused` when they may not come in
 */
export function personOf(claims: Claims, options: OidcOptions): Principal {
  const mail = verifiedMail(claims)
  if (!letsEverybodyIn(options)) {
    if (mail === undefined)
      throw new TallystickError('login_refused', 'The issuer gives no mail address that it has verified.')
    const domain = mail.slice(mail.lastIndexOf('@') + 1)
    if (!options.allowedDomains.some((allowed) => allowed.toLowerCase() === domain))
      throw new TallystickError('login_refused', 'Mail addresses of this domain are not let in.')
  }
  const admin = isAdmin(claims, options.adminClaim)
  const tenantId = options.tenantClaim === undefined ? undefined : tenantOf(claims, options.tenantClaim, admin)
  return {
    kind: 'user',
    name: `user ${mail ?? shortened(String(claims['sub']))}`,
    scopes: scopesOf([admin ? 'admin' : 'read']),
    ...(tenantId === undefined ? {} : { tenantId }),
  }
}

/** Undefined for an administrator of no tenant, who is one of them all. */
function tenantOf(claims: Claims, claim: string, admin: boolean): string | undefined {
  const tenant = memberOf(claims, claim)
  if (tenant === undefined && admin) return undefined
  if (typeof tenant === 'string' && /^[^\p{Cc}]{1,128}$/u.test(tenant) && tenant.isWellFormed()) return tenant
  throw new TallystickError('login_refused', 'What the issuer says names no tenant to be let in to.')
}

function verifiedMail(claims: Claims): string | undefined {
  const { email, email_verified: verified } = claims as { email?: unknown; email_verified?: unknown }
  if (typeof email !== 'string' || verified !== true) return undefined
  // One @ and nothing that could be read as two addresses, or as a line of a log.
  return email.length <= MAX_NAME && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(email) ? email.toLowerCase() : undefined
}

function isAdmin(claims: Claims, wanted: string | undefined): boolean {
  if (wanted === undefined) return false
  const at = wanted.indexOf('=')
  const [path, value] = [wanted.slice(0, at), wanted.slice(at + 1)]
  const found = memberOf(claims, path)
  return Array.isArray(found) ? found.includes(value) : found === value || (found === true && value === 'true')
}

/** A claim by its name, which may have dots in it, or by its path, as in `realm_access.roles`. */
function memberOf(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let found: unknown = claims
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Claims)[name]
  }
  return found
}

const shortened = (text: string): string => text.replace(/\p{Cc}/gu, '').slice(0, MAX_NAME)
