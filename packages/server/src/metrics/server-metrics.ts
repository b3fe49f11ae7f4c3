import { TallystickError } from '@tallystick/core'
import {
  type ExpositionFormat,
  type FamilySamples,
  type MetricNames,
  type MetricRegistry,
  writeExposition,
} from '@tallystick/core/metrics'
import { type BudgetSource, budgetSamples } from './budgets.ts'
import { OPERATION_FAMILIES } from './families.ts'
import type { Figures } from './figures.ts'
import { createOperation, type OperationSources } from './operation.ts'
import { type ProviderStanding, providerSamples } from './providers.ts'
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
  /** How providers do, as a tenant's requests tell, or everybody's. */
  readonly providers: (tenantId: string | undefined) => readonly ProviderStanding[]
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

/** Lines that a scrape needs at most beside the figures: those of the operation, of budgets and of providers. */
export const OTHER_LINES = 500

/** @example await createServerMetrics({ names: 'seed' }, sources).scrape({ share: undefined, operation: true, format: 'text' }) */
export function createServerMetrics(
  { names: usual = 'seed', routiium = false }: MetricSettings,
  { figures, budgets, operation, active, providers }: MetricSources,
): ServerMetrics {
  const readOperation = createOperation(operation)
  /** What is of no tenant is judged by everybody's requests, but a provider that only tenants name is theirs to know. */
  const providersOf = (share: Share): readonly ProviderStanding[] =>
    share === null
      ? providers(undefined).filter(({ provider }) => figures.providersOfNobody.has(provider))
      : providers(share)
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
      // Read at once, after whatever had to be waited for: a scrape is of one moment.
      const own = wantsOperation ? [...(await readOperation()), seriesOf(registry)] : []
      const known = new Map(providerSamples(providersOf(share)).map((one) => [one.family.name, one]))
      const families = registry.snapshot({ names, routiium }).map((one) => known.get(one.family.name) ?? one)
      if (names !== 'seed') families.push(...budgetSamples(budgets, share))
      return writeExposition([...families, ...own], format)
    },
  }
}

function seriesOf(registry: MetricRegistry): FamilySamples {
  return { family: OPERATION_FAMILIES.metricSeries, samples: [{ labels: {}, value: registry.seriesCount }] }
}
