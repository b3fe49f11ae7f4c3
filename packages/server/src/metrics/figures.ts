import type { UsageEvent } from '@tallystick/core/event'
import { MetricRegistry, type MetricRegistryOptions } from '@tallystick/core/metrics'
import type { Ingest } from '../ingest/ingest.ts'
import type { StoredEvent } from '../store/store.ts'
import type { Share } from './share.ts'

/** How figures are kept. */
export interface FigureOptions extends Pick<MetricRegistryOptions, 'maxSeries' | 'names'> {
  /** Whether what is of no tenant will be asked for by itself; otherwise it is not kept apart. */
  readonly ofNobody?: boolean
  /** Tenants whose figures are kept at once. */
  readonly maxTenants?: number
}

const MAX_TENANTS = 100
/** More than are watched. */
const MAX_PROVIDERS = 1_000

interface Tenant {
  readonly registry: MetricRegistry
  /** Somebody scrapes it: it stays. */
  scraped: boolean
}

/**
 * Counters of accepted events: everybody's, those of no tenant, and each tenant's. They begin at 0 with the process and are
 * never derived from what is stored, so nothing that changes history (retention, a clear, new prices, a rebuild) makes them
 * fall. Every accepted event counts, whatever its instant.
 *
 * Of more tenants than are kept, the later ones are counted from their first scrape on, for which one that nobody has scraped is
 * forgotten. Events alone displace nobody: whoever sends them may name as many tenants as they like.
 */
export class Figures {
  readonly #options: MetricRegistryOptions
  readonly #all: MetricRegistry
  readonly #ofNobody: MetricRegistry | undefined
  readonly #maxTenants: number
  /** Providers that are named by what is of no tenant, where that is kept apart. */
  readonly providersOfNobody: ReadonlySet<string>
  readonly #named = new Set<string>()
  /** Those that are scraped behind the others, so that the first is the first to go. */
  readonly #tenants = new Map<string, Tenant>()

  constructor({ ofNobody = false, maxTenants = MAX_TENANTS, ...options }: FigureOptions = {}) {
    this.#options = options
    this.#maxTenants = maxTenants
    this.#all = new MetricRegistry(options)
    this.providersOfNobody = this.#named
    this.#ofNobody = ofNobody ? new MetricRegistry(options) : undefined
  }

  /** Follows a pipeline. Must be called before anything is submitted: no accepted event may pass it by. */
  follow(ingest: Pick<Ingest, 'onAccepted'>): () => void {
    return ingest.onAccepted((events) => this.publish(events))
  }

  publish(events: readonly StoredEvent[]): void {
    for (const { event } of events) {
      this.#all.observeEvent(event)
      const { tenantId } = event
      if (tenantId === undefined) this.#observeNobodys(event)
      else this.#tenant(tenantId, false)?.registry.observeEvent(event)
    }
  }

  /** The registry to scrape; undefined for a tenant that there is no room for, or for a share that is not kept apart. */
  of(share: Share): MetricRegistry | undefined {
    if (share === undefined) return this.#all
    if (share === null) return this.#ofNobody
    const tenant = this.#tenant(share, true)
    if (tenant !== undefined && !tenant.scraped) {
      tenant.scraped = true
      this.#tenants.delete(share)
      this.#tenants.set(share, tenant)
    }
    return tenant?.registry
  }

  #observeNobodys(event: UsageEvent): void {
    if (this.#ofNobody === undefined) return
    this.#ofNobody.observeEvent(event)
    const { provider } = event
    if (provider !== undefined && this.#named.size < MAX_PROVIDERS) this.#named.add(provider)
  }

  #tenant(tenantId: string, scraping: boolean): Tenant | undefined {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    if (this.#tenants.size >= this.#maxTenants && !(scraping && this.#forgetOne())) return undefined
    const tenant = { registry: new MetricRegistry(this.#options), scraped: false }
    this.#tenants.set(tenantId, tenant)
    return tenant
  }

  #forgetOne(): boolean {
    for (const [tenantId, { scraped }] of this.#tenants)
      if (!scraped) {
        this.#tenants.delete(tenantId)
        return true
      }
    return false
  }
}
