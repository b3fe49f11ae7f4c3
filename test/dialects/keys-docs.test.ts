import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'
import { docExamples, runExample } from './testing/doc-examples.ts'

let dataDir: string
let server: ServerProcess
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'keys-docs-'))
  server = await ServerProcess.start(dataDir)
})
afterAll(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

test('the examples of docs/keys.md answer as they say, one after the other', async () => {
  const examples = docExamples('docs/keys.md')
  expect(examples.length).toBeGreaterThanOrEqual(3)
  for (const { command, answer } of examples) expect(await runExample(command, server.url)).toEqual(answer)
})
