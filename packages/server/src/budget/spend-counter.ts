import type { Budget } from '../state/budget.ts'
import type { StoredEvent } from '../store/store.ts'
import { addSpend, noSpend, type Spend, spendOf } from './spend.ts'
import { type SlotRange, type SpendWindow, spendWindow } from './window.ts'

/** What the store has said, up to one ordinal: spend by the start of its slot. */
export interface StoredSpend {
  readonly ordinal: number
  /** Slots from here on are in it. */
  readonly fromMs: number
  readonly slots: ReadonlyMap<number, Spend>
}

/**
 * The spend of one budget: what the store held up to an ordinal, and every accepted event after that. It is no record of
 * its own; whatever happens, it can be taken from the store again, and is.
 *
 * While it is taken, events that come in are collected, since the store may or may not have them in what it answers; the
 * former figures stand meanwhile.
 */
export class SpendCounter {
  readonly window: SpendWindow
  /** Is to be taken from the store once more, whatever it answers now. */
  restart = false
  #budget: Budget
  #amount: bigint
  #slots = new Map<number, Spend>()
  #fromMs = Number.POSITIVE_INFINITY
  #ordinal = 0
  #ready = false
  #collected: { readonly ordinal: number; readonly slot: number; readonly spend: Readonly<Spend> }[] | undefined
  #sum: { readonly range: SlotRange; readonly spend: Spend } | undefined

  constructor(budget: Budget) {
    this.#budget = budget
    this.#amount = BigInt(budget.amount)
    this.window = spendWindow(budget.window)
  }

  get budget(): Budget {
    return this.#budget
  }

  /** Takes over a row for which {@link countsSameAs} holds. */
  set budget(budget: Budget) {
    this.#budget = budget
    this.#amount = BigInt(budget.amount)
  }

  /** How much may be spent, in the unit of the budget. */
  get amount(): bigint {
    return this.#amount
  }

  /** Is the same spend counted for that row, whatever else of it is different? */
  countsSameAs(budget: Budget): boolean {
    const before = this.#budget
    return (
      before.tenantId === budget.tenantId &&
      before.unit === budget.unit &&
      before.countedFromMs === budget.countedFromMs &&
      before.subject?.dimension === budget.subject?.dimension &&
      before.subject?.value === budget.subject?.value &&
      JSON.stringify(before.window) === JSON.stringify(budget.window)
    )
  }

  /** Counts an event of the budget's subject. */
  add({ event, ordinal }: StoredEvent): void {
    const { countedFromMs, unit } = this.#budget
    if (countedFromMs !== undefined && event.timestampMs < countedFromMs) return
    const spend = spendOf(unit, event)
    if (spend === undefined) return
    const slot = this.window.slotOf(event.timestampMs)
    this.#collected?.push({ ordinal, slot, spend })
    if (this.#ready && ordinal > this.#ordinal) this.#put(slot, spend)
  }

  /** From now on events are collected, until `take`. */
  collect(): void {
    this.#collected = []
  }

  /** Replaces everything by what the store says and what was collected beyond that. */
  take({ ordinal, fromMs, slots }: StoredSpend): void {
    this.#slots = new Map(slots)
    this.#fromMs = fromMs
    this.#ordinal = ordinal
    this.#sum = undefined
    this.#ready = true
    for (const late of this.#collected ?? []) if (late.ordinal > ordinal) this.#put(late.slot, late.spend)
    this.#collected = undefined
  }

  /** Are the figures of the window known? Not before the store was asked, nor after a clock has gone back behind it. */
  ready(nowMs: number): boolean {
    return this.#ready && this.window.at(nowMs).fromMs >= this.#fromMs
  }

  /** Spend of the window at an instant. */
  spent(nowMs: number): Readonly<Spend> {
    return this.#current(this.window.at(nowMs))
  }

  #put(slot: number, spend: Readonly<Spend>): void {
    if (slot < this.#fromMs) return
    let into = this.#slots.get(slot)
    if (into === undefined) {
      into = noSpend()
      this.#slots.set(slot, into)
    }
    addSpend(into, spend)
    if (this.#sum !== undefined && slot >= this.#sum.range.fromMs && slot < this.#sum.range.toMs)
      addSpend(this.#sum.spend, spend)
  }

  #current(range: SlotRange): Spend {
    if (this.#sum?.range.fromMs === range.fromMs && this.#sum.range.toMs === range.toMs) return this.#sum.spend
    const spend = noSpend()
    for (const [slot, part] of this.#slots) {
      if (slot < range.fromMs) this.#slots.delete(slot)
      else if (slot < range.toMs) addSpend(spend, part)
    }
    // What lies behind the window is dropped, and must be asked for again should the clock go back there.
    this.#fromMs = Math.max(this.#fromMs, range.fromMs)
    this.#sum = { range, spend }
    return spend
  }
}
