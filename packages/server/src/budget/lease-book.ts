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

/** A lease as it stands, and what it takes of each of its budgets. Changed in place: leases change twice and more often. */
interface Held {
  lease: Lease
  nanoUsd: bigint
  tokens: bigint
  leases: 0 | 1
  slot: number
}

/**
 * The leases as they can be asked for: by request, by deadline, and how much they take of each budget, without looking at
 * more than one of them. Follows the rows, one by one.
 */
export class LeaseBook {
  readonly #held = new Map<string, Held>()
  readonly #requests = new Map<string | undefined, Map<string, Held>>()
  readonly #reserved = new Map<string, { nanoUsd: bigint; tokens: bigint; leases: number }>()
  readonly #deadlines = new Map<number, Set<string>>()
  /** Oldest first. */
  readonly #ended = new Set<string>()

  get size(): number {
    return this.#held.size
  }

  /** Takes over a row as it now stands; the same row twice changes nothing. */
  follow(id: string, lease: Lease | undefined): void {
    const known = this.#held.get(id)
    if (known?.lease === lease) return
    if (lease === undefined) {
      if (known !== undefined) this.#drop(id, known)
      return
    }
    const held = known ?? this.#add(id, lease)
    this.#take(held, lease)
    // What it is found by hardly ever changes.
    if (held.lease.requestId !== lease.requestId || held.lease.tenantId !== lease.tenantId) {
      this.#forgetRequest(held)
      this.#noteRequest(held, lease)
    }
    held.lease = lease
    const slot = Math.ceil(deadlineOf(lease) / SLOT_MS)
    if (held.slot !== slot) {
      this.#forgetDeadline(id, held.slot)
      this.#noteDeadline(id, slot)
      held.slot = slot
    }
    if (takesRoom(lease)) this.#ended.delete(id)
    else this.#ended.add(id)
  }

  get(id: string): Lease | undefined {
    return this.#held.get(id)?.lease
  }

  ofRequest(tenantId: string | undefined, requestId: string): Lease | undefined {
    return this.#requests.get(tenantId)?.get(requestId)?.lease
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

  #add(id: string, lease: Lease): Held {
    const held: Held = { lease, nanoUsd: 0n, tokens: 0n, leases: 0, slot: Number.NaN }
    this.#held.set(id, held)
    this.#noteRequest(held, lease)
    return held
  }

  #drop(id: string, held: Held): void {
    this.#held.delete(id)
    this.#move(held.lease.budgetIds, -held.nanoUsd, -held.tokens, -held.leases)
    this.#forgetRequest(held)
    this.#forgetDeadline(id, held.slot)
    this.#ended.delete(id)
  }

  #noteRequest(held: Held, { tenantId, requestId }: Lease): void {
    const requests = this.#requests.get(tenantId)
    if (requests === undefined) this.#requests.set(tenantId, new Map([[requestId, held]]))
    else requests.set(requestId, held)
  }

  #forgetRequest(held: Held): void {
    const { tenantId, requestId } = held.lease
    const requests = this.#requests.get(tenantId)
    if (requests?.get(requestId) === held) requests.delete(requestId)
    if (requests?.size === 0) this.#requests.delete(tenantId)
  }

  #noteDeadline(id: string, slot: number): void {
    const due = this.#deadlines.get(slot)
    if (due === undefined) this.#deadlines.set(slot, new Set([id]))
    else due.add(id)
  }

  #forgetDeadline(id: string, slot: number): void {
    const due = this.#deadlines.get(slot)
    due?.delete(id)
    if (due?.size === 0) this.#deadlines.delete(slot)
  }

  /** Moves the room of a lease from what it was to what it is now. */
  #take(held: Held, lease: Lease): void {
    const { budgetIds } = held.lease
    const nanoUsd = roomOf(lease, lease.reservedNanoUsd, lease.settledNanoUsd)
    const tokens = roomOf(lease, lease.reservedTokens, lease.settledTokens)
    const leases = takesRoom(lease) ? 1 : 0
    if (lease.budgetIds === budgetIds)
      this.#move(budgetIds, nanoUsd - held.nanoUsd, tokens - held.tokens, leases - held.leases)
    else {
      this.#move(budgetIds, -held.nanoUsd, -held.tokens, -held.leases)
      this.#move(lease.budgetIds, nanoUsd, tokens, leases)
    }
    held.nanoUsd = nanoUsd
    held.tokens = tokens
    held.leases = leases
  }

  #move(budgetIds: readonly string[], nanoUsd: bigint, tokens: bigint, leases: number): void {
    if (leases === 0 && nanoUsd === 0n && tokens === 0n) return
    for (const budgetId of budgetIds) {
      let reserved = this.#reserved.get(budgetId)
      if (reserved === undefined) {
        reserved = { nanoUsd: 0n, tokens: 0n, leases: 0 }
        this.#reserved.set(budgetId, reserved)
      }
      if (nanoUsd !== 0n) reserved.nanoUsd += nanoUsd
      if (tokens !== 0n) reserved.tokens += tokens
      reserved.leases += leases
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

/** In one unit: what is left of an open lease after what has been reported of it; what a settled one has spent. */
function roomOf(lease: Lease, reserved: string, settled = '0'): bigint {
  if (!takesRoom(lease)) return 0n
  const spent = integer(settled)
  if (lease.state === 'settled') return spent
  const left = integer(reserved) - spent
  return left < 0n ? 0n : left
}

/** Most leases are bounded in one unit, and have nothing of the other. */
const integer = (text: string): bigint => (text === '0' ? 0n : BigInt(text))
