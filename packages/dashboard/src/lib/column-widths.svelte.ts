const KEPT_AS = 'tallystick.columns.'
/** A figure and the edge can still be seen. */
export const LEAST_PX = 48
export const MOST_PX = 1_200
/** Of a column that came after widths had been set. */
const USUAL_PX = 120

/**
 * Widths of a table's columns, once somebody has changed one; until then the browser lays them out. Kept in this browser: they suit
 * a screen, not what is asked.
 */
export class ColumnWidths {
  readonly #keptAs: string
  #px = $state.raw<ReadonlyMap<string, number>>(new Map())

  /** @param table a name of its own for each table */
  constructor(table: string) {
    this.#keptAs = `${KEPT_AS}${table}`
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(this.#keptAs) ?? '[]')
      if (Array.isArray(kept)) this.#px = new Map(kept.filter(isEntry).map(([name, px]) => [name, within(px)]))
    } catch {
      // Storage may be forbidden, or hold what is no list.
    }
  }

  readonly changed: boolean = $derived(this.#px.size > 0)

  /** px; undefined while the browser decides. */
  of(name: string): number | undefined {
    return this.changed ? (this.#px.get(name) ?? USUAL_PX) : undefined
  }

  css(name: string): string | undefined {
    const px = this.of(name)
    return px === undefined ? undefined : `${px}px`
  }

  /**
   * To be kept by {@link keep} once it is as wanted.
   *
   * @param all widths of the columns on show as they are, px
   */
  change(name: string, px: number, all: ReadonlyMap<string, number>): void {
    const laidOut = [...all].map(([other, width]): [string, number] => [other, within(width)])
    this.#px = new Map([...laidOut, ...this.#px, [name, within(px)]])
  }

  /** As the browser lays them out. */
  reset(): void {
    this.#px = new Map()
    this.keep()
  }

  keep(): void {
    try {
      if (this.#px.size === 0) localStorage.removeItem(this.#keptAs)
      else localStorage.setItem(this.#keptAs, JSON.stringify([...this.#px]))
    } catch {
      // They then last as long as the page.
    }
  }
}

const within = (px: number): number => Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, px)))

const isEntry = (entry: unknown): entry is [string, number] =>
  Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number' && Number.isFinite(entry[1])
