import { createHash, randomBytes } from 'node:crypto'
import type { Session } from '../state/key.ts'
import type { Change, ControlState } from '../state/state.ts'
import { type Principal, scopesOf } from './principal.ts'

/** How long a session lasts. */
export interface SessionLife {
  /** Without a request it ends after this, ms. */
  readonly idleMs: number
  /** However much it is used it ends after this, ms. */
  readonly maxMs: number
}

export const SESSION_LIFE: SessionLife = { idleMs: 12 * 3_600_000, maxMs: 7 * 86_400_000 }

/** The sessions of people's browsers. What a browser holds is 256 bits of chance; kept is only the SHA-256 of them. */
export interface Sessions {
  readonly life: SessionLife
  /**
   * Opens a session in which a browser is that principal; durable when the promise resolves.
   *
   * @returns what the browser is to show from now on
   * @throws TallystickError `disk_full`, `journal_unavailable`, `shutting_down`
   */
  open(principal: Principal, nowMs: number): Promise<string>
  /**
   * Whose session it is; undefined when there is none, or when it has ended, or with it the key that opened it. Moves the
   * end on; that is not waited for, since no answer depends on it.
   */
  principal(secret: string, nowMs: number): Principal | undefined
  /** Ends a session. @returns was there one? */
  end(secret: string): Promise<boolean>
}

export interface SessionsOptions extends Partial<SessionLife> {
  readonly state: ControlState
  /** Do sessions count that were opened without a key? They do as long as there is another way to log in. */
  readonly keyless?: boolean
  /** Most sessions at one time; the oldest ends when one more is opened. */
  readonly most?: number
  /** Told when the end of a session could not be moved on. */
  readonly onError?: (error: unknown) => void
}

/** As `method` of a principal names it. */
export const SESSION_METHOD = 'session'

const SECRET_BYTES = 32
const SECRET = /^[A-Za-z0-9_-]{43}$/
const MOST = 10_000
/** The end is moved on when so large a part of the idle time has gone by, not at each request: each move is a write. */
const SLIDE_PART = 16

const idOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')
const removal = (id: string): Change => ({ table: 'sessions', id, row: undefined })

export function createSessions(options: SessionsOptions): Sessions {
  const { state, keyless = false, most = MOST, onError = () => undefined } = options
  const life = { idleMs: options.idleMs ?? SESSION_LIFE.idleMs, maxMs: options.maxMs ?? SESSION_LIFE.maxMs }
  const rows = state.rows('sessions')
  const keys = state.rows('keys')
  const endOf = (createdMs: number, nowMs: number): number => Math.min(nowMs + life.idleMs, createdMs + life.maxMs)

  /** Is what it was opened with still in force? */
  const backed = ({ keyId }: Session): boolean => {
    if (keyId === undefined) return keyless
    const key = keys.get(keyId)
    return key !== undefined && key.revokedMs === undefined
  }

  /** When it ends however much it is used. The limits of today also hold for what was opened under those of yesterday. */
  const lastMs = ({ keyId, createdMs }: Session): number =>
    Math.min(createdMs + life.maxMs, (keyId === undefined ? undefined : keys.get(keyId)?.expiresMs) ?? Infinity)

  const holds = (session: Session, nowMs: number): boolean =>
    nowMs < session.expiresMs && nowMs < lastMs(session) && backed(session)

  /** What has ended, and the oldest beyond the bound. Done when one is opened: only then are there more. */
  const sweep = (nowMs: number): readonly Change[] => {
    const kept: string[] = []
    const gone: string[] = []
    for (const [id, session] of rows) (holds(session, nowMs) ? kept : gone).push(id)
    gone.push(...kept.slice(0, Math.max(0, kept.length + 1 - most)))
    return gone.map(removal)
  }

  const slide = (session: Session, nowMs: number): void => {
    const expiresMs = endOf(session.createdMs, nowMs)
    if (expiresMs - session.expiresMs < life.idleMs / SLIDE_PART) return
    state.write([{ table: 'sessions', id: session.id, row: { ...session, expiresMs } }]).catch(onError)
  }

  const principalOf = (session: Session): Principal => {
    const { id, name, scopes, tenantId, agentId, agentIds, keyId } = session
    return {
      kind: keyId === undefined ? 'user' : 'key',
      name,
      scopes: scopesOf(scopes),
      method: SESSION_METHOD,
      untilMs: lastMs(session),
      withdrawn: () => !rows.has(id) || !backed(session),
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(agentId === undefined ? {} : { agentId }),
      ...(agentIds === undefined ? {} : { agentIds: new Set(agentIds) }),
      ...(keyId === undefined ? {} : { keyId }),
    }
  }

  return {
    life,
    async open(principal, nowMs) {
      const secret = randomBytes(SECRET_BYTES).toString('base64url')
      const id = idOf(secret)
      const row: Session = {
        id,
        ...(principal.keyId === undefined ? {} : { keyId: principal.keyId }),
        name: principal.name,
        scopes: [...principal.scopes],
        ...(principal.tenantId === undefined ? {} : { tenantId: principal.tenantId }),
        ...(principal.agentId === undefined ? {} : { agentId: principal.agentId }),
        ...(principal.agentIds === undefined ? {} : { agentIds: [...principal.agentIds] }),
        createdMs: nowMs,
        expiresMs: endOf(nowMs, nowMs),
      }
      await state.write([...sweep(nowMs), { table: 'sessions', id, row }])
      return secret
    },
    principal(secret, nowMs) {
      if (!SECRET.test(secret)) return undefined
      const session = rows.get(idOf(secret))
      if (session === undefined || !holds(session, nowMs)) return undefined
      slide(session, nowMs)
      return principalOf(session)
    },
    async end(secret) {
      const id = idOf(secret)
      if (!rows.has(id)) return false
      await state.write([removal(id)])
      return true
    },
  }
}
