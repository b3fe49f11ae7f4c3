import { TallystickError } from '@tallystick/core'
import type { Agent } from '../state/agent.ts'
import type { ControlState } from '../state/state.ts'
import type { AuthMethod } from './auth-method.ts'
import { bearerOf } from './bearer.ts'
import { createTokenReader } from './ic-token.ts'
import { isSignedBy, type Jwt, parseJwt } from './jwt.ts'
import { type Principal, scopesOf } from './principal.ts'

const MAX_TOKEN_CHARACTERS = 8_192
const MAX_NAME_BYTES = 128
const INVALID = 'The token is not valid.'

/**
 * The JWTs of Protocol 012, as `Authorization: Bearer`: IC tokens of agents, and tokens of users (`sub`, `role`, `exp`), both
 * HS256 by the same secret. An agent sends and sees its own events. A user of role `admin` sees all and may do all; any
 * other sees the events of the agents it owns. A user's `tenant_id`, where there is one, keeps it to that tenant.
 */
export function createJwtMethods(state: ControlState, secret: string): readonly AuthMethod[] {
  const readIcToken = createTokenReader(secret)
  const agents = state.rows('agents')

  const agentTokens: AuthMethod = {
    name: 'ic_token',
    authenticate({ headers, nowMs }) {
      const { jwt, token } = jwtOf(headers) ?? {}
      if (jwt === undefined || token === undefined || jwt.claims['agent_id'] === undefined) return undefined
      const reading = readIcToken(token, nowMs)
      if (!reading.ok) throw new TallystickError(reading.code, reading.message)
      return agentPrincipal(reading.agentId as string, agents, expiryOf(jwt))
    },
  }
  const userTokens: AuthMethod = {
    name: 'user_token',
    authenticate({ headers, nowMs }) {
      const { jwt } = jwtOf(headers) ?? {}
      return jwt?.claims['sub'] === undefined ? undefined : userPrincipal(jwt, secret, agents, nowMs)
    },
  }
  return [agentTokens, userTokens]
}

function jwtOf(headers: Pick<Headers, 'get'>): { readonly jwt: Jwt; readonly token: string } | undefined {
  const token = bearerOf(headers)
  if (token === undefined || token.length > MAX_TOKEN_CHARACTERS) return undefined
  const jwt = parseJwt(token)
  return jwt && { jwt, token }
}

function agentPrincipal(id: string, agents: ReadonlyMap<string, Agent>, untilMs: number | undefined): Principal {
  const tenantId = agents.get(id)?.tenantId
  return {
    kind: 'agent',
    name: `agent ${id}`,
    scopes: scopesOf(['ingest', 'read']),
    agentId: id,
    agentIds: new Set([id]),
    method: 'ic_token',
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(untilMs === undefined ? {} : { untilMs }),
  }
}

/** @throws TallystickError `unauthorized`, `token_expired` */
function userPrincipal(jwt: Jwt, secret: string, agents: ReadonlyMap<string, Agent>, nowMs: number): Principal {
  const { sub, role, nbf, tenant_id: tenant } = jwt.claims
  const untilMs = expiryOf(jwt)
  if (!isSignedBy(jwt, secret) || untilMs === undefined || !isName(sub))
    throw new TallystickError('unauthorized', INVALID)
  if (tenant !== undefined && tenant !== null && !isName(tenant)) throw new TallystickError('unauthorized', INVALID)
  if (nbf !== undefined && nbf !== null && !(typeof nbf === 'number' && nowMs >= nbf * 1000))
    throw new TallystickError('unauthorized', INVALID)
  if (nowMs > untilMs) throw new TallystickError('token_expired', 'The token has expired.')
  const named = { kind: 'user', name: `user ${sub}`, method: 'user_token', untilMs } as const
  if (role === 'admin')
    return { ...named, scopes: scopesOf(['admin']), ...(isName(tenant) ? { tenantId: tenant } : {}) }
  return { ...named, scopes: scopesOf(['read']), ...ownAgents(sub, isName(tenant) ? tenant : undefined, agents) }
}

/**
 * The agents somebody owns. An agent is a name in its tenant, so they must be of one: of the tenant that the token names,
 * else of the one that all of them are of, else of none.
 */
function ownAgents(
  owner: string,
  named: string | undefined,
  agents: ReadonlyMap<string, Agent>,
): Pick<Principal, 'tenantId' | 'agentIds'> {
  const own = [...agents.values()].filter(({ ownerId }) => ownerId === owner)
  const tenants = new Set(own.map(({ tenantId }) => tenantId))
  const tenantId = named ?? (tenants.size === 1 ? [...tenants][0] : undefined)
  const agentIds = new Set(own.filter((agent) => agent.tenantId === tenantId).map(({ id }) => id))
  return { agentIds, ...(tenantId === undefined ? {} : { tenantId }) }
}

function expiryOf({ claims: { exp } }: Jwt): number | undefined {
  return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && Buffer.byteLength(value) <= MAX_NAME_BYTES
}
