import type { Exact } from '@tallystick/core/event'
import { change, changePoints, NONE } from '../lib/format.ts'
import type { Figure } from '../lib/measures.ts'
import { amountBefore, amountOf, deltaOf, type Line } from './lines.ts'

/** What stands in a cell of the table, and what is said of it on hover. */
export interface Cell {
  readonly text: string
  readonly hint: string
  /** No price is known of any of it. */
  readonly unpriced?: true
}

/** A figure of a line. What nobody knows is a dash with the reason, money without a price the word. */
export function figureCell(line: Pick<Line, 'row'>, figure: Figure): Cell {
  const value = amountOf(line, figure.name)
  const unpriced = amountOf(line, 'unpriced_requests') ?? 0
  if (figure.unit === 'nano-USD') {
    if (value === null && unpriced > 0)
      return { text: 'unpriced', hint: `${unpriced} requests without a known price`, unpriced: true }
    const without = unpriced > 0 ? `, without ${unpriced} unpriced requests` : ''
    return {
      text: figure.format(value),
      hint: value === null ? 'Nothing was spent' : `${figure.exact(value)}${without}`,
    }
  }
  return { text: figure.format(value), hint: value === null ? reason(figure) : figure.exact(value) }
}

function reason({ unit }: Figure): string {
  return unit === 'ratio' ? 'There is nothing that it is a part of' : 'No event says it'
}

/** What has become of a figure since the period before. */
export interface Change {
  /** By how much. */
  readonly delta: string
  /** In percent of what it was; empty where that says nothing. */
  readonly relative: string
  readonly hint: string
}

export function changeCell(line: Pick<Line, 'row' | 'before'>, figure: Figure): Change {
  const now = amountOf(line, figure.name)
  const before = amountBefore(line, figure.name)
  const delta = deltaOf(line, figure.name)
  if (delta === null) {
    const hint =
      line.before === null ? 'Not known of the period before' : now === null ? 'No figure now' : 'No figure before'
    return { delta: NONE, relative: '', hint }
  }
  const hint = `${figure.exact(before)} before`
  if (figure.unit === 'ratio') return { delta: changePoints(Number(now), Number(before)) ?? NONE, relative: '', hint }
  const relative =
    before !== null && Number(before) === 0 && now !== null && now > 0 ? 'new' : (change(now, before) ?? '')
  return { delta: signed(delta, figure), relative, hint }
}

function signed(delta: Exact, figure: Figure): string {
  if (Number(delta) === 0) return `±${figure.format(0)}`
  const size = delta < 0 ? (typeof delta === 'bigint' ? -delta : -delta) : delta
  return `${delta < 0 ? '−' : '+'}${figure.format(size)}`
}
