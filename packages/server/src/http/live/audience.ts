import type { Principal } from '../../identity/principal.ts'

/** What somebody may see: one tenant's or every tenant's, of these agents or of all. */
export type View = Pick<Principal, 'tenantId' | 'agentIds'>

/** Of whom a message tells. */
export interface Subject {
  readonly tenantId?: string
  readonly agentId?: string
}

/** Whoever follows, found by what they may see: an event costs as much as there are followers for it, not as there are in all. */
export interface Audience<T> {
  add(view: View, follower: T): void
  remove(view: View, follower: T): void
  /** Once for each follower that may hear of the subject. */
  each(subject: Subject, visit: (follower: T) => void): void
}

/** Followers by tenant; those of all tenants under undefined. */
type ByTenant<T> = Map<string | undefined, Set<T>>

export function createAudience<T>(): Audience<T> {
  const ofAllAgents: ByTenant<T> = new Map()
  const byAgent = new Map<string, ByTenant<T>>()

  const places = ({ agentIds }: View): ByTenant<T>[] => {
    if (agentIds === undefined) return [ofAllAgents]
    return [...agentIds].map((agentId) => {
      const known = byAgent.get(agentId) ?? new Map()
      byAgent.set(agentId, known)
      return known
    })
  }
  const visitAll = (
    place: ByTenant<T> | undefined,
    tenantId: string | undefined,
    visit: (follower: T) => void,
  ): void => {
    place?.get(undefined)?.forEach(visit)
    if (tenantId !== undefined) place?.get(tenantId)?.forEach(visit)
  }

  return {
    add(view, follower) {
      for (const place of places(view)) {
        const followers = place.get(view.tenantId)
        if (followers === undefined) place.set(view.tenantId, new Set([follower]))
        else followers.add(follower)
      }
    },
    remove(view, follower) {
      for (const place of places(view)) {
        const followers = place.get(view.tenantId)
        followers?.delete(follower)
        if (followers?.size === 0) place.delete(view.tenantId)
      }
      for (const agentId of view.agentIds ?? []) if (byAgent.get(agentId)?.size === 0) byAgent.delete(agentId)
    },
    each({ tenantId, agentId }, visit) {
      visitAll(ofAllAgents, tenantId, visit)
      if (agentId !== undefined) visitAll(byAgent.get(agentId), tenantId, visit)
    },
  }
}

/** The same text for equal views and for no others. */
export function viewKey({ tenantId, agentIds }: View): string {
  return JSON.stringify([tenantId ?? null, agentIds === undefined ? null : [...agentIds].sort()])
}
