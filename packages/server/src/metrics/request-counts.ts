/** Requests by route and class of status. Routes are those of the route table, so there are few. */
export interface RequestCount {
  readonly route: string
  /** `2xx` */
  readonly status: string
  readonly count: number
}

/** Series there may be: a client that asks for everything wrongly must not fill the scrape. */
const MAX_SERIES = 60
const OTHER = 'other'
/** The route of what was refused before one was found. */
export const NO_ROUTE = 'none'

/**
 * Counts answers. Of more routes and classes than fit, the later ones are counted together as `other`.
 */
export class RequestCounts {
  readonly #counts = new Map<string, number[]>()
  #series = 0

  /** @param route as the route table spells it */
  count(route: string, status: number): void {
    const kind = Math.floor(status / 100)
    const known = this.#counts.get(route)
    if (known?.[kind] !== undefined) known[kind]++
    else if (this.#series >= MAX_SERIES && route !== OTHER) this.count(OTHER, status)
    else {
      this.#series++
      const counts = known ?? []
      counts[kind] = 1
      this.#counts.set(route, counts)
    }
  }

  list(): readonly RequestCount[] {
    return [...this.#counts].flatMap(([route, counts]) =>
      [...counts.entries()].flatMap(([kind, count]) =>
        count === undefined ? [] : [{ route, status: `${kind}xx`, count }],
      ),
    )
  }
}
