import type { Exact } from '../event/index.ts'
import type { Figure } from './figure.ts'
import { labelValue } from './label-value.ts'
import type { Exemplar, Labels } from './samples.ts'

type Series = Figure['other']

/** The series of one model at one provider, opened as figures of it come. */
export class ModelSeries {
  readonly #labels: Labels | undefined
  readonly #series = new Map<Figure, Series>()
  /** By a third label, of the figures that have one. */
  readonly #split = new Map<Figure, Map<string | undefined, Series>>()

  /** @param labels undefined for the models whose names did not fit: all of theirs is `other`'s */
  constructor(labels: Labels | undefined) {
    this.#labels = labels
  }

  add(figure: Figure, value: Exact, exemplar?: Exemplar): void {
    if (!figure.held) return
    let series = this.#series.get(figure)
    if (series === undefined) {
      series = this.#labels === undefined ? figure.other : figure.open(this.#labels)
      this.#series.set(figure, series)
    }
    figure.add(series, value, exemplar)
  }

  /** Adds one to a figure that has one label more. @param value undefined leaves the label out */
  addSplit(figure: Figure, label: string, value: string | undefined, exemplar?: Exemplar): void {
    if (!figure.held) return
    const series = this.#split.get(figure)?.get(value) ?? this.#openSplit(figure, label, value)
    figure.add(series, 1, exemplar)
  }

  #openSplit(figure: Figure, label: string, value: string | undefined): Series {
    const text = value === undefined ? undefined : labelValue(value)
    if (this.#labels === undefined || (text === undefined && value !== undefined)) return figure.other
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
