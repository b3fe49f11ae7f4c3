import { type Filter, type GroupBy, groupByOf, parseQuery } from '@tallystick/core/query'
import type { ScanPage, StoreStats, UsageStore } from '../store/store.ts'
import type { Principal } from './principal.ts'

const TENANT = groupByOf('tenant_id') as GroupBy
const AGENT = groupByOf('agent_id') as GroupBy

/**
 * What narrows a question to what the principal may see. Agents are named by each tenant as it likes, so somebody who sees
 * some agents and is of no tenant sees what is of no tenant.
 */
export function visibleFilters({ tenantId, agentIds }: Principal): readonly Filter[] {
  const filters: Filter[] = []
  if (tenantId !== undefined) filters.push({ by: TENANT, values: [tenantId], negate: false })
  if (agentIds !== undefined) {
    if (tenantId === undefined) filters.push({ by: TENANT, values: [null], negate: false })
    filters.push({ by: AGENT, values: [...agentIds], negate: false })
  }
  return filters
}

/** What a store holds, as far as it may be told: figures of the file as a whole are absent for whoever sees a part of it. */
export type ScopedStats = Pick<StoreStats, 'events' | 'oldestMs' | 'newestMs'> & Partial<StoreStats>

/** The same store, of which only what the principal may see is there. Handlers get no other. */
export interface ScopedStore extends Pick<UsageStore, 'capabilities' | 'query' | 'scan' | 'spread'> {
  stats(): Promise<ScopedStats>
}

export function scopedStore(store: UsageStore, principal: Principal): ScopedStore {
  const filters = visibleFilters(principal)
  if (filters.length === 0) return store
  return {
    capabilities: store.capabilities,
    query: (query, options) => store.query({ ...query, filters: [...query.filters, ...filters] }, options),
    spread: (request, options) => store.spread({ ...request, filters: [...request.filters, ...filters] }, options),
    scan: (request) => store.scan({ ...request, filters: [...request.filters, ...filters] }),
    stats: () => partStats(store, filters),
  }
}

/** How many of the events that the store holds pass the filters, and when the first and the last of them was. */
async function partStats(store: UsageStore, filters: readonly Filter[]): Promise<ScopedStats> {
  const { oldestMs, newestMs } = await store.stats()
  if (oldestMs === null || newestMs === null) return EMPTY
  const range = { fromMs: oldestMs, toMs: newestMs + 1 }
  const end = (ascending: boolean): Promise<ScanPage> =>
    store.scan({ ...range, filters, limit: 1, ascending, fields: ['timestampMs'] })
  const asked = { ...EVENTS, ...range, filters }
  const [{ rows }, oldest, newest] = await Promise.all([store.query(asked), end(true), end(false)])
  return {
    events: Number(rows[0]?.['events'] ?? 0),
    oldestMs: oldest.events[0]?.event.timestampMs ?? null,
    newestMs: newest.events[0]?.event.timestampMs ?? null,
  }
}

const EMPTY: ScopedStats = { events: 0, oldestMs: null, newestMs: null }
const EVENTS = parseQuery({ from: 0, to: 1, measures: ['events'] }, { nowMs: 0 })
