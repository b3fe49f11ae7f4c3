import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run as runCommand } from '../packages/server/src/cli/testing/run.ts'
import { BILLERS } from '../packages/server/src/import/bills/providers.ts'
import { eventOfHelicone } from '../packages/server/src/import/exports/helicone.ts'
import { eventOfObservation } from '../packages/server/src/import/exports/langfuse.ts'
import { eventOfSpendLog } from '../packages/server/src/import/exports/litellm.ts'
import type { ExportRow } from '../packages/server/src/import/exports/rows.ts'
import { openTallystick } from '../packages/server/src/open.ts'

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../docs', name), 'utf8')
const blocks = (text: string, kind: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'gm'))].map((match) => match[1] as string)

/** Runs a line of a document in a folder. */
async function run(line: string, cwd: string, more: readonly string[]): Promise<Record<string, unknown>> {
  const [, ...args] = line.trim().split(' ')
  const { code, out, err } = await runCommand([...args, '--json', ...more], { cwd })
  expect({ line, code, err }).toEqual({ line, code: 0, err: '' })
  return JSON.parse(out)
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'tallystick-doc-'))

describe('docs/import-exports.md', () => {
  const text = page('import-exports.md')
  const commands = (blocks(text, 'sh')[0] ?? '').trim().split('\n')
  const sections: readonly (readonly [string, (row: ExportRow) => Record<string, unknown>])[] = [
    ['LiteLLM', eventOfSpendLog],
    ['Langfuse', eventOfObservation],
    ['Helicone', eventOfHelicone],
  ]

  it.each(sections)('%s: the row becomes the event, and the command takes it', async (title, eventOf) => {
    const [row, event] = blocks(text.split(/^## /m).find((section) => section.startsWith(title)) ?? '', 'json')
    expect(eventOf(JSON.parse(row as string))).toEqual(JSON.parse(event as string))

    const line = commands.find((command) => command.includes(title.toLowerCase())) as string
    const cwd = folder()
    writeFileSync(join(cwd, line.split(' ')[3] as string), row as string)
    expect(await run(line, cwd, ['--data', join(cwd, 'data'), '--store', 'memory:'])).toMatchObject({
      accepted: 1,
      rejected: 0,
    })
  })
})

describe('docs/reconcile.md', () => {
  const text = page('reconcile.md')
  const shell = blocks(text, 'sh').map((block) => block.trim())

  it('the bills make the row that is shown', async () => {
    const [costs, usage, row] = blocks(text, 'json') as [string, string, string]
    const cwd = folder()
    const data = ['--data', join(cwd, 'data')]
    writeFileSync(join(cwd, 'events.csv'), 'at,input,output\n2026-11-01T09:00:00Z,900,100\n')
    const map = 'timestamp=at,input_tokens=input,output_tokens=output'
    await run(`tallystick import csv ${cwd}/events.csv --map ${map} --set provider=openai,model=gpt-4o`, cwd, data)
    writeFileSync(join(cwd, 'costs.json'), costs)
    writeFileSync(join(cwd, 'usage.json'), usage)
    const imported = shell.find((line) => line.includes('costs.json')) as string
    await run(imported.replaceAll(/(costs|usage)\.json/g, `${cwd}/$1.json`), cwd, data)
    const shown = shell.find((line) => line.startsWith('tallystick reconcile --provider')) as string
    const { providers } = (await run(shown, cwd, data)) as { providers: { rows: unknown[] }[] }
    expect(providers[0]?.rows).toEqual([JSON.parse(row)])
  })

  it('the request is answered so', async () => {
    const tallystick = await openTallystick({ dataDir: 'never-made', store: 'memory:' })
    const requests = [...text.matchAll(/```http\n([A-Z]+) (\S+)\n(.*)\n# (\d+) (.*)\n```/g)]
    expect(requests).toHaveLength(blocks(text, 'http').length)
    for (const [, method = '', path = '', body = '', status, answer = ''] of requests) {
      const init = { method, headers: { 'content-type': 'application/json' }, body }
      const response = await tallystick.fetch(new Request(`http://localhost${path}`, init))
      expect(response.status).toBe(Number(status))
      expect(await response.json()).toEqual(JSON.parse(answer))
    }
    await tallystick.close()
  })

  it('names every report that is asked for', () => {
    for (const { provider, keys, reports } of BILLERS) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${provider}\``)) ?? ''
      for (const { path } of reports) expect(row).toContain(path.replace('/v1/organization/usage', ''))
      for (const key of keys) expect(text).toContain(key)
    }
  })
})
