import type { Exact } from '../event/index.ts'
import type { Figure } from './figure.ts'
import { FIGURE_NAMES } from './figures.ts'
import { labelValue } from './label-value.ts'
import type { Exemplar, Labels } from './samples.ts'

type Series = Figure['other']

/** The series of one model at one provider, opened as figures of it come. */
export class ModelSeries {
  readonly #labels: Labels | undefined
  /** By slot of the figure: there are a dozen look-ups for each request. */
  readonly #series: (Series | undefined)[] = new Array<Series | undefined>(FIGURE_NAMES.length).fill(undefined)
  /** By a third label, of the figures that have one. */
  readonly #split = new Map<Figure, Map<string | undefined, Series>>()

  /** @param labels undefined for the models whose names did not fit: all of theirs is `other`'s */
  constructor(labels: Labels | undefined) {
    this.#labels = labels
  }

  add(figure: Figure, value: Exact, exemplar?: Exemplar): void {
    if (!figure.held) return
    let series = this.#series[figure.slot]
    if (series === undefined) {
      series = this.#labels === undefined ? figure.other : figure.open(this.#labels)
      this.#series[figure.slot] = series
    }
    figure.add(series, value, exemplar)
  }

  /** Adds to a figure that has one label more. @param name value of that label; undefined leaves it out */
  addSplit(figure: Figure, label: string, name: string | undefined, value: Exact, exemplar?: Exemplar): void {
    if (!figure.held) return
    const series = this.#split.get(figure)?.get(name) ?? this.#openSplit(figure, label, name)
    figure.add(series, value, exemplar)
  }

  #openSplit(figure: Figure, label: string, name: string | undefined): Series {
    const text = name === undefined ? undefined : labelValue(name)
    if (this.#labels === undefined || (text === undefined && name !== undefined)) return figure.other
    let byValue = this.#split.get(figure)
    if (byValue === undefined) {
      byValue = new Map()
      this.#split.set(figure, byValue)
    }
    let series = byValue.get(text)
    if (series !== undefined) return series
    series = figure.open({ ...this.#labels, [label]: text })
    // What does not fit is not remembered: there is no end to it.
    if (series !== figure.other) byValue.set(text, series)
    return series
  }
}
