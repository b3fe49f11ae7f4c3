import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docExamples, runExample } from '../dialects/testing/doc-examples.ts'
import { type Served, serve } from './testing/served.ts'

let folder: string
let served: Served
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'login-docs-'))
  served = await serve()
})
afterAll(async () => {
  await served.close()
  rmSync(folder, { recursive: true })
})

test('the examples of docs/login.md answer as they say, one after the other', async () => {
  const examples = docExamples('docs/login.md')
  expect(examples.length).toBe(3)
  const variables = `TALLYSTICK_KEY='${served.key}'; COOKIES='${join(folder, 'cookies')}'`
  for (const { command, answer } of examples) {
    const printed = JSON.stringify(await runExample(`${variables}; ${command}`, served.url))
    expect(JSON.parse(printed.replace(served.keyId, '...'))).toEqual(answer)
  }
})
