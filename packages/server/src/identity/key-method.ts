import { timingSafeEqual } from 'node:crypto'
import { TallystickError } from '@tallystick/core'
import type { ApiKey } from '../state/key.ts'
import type { ControlState } from '../state/state.ts'
import { KEY_PREFIX, parseKey, secretHashOf } from './api-key.ts'
import type { AuthMethod, Evidence } from './auth-method.ts'
import { bearerOf } from './bearer.ts'
import { type Principal, scopesOf } from './principal.ts'

const METHOD = 'api_key'
/** Keys whose text is remembered, so that a busy sender's is not hashed at each request. */
const MAX_KNOWN = 1_000
/** Compared with where there is no such key, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = '0'.repeat(64)

interface Known {
  readonly principal: Principal
  readonly row: ApiKey
}

/** API keys, as `Authorization: Bearer` or `X-Api-Key`. A server without any is open, and looks at none. */
export function createKeyMethod(state: ControlState): AuthMethod {
  const rows = state.rows('keys')
  // Only texts that were found to be right get in.
  const known = new Map<string, Known>()
  state.onChange((changes) => {
    if (changes.some(({ table }) => table === 'keys')) known.clear()
  })

  const find = (text: string): Known => {
    const { id = '', secret = '' } = parseKey(text) ?? {}
    const row = rows.get(id)
    const right = sameHash(secretHashOf(secret), row?.secretHash ?? NO_HASH)
    if (!right || row === undefined || row.revokedMs !== undefined)
      throw new TallystickError('unauthorized', 'The API key is not valid.')
    const found = { principal: principalOf(row, () => rows.get(id)?.revokedMs !== undefined || !rows.has(id)), row }
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(text, found)
    return found
  }

  return {
    name: METHOD,
    // A key that was revoked still says that the server is meant to be closed.
    closes: () => rows.size > 0,
    authenticate(evidence) {
      if (rows.size === 0) return undefined
      const text = presented(evidence)
      if (text === undefined) return undefined
      const { principal, row } = known.get(text) ?? find(text)
      if (row.expiresMs !== undefined && evidence.nowMs >= row.expiresMs)
        throw new TallystickError('token_expired', 'The API key has expired.')
      return principal
    },
  }
}

function presented({ headers }: Evidence): string | undefined {
  const bearer = bearerOf(headers)
  if (bearer?.startsWith(KEY_PREFIX)) return bearer
  return headers.get('x-api-key') ?? undefined
}

function principalOf(row: ApiKey, withdrawn: () => boolean): Principal {
  const { id, scopes, tenantId, agentId, expiresMs } = row
  return {
    kind: 'key',
    name: `key ${id}`,
    scopes: scopesOf(scopes),
    keyId: id,
    method: METHOD,
    withdrawn,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(agentId === undefined ? {} : { agentId, agentIds: new Set([agentId]) }),
    ...(expiresMs === undefined ? {} : { untilMs: expiresMs }),
  }
}

/** Hashes are of one length, so the comparison takes the same time wherever they differ. */
function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')]
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}
