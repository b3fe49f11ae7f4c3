import { type Issue, TallystickError } from '@tallystick/core'

/** The issuer that says who somebody is, and what is believed of it. */
export interface OidcOptions {
  /** As its discovery document spells it, e.g. `https://accounts.google.com`. Plain http on loopback only. */
  readonly issuer: string
  readonly clientId: string
  /** Absent: a public client, which proves itself by PKCE alone. */
  readonly clientSecret?: string
  /** Where the issuer sends the browser back to. Absent: `/auth/oidc/callback` of the host that was asked. */
  readonly redirectUrl?: string
  /** What is asked for; `openid email profile` when absent. */
  readonly scopes?: readonly string[]
  /** Domains of verified mail addresses that may come in. `*`: whomever the issuer lets in. */
  readonly allowedDomains: readonly string[]
  /** `claim=value`: who has that value in that claim is an administrator. Absent: nobody who comes this way. */
  readonly adminClaim?: string
  /** The claim that names the one tenant whose figures a person sees. Absent: people see those of all. */
  readonly tenantClaim?: string
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
const EVERYBODY = '*'

/** What a server sends secrets to: by https or, without leaving this machine, by http. */
export function isSafeUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

export const letsEverybodyIn = (options: OidcOptions): boolean => options.allowedDomains.includes(EVERYBODY)

/**
 * @throws TallystickError `invalid_config` with everything that is wrong
 */
export function assertOidcOptions(options: OidcOptions): void {
  const issues: Issue[] = []
  const wrong = (member: string, message: string): number => issues.push({ path: `auth.oidc.${member}`, message })
  if (!isSafeUrl(options.issuer)) wrong('issuer', 'must be an https URL; http is for loopback only')
  if (options.clientId === '') wrong('client_id', 'is needed beside the issuer')
  const { redirectUrl, adminClaim, scopes, allowedDomains } = options
  if (redirectUrl !== undefined) {
    const { search, hash } = URL.canParse(redirectUrl) ? new URL(redirectUrl) : { search: '?', hash: '' }
    if (!/^https?:/.test(redirectUrl) || search !== '' || hash !== '')
      wrong('redirect_url', 'must be an http or https URL without a query')
  }
  if (adminClaim !== undefined && !/^[^=]+=.+$/.test(adminClaim)) wrong('admin_claim', 'must be claim=value')
  if (scopes !== undefined && !scopes.includes('openid')) wrong('scopes', 'must hold openid')
  if (allowedDomains.length === 0)
    wrong('allowed_domains', 'must list who may come in; * is whomever the issuer lets in, which may be everybody')
  if (issues.length > 0)
    throw new TallystickError(
      'invalid_config',
      `OpenID Connect cannot be used: ${issues.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
      { issues },
    )
}
