import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openTallystick, type Tallystick } from 'tallystick'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../packages/server/src/cli/testing/run.ts'
import { ROOT } from '../e2e/cli.ts'
import { requestOf } from './testing/curl.ts'
import { commandsOf, snippetsOf, tallystickArguments } from './testing/snippets.ts'

const MIGRATIONS = readdirSync(join(ROOT, 'docs/migrate-from')).map((name) => `migrate-from/${name}`)
const PAGES = ['start.md', 'concepts.md', 'operations.md', ...MIGRATIONS]
const read = (page: string): string => readFileSync(join(ROOT, 'docs', page), 'utf8')

const dir = mkdtempSync(join(tmpdir(), 'tallystick-pages-'))
let tallystick: Tallystick
beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
  tallystick = await openTallystick({ dataDir: dir, store: 'memory:' })
})
afterAll(async () => {
  await tallystick.close()
  rmSync(dir, { recursive: true, force: true })
})

const events = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const response = await tallystick.fetch(new Request('http://localhost/api/v1/events?consistency=applied'))
  return ((await response.json()) as { events: [] }).events
}

describe('requests on the pages', () => {
  it.each(PAGES)('docs/%s: each is answered as it should be', async (page) => {
    for (const words of commandsOf(read(page))) {
      const request = requestOf(words)
      if (request === undefined) continue
      const { method, url } = request
      const answer = await tallystick.fetch(request, { trusted: true })
      const text = await answer.text()
      expect({ method, url, ok: answer.ok, text }).toEqual({ method, url, ok: true, text })
      expect(text).not.toMatch(/"rejected":\[\{|"errors":\[\{|rejectedSpans/)
    }
  })

  it('have left what they told of', async () => {
    const told = await events()
    const of = (name: string, value: unknown): unknown => told.find((event) => event[name] === value)
    expect(of('agent_id', 'checkout')).toMatchObject({ input_tokens: 1200, tags: { team: 'payments' } })
    expect(of('event_id', 'chatcmpl-7d1f')).toMatchObject({ cost_nano_usd: 3_800_000, api_key_label: 'web' })
    expect(of('event_id', 'lf-1')).toMatchObject({ input_tokens: 1200, duration_ms: 900 })
    expect(of('event_id', 'evt_migrate_1')).toMatchObject({ agent_id: 'agent_42', cost_nano_usd: 52_000 })
    expect(of('tool_name', 'review')).toMatchObject({ backend: 'gemini', routing_confidence: 0.92 })
    expect(of('span_id', 'eee19b7ec3c1b174')).toMatchObject({ request_model: 'gpt-4o', output_tokens: 80 })
  })
})

describe('programs on the pages', () => {
  it('import what there is', async () => {
    const imports = PAGES.flatMap((page) =>
      snippetsOf(read(page))
        .filter(({ language }) => language === 'js')
        .flatMap(({ text }) => [...text.matchAll(/import \{([^}]*)\} from '(@tallystick\/[^']+)'/g)])
        .map(([, names = '', from = '']) => ({ from, names: names.split(',').map((name) => name.trim()) })),
    )
    expect(imports.length).toBeGreaterThan(5)
    for (const { from, names } of imports)
      expect(Object.keys(await import(from))).toEqual(expect.arrayContaining(names))
  })

  it.each([
    ['iron-runtime.md', '1 52\n'],
    ['smart-ai-bridge.md', '1500\n'],
    ['llm-edge-monitoring.md', 'true\n'],
  ])('docs/migrate-from/%s: the first one runs', async (page, printed) => {
    const code = snippetsOf(read(`migrate-from/${page}`)).find(({ language }) => language === 'js')?.text ?? ''
    const file = join(dir, `${page}.mjs`)
    writeFileSync(file, code.replace('http://127.0.0.1:8088', ''))
    expect((await promisify(execFile)(process.execPath, [file], { cwd: dir })).stdout).toBe(printed)
  })
})

const ROUTIIUM = `id,timestamp,endpoint,method,model,stream,status_code,success,duration_ms,input_tokens,output_tokens,cached_tokens,reasoning_tokens,total_cost,backend,upstream_mode,api_key_id,api_key_label
4b7a,1795262400,/v1/chat/completions,POST,gpt-4o,false,200,true,900,1200,80,1024,0,0.002520,default,chat,k1,web
`
const IRON = `event_id,timestamp_ms,event_type,model,provider,input_tokens,output_tokens,cost_micros,agent_id,error_code
evt_1,1795262400000,llm_request_completed,gpt-4o-mini,openai,150,50,52,42,
evt_2,1795262401000,llm_request_failed,gpt-4o-mini,openai,0,0,0,42,rate_limit_exceeded
`

describe('tables of others', () => {
  it.each([
    ['routiium.md', 'routiium.csv', ROUTIIUM, { requests: 1, cost_nano_usd: 2_520_000, cache_read_tokens: 1024 }],
    ['iron-runtime.md', 'events.csv', IRON, { requests: 2, failed_requests: 1, cost_nano_usd: 52_000 }],
  ])('docs/migrate-from/%s: %s comes in by the command that stands there', async (page, name, csv, figures) => {
    writeFileSync(join(dir, name), csv)
    const args = commandsOf(read(`migrate-from/${page}`))
      .map(tallystickArguments)
      .find((words) => words?.[0] === 'import')
    const data = ['--data', join(dir, `data-${name}`), '--store', 'jsonl:']
    const [file, ...rest] = (args ?? []).slice(2)
    const { code, err } = await run(['import', 'csv', join(dir, file ?? ''), ...rest, ...data], { cwd: dir })
    expect({ code, err }).toMatchObject({ code: 0 })
    const measures = [
      '--measures',
      Object.keys(figures).join(','),
      '--from',
      '2026-11-01',
      '--to',
      '2026-12-31',
      '--json',
    ]
    const { rows } = JSON.parse((await run(['query', ...measures, ...data], { cwd: dir })).out) as { rows: object[] }
    expect(rows[0]).toMatchObject(figures)
  })
})
