import type { UsageEvent } from '@tallystick/core/event'
import { filterMatcher } from '@tallystick/core/query'
import type { Principal } from '../../identity/principal.ts'
import { visibleFilters } from '../../identity/scoped-store.ts'

/** What somebody may see: one tenant's or every tenant's, of these agents or of all. */
export type View = Principal

/** Of whom a message tells. */
export interface Subject {
  readonly tenantId?: string | undefined
  readonly agentId?: string | undefined
}

/**
 * Whoever follows, found by what they may see, which is decided by the same filters as for queries. They are kept by tenant and
 * agent: an event costs as much as there are followers that may be meant, not as there are in all.
 */
export interface Audience<T> {
  add(view: View, follower: T): void
  remove(view: View, follower: T): void
  /** Once for each follower that may hear of the subject. */
  each(subject: Subject, visit: (follower: T) => void): void
}

/** Followers with what decides, by tenant; those of all tenants under undefined. */
type ByTenant<T> = Map<string | undefined, Map<T, (event: UsageEvent) => boolean>>

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
  const visitSome = (place: ByTenant<T> | undefined, subject: Subject, visit: (follower: T) => void): void => {
    if (place === undefined) return
    // What decides looks at tenant and agent alone.
    for (const followers of [
      place.get(undefined),
      subject.tenantId === undefined ? undefined : place.get(subject.tenantId),
    ])
      for (const [follower, sees] of followers ?? []) if (sees(subject as UsageEvent)) visit(follower)
  }

  return {
    add(view, follower) {
      const sees = filterMatcher(visibleFilters(view))
      for (const place of places(view)) {
        const followers = place.get(view.tenantId) ?? new Map()
        place.set(view.tenantId, followers.set(follower, sees))
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
    each(subject, visit) {
      visitSome(ofAllAgents, subject, visit)
      if (subject.agentId !== undefined) visitSome(byAgent.get(subject.agentId), subject, visit)
    },
  }
}

/** The same text for equal views and for no others. */
export function viewKey({ tenantId, agentIds }: View): string {
  return JSON.stringify([tenantId ?? null, agentIds === undefined ? null : [...agentIds].sort()])
}
