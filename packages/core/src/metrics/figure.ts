import type { Exact } from '../event/index.ts'
import type { Lines, SeriesBudget } from './budget.ts'
import type { MetricSet } from './family.ts'
import { FIGURE_NAMES, type FigureName, figureSpec, VIEWS } from './figures.ts'
import type { Exemplar, Labels, Sample } from './samples.ts'
import { CounterSeries, Histogram } from './series.ts'

/** What the labels of a series say whose own names did not fit. */
export const OTHER = 'other'

type Series = CounterSeries | Histogram

/** The series of one figure: as many as fit, and one that takes what does not. */
export class Figure {
  readonly #budget: SeriesBudget
  readonly #lines: Lines
  readonly #fixed: Labels
  readonly #bounds: readonly number[] | undefined
  readonly #labelled: boolean
  readonly #series: Series[] = []
  /** Whether any of the names shown has it; otherwise nothing is kept. */
  readonly held: boolean
  /** What does not fit, and of a figure without labels all there is. */
  readonly other: Series
  /** Its place among the figures. */
  readonly slot: number
  /** Updates that went to {@link Figure.other}. */
  folded = 0

  constructor(name: FigureName, budget: SeriesBudget) {
    const { labels, fixed = {}, bounds } = figureSpec(name)
    this.slot = FIGURE_NAMES.indexOf(name)
    this.#budget = budget
    this.#lines = linesOf(name, bounds)
    this.#fixed = fixed
    this.#bounds = bounds
    this.held = budget.sizeOf(this.#lines) > 0
    this.#labelled = labels.length > 0
    this.other = this.#make(Object.fromEntries(labels.map((label) => [label, OTHER])))
    budget.reserve(this.#lines)
  }

  /** A series of its own, or {@link Figure.other} when it does not fit. Ask once: the second would be a double. */
  open(labels: Labels): Series {
    if (!this.#budget.take(this.#lines)) return this.other
    const series = this.#make(labels)
    this.#series.push(series)
    return series
  }

  /** @param series what {@link Figure.open} gave */
  add(series: Series, value: Exact, exemplar: Exemplar | undefined): void {
    if (series === this.other && this.#labelled) this.folded++
    if (series instanceof Histogram) series.observe(Number(value), exemplar)
    else series.add(value, exemplar)
  }

  samples(): Sample[] {
    const samples = this.#series.map((series) => series.sample())
    if (this.folded > 0 || !this.#labelled) samples.push(this.other.sample())
    return samples
  }

  #make(labels: Labels): Series {
    const all = { ...labels, ...this.#fixed }
    return this.#bounds === undefined ? new CounterSeries(all) : new Histogram(this.#bounds, all)
  }
}

/** A histogram is a line for each bound, for +Inf, sum and count. */
function linesOf(name: FigureName, bounds: readonly number[] | undefined): Lines {
  const one = bounds === undefined ? 1 : bounds.length + 3
  const shown = VIEWS.filter(({ figures }) => figures.includes(name)).map(({ family }) => family.set)
  const of = (set: MetricSet): number => one * shown.filter((other) => other === set).length
  return { seed: of('seed'), standard: of('conventional'), always: of('routiium') }
}
