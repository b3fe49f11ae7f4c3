import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { assistant, lines } from '../../packages/server/src/import/testing/claude-lines.ts'
import { meta, record, turn } from '../../packages/server/src/import/testing/codex-lines.ts'
import { folder, ROOT, tallystick } from './cli.ts'

const page = readFileSync(join(ROOT, 'docs/import.md'), 'utf8')
const [commands = '', , csv = ''] = [...page.matchAll(/```\n([\s\S]*?)```/g)].map(([, code = '']) => code)

function write(path: string, content: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
}

/** A home as the page's table describes it, with one request of each tool. */
function home(): string {
  const dir = folder()
  const at = '2026-11-20T10:00:00.000Z'
  write(join(dir, '.claude/projects/p/s.jsonl'), lines(assistant({ id: 'm1' })))
  const rollout = join(dir, '.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-a.jsonl')
  write(rollout, lines(meta('a'), turn('gpt-5.5'), record('r1', 100, 10, 5)))
  const tokens = { input: 10, output: 5, cached: 0, thoughts: 0, tool: 0, total: 15 }
  const gemini = { id: 'g1', type: 'gemini', timestamp: at, model: 'gemini-3.1-pro-preview', tokens }
  write(join(dir, '.gemini/tmp/p/chats/session-1.jsonl'), lines(JSON.stringify(gemini)))
  const message = {
    id: 'msg_1',
    role: 'assistant',
    modelID: 'gpt-5.5',
    providerID: 'openai',
    time: { created: Date.parse(at), completed: Date.parse(at) + 5 },
    tokens: { input: 1, output: 2 },
  }
  write(join(dir, '.local/share/opencode/storage/message/ses_1/msg_1.json'), JSON.stringify(message))
  return dir
}

it('docs/import.md: its commands find what the tools have left at home', async () => {
  const env = {
    HOME: home(),
    CLAUDE_CONFIG_DIR: '',
    CODEX_HOME: '',
    GEMINI_DATA_DIR: '',
    XDG_DATA_HOME: '',
    XDG_CONFIG_HOME: '',
  }
  const cwd = folder()
  const told = commands.trim().split('\n')
  expect(told).toHaveLength(4)
  for (const command of told) {
    const args = command.replace('npx tallystick ', '').replace('--since 30d', '--since 2026-11-01').split(' ')
    const ran = await tallystick([...args, ...(args.includes('--json') ? [] : ['--json'])], { cwd, env })
    expect(ran).toMatchObject({ code: 0 })
    const summary = JSON.parse(ran.out) as { accepted?: number; events?: number; rejected: number }
    expect([summary.accepted ?? summary.events, summary.rejected]).toEqual([1, 0])
  }
}, 60_000)

it('docs/import.md: its CSV command takes the columns it names', async () => {
  const cwd = folder()
  writeFileSync(join(cwd, 'usage.csv'), 'TIME,MODEL,IN,OUT\n2026-11-20 10:00,gpt-4o,10,5\n')
  const args = csv.replace('npx tallystick ', '').replace('\\\n', '').trim().split(/\s+/)
  const ran = await tallystick([...args, '--json'], { cwd })
  expect(JSON.parse(ran.out)).toMatchObject({ rows: 1, accepted: 1, rejected: 0 })
}, 60_000)
