import { byteSize, grouped, plainTable } from './terminal.ts'

/** What `GET /api/v1/status` tells, as far as it is shown. */
export interface ServerStatus {
  readonly version: string
  readonly address: string | null
  readonly started_ms: number
  readonly readiness: {
    readonly status: string
    readonly reasons: readonly string[]
    readonly store_error?: string
  }
  readonly store: {
    readonly backend_type: string
    readonly events: number
    readonly bytes: number | null
    readonly lag_events: number
    readonly warnings?: readonly string[]
  }
  readonly journal: { readonly state: string; readonly bytes: number } | null
  readonly state: { readonly state: string } | null
}

/** A row of `GET /api/v1/providers/health`, as far as it is shown. */
export interface ProviderFigures {
  readonly provider: string
  readonly state: string
  readonly since_ms: number
  readonly requests: number
  readonly failures: number
  readonly overloads: number
  readonly duration_ms_p95: number | null
}

export function statusLines({ version, address, started_ms, readiness, store, journal, state }: ServerStatus): string {
  const { reasons, store_error: storeError } = readiness
  const bytes = store.bytes === null ? '' : `, ${byteSize(store.bytes)}`
  const lag = store.lag_events === 0 ? '' : `, ${grouped(store.lag_events)} yet to be applied`
  const facts: readonly (readonly [string, string])[] = [
    ['server', `${readiness.status.replace('_', ' ')}, ${version}${address === null ? '' : `, ${address}`}`],
    ...reasons.map((reason) => ['', reason] as const),
    ...(storeError === undefined ? [] : [['', storeError] as const]),
    ['since', time(started_ms)],
    ['store', `${store.backend_type}, ${grouped(store.events)} events${bytes}${lag}`],
    ...(store.warnings ?? []).map((warning) => ['', warning] as const),
    ...(journal === null ? [] : [['journal', `${words(journal.state)}, ${byteSize(journal.bytes)}`] as const]),
    ...(state === null ? [] : [['control', words(state.state)] as const]),
  ]
  return facts.map(([name, text]) => `${name.padEnd(9)} ${text}`).join('\n')
}

export function providerTable(rows: readonly ProviderFigures[], windowMs: number): string {
  const table = plainTable(
    ['provider', 'state', 'since', `requests (${Math.round(windowMs / 60_000)} min)`, 'failed', 'overloaded', 'p95'],
    ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
  )
  for (const row of rows)
    table.push([
      row.provider,
      row.state,
      time(row.since_ms),
      grouped(row.requests),
      share(row.failures, row.requests),
      share(row.overloads, row.requests),
      row.duration_ms_p95 === null ? '-' : `${grouped(row.duration_ms_p95)} ms`,
    ])
  return table.toString()
}

const words = (name: string): string => name.replaceAll('_', ' ')
const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`)
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
