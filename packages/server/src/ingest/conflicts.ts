/** An event that was sent again under its id with other content. The first write stands. */
export interface ConflictRecord {
  readonly atMs: number
  readonly door: string
  readonly eventId: string
  readonly tenantId?: string
  readonly agentId?: string
  readonly sourceId?: string
}

export interface ConflictLog {
  add(record: ConflictRecord): void
  /** Oldest first. */
  list(): readonly ConflictRecord[]
}

/** Keeps the last `capacity` conflicts for inspection; their number is counted elsewhere and never cut. */
export function createConflictLog(capacity = 1000): ConflictLog {
  const ring: ConflictRecord[] = []
  let next = 0
  return {
    add(record) {
      ring[next] = record
      next = (next + 1) % capacity
    },
    list: () => (ring.length < capacity ? ring.slice() : [...ring.slice(next), ...ring.slice(0, next)]),
  }
}
