import type uPlot from 'uplot'
import { type Frame, stackHeights } from '../lib/frames.ts'

/**
 * How a frame is painted. The chart library gives axes, scales and the cursor; bars and lines are our own, because a bucket
 * is as wide as its time (a day of 23 hours, a month of 28 days), and a partial one has to look like it.
 */

const PARTIAL_ALPHA = 0.42
const GAP = 1
/** Narrower bars stand side by side: gaps would beat against the pixels. */
const LEAST_WIDTH_WITH_GAP = 6

type Colour = (variable: string) => string

/** Stacked bars, bottom series first. */
export function drawStack(u: uPlot, frame: Frame, scale: number, colour: Colour): void {
  const { ctx } = u
  const heights = stackHeights(frame.series, scale)
  const zero = u.valToPos(0, 'y', true)
  clipped(u, () => {
    frame.series.forEach((series, at) => {
      const paint = series.fill === 'hatched' ? hatch(ctx, colour(series.colour)) : colour(series.colour)
      ctx.fillStyle = paint
      frame.starts.forEach((start, index) => {
        const top = heights[at]?.[index] ?? 0
        const below = at === 0 ? 0 : (heights[at - 1]?.[index] ?? 0)
        if (top <= below) return
        const left = Math.round(u.valToPos(start / 1000, 'x', true))
        const right = Math.round(u.valToPos((frame.ends[index] ?? start) / 1000, 'x', true))
        const gap = right - left >= LEAST_WIDTH_WITH_GAP * devicePixelRatio ? GAP * devicePixelRatio : 0
        const y = u.valToPos(top, 'y', true)
        const bottom = at === 0 ? zero : u.valToPos(below, 'y', true)
        ctx.globalAlpha = frame.partial[index] ? PARTIAL_ALPHA : 1
        // What is there is seen: no bar thinner than a pixel either way.
        ctx.fillRect(
          left,
          Math.min(y, bottom - devicePixelRatio),
          Math.max(devicePixelRatio, right - left - gap),
          Math.max(devicePixelRatio, bottom - y),
        )
      })
    })
  })
}

/** Lines through the middles of the buckets; a gap stays a gap, a lonely value is a dot, a partial end is dashed. */
export function drawLines(u: uPlot, frame: Frame, scale: number, colour: Colour): void {
  const { ctx } = u
  const x = frame.starts.map((start, index) => u.valToPos((start + (frame.ends[index] ?? start)) / 2000, 'x', true))
  clipped(u, () => {
    ctx.lineJoin = 'round'
    frame.series.toReversed().forEach((series) => {
      const y = series.values.map((value) =>
        value === null
          ? null
          : u.valToPos(Math.max(u.scales['y']?.distr === 3 ? 1 : 0, Number(value)) / scale, 'y', true),
      )
      ctx.strokeStyle = ctx.fillStyle = colour(series.colour)
      ctx.lineWidth = 1.75 * devicePixelRatio
      for (const partial of [false, true]) {
        // Where dashes mean another stretch of time, a partial end is paler instead.
        ctx.setLineDash(partial && frame.over === undefined ? [4 * devicePixelRatio, 3 * devicePixelRatio] : [])
        ctx.globalAlpha = partial && frame.over !== undefined ? PARTIAL_ALPHA : 1
        ctx.beginPath()
        y.forEach((to, index) => {
          const from = y[index - 1]
          if (to === null || index === 0 || from === null || from === undefined) return
          if ((frame.partial[index] === true || frame.partial[index - 1] === true) !== partial) return
          ctx.moveTo(x[index - 1] ?? 0, from)
          ctx.lineTo(x[index] ?? 0, to)
        })
        ctx.stroke()
      }
      ctx.globalAlpha = 1
      y.forEach((at, index) => {
        if (at === null || (y[index - 1] ?? null) !== null || (y[index + 1] ?? null) !== null) return
        ctx.globalAlpha = frame.partial[index] ? PARTIAL_ALPHA : 1
        ctx.beginPath()
        ctx.arc(x[index] ?? 0, at, 2.5 * devicePixelRatio, 0, 2 * Math.PI)
        ctx.fill()
        ctx.globalAlpha = 1
      })
    })
  })
}

/** Lines of another stretch of time: dashed all along, over what is drawn of this one. */
export function drawOver(u: uPlot, frame: Frame, scale: number, colour: Colour): void {
  const { ctx } = u
  const x = frame.starts.map((start, index) => u.valToPos((start + (frame.ends[index] ?? start)) / 2000, 'x', true))
  clipped(u, () => {
    ctx.lineJoin = 'round'
    ctx.lineWidth = 1.5 * devicePixelRatio
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
    for (const { colour: variable, values } of frame.over ?? []) {
      ctx.strokeStyle = colour(variable)
      ctx.beginPath()
      values.forEach((value, index) => {
        if (value === null) return
        const y = u.valToPos(Math.max(u.scales['y']?.distr === 3 ? 1 : 0, Number(value)) / scale, 'y', true)
        if ((values[index - 1] ?? null) === null) ctx.moveTo(x[index] ?? 0, y)
        else ctx.lineTo(x[index] ?? 0, y)
      })
      ctx.stroke()
    }
  })
}

function clipped(u: uPlot, draw: () => void): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  draw()
  ctx.restore()
}

/** Slanted lines on a faint ground, for tokens that came from a cache. */
function hatch(ctx: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const size = 6 * devicePixelRatio
  const tile = document.createElement('canvas')
  tile.width = tile.height = size
  const paint = tile.getContext('2d')
  if (!paint) return colour
  paint.fillStyle = paint.strokeStyle = colour
  paint.globalAlpha = 0.28
  paint.fillRect(0, 0, size, size)
  paint.globalAlpha = 1
  paint.lineWidth = 1.5 * devicePixelRatio
  paint.beginPath()
  for (const shift of [-size, 0, size]) {
    paint.moveTo(shift - 1, size + 1)
    paint.lineTo(shift + size + 1, -1)
  }
  paint.stroke()
  return ctx.createPattern(tile, 'repeat') ?? colour
}
