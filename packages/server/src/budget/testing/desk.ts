import { afterEach } from 'vitest'
import { type Bench, type BenchOptions, openBench } from '../../ingest/testing/harness.ts'
import { openMemoryState } from '../../state/memory.ts'
import type { ControlState } from '../../state/state.ts'
import { type Budgets, createBudgets } from '../budgets.ts'
import { readDefinition } from '../definition.ts'
import type { BudgetFigures } from '../figures.ts'
import type { LeaseTerms } from '../lease-terms.ts'

/** Budgets over a real pipeline, with a clock that tests move and no timers. */
export interface TestDesk extends Bench {
  readonly state: ControlState
  readonly budgets: Budgets
  /** The same state, store and pipeline under new counters, as after a restart. */
  reopen(): Promise<Budgets>
  /** Makes a budget from the members of a request. */
  make(members: Readonly<Record<string, unknown>>): Promise<string>
  figures(id: string): Promise<BudgetFigures>
  /** Takes in an event that costs so much. */
  spend(nanoUsd: number, members?: Readonly<Record<string, unknown>>): Promise<void>
}

const open: Budgets[] = []
afterEach(async () => {
  for (const budgets of open.splice(0)) await budgets.close()
})

export async function openDesk(options: BenchOptions & { readonly state?: ControlState } = {}): Promise<TestDesk> {
  const { state = openMemoryState(), ...rest } = options
  const bench = await openBench(rest)
  const { ingest, store, clock, errors } = bench
  const start = (): Budgets => {
    const budgets = createBudgets({ state, store, ingest, clock, ticks: false, onError: (error) => errors.push(error) })
    open.push(budgets)
    return budgets
  }
  let budgets = start()
  let events = 0
  return {
    ...bench,
    state,
    get budgets() {
      return budgets
    },
    async reopen() {
      await budgets.close()
      budgets = start()
      return budgets
    },
    async make(members) {
      return (await budgets.create(readDefinition({ name: 'test', ...members }))).id
    },
    async figures(id) {
      const [figures] = await budgets.figures([budgets.get(id)])
      return figures as BudgetFigures
    },
    async spend(nanoUsd, members = {}) {
      const event = {
        event_id: `event-${++events}`,
        timestamp_ms: clock.now(),
        model: 'gpt-4o',
        provider: 'openai',
        agent_id: 'agent_1',
        cost_nano_usd: nanoUsd,
        ...members,
      }
      const { accepted } = await ingest.submit({ items: [event], door: 'test' })
      if (accepted !== 1) throw new Error('The event was not accepted')
    },
  }
}

/** What a lease of agent 1 is asked for. */
export const terms = (requestId: string, nanoUsd: bigint, more: Partial<LeaseTerms> = {}): LeaseTerms => ({
  requestId,
  agentId: 'agent_1',
  nanoUsd,
  ttlMs: 60_000,
  ...more,
})
