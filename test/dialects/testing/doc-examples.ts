import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../e2e/cli.ts'

/** A command of a document with the answer that stands below it. */
export interface DocExample {
  readonly command: string
  readonly answer: unknown
}

const DOCUMENTED_URL = 'http://127.0.0.1:8088'
const PAIR = /```sh\n([\s\S]*?)```\s+```json\n([\s\S]*?)```/g

/** Every `sh` block of a document that a `json` block follows, in order. */
export function docExamples(document: string): readonly DocExample[] {
  const text = readFileSync(join(ROOT, document), 'utf8')
  return [...text.matchAll(PAIR)].map(([, command = '', answer = '']) => ({ command, answer: JSON.parse(answer) }))
}

/** Runs a command against a server and gives what it printed, with `...` for what names the moment. */
export async function runExample(command: string, url: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replaceAll(DOCUMENTED_URL, url)])
  return JSON.parse(
    stdout
      .replace(/"urn:uuid:[0-9a-f-]+"/g, '"urn:uuid:..."')
      .replace(/"calculated_at":"[^"]+"/g, '"calculated_at":"..."'),
  )
}
