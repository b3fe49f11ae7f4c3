import type { Following } from '../../control/following.ts'
import { seesAll } from '../../identity/principal.ts'
import { type Handler, json } from '../route.ts'
import { readinessOf } from './health.ts'

/** `GET /api/v1/status`: what runs here, since when, how much it holds and how it does. */
export const status: Handler = async ({ app, store: scoped, principal }) => {
  const { about, limits } = app
  const [store, { store_error: storeError, ...readiness }] = [await scoped.stats(), readinessOf(app)]
  // How much all tenants together hold is not for one of them.
  const journal = seesAll(principal) ? about.journal?.() : undefined
  const state = seesAll(principal) ? about.state?.() : undefined
  const live = app.live.stats()
  const follows = seesAll(principal) ? app.follows?.health() : undefined
  return json({
    version: about.version,
    started_ms: about.startedMs,
    now_ms: app.clock.now(),
    address: about.address() ?? null,
    readiness: seesAll(principal) && storeError !== undefined ? { ...readiness, store_error: storeError } : readiness,
    store: {
      backend_type: app.store.capabilities.backendType,
      durable: app.store.capabilities.durable,
      events: store.events,
      oldest_ms: store.oldestMs,
      newest_ms: store.newestMs,
      bytes: store.bytes ?? null,
      ...(store.sealedToMs === undefined ? {} : { sealed_to_ms: store.sealedToMs }),
      ...(store.lateEvents === undefined ? {} : { late_events: store.lateEvents }),
      ...(store.cleared === undefined ? {} : { cleared_events: store.cleared }),
      ...(store.malformed === undefined ? {} : { malformed_lines: store.malformed }),
      ...(store.foreign === undefined ? {} : { foreign_events: store.foreign }),
      ...(store.warnings === undefined ? {} : { warnings: store.warnings }),
      lag_events: Math.max(0, readiness.durable_ordinal - readiness.applied_ordinal),
    },
    journal:
      journal === undefined
        ? null
        : {
            id: journal.id,
            state: journal.state,
            records: journal.records,
            bytes: journal.bytes,
            segments: journal.segments,
            quarantined_lines: journal.quarantinedLines,
          },
    state:
      state === undefined ? null : { state: state.state, log_bytes: state.logBytes, damaged_lines: state.damagedLines },
    control: follows === undefined ? null : shownFollowing(follows),
    live: { streams: live.streams, ticks: live.ticks, skipped_ticks: live.skipped },
    ...(app.proxy !== undefined && seesAll(principal) ? { proxy: app.proxy.stats() } : {}),
    ...(about.push !== undefined && seesAll(principal) ? { otlp_push: about.push() } : {}),
    traces: { url_template: about.traceUrl ?? null },
    prices: { catalogue_version: about.catalogueVersion() },
    limits: {
      body_bytes: limits.bodyBytes,
      inflated_bytes: limits.inflatedBytes,
      batch_events: limits.batchEvents,
      depth: limits.depth,
      streams: limits.streams,
    },
  })
}

function shownFollowing({
  url,
  state,
  heardMs,
  problem,
  notesWaiting,
  notesDropped,
}: ReturnType<Following['health']>): object {
  return {
    owner: url,
    state,
    heard_ms: heardMs ?? null,
    notes_waiting: notesWaiting,
    notes_dropped: notesDropped,
    ...(problem === undefined ? {} : { problem }),
  }
}
