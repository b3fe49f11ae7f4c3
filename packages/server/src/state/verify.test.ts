import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DurableState, openState } from './open.ts'
import { noTenant, tenant } from './testing/conformance.ts'
import { SMALL, writeOf } from './testing/life.ts'
import { verifyState } from './verify.ts'

let dir: string
let state: DurableState
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'state-verify-'))
  state = await openState({ dir, ...SMALL })
})
afterEach(async () => {
  await state.close()
  rmSync(dir, { recursive: true })
})

test('files and memory agree, while rows are written', async () => {
  for (let n = 1; n <= 30; n++) await state.write(writeOf(n))
  let going = true
  const writing = (async () => {
    for (let n = 31; going; n++) {
      await state.write(writeOf(n))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  try {
    for (let round = 0; round < 3; round++)
      expect(await verifyState(dir, state)).toMatchObject({
        files: { damaged_lines: 0, damaged_snapshots: 0 },
        differences: [],
      })
  } finally {
    going = false
    await writing
  }
}, 60_000)

test('a row that the files do not have is a difference, and so is a line that is damaged', async () => {
  await state.write([tenant('a'), tenant('b')])
  ;(state.rows('tenants') as Map<string, unknown>).delete('b')
  expect((await verifyState(dir, state)).differences).toEqual([expect.stringContaining('The rows of tenants are not')])
  await state.write([noTenant('b')])
  expect((await verifyState(dir, state)).differences).toEqual([])

  const log = join(dir, '0000000001.jsonl')
  writeFileSync(log, readFileSync(log, 'utf8').replace('"name":"b"', '"name":"c"'))
  expect(await verifyState(dir, state)).toMatchObject({
    files: { damaged_lines: 1 },
    differences: [
      expect.stringContaining('The rows of tenants are not'),
      '1 lines of the log of the control state are damaged or missing.',
    ],
  })
})
