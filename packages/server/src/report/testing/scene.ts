import { FakeTime } from '../../alert/testing/scene.ts'
import { createBudgets } from '../../budget/budgets.ts'
import { createFakeIngest } from '../../http/testing/fake-ingest.ts'
import { openMemoryState } from '../../state/memory.ts'
import type { ControlState } from '../../state/state.ts'
import { openMemoryStore } from '../../store/memory.ts'
import { createReports, type Reports, type ReportsOptions } from '../reports.ts'

/** A Saturday at noon. */
export const START_MS = Date.UTC(2026, 10, 21, 12)

export interface ReportScene {
  readonly reports: Reports
  readonly time: FakeTime
  readonly state: ControlState
}

/** Reports over a memory store with two requests in it, and time that is moved by hand. */
export async function reportScene(
  options: Partial<ReportsOptions> & { readonly time?: FakeTime } = {},
): Promise<ReportScene> {
  const { time = new FakeTime(START_MS), state = openMemoryState(), ...rest } = options
  const store = openMemoryStore({ clock: time, maxEvents: 1_000 })
  const ingest = createFakeIngest(store, time.now)
  await ingest.submit({
    items: [
      { event_id: '1', timestamp_ms: START_MS - 1_000, provider: 'openai', model: 'a', input_tokens: 5_000_000 },
      {
        event_id: '2',
        timestamp_ms: START_MS - 2_000,
        provider: 'openai',
        model: 'b',
        input_tokens: 1_000_000,
        tenant_id: 'left',
      },
    ],
    door: 'native',
  })
  const budgets = createBudgets({ state, store, ingest, clock: time, ticks: false })
  const prices = { resolve: () => undefined }
  const reports = createReports({ state, store, ingest, budgets, prices, clock: time, timers: time, ...rest })
  return { reports, time, state }
}
