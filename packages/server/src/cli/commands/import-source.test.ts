import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { assistant, lines } from '../../import/testing/claude-lines.ts'
import { type Ran, run } from '../testing/run.ts'

const dir = mkdtempSync(join(tmpdir(), 'tallystick-import-'))
beforeAll(() => {
  for (const name of ['a', 'b'])
    writeFileSync(
      join(dir, `${name}.jsonl`),
      lines(assistant({ id: `${name}-1` }), assistant({ id: `${name}-2`, at: 1 })),
    )
})
afterAll(() => rmSync(dir, { recursive: true }))

/** An import takes so long that what it says of itself is due at each record. */
beforeEach(() => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 6_000))
})
afterEach(() => vi.restoreAllMocks())

const imported = (how: readonly string[], interactive: boolean): Promise<Ran> =>
  run(['import', 'claude-code', dir, '--data', mkdtempSync(join(dir, 'data-')), ...how], { interactive })

/** What clears the line, and begins it again. */
const CLEAR = '\r\x1b[2K'
const MARKS = ['\r', '\x1b', '█', '░']
const marksIn = (text: string): readonly string[] => MARKS.filter((mark) => text.includes(mark))
const BAR = /█*░+ [01] of 2 files, .* of .*B, \d (?:events|new)/

describe.each([
  ['that only reads', ['--dry-run'], { dry_run: true, events: 4 }],
  ['that sends', ['--store', 'memory:'], { accepted: 4, duplicate: 0 }],
] as const)('an import %s', (_, how, summary) => {
  it('shows a person a bar on the error output, and clears it before it says what came of it', async () => {
    const { code, out, err } = await imported(how, true)
    expect(code, err).toBe(0)
    const [before, ...shown] = err.split(CLEAR)
    expect(before).toBe('')
    expect(shown.at(-1)).toBe('')
    expect(shown[0]).toMatch(BAR)
    expect(marksIn(out)).toEqual([])
  })

  it('says it in plain lines where nobody watches', async () => {
    const { code, out, err } = await imported(how, false)
    expect(code, err).toBe(0)
    expect(err).toMatch(/^[01] of 2 files, .* of .*B, \d (?:events|new)$/m)
    expect(marksIn(out + err)).toEqual([])
  })

  it.each([true, false])('with --json prints JSON and nothing else, watched or not (%s)', async (interactive) => {
    const { out, err } = await imported([...how, '--json'], interactive)
    expect(JSON.parse(out)).toMatchObject({ source: 'claude-code', files: 2, ...summary })
    expect(err).toMatch(/ of 2 files, /)
  })
})
