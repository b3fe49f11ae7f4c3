import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPdf } from './pdf.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pdf-test-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const NEVER = new AbortController().signal
const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('tallystick-pdf-'))

function program(script: string): string {
  const path = join(dir, 'chromium')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('a PDF', () => {
  it('is printed by the browser that is installed, and nothing stays behind', async () => {
    const bytes = await createPdf()('<!doctype html><title>x</title><p>Spend', NEVER)
    expect(new TextDecoder('latin1').decode(bytes.slice(0, 5))).toBe('%PDF-')
    expect(left()).toEqual([])
  }, 60_000)

  it.each([
    ['a program that is not there', () => join(dir, 'nothing'), /there is no program/],
    ['one that fails', () => program('echo "no display" >&2; exit 3'), /ended with 3: no display/],
    ['one that writes nothing', () => program('exit 0'), /without having written/],
  ])('with %s is unavailable, and the error says why', async (_, path, why) => {
    const error = await createPdf({ chromium: path() })('x', NEVER).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'pdf_unavailable', message: expect.stringMatching(why) })
    expect(left()).toEqual([])
  })

  it('that takes too long, or that nobody waits for, ends with all its processes', async () => {
    const path = program('sleep 600 & sleep 600')
    await expect(createPdf({ chromium: path, timeoutMs: 50 })('x', NEVER)).rejects.toMatchObject({
      message: expect.stringContaining('did not finish within 0.05 s'),
    })
    const leaving = new AbortController()
    const made = createPdf({ chromium: path })('x', leaving.signal)
    setTimeout(() => leaving.abort(), 20)
    await expect(made).rejects.toMatchObject({ code: 'query_cancelled' })
  })
})
