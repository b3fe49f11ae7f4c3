import type { Principal } from './principal.ts'

/** What a request shows of whoever sends it. */
export interface Evidence {
  /** By name in lower case; null where there is none. */
  readonly headers: Pick<Headers, 'get'>
  readonly url: URL
  /** Address of the other end of the connection; undefined where there is no socket. */
  readonly peer: string | undefined
  readonly nowMs: number
}

/** One way to say who one is: a key, a JWT, a session's cookie, the header of a trusted proxy. */
export interface AuthMethod {
  /** As `authMethod` of an event names it, e.g. `api_key`. */
  readonly name: string
  /** Has it been set up, so that a server on loopback is no longer open to whoever reaches it? Absent: that is for others to say. */
  readonly closes?: () => boolean
  /**
   * @returns undefined where the request shows nothing of this kind; then the next method is asked
   * @throws TallystickError `unauthorized`, `token_expired` when it shows something that is not valid
   */
  authenticate(evidence: Evidence): Principal | undefined | Promise<Principal | undefined>
}
