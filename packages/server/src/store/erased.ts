import type { EraseRequest, StoredEvent } from './store.ts'

/** Is this an event whose user is to be erased? */
export function isErased({ ordinal, event }: StoredEvent, { userId, tenantId, throughOrdinal }: EraseRequest): boolean {
  if (event.userId !== userId || ordinal > throughOrdinal) return false
  return tenantId === undefined || (event.tenantId ?? null) === tenantId
}
