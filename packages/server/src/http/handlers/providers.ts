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

function rowOf({ provider, state, sinceMs, heardMs, evidence, p95Ms, changes }: ProviderRow): object {
  const { answered, faults, overloads } = evidence
  return {
    provider,
    state,
    since_ms: sinceMs,
    last_ms: heardMs ?? null,
    requests: answered + faults + overloads,
    failures: faults,
    overloads,
    duration_ms_p95: p95Ms ?? null,
    changes: changes.map(({ atMs, from, to, requests, failures, overloads: refused }) => ({
      at_ms: atMs,
      from,
      to,
      requests,
      failures,
      overloads: refused,
    })),
  }
}
