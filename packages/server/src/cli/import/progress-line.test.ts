import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { newProgress, type ReadProgress } from '../../import/record.ts'
import { progressLine } from './progress-line.ts'

const color = pc.createColors(false)
const person = { interactive: true, color, columns: 100 }
const pipe = { interactive: false, color, columns: 100 }
const at = (more: Partial<ReadProgress>): ReadProgress => ({ ...newProgress(), ...more })
const HALF = at({ files: 1_200, filesDone: 600, bytes: 3_000_000, bytesDone: 1_500_000 })

describe('the line of an import', () => {
  it('says how many files and bytes are read, and what came of them', () => {
    expect(progressLine(HALF, '7 new', pipe)).toBe('600 of 1,200 files, 1.5 MB of 3.0 MB, 7 new')
  })

  it('is a bar as well, where a person watches', () => {
    expect(progressLine(HALF, '7 new', person)).toBe(
      `${'█'.repeat(12)}${'░'.repeat(12)} 600 of 1,200 files, 1.5 MB of 3.0 MB, 7 new`,
    )
    const colored = progressLine(HALF, '', { ...person, color: pc.createColors(true) })
    expect(colored).toContain(pc.createColors(true).cyan('█'.repeat(12)))
  })

  it('has a bar of one length from nothing to more than all', () => {
    for (const [bytesDone, full] of [
      [0, 0],
      [999, 23],
      [1_000, 24],
      [2_000, 24],
    ] as const) {
      const [bar = ''] = progressLine(at({ bytes: 1_000, bytesDone }), '', person).split(' ')
      expect(bar).toBe('█'.repeat(full) + '░'.repeat(24 - full))
    }
  })

  it('has none where nobody knows how much there is, as of an API', () => {
    expect(progressLine(newProgress(), '7 new', person)).toBe('7 new')
  })

  it('has none where the line would wrap', () => {
    expect(progressLine(HALF, '7 new', { ...person, columns: 60 })).toBe('600 of 1,200 files, 1.5 MB of 3.0 MB, 7 new')
  })
})
