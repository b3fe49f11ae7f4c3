import type { AppContext } from '../app-context.ts'
import { type Handler, json } from '../route.ts'

/** Further behind than this is catching up, not the ordinary lag of batched applying. */
const CATCHING_UP_EVENTS = 20_000

export interface Readiness {
  readonly status: 'ready' | 'catching_up' | 'unavailable'
  /** Why not, in sentences. */
  readonly reasons: readonly string[]
  /** How far the store has come with what was accepted. */
  readonly applied_ordinal: number
  readonly durable_ordinal: number
}

/** `GET /healthz`: the process answers. Says nothing about disks. */
export const health: Handler = () => json({ status: 'ok' })

export const version: Handler = ({ app }) => json({ name: 'tallystick', version: app.about.version })

/**
 * `GET /readyz`: 503 when events cannot be kept or queries not be answered. A store that is catching up is ready: its
 * answers say up to when they are complete.
 */
export const readiness: Handler = ({ app }) => {
  const state = readinessOf(app)
  return json(state, state.status === 'unavailable' ? 503 : 200)
}

export function readinessOf(app: AppContext): Readiness {
  const reasons: string[] = []
  if (app.stopping()) reasons.push('The server is stopping.')
  const journal = app.about.journal?.()
  if (journal?.state === 'disk_full') reasons.push('The disk is full: events are refused until there is space.')
  if (journal?.state === 'failed') reasons.push('The journal cannot be written: events are refused.')
  const { appliedOrdinal, targetOrdinal, storeError } = app.ingest.progress()
  if (storeError !== undefined)
    reasons.push(`The store cannot keep up: events are safe in the journal, figures are late. ${storeError}`)
  const behind = targetOrdinal - appliedOrdinal > CATCHING_UP_EVENTS
  return {
    status: reasons.length > 0 ? 'unavailable' : behind ? 'catching_up' : 'ready',
    reasons,
    applied_ordinal: appliedOrdinal,
    durable_ordinal: targetOrdinal,
  }
}
