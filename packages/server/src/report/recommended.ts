import { type FoundRecommendation, findRecommendations, type SavingContext } from '@tallystick/core/insight'
import type { Principal } from '../identity/principal.ts'
import type { ControlState } from '../state/state.ts'

export interface RecommendedContext extends Omit<SavingContext, 'keys'> {
  readonly state: Pick<ControlState, 'rows'>
}

/** What should change, for somebody: which keys there are is for those who may see all of a tenant's. */
export function recommendedTo(
  { agentIds, scopes, tenantId }: Principal,
  { state, ...context }: RecommendedContext,
): Promise<readonly FoundRecommendation[]> {
  const keys = agentIds !== undefined || !scopes.has('admin') ? [] : [...state.rows('keys').values()]
  return findRecommendations({
    ...context,
    keys: keys
      .filter((key) => key.revokedMs === undefined && (tenantId === undefined || key.tenantId === tenantId))
      .map(({ id, name, createdMs }) => ({ id, createdMs, label: name })),
  })
}
