import type { DiskState } from '../../health/disk-watch.ts'
import type { AppContext } from '../app-context.ts'
import { type Handler, json } from '../route.ts'

/** Further behind than this is catching up, not the ordinary lag of batched applying. */
const CATCHING_UP_EVENTS = 20_000

export interface Readiness {
  readonly status: 'ready' | 'catching_up' | 'unavailable'
  /** Why not, in sentences that say nothing of where. */
  readonly reasons: readonly string[]
  /** What the store said, where it does not keep up. May hold paths. */
  readonly store_error?: string
  /** How far the store has come with what was accepted. */
  readonly applied_ordinal: number
  readonly durable_ordinal: number
}

/** `GET /healthz`: the process answers. Says nothing about disks. */
export const health: Handler = ({ request }) => (wantsText(request) ? text('ok', 200) : json({ status: 'ok' }))

export const version: Handler = ({ app }) => json({ name: 'tallystick', version: app.about.version })

/**
 * `GET /readyz`: 503 when events cannot be kept or queries not be answered. A store that is catching up is ready: its
 * answers say up to when they are complete. Nobody is asked for a key, so whoever has not said who they are is told what is
 * wrong, but not where, nor how much there is.
 */
export const readiness: Handler = ({ app, request, principal }) => {
  const state = readinessOf(app)
  const { status, reasons } = state
  const code = status === 'unavailable' ? 503 : 200
  if (wantsText(request)) return text([status, ...reasons].join('\n'), code)
  return json(principal.kind === 'nobody' ? { status, reasons } : state, code)
}

const JOURNAL_REASONS: { readonly [S in Exclude<DiskState, 'ok'>]: string } = {
  disk_full: 'The disk is full: events are refused until there is space.',
  failed: 'The journal cannot be written: events are refused.',
  gone: 'The directory of the journal is gone: events cannot be kept.',
}
const STATE_REASONS: { readonly [S in Exclude<DiskState, 'ok'>]: string } = {
  disk_full: 'The disk of the control state is full: keys, budgets and alerts cannot be changed.',
  failed: 'The control state cannot be written: keys, budgets and alerts cannot be changed.',
  gone: 'The directory of the control state is gone: keys, budgets and alerts cannot be kept.',
}

export function readinessOf(app: AppContext): Readiness {
  const reasons: string[] = []
  if (app.stopping()) reasons.push('The server is stopping.')
  const journal = app.about.journal?.().state ?? 'ok'
  if (journal !== 'ok') reasons.push(JOURNAL_REASONS[journal])
  const state = app.about.state?.().state ?? 'ok'
  if (state !== 'ok') reasons.push(STATE_REASONS[state])
  if (app.follows?.copy.fresh() === false)
    reasons.push('The owner of the control state has not been heard of for too long: nobody is let in.')
  const { appliedOrdinal, targetOrdinal, storeError } = app.ingest.progress()
  if (storeError !== undefined)
    reasons.push('The store cannot keep up: events are safe in the journal, figures are late.')
  const behind = targetOrdinal - appliedOrdinal > CATCHING_UP_EVENTS
  return {
    status: reasons.length > 0 ? 'unavailable' : behind ? 'catching_up' : 'ready',
    reasons,
    ...(storeError === undefined ? {} : { store_error: storeError }),
    applied_ordinal: appliedOrdinal,
    durable_ordinal: targetOrdinal,
  }
}

/** Plain text only where it is asked for by name: what takes anything is told in JSON. */
function wantsText({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? ''
  return accept.includes('text/plain') && !accept.includes('json')
}

const text = (lines: string, status: number): Response =>
  new Response(`${lines}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
