import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deadLetterFile } from './dead-letter-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dead-letters-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('lines are appended in order, also by a later process, for the owner only', async () => {
  const path = join(dir, 'rejected.jsonl')
  for (const numbers of [[1, 2], [3]]) {
    const file = deadLetterFile({ path })
    for (const number of numbers) file.write(`{"n":${number}}\n`)
    await file.flush()
    expect(file.lost).toBe(0)
  }
  expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n{"n":3}\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that is full makes way for another, and one older is kept', async () => {
  const path = join(dir, 'rejected.jsonl')
  const file = deadLetterFile({ path, maxBytes: 10 })
  for (const line of ['first line\n', 'second line\n', 'third\n']) {
    file.write(line)
    await file.flush()
  }
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('second line\n')
  expect(readFileSync(path, 'utf8')).toBe('third\n')
})

test('a line that cannot be written is counted and told, and nothing is thrown', async () => {
  const errors: unknown[] = []
  const file = deadLetterFile({ path: join(dir, 'none', 'rejected.jsonl'), onError: (error) => errors.push(error) })
  file.write('a\n')
  file.write('b\n')
  await file.flush()
  expect([file.lost, errors.length]).toEqual([2, 1])
})
