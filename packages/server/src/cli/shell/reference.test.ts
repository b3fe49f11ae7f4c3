import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { VERSION } from '../../version.ts'
import { wholeProgram } from '../main.ts'
import { processTerminal } from '../terminal.ts'
import { commandReference, type Described, describe, manPage } from './reference.ts'

const ROOT = join(import.meta.dirname, '../../../../..')
let commands: readonly Described[]
let program: Awaited<ReturnType<typeof wholeProgram>>

beforeAll(async () => {
  program = await wholeProgram(processTerminal({}))
  commands = describe(program)
})

it('docs/commands.md has every command; if not: npm run build && node scripts/docs.mjs', () => {
  expect(readFileSync(join(ROOT, 'docs/commands.md'), 'utf8')).toBe(commandReference(program))
})

it('the manual page has every command; if not: npm run build && node scripts/docs.mjs', () => {
  expect(readFileSync(join(ROOT, 'packages/server/man/tallystick.1'), 'utf8')).toBe(manPage(program, VERSION))
})

it('every command has a description, flags with descriptions, and examples', () => {
  expect(commands.length).toBeGreaterThan(40)
  for (const { name, about, terms, examples } of commands) {
    expect([name, about.length > 10]).toEqual([name, true])
    expect([name, examples.length > 0]).toEqual([name, true])
    for (const [term, told] of terms) expect([name, term, told.length > 3]).toEqual([name, term, true])
  }
})

it('the manual page is set by groff without a complaint', () => {
  const groff = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-b'], {
    input: manPage(program, VERSION),
    encoding: 'utf8',
  })
  expect(groff.error).toBeUndefined()
  expect(groff.stderr).toBe('')
  expect(groff.stdout).toContain('start the server and the dashboard'.slice(1))
})
