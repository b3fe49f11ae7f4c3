import type { Lease } from '../state/lease.ts'

/** How long a lease that has ended is remembered, so that a repeat of its request finds it. */
export const KEEP_ENDED_MS = 15 * 60_000
/** And how many of them at the most. */
export const KEEP_ENDED = 50_000
/** Deadlines are kept by the second. */
const SLOT_MS = 1_000

/** What leases take of one budget. */
export interface Reserved {
  readonly nanoUsd: bigint
  readonly tokens: bigint
  readonly leases: number
}

const NOTHING: Reserved = { nanoUsd: 0n, tokens: 0n, leases: 0 }

interface Held {
  readonly lease: Lease
  readonly nanoUsd: bigint
  readonly tokens: bigint
  readonly slot: number
}

/**
 * The leases as they can be asked for: by request, by deadline, and how much they take of each budget, without looking at
 * more than one of them. Follows the rows, one by one.
 */
export class LeaseBook {
  readonly #held = new Map<string, Held>()
  readonly #requests = new Map<string | undefined, Map<string, string>>()
  readonly #reserved = new Map<string, { nanoUsd: bigint; tokens: bigint; leases: number }>()
  readonly #deadlines = new Map<number, Set<string>>()
  /** Oldest first. */
  readonly #ended = new Set<string>()

  get size(): number {
    return this.#held.size
  }

  /** Takes over a row as it now stands; the same row twice changes nothing. */
  follow(id: string, lease: Lease | undefined): void {
    const before = this.#held.get(id)
    if (before?.lease === lease) return
    if (lease === undefined) {
      if (before !== undefined) this.#drop(id, before)
      return
    }
    const { nanoUsd, tokens } = roomOf(lease)
    const held: Held = { lease, nanoUsd, tokens, slot: Math.ceil(deadlineOf(lease) / SLOT_MS) }
    this.#held.set(id, held)
    if (before !== undefined) this.#move(before, -1)
    this.#move(held, 1)
    // A lease changes twice and more often than any other row, and what it is found by hardly ever does.
    if (before?.lease.requestId !== lease.requestId || before.lease.tenantId !== lease.tenantId) {
      if (before !== undefined) this.#forgetRequest(id, before.lease)
      const requests = this.#requests.get(lease.tenantId)
      if (requests === undefined) this.#requests.set(lease.tenantId, new Map([[lease.requestId, id]]))
      else requests.set(lease.requestId, id)
    }
    if (before?.slot !== held.slot) {
      if (before !== undefined) this.#forgetDeadline(id, before.slot)
      const due = this.#deadlines.get(held.slot)
      if (due === undefined) this.#deadlines.set(held.slot, new Set([id]))
      else due.add(id)
    }
    if (takesRoom(lease)) this.#ended.delete(id)
    else this.#ended.add(id)
  }

  get(id: string): Lease | undefined {
    return this.#held.get(id)?.lease
  }

  ofRequest(tenantId: string | undefined, requestId: string): Lease | undefined {
    const id = this.#requests.get(tenantId)?.get(requestId)
    return id === undefined ? undefined : this.get(id)
  }

  reserved(budgetId: string): Reserved {
    return this.#reserved.get(budgetId) ?? NOTHING
  }

  /** Leases whose deadline has passed, and those that are too many to be remembered; at most `limit`. */
  due(nowMs: number, limit: number): readonly Lease[] {
    const found = new Set<string>()
    for (const [slot, ids] of this.#deadlines) {
      if (slot * SLOT_MS > nowMs) continue
      for (const id of ids) {
        found.add(id)
        if (found.size === limit) return this.#leases(found)
      }
    }
    let over = this.#ended.size - KEEP_ENDED
    for (const id of this.#ended) {
      if (over-- <= 0 || found.size === limit) break
      found.add(id)
    }
    return this.#leases(found)
  }

  #leases(ids: ReadonlySet<string>): readonly Lease[] {
    return [...ids].map((id) => (this.#held.get(id) as Held).lease)
  }

  #drop(id: string, held: Held): void {
    this.#held.delete(id)
    this.#move(held, -1)
    this.#forgetRequest(id, held.lease)
    this.#forgetDeadline(id, held.slot)
    this.#ended.delete(id)
  }

  #forgetRequest(id: string, { tenantId, requestId }: Lease): void {
    const requests = this.#requests.get(tenantId)
    if (requests?.get(requestId) === id) requests.delete(requestId)
    if (requests?.size === 0) this.#requests.delete(tenantId)
  }

  #forgetDeadline(id: string, slot: number): void {
    const due = this.#deadlines.get(slot)
    due?.delete(id)
    if (due?.size === 0) this.#deadlines.delete(slot)
  }

  #move({ lease, nanoUsd, tokens }: Held, sign: 1 | -1): void {
    if (!takesRoom(lease)) return
    for (const budgetId of lease.budgetIds) {
      let reserved = this.#reserved.get(budgetId)
      if (reserved === undefined) {
        reserved = { nanoUsd: 0n, tokens: 0n, leases: 0 }
        this.#reserved.set(budgetId, reserved)
      }
      reserved.nanoUsd += sign === 1 ? nanoUsd : -nanoUsd
      reserved.tokens += sign === 1 ? tokens : -tokens
      reserved.leases += sign
      if (reserved.leases === 0) this.#reserved.delete(budgetId)
    }
  }
}

/** Does it keep others out of room? An open one does, and a settled one until its event is counted. */
export function takesRoom({ state, counted }: Lease): boolean {
  return state === 'open' || (state === 'settled' && counted !== true)
}

function deadlineOf(lease: Lease): number {
  return takesRoom(lease) ? lease.expiresMs : (lease.endedMs ?? lease.expiresMs) + KEEP_ENDED_MS
}

/** What is left of an open lease after what has been reported of it; what a settled one has spent. */
function roomOf(lease: Lease): { readonly nanoUsd: bigint; readonly tokens: bigint } {
  if (!takesRoom(lease)) return { nanoUsd: 0n, tokens: 0n }
  const { reservedNanoUsd, reservedTokens, settledNanoUsd = '0', settledTokens = '0' } = lease
  if (lease.state === 'settled') return { nanoUsd: BigInt(settledNanoUsd), tokens: BigInt(settledTokens) }
  return {
    nanoUsd: atLeastNothing(BigInt(reservedNanoUsd) - BigInt(settledNanoUsd)),
    tokens: atLeastNothing(BigInt(reservedTokens) - BigInt(settledTokens)),
  }
}

const atLeastNothing = (value: bigint): bigint => (value < 0n ? 0n : value)
