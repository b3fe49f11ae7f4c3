import type { ProviderRow } from '../../health/roll.ts'
import { type Handler, json } from '../route.ts'

/** `GET /api/v1/providers/health`: how each provider does, as far as whoever asks sees the requests to it. */
export const providerHealth: Handler = async ({ app, principal, store, request: { signal } }) => {
  const { providers: watch, clock, queries } = app
  // Right after a start states are those of the minutes before it.
  await watch.caughtUp
  // Of some agents only nothing is remembered; what they may know of the others is nothing.
  const { providers, whole } =
    principal.agentIds === undefined ? watch.list(principal.tenantId) : await queries.run(() => watch.of(store), signal)
  return json({
    now_ms: clock.now(),
    window_ms: watch.settings.windowMs,
    whole,
    providers: providers.map(rowOf),
  })
}

function rowOf(row: ProviderRow): object {
  const { provider, state, sinceMs, heardMs, requests, failures, overloads, p95Ms, changes } = row
  return {
    provider,
    state,
    since_ms: sinceMs,
    last_ms: heardMs ?? null,
    requests,
    failures,
    overloads,
    duration_ms_p95: p95Ms ?? null,
    changes: changes.map(({ atMs, ...change }) => ({ at_ms: atMs, ...change })),
  }
}
