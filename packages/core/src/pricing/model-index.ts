import type { ModelPrices } from './price.ts'

/** How a model name was matched to a price, from surest to least sure. */
export type MatchKind =
  /** The id itself. */
  | 'exact'
  /** Another name listed for the model, or its id in another case. */
  | 'alias'
  /** The same after a known suffix (snapshot date, `-latest`) or a vendor or region prefix was taken away. */
  | 'suffix'
  /** The longest name that the asked one begins with; only where the price file asks for that. */
  | 'prefix'
  /** The configured default price. */
  | 'default'

export interface Found {
  readonly prices: ModelPrices
  readonly match: 'exact' | 'alias'
}

interface Names {
  readonly exact: Map<string, ModelPrices>
  readonly folded: Map<string, ModelPrices>
}

/** Model names of one price table, by provider. The first that claims a name keeps it; ids come before aliases. */
export class ModelIndex {
  readonly #byProvider = new Map<string | undefined, Names>()
  readonly #prefixes: ModelPrices[]

  constructor(models: readonly ModelPrices[]) {
    for (const prices of models) claim(this.#names(prices.provider).exact, prices.model, prices)
    for (const prices of models) claim(this.#names(prices.provider).folded, prices.model.toLowerCase(), prices)
    for (const prices of models) {
      const names = this.#names(prices.provider)
      for (const alias of prices.aliases) claim(names.folded, alias.toLowerCase(), prices)
    }
    const prefixes = models.filter((prices) => prices.prefix)
    this.#prefixes = prefixes.sort((a, b) => b.model.length - a.model.length || (a.model < b.model ? -1 : 1))
  }

  /** Providers in the table, in ascending order; models without one are not counted. */
  providers(): string[] {
    return [...this.#byProvider.keys()].filter((id) => id !== undefined).sort()
  }

  find(provider: string | undefined, name: string): Found | undefined {
    const names = this.#byProvider.get(provider)
    if (names === undefined) return undefined
    const exact = names.exact.get(name)
    if (exact) return { prices: exact, match: 'exact' }
    const folded = names.folded.get(name.toLowerCase())
    return folded && { prices: folded, match: 'alias' }
  }

  findPrefix(name: string): ModelPrices | undefined {
    return this.#prefixes.find((prices) => name.startsWith(prices.model))
  }

  #names(provider: string | undefined): Names {
    let names = this.#byProvider.get(provider)
    if (names === undefined) {
      names = { exact: new Map(), folded: new Map() }
      this.#byProvider.set(provider, names)
    }
    return names
  }
}

function claim(map: Map<string, ModelPrices>, name: string, prices: ModelPrices): void {
  if (!map.has(name)) map.set(name, prices)
}
