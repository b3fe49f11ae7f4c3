import type { Exact } from '../event/index.ts'
import { type HeldNames, type Lines, SeriesBudget } from './budget.ts'
import { Figure, OTHER } from './figure.ts'
import { FIGURE_NAMES, type FigureName } from './figures.ts'
import { labelValue } from './label-value.ts'
import { ModelSeries } from './model-series.ts'
import type { Sample } from './samples.ts'

/** Lines of what a registry says of itself, at most: one for each family that may have been folded, and two. */
const OWN_LINES: Lines = { seed: 0, standard: 0, always: 24 }

/** All series of a registry, at most so many of them. */
export class SeriesStore {
  readonly budget: SeriesBudget
  readonly figures: Readonly<Record<FigureName, Figure>>
  readonly #models = new Map<string, Map<string, ModelSeries>>()
  /** Models whose names did not fit. Every figure of it is `other`'s. */
  readonly #others: ModelSeries
  readonly #byValue = new Map<Figure, Map<string, Figure['other']>>()

  constructor(maxSeries: number, names: HeldNames) {
    this.budget = new SeriesBudget(maxSeries, names)
    this.budget.reserve(OWN_LINES)
    const figures = FIGURE_NAMES.map((name) => [name, new Figure(name, this.budget)] as const)
    this.figures = Object.fromEntries(figures) as Record<FigureName, Figure>
    this.#others = new ModelSeries(undefined)
    // Whoever is called so by itself has the labels of what was folded, which must not be written twice.
    this.#models.set(OTHER, new Map([[OTHER, this.#others]]))
  }

  /** Values that were left out because they are no figure: not a number, negative, infinite, too large. */
  invalid = 0

  /** A count; undefined, and counted, when it is none. */
  integer(value: unknown): number | undefined {
    // Adding 0 turns -0 into 0.
    if (Number.isSafeInteger(value) && (value as number) >= 0) return (value as number) + 0
    this.invalid++
    return undefined
  }

  /** Milliseconds, fractions allowed; undefined, and counted, when they are none. */
  duration(value: unknown): number | undefined {
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value
    this.invalid++
    return undefined
  }

  /** Where figures of a model are added. */
  modelOf(provider: string, model: string): ModelSeries {
    return this.#models.get(provider)?.get(model) ?? this.#findModel(labelValue(provider), labelValue(model))
  }

  /** Adds to a figure that a single label from outside splits. */
  addByLabel(name: FigureName, label: string, value: string): void {
    const figure = this.figures[name]
    if (!figure.held) return
    let byValue = this.#byValue.get(figure)
    if (byValue === undefined) {
      byValue = new Map([[OTHER, figure.other]])
      this.#byValue.set(figure, byValue)
    }
    let series = byValue.get(value)
    if (series === undefined) {
      const text = labelValue(value)
      series = text === undefined ? figure.other : (byValue.get(text) ?? figure.open({ [label]: text }))
      if (series !== figure.other) byValue.set(text as string, series)
    }
    figure.add(series, 1, undefined)
  }

  /** Adds to a figure without labels. */
  addTotal(name: FigureName, value: Exact): void {
    const figure = this.figures[name]
    figure.add(figure.other, value, undefined)
  }

  /** Figures at one moment; each is asked once, however many families show it. */
  snapshot(): (names: readonly FigureName[]) => Sample[] {
    const taken = new Map<FigureName, Sample[]>()
    for (const name of FIGURE_NAMES) taken.set(name, this.figures[name].samples())
    return (names) => names.flatMap((name) => taken.get(name) ?? [])
  }

  #findModel(provider: string | undefined, model: string | undefined): ModelSeries {
    if (provider === undefined || model === undefined) return this.#others
    let models = this.#models.get(provider)
    let series = models?.get(model)
    if (series !== undefined) return series
    // From here on no model gets all its series; what is there stays.
    if (this.budget.full) return this.#others
    series = new ModelSeries({ provider, model })
    if (models === undefined) {
      models = new Map()
      this.#models.set(provider, models)
    }
    models.set(model, series)
    return series
  }
}
