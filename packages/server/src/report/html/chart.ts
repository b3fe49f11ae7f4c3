import { html, type Markup } from './markup.ts'

/**
 * Charts as SVG without a view box: places along are percent, heights pixels, so that bars stretch with the page and letters do not.
 */

/** One bar, from below: parts with their class and size. */
export interface Bar {
  readonly parts: readonly { readonly kind: string; readonly value: number }[]
  /** What it says when pointed at, and to screen readers. */
  readonly title: string
  /** Drawn lighter: the range holds a part of it only. */
  readonly partial?: boolean
}

export interface BarChart {
  readonly label: string
  readonly bars: readonly Bar[]
  /** What stands below a bar; not all of them are shown. */
  readonly tick: (index: number) => string
  readonly value: (value: number) => string
  readonly height: number
}

/** Labels below that fit a narrow page. */
const TICKS = 6
const AXIS = 22
const GAP = 0.22
/** Above the highest bar, so that its label is not cut. */
const TOP = 8

export function barChart({ label, bars, tick, value, height }: BarChart): Markup {
  const most = Math.max(0, ...bars.map(({ parts }) => parts.reduce((sum, part) => sum + part.value, 0)))
  const { top, steps } = scale(most)
  const room = height - AXIS - TOP
  const y = (amount: number): number => round(TOP + room * (1 - (top === 0 ? 0 : amount / top)))
  const slot = 100 / Math.max(1, bars.length)
  return html`<div class="chart" role="img" aria-label="${label}"><svg class="axis" height="${height}" aria-hidden="true">${steps.map(
    (step) => html`<text class="tick" x="100%" y="${y(step) + 4}" text-anchor="end">${value(step)}</text>`,
  )}</svg><svg class="plot" height="${height}">${steps.map(
    (step) => html`<line class="${step === 0 ? 'base' : 'rule'}" x1="0" x2="100%" y1="${y(step)}" y2="${y(step)}"/>`,
  )}${bars.map((bar, index) => {
    const width = Math.max(slot * (1 - GAP), 0.05)
    let below = 0
    const rects = bar.parts
      .filter((part) => part.value > 0)
      .map(({ kind, value: size }) => {
        const [from, to] = [y(below), y(below + size)]
        below += size
        return html`<rect class="${kind}" x="${round(slot * (index + GAP / 2))}%" width="${round(width)}%" y="${to}" height="${round(from - to)}"/>`
      })
    return html`<g${bar.partial === true ? html` class="part"` : undefined}><title>${bar.title}</title>${rects}</g>`
  })}${ticksOf(bars.length).map(
    (index) =>
      html`<text class="tick" x="${round(slot * (index + 0.5))}%" y="${height - 4}" text-anchor="middle">${tick(index)}</text>`,
  )}</svg></div>`
}

/** Shares of one whole, side by side. */
export function shareBar(
  label: string,
  parts: readonly { readonly kind: string; readonly share: number; readonly title: string }[],
): Markup {
  let at = 0
  return html`<div class="chart" role="img" aria-label="${label}"><svg class="plot" height="20">${parts.map(
    ({ kind, share, title }) => {
      const x = at
      at += share * 100
      return html`<g><title>${title}</title><rect class="${kind}" x="${round(x)}%" width="${round(share * 100)}%" y="0" height="20"/></g>`
    },
  )}</svg></div>`
}

/** A line without axes; nothing of fewer than three values. */
export function sparkline(values: readonly number[]): Markup | undefined {
  const most = Math.max(...values)
  if (values.length < 3 || !(most > 0)) return undefined
  const points = values.map(
    (value, index) => `${round((index / (values.length - 1)) * 100)},${round(23 - (value / most) * 22)}`,
  )
  return html`<svg viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true"><polyline class="spark" points="${points.join(' ')}"/></svg>`
}

/** A share of a row, below its name. */
export function rowBar(share: number, kind = ''): Markup {
  return html`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="4" rx="2"/><rect class="${kind}" width="${round(Math.min(1, Math.max(0, share)) * 100)}%" height="4" rx="2"/></svg>`
}

/** A small square in the colour of a series. */
export const swatch = (kind: string): Markup =>
  html`<svg aria-hidden="true"><rect class="${kind}" width="10" height="10" rx="2"/></svg>`

function ticksOf(count: number): readonly number[] {
  if (count <= TICKS) return Array.from({ length: count }, (_, index) => index)
  const every = Math.ceil(count / TICKS)
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every)
}

/** Steps of 1, 2 or 5 times a power of ten, three to five of them up to a value not below the greatest. */
function scale(most: number): { readonly top: number; readonly steps: readonly number[] } {
  if (!(most > 0)) return { top: 0, steps: [0] }
  const power = 10 ** Math.floor(Math.log10(most / 3))
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => most / size <= 4.5) ?? 10 * power
  const count = Math.ceil(most / step)
  return { top: step * count, steps: Array.from({ length: count + 1 }, (_, index) => index * step) }
}

const round = (value: number): number => Math.round(value * 100) / 100
