import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'
import { docExamples, runExample } from './testing/doc-examples.ts'

let dataDir: string
let server: ServerProcess
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'protocol012-docs-'))
  server = await ServerProcess.start(dataDir)
})
afterAll(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

test('the examples of docs/protocol012.md answer as they say, one after the other', async () => {
  const examples = docExamples('docs/protocol012.md')
  expect(examples.length).toBeGreaterThanOrEqual(4)
  for (const { command, answer } of examples) expect(await runExample(command, server.url)).toEqual(answer)
})
