import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { KeyScope } from '../state/key.ts'
import type { ControlState } from '../state/state.ts'
import type { AuthMethod, Evidence } from './auth-method.ts'
import { LOCAL, type Principal } from './principal.ts'

/** Finds out who asks, and whether they still may. */
export interface Authenticator {
  /** Must whoever asks say who they are? Not while no way to do so is set up and only this machine can reach the server. */
  closed(): boolean
  /**
   * Who sends a request. Answers at once unless a method has to ask somebody else.
   *
   * @throws TallystickError `unauthorized`, `token_expired`, `control_unavailable`
   */
  authenticate(evidence: Evidence): Principal | Promise<Principal>
  /**
   * Whose token this is: one that came in a body, or in the first message of a socket. It is looked at like that of an
   * `Authorization: Bearer`.
   *
   * @returns undefined for a token that no method knows
   * @throws TallystickError `unauthorized`, `token_expired`, `control_unavailable`
   */
  authenticateToken(token: string): Principal | undefined | Promise<Principal | undefined>
  /**
   * Calls `ended` once, as soon as what the principal has shown is taken back or expires: for answers that go on, which
   * must end then. Returns how to stop watching.
   */
  watch(principal: Principal, ended: () => void): () => void
}

export interface AuthenticatorOptions {
  readonly state: Pick<ControlState, 'onChange'>
  readonly clock: Clock
  /** Must it be closed although no way to say who one is is set up? Where other machines can reach it. */
  readonly exposed: () => boolean
  /** May there have been keys that are lost? Then it stays closed too, and says how to get in. */
  readonly keysLost?: () => boolean
  /** Is it known at all who may do what? Throws `control_unavailable` while it is not; absent: always. */
  readonly assertKnown?: () => void
}

/**
 * Asks `methods` in their order; the first that finds what it knows decides.
 *
 * @example createAuthenticator([createKeyMethod(state)], { state, clock, exposed: () => false })
 */
export function createAuthenticator(
  methods: readonly AuthMethod[],
  { state, clock, exposed, keysLost = () => false, assertKnown }: AuthenticatorOptions,
): Authenticator {
  const hasWay = (): boolean => methods.some(({ closes }) => closes?.() === true)
  const closed = (): boolean => exposed() || keysLost() || hasWay()
  const ask = (evidence: Evidence): Principal | undefined | Promise<Principal | undefined> => {
    assertKnown?.()
    return firstKnown(methods, evidence, 0)
  }
  /** @throws TallystickError `unauthorized` */
  const known = (principal: Principal | undefined, { headers }: Evidence): Principal => {
    if (principal !== undefined) return principal
    if (!closed()) return LOCAL
    if (keysLost() && !hasWay()) throw new TallystickError('unauthorized', KEYS_LOST)
    throw new TallystickError(
      'unauthorized',
      headers.get('authorization') === null
        ? 'Send an API key as Authorization: Bearer, or as X-Api-Key.'
        : 'What Authorization holds is not valid here.',
    )
  }
  return {
    closed,
    authenticate(evidence) {
      const found = ask(evidence)
      return found instanceof Promise ? found.then((principal) => known(principal, evidence)) : known(found, evidence)
    },
    authenticateToken: (token) => ask(tokenEvidence(token, clock.now())),
    watch: (principal, ended) => watch(principal, ended, state, clock),
  }
}

const KEYS_LOST =
  'A damaged line of the control state may have been the only key, so nobody is let in without one. On the machine of the server: stop it, run `tallystick keys create NAME --scopes admin` with its data directory, and start it again.'

/** Without giving way unless a method does: what a door takes is asked for at every batch. */
function firstKnown(
  methods: readonly AuthMethod[],
  evidence: Evidence,
  from: number,
): Principal | undefined | Promise<Principal | undefined> {
  for (let at = from; at < methods.length; at++) {
    const found = (methods[at] as AuthMethod).authenticate(evidence)
    if (found instanceof Promise) return found.then((principal) => principal ?? firstKnown(methods, evidence, at + 1))
    if (found !== undefined) return found
  }
  return undefined
}

const NOWHERE = new URL('http://localhost/')

/** No other header and no address: whoever hands in a token must not be taken for the connection it came by. */
function tokenEvidence(token: string, nowMs: number): Evidence {
  const headers = { get: (name: string) => (name === 'authorization' ? `Bearer ${token}` : null) }
  return { headers, url: NOWHERE, peer: undefined, nowMs }
}

/** @throws TallystickError `forbidden` */
export function assertScope({ scopes }: Principal, scope: KeyScope): void {
  if (!scopes.has(scope))
    throw new TallystickError('forbidden', `This needs the scope ${scope}, which these credentials do not have.`)
}

/** Timers hold no more. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

function watch(
  principal: Principal,
  ended: () => void,
  state: Pick<ControlState, 'onChange'>,
  clock: Clock,
): () => void {
  const { untilMs, withdrawn } = principal
  let timer: NodeJS.Timeout | undefined
  let stopListening: (() => void) | undefined
  const stop = (): void => {
    clearTimeout(timer)
    stopListening?.()
  }
  const end = (): void => {
    stop()
    ended()
  }
  const wait = (): void => {
    const leftMs = (untilMs as number) - clock.now()
    if (leftMs <= 0) end()
    else timer = setTimeout(wait, Math.min(leftMs, LONGEST_WAIT_MS)).unref()
  }
  if (withdrawn?.()) {
    end()
    return stop
  }
  if (withdrawn !== undefined) stopListening = state.onChange(() => withdrawn() && end())
  if (untilMs !== undefined) wait()
  return stop
}
