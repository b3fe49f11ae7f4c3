import { Buffer } from 'node:buffer'
import type { Evidence } from '../../identity/auth-method.ts'
import { assertScope } from '../../identity/authenticator.ts'
import type { Principal } from '../../identity/principal.ts'
import type { AppContext } from '../app-context.ts'

/**
 * `Authorization: Basic` as Langfuse's clients send it: the public key as user, which may be anything, and as password the
 * secret key, which is one of our API keys. Of these routes only: a browser sends such a header to wherever it was once asked
 * for it.
 *
 * @returns undefined where there is none
 * @throws TallystickError `unauthorized`, `token_expired`, `forbidden`
 */
export function admitSecretKey(
  evidence: Evidence,
  { identity }: AppContext,
): Principal | Promise<Principal> | undefined {
  const password = passwordOf(evidence.headers)
  if (password === undefined) return undefined
  const { headers, url, peer, nowMs } = evidence
  const get = (name: string): string | null => (name === 'authorization' ? `Bearer ${password}` : headers.get(name))
  const found = identity.authenticate({ headers: { get }, url, peer, nowMs })
  return found instanceof Promise ? found.then(sending) : sending(found)
}

function sending(principal: Principal): Principal {
  assertScope(principal, 'ingest')
  return principal
}

/** @source RFC 7617, section 2: everything behind the first colon */
function passwordOf(headers: Evidence['headers']): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,2048}) *$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = text.indexOf(':')
  // What is no header value cannot be a key.
  return colon < 0 || !/^[\x21-\x7e]+$/.test(text.slice(colon + 1)) ? undefined : text.slice(colon + 1)
}
