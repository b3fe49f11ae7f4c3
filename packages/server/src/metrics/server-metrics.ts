import { TallystickError } from '@tallystick/core'
import {
  type ExpositionFormat,
  type FamilySamples,
  type MetricNames,
  type MetricRegistry,
  type ProviderState,
  writeExposition,
} from '@tallystick/core/metrics'
import { type BudgetSource, budgetSamples } from './budgets.ts'
import { OPERATION_FAMILIES } from './families.ts'
import type { Figures } from './figures.ts'
import { createOperation, type OperationSources } from './operation.ts'
import type { Share } from './share.ts'

/** What scrapes show unless they say otherwise. */
export interface MetricSettings {
  readonly names?: MetricNames
  /** Routiium's three totals as well. */
  readonly routiium?: boolean
}

/** Where what is no sum of events comes from. */
export interface MetricSources {
  readonly figures: Figures
  readonly budgets: BudgetSource
  readonly operation: OperationSources
  /** Requests under way through the proxy; absent where there is none. */
  readonly active?: ((share: Share) => number) | undefined
  /** How providers do, as far as that is known. */
  readonly providers?: ((share: Share) => readonly ProviderStanding[]) | undefined
}

/** How a provider does, as its answers tell. */
export interface ProviderStanding {
  readonly provider: string
  readonly state: ProviderState
}

/** What one scrape is to show. */
export interface Scrape {
  readonly share: Share
  /** How the server does as well: for whoever sees the whole of it. */
  readonly operation: boolean
  readonly names?: MetricNames | undefined
  readonly format: ExpositionFormat
}

/** The metrics of a server. */
export interface ServerMetrics {
  /**
   * The text of one scrape.
   *
   * @throws TallystickError `unknown_value` for names that no room is kept for, `overloaded` for one tenant more than are kept
   */
  scrape(what: Scrape): Promise<string>
}

/** Lines that a scrape needs at most beside the figures: those of the operation, and of budgets. */
export const OTHER_LINES = 400

/** @example await createServerMetrics({ names: 'seed' }, sources).scrape({ share: undefined, operation: true, format: 'text' }) */
export function createServerMetrics(
  { names: usual = 'seed', routiium = false }: MetricSettings,
  { figures, budgets, operation, active, providers }: MetricSources,
): ServerMetrics {
  const readOperation = createOperation(operation)
  return {
    async scrape({ share, operation: wantsOperation, names = usual, format }) {
      const registry = figures.of(share)
      if (registry === undefined)
        throw new TallystickError('overloaded', 'The metrics of as many tenants as are kept are being scraped.')
      if (!registry.has(names))
        throw new TallystickError(
          'unknown_value',
          `Room is kept for one set of names a scrape, not for names=${names}: set metrics.names to both.`,
        )
      if (active !== undefined) registry.recordActiveRequests(active(share))
      for (const { provider, state } of providers?.(share) ?? []) registry.recordProviderState(provider, state)
      // Read at once, after whatever had to be waited for: a scrape is of one moment.
      const own = wantsOperation ? [...(await readOperation()), seriesOf(registry)] : []
      const families: FamilySamples[] = registry.snapshot({ names, routiium })
      if (names !== 'seed') families.push(...budgetSamples(budgets, share))
      return writeExposition([...families, ...own], format)
    },
  }
}

function seriesOf(registry: MetricRegistry): FamilySamples {
  return { family: OPERATION_FAMILIES.metricSeries, samples: [{ labels: {}, value: registry.seriesCount }] }
}
