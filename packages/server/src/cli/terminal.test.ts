import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Progress, type Terminal } from './terminal.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

function shownIn(interactive: boolean): { readonly told: { out: string; err: string }; readonly progress: Progress } {
  const told = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => {
      told.out += text
    },
    err: (text) => {
      told.err += text
    },
    write: async () => undefined,
    ...{ color: pc.createColors(false), columns: 80, interactive, env: {}, cwd: '/' },
  }
  return { told, progress: new Progress(terminal) }
}

/** Says how far it is a hundred times a second, for twelve seconds. */
function steps(progress: Progress): number {
  let made = 0
  for (let step = 1; step <= 1_200; step++) {
    vi.advanceTimersByTime(10)
    progress.show(() => {
      made++
      return `step ${step}`
    })
  }
  return made
}

describe('how far a long step is', () => {
  it('is rewritten in place for a person ten times a second, and gone when it is done', () => {
    const { told, progress } = shownIn(true)
    expect(steps(progress)).toBe(120)
    expect(told.err.startsWith('\r\x1b[2Kstep 10\r\x1b[2Kstep 20\r')).toBe(true)
    expect(progress.done()).toBe(12)
    expect(told.err.endsWith('step 1200\r\x1b[2K')).toBe(true)
    expect([told.err.includes('\n'), told.out]).toEqual([false, ''])
  })

  it('is a line each five seconds where nobody watches, without a code of a terminal', () => {
    const { told, progress } = shownIn(false)
    expect(steps(progress)).toBe(2)
    progress.done()
    expect(told).toEqual({ out: '', err: 'step 500\nstep 1000\n' })
  })

  it('is not told of a step that is over before', () => {
    for (const [interactive, left] of [
      [true, '\r\x1b[2K'],
      [false, ''],
    ] as const) {
      const { told, progress } = shownIn(interactive)
      progress.show(() => 'never')
      progress.done()
      expect(told).toEqual({ out: '', err: left })
    }
  })
})
