import { type Filter, type GroupBy, groupByOf } from '@tallystick/core/query'
import type { UsageStore } from '../store/store.ts'
import type { Principal } from './principal.ts'

const TENANT = groupByOf('tenant_id') as GroupBy
const AGENT = groupByOf('agent_id') as GroupBy

/** What narrows a question to what the principal may see. */
export function visibleFilters({ tenantId, agentIds }: Principal): readonly Filter[] {
  const filters: Filter[] = []
  if (tenantId !== undefined) filters.push({ by: TENANT, values: [tenantId], negate: false })
  if (agentIds !== undefined) filters.push({ by: AGENT, values: [...agentIds], negate: false })
  return filters
}

/** The same store, of which only what the principal may see is there. Handlers get no other. */
export type ScopedStore = Pick<UsageStore, 'capabilities' | 'query' | 'scan' | 'spread' | 'stats'>

export function scopedStore(store: UsageStore, principal: Principal): ScopedStore {
  const filters = visibleFilters(principal)
  if (filters.length === 0) return store
  return {
    capabilities: store.capabilities,
    query: (query, options) => store.query({ ...query, filters: [...query.filters, ...filters] }, options),
    spread: (request, options) => store.spread({ ...request, filters: [...request.filters, ...filters] }, options),
    scan: (request) => store.scan({ ...request, filters: [...request.filters, ...filters] }),
    stats: () => store.stats(),
  }
}
