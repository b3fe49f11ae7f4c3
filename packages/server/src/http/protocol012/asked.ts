import { setTimeout as wait } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { type Filter, parseQuery } from '@tallystick/core/query'
import { bearerOf } from '../../identity/bearer.ts'
import { addressEvidence } from '../address/evidence.ts'
import type { AppContext } from '../app-context.ts'
import { type Call, type Handler, json } from '../route.ts'
import { type Paging, pagingOf } from './paging.ts'
import { type Period, periodOf } from './period.ts'

/** How long a query waits for what has been acknowledged but not applied: whoever posts and asks expects to see it. */
const MAX_WAIT_MS = 1_000

const ONE_PAGE: Paging = { page: 1, perPage: 1 }

/** A query of Protocol 012, read and admitted. */
export interface Asked extends Call {
  readonly parameters: URLSearchParams
  readonly nowMs: number
  readonly period: Period
  /** As `page` and `per_page` say, or of the answer's one page where it has no pages. */
  readonly paging: Paging
  readonly filters: readonly Filter[]
  /** The filters as an answer shows them. */
  readonly shown: { readonly [name: string]: string | null }
  /** Fires when the client leaves, or when the query has taken too long. */
  readonly signal: AbortSignal
}

/**
 * What every query of Protocol 012 does: counts against the limit on queries, reads `period` and the filters, waits up to
 * a second for what has just been acknowledged, takes its turn, and is given up after `limits.queryMs`.
 *
 * @param perPage rows on a page unless the query says; absent where the answer has no pages
 * @throws TallystickError (the handler) `rate_limit_exceeded`, `invalid_period`, `invalid_query`, `query_timeout`
 */
export function protocolQuery(answer: (asked: Asked) => Promise<object>, perPage?: number): Handler {
  return async (call) => {
    const { app, request, url } = call
    app.protocol012.admitQuery(clientOf(call))
    const nowMs = app.clock.now()
    const parameters = url.searchParams
    const period = periodOf(parameters, nowMs)
    const { filters, shown } = filtersOf(parameters, nowMs)
    const paging = perPage === undefined ? ONE_PAGE : pagingOf(parameters, perPage)
    const asked = { ...call, parameters, nowMs, period, paging, filters, shown }
    await caughtUp(app)
    const body = await withinTime(app.limits.queryMs, request.signal, (signal) =>
      app.queries.run(() => answer({ ...asked, signal }), signal),
    )
    return json({ ...body, calculated_at: new Date(nowMs).toISOString() })
  }
}

/** The members of an answer that say which period it is of. */
export function periodMembers({ fromMs, name, toMs }: Period): object {
  if (name !== 'custom') return { period: name }
  return { period: name, start: new Date(fromMs).toISOString(), end: new Date(toMs).toISOString() }
}

/** Empty is as good as absent. */
export function given(parameters: URLSearchParams, name: string): string | undefined {
  return parameters.get(name) || undefined
}

/** What the protocol calls a provider that nobody has named. */
export const UNKNOWN_PROVIDER = 'unknown'

/** Always shown are those that the protocol documents. */
function filtersOf(parameters: URLSearchParams, nowMs: number): Pick<Asked, 'filters' | 'shown'> {
  const agent = given(parameters, 'agent_id')
  const agentId = agent === undefined ? undefined : normaliseAgentId(agent)
  const providerId = given(parameters, 'provider_id')
  const provider = given(parameters, 'provider')
  const model = given(parameters, 'model')
  const providers = provider === UNKNOWN_PROVIDER ? [provider, null] : [provider]
  const { filters } = parseQuery(
    {
      filters: {
        ...(agentId === undefined ? {} : { agent_id: [agentId] }),
        ...(providerId === undefined ? {} : { provider_id: [providerId] }),
        ...(provider === undefined ? {} : { provider: providers }),
        ...(model === undefined ? {} : { model: [model] }),
      },
    },
    { nowMs },
  )
  return {
    filters,
    shown: {
      agent_id: agentId ?? null,
      provider_id: providerId ?? null,
      ...(provider === undefined ? {} : { provider }),
      ...(model === undefined ? {} : { model }),
    },
  }
}

/** Gives up a job after `ms`, whether or not it heeds the signal. */
async function withinTime<T>(ms: number, client: AbortSignal, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeUp = new AbortController()
  const tooLong = new TallystickError('query_timeout', `The query took more than ${ms / 1000} s.`)
  const timer = wait(ms, undefined, { signal: timeUp.signal, ref: false }).then(() => {
    timeUp.abort()
    throw tooLong
  })
  try {
    return await Promise.race([job(AbortSignal.any([client, timeUp.signal])), timer])
  } catch (error) {
    // The job may tell of its interruption before the timer does.
    throw timeUp.signal.aborted && !client.aborted ? tooLong : error
  } finally {
    timer.catch(() => undefined)
    timeUp.abort()
  }
}

async function caughtUp({ ingest }: AppContext): Promise<void> {
  const waiting = new AbortController()
  try {
    await Promise.race([ingest.applied(), wait(MAX_WAIT_MS, undefined, { signal: waiting.signal })])
  } catch {
    // A store that cannot keep up still answers with what it has.
  } finally {
    waiting.abort()
  }
}

/** Whom the limit on queries counts: a token or, without one, an address. */
function clientOf(call: Call): string {
  const bearer = bearerOf(call.request.headers)
  return bearer === undefined
    ? `address ${call.app.clientAddress.sender(addressEvidence(call)) ?? ''}`
    : `token ${bearer}`
}
