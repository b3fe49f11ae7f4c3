import type { UsageEvent } from '@tallystick/core/event'
import { type GroupBy, groupByOf, groupValue } from '@tallystick/core/query'
import type { Budget } from '../state/budget.ts'
import { keysOfValue, subjectKey } from './subject-value.ts'

/** What decides which budgets a request is counted in. */
export type Subject = {
  readonly [K in 'tenantId' | 'agentId' | 'apiKeyId' | 'userId' | 'provider' | 'requestModel' | 'tags']?:
    | UsageEvent[K]
    | undefined
}

/** What a request may say only in its body. */
const DECIDED_LATER: ReadonlySet<string> = new Set(['model', 'provider'])

interface Tenancy<T> {
  readonly whole: Map<string, T>
  readonly dimensions: Map<string, { readonly by: GroupBy; readonly values: Map<string, Map<string, T>> }>
}

/** Finds what belongs to the budgets that a request is counted in, without looking at the others. */
export class BudgetIndex<T> {
  readonly #tenancies = new Map<string | undefined, Tenancy<T>>()

  get empty(): boolean {
    return this.#tenancies.size === 0
  }

  add({ id, tenantId, subject }: Budget, entry: T): void {
    let tenancy = this.#tenancies.get(tenantId)
    if (tenancy === undefined) {
      tenancy = { whole: new Map(), dimensions: new Map() }
      this.#tenancies.set(tenantId, tenancy)
    }
    if (subject === undefined) {
      tenancy.whole.set(id, entry)
      return
    }
    let dimension = tenancy.dimensions.get(subject.dimension)
    if (dimension === undefined) {
      dimension = { by: groupByOf(subject.dimension) as GroupBy, values: new Map() }
      tenancy.dimensions.set(subject.dimension, dimension)
    }
    const key = subjectKey(subject)
    const entries = dimension.values.get(key)
    if (entries === undefined) dimension.values.set(key, new Map([[id, entry]]))
    else entries.set(id, entry)
  }

  remove({ id, tenantId, subject }: Budget): void {
    const tenancy = this.#tenancies.get(tenantId)
    if (tenancy === undefined) return
    if (subject === undefined) tenancy.whole.delete(id)
    else {
      const dimension = tenancy.dimensions.get(subject.dimension)
      const key = subjectKey(subject)
      const entries = dimension?.values.get(key)
      entries?.delete(id)
      if (entries?.size === 0) dimension?.values.delete(key)
      if (dimension?.values.size === 0) tenancy.dimensions.delete(subject.dimension)
    }
    if (tenancy.whole.size === 0 && tenancy.dimensions.size === 0) this.#tenancies.delete(tenantId)
  }

  /** Calls `found` with each budget's entry that the request counts in: those of its tenant, and those of the whole server. */
  each(subject: Subject, found: (entry: T) => void): void {
    this.#eachOf(this.#tenancies.get(undefined), subject, found, false)
    if (subject.tenantId !== undefined) this.#eachOf(this.#tenancies.get(subject.tenantId), subject, found, false)
  }

  /** Also with those that it may count in, as nobody knows yet which model it asks, or whose that is. */
  eachPossible(subject: Subject, found: (entry: T) => void): void {
    this.#eachOf(this.#tenancies.get(undefined), subject, found, true)
    if (subject.tenantId !== undefined) this.#eachOf(this.#tenancies.get(subject.tenantId), subject, found, true)
  }

  #eachOf(tenancy: Tenancy<T> | undefined, subject: Subject, found: (entry: T) => void, possible: boolean): void {
    if (tenancy === undefined) return
    for (const entry of tenancy.whole.values()) found(entry)
    for (const { by, values } of tenancy.dimensions.values()) {
      const value = groupValue(by, subject as UsageEvent)
      if (typeof value === 'string') {
        for (const key of keysOfValue(by.name, value)) for (const entry of values.get(key)?.values() ?? []) found(entry)
      } else if (possible && DECIDED_LATER.has(by.name))
        for (const entries of values.values()) for (const entry of entries.values()) found(entry)
    }
  }
}
