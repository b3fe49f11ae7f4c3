import type { Firing } from '../state/alert.ts'
import type { Change, ControlState } from '../state/state.ts'

/** Firings that are over, kept to be looked at; the oldest go first, and with them what is known of their deliveries. */
export const MAX_HISTORY = 5_000

/** An unambiguous text of a key. */
export const keyText = (key: Firing['key']): string => JSON.stringify(key)

/** The firings of the control state by their keys: the latest of each, open or over. */
export class Firings {
  readonly #state: ControlState
  readonly #latest = new Map<string, Firing>()
  /** Those of the latest that are open: few, and asked for each minute. */
  readonly #open = new Map<string, Firing>()

  constructor(state: ControlState) {
    this.#state = state
    for (const firing of state.rows('firings').values()) this.#set(keyText(firing.key), firing)
  }

  latest(key: string): Firing | undefined {
    return this.#latest.get(key)
  }

  open(key: string): Firing | undefined {
    return this.#open.get(key)
  }

  allOpen(): readonly Firing[] {
    return [...this.#open.values()]
  }

  openOf(ruleId: string): readonly Firing[] {
    return this.allOpen().filter((firing) => firing.ruleId === ruleId)
  }

  /**
   * Writes firings together with what else must happen with them, or nothing of it.
   *
   * @returns rejects as `ControlState.write`; what is known here is as it was then
   */
  async write(firings: readonly Firing[], further: readonly Change[]): Promise<void> {
    const before = firings.map((firing) => [keyText(firing.key), this.#latest.get(keyText(firing.key))] as const)
    for (const firing of firings) this.#set(keyText(firing.key), firing)
    try {
      await this.#state.write([
        ...firings.map((row): Change => ({ table: 'firings', id: row.id, row })),
        ...further,
        ...this.#beyondHistory(),
      ])
    } catch (error) {
      for (const [key, firing] of before) this.#set(key, firing)
      throw error
    }
  }

  #set(key: string, firing: Firing | undefined): void {
    if (firing === undefined) this.#latest.delete(key)
    else this.#latest.set(key, firing)
    if (firing === undefined || firing.resolvedMs !== undefined) this.#open.delete(key)
    else this.#open.set(key, firing)
  }

  #beyondHistory(): readonly Change[] {
    const over = [...this.#state.rows('firings').values()].filter(({ resolvedMs }) => resolvedMs !== undefined)
    const excess = over.length - MAX_HISTORY
    if (excess <= 0) return []
    const gone = over.sort((a, b) => (a.resolvedMs as number) - (b.resolvedMs as number)).slice(0, excess)
    const ids = new Set(gone.map(({ id }) => id))
    const deliveries = [...this.#state.rows('deliveries').values()].filter(({ firingId }) => ids.has(firingId))
    for (const { id, key } of gone) if (this.#latest.get(keyText(key))?.id === id) this.#set(keyText(key), undefined)
    return [
      ...gone.map(({ id }): Change => ({ table: 'firings', id, row: undefined })),
      ...deliveries.map(({ id }): Change => ({ table: 'deliveries', id, row: undefined })),
    ]
  }
}
