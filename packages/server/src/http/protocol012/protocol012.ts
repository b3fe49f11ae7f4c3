import { hash } from 'node:crypto'
import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { createTokenReader, type TokenReader } from '../../identity/ic-token.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'

/** How Protocol 012 is served. */
export interface Protocol012Options {
  /** Verifies IC tokens. Absent: local mode, where any token is taken and none is believed. */
  readonly jwtSecret?: string
  /** Holds clients to the documented limits; they throttle any real agent, so they are off unless asked for. */
  readonly rateLimits?: boolean
}

/** What the handlers of Protocol 012 share. */
export interface Protocol012 {
  /** Are tokens verified? */
  readonly verifies: boolean
  readonly readToken: TokenReader
  /** @throws TallystickError `rate_limit_exceeded`, or `too_many_events` for a body no minute has room for */
  admitEvents(perToken: ReadonlyMap<string, number>): void
  /** @throws TallystickError `rate_limit_exceeded` */
  admitQuery(client: string): void
}

const EVENTS_A_MINUTE = 1_000
const QUERIES_A_MINUTE = 20
const MINUTE_MS = 60_000

export function createProtocol012({ jwtSecret, rateLimits = false }: Protocol012Options, clock: Clock): Protocol012 {
  const events = createRateLimit(EVENTS_A_MINUTE, MINUTE_MS, clock)
  const queries = createRateLimit(QUERIES_A_MINUTE, MINUTE_MS, clock)
  return {
    verifies: jwtSecret !== undefined,
    readToken: createTokenReader(jwtSecret),
    admitEvents(perToken) {
      if (!rateLimits) return
      for (const count of perToken.values())
        if (count > EVENTS_A_MINUTE)
          throw new TallystickError(
            'too_many_events',
            `The body has ${count} events under one token; ${EVENTS_A_MINUTE} a minute are taken.`,
          )
      admit(events, perToken, 'events a minute and token')
    },
    admitQuery(client) {
      if (rateLimits) admit(queries, new Map([[client, 1]]), 'queries a minute')
    },
  }
}

/** Keys are hashed: they may be tokens, and of whatever length. */
function admit(limit: RateLimit, counts: ReadonlyMap<string, number>, what: string): void {
  const keys = [...counts].map(([key, count]) => [hash('sha256', key, 'base64url'), count] as const)
  const waitMs = limit.take(new Map(keys))
  if (waitMs <= 0) return
  throw new TallystickError('rate_limit_exceeded', `More than ${limit.limit} ${what}.`, {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  })
}
