import type { ErrorCode } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { isSignedBy, parseJwt } from './jwt.ts'

/** What an IC token says: the agent it names, or why it is refused. */
export type TokenReading =
  | { readonly ok: true; readonly agentId?: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string }

export type TokenReader = (token: unknown, nowMs: number) => TokenReading

const ISSUER = 'iron-control-panel'
const MAX_TOKEN_CHARACTERS = 8_192
const MAX_AGENT_BYTES = 128

const refused = (code: ErrorCode, message: string): TokenReading => ({ ok: false, code, message })
const INVALID = refused('unauthorized', 'Invalid or expired IC token')
const NO_AGENT = refused('invalid_token', 'Invalid agent_id format in token')
const MISSING = refused(
  'unauthorized',
  'ic_token is missing: send it as a member of the event, or once as Authorization: Bearer',
)

/**
 * Reads IC tokens. With a secret a token must be a JWT signed with it (HS256) by the issuer `iron-control-panel`, not
 * expired, and its `agent_id` must have a number. Without one (local mode) any token will do, and if it is a JWT its
 * `agent_id` names the agent all the same: nobody has verified it, and events say so by `authenticated: false`.
 *
 * What a token holds never comes back in a message.
 *
 * @example createTokenReader(undefined)('anything', nowMs) // { ok: true }
 */
export function createTokenReader(secret: string | undefined): TokenReader {
  return (token, nowMs) => {
    if (token === undefined || token === null || token === '') return MISSING
    if (typeof token !== 'string') return refused('invalid_type', 'ic_token must be a string')
    if (token.length > MAX_TOKEN_CHARACTERS)
      return refused('too_long', `ic_token must be at most ${MAX_TOKEN_CHARACTERS} bytes`)
    return secret === undefined ? unverified(token) : verified(token, secret, nowMs)
  }
}

function unverified(token: string): TokenReading {
  const agent = parseJwt(token)?.claims['agent_id']
  if (agent === undefined || agent === null) return { ok: true }
  const agentId = agentOf(agent)
  return agentId === undefined ? NO_AGENT : { ok: true, agentId }
}

function verified(token: string, secret: string, nowMs: number): TokenReading {
  const jwt = parseJwt(token)
  if (jwt === undefined || !isSignedBy(jwt, secret)) return INVALID
  const { iss, exp, nbf, agent_id: agent } = jwt.claims
  if (iss !== ISSUER) return INVALID
  if (exp !== undefined && exp !== null) {
    if (typeof exp !== 'number') return INVALID
    if (nowMs > exp * 1000) return refused('token_expired', 'The IC token has expired')
  }
  if (nbf !== undefined && nbf !== null && !(typeof nbf === 'number' && nowMs >= nbf * 1000)) return INVALID
  const agentId = agentOf(agent)
  if (agentId === undefined || !agentId.startsWith('agent_')) return INVALID
  return /^agent_\d+$/.test(agentId) ? { ok: true, agentId } : NO_AGENT
}

/** The one name of the agent; undefined for what cannot be one. */
function agentOf(claim: unknown): string | undefined {
  if (typeof claim === 'number') return Number.isSafeInteger(claim) && claim >= 0 ? normaliseAgentId(claim) : undefined
  if (typeof claim !== 'string' || claim === '' || !claim.isWellFormed() || claim.includes('\0')) return undefined
  const agentId = normaliseAgentId(claim)
  return Buffer.byteLength(agentId) <= MAX_AGENT_BYTES ? agentId : undefined
}
