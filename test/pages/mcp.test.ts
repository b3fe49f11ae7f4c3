import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openTallystick } from 'tallystick'
import { describe, expect, it } from 'vitest'
import { problemWith } from '../../packages/server/src/cli/testing/problem-with.ts'
import { TOOLS } from '../../packages/server/src/mcp/tools.ts'
import { ROOT } from '../e2e/cli.ts'
import { snippetsOf, tallystickArguments } from './testing/snippets.ts'

const page = readFileSync(join(ROOT, 'docs/mcp.md'), 'utf8')
const json = snippetsOf(page).filter(({ language }) => language === 'json')

interface Configured {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

describe('docs/mcp.md', () => {
  it('has configurations that start this command, with settings that it reads', async () => {
    const servers = json.flatMap(({ text }) => {
      if (!/"(mcpServers|servers)"/.test(text)) return []
      const { mcpServers, servers } = JSON.parse(text) as Readonly<Record<string, { tallystick: Configured }>>
      return [(mcpServers ?? servers)?.tallystick as Configured]
    })
    expect(servers).toHaveLength(4)
    const toml = snippetsOf(page).filter(({ language }) => language === 'toml')
    for (const { text } of toml) {
      const [, command = '', args = ''] = /^command = (".*")\nargs = (\[.*\])$/m.exec(text) ?? []
      servers.push({ command: JSON.parse(command) as string, args: JSON.parse(args) as string[] })
    }
    expect(servers).toHaveLength(5)
    for (const { command, args, env = {} } of servers) {
      expect(command).toBe('npx')
      const own = tallystickArguments([command, ...args]) ?? []
      expect(own[0]).toBe('mcp')
      expect(await problemWith(own)).toBeUndefined()
      expect(['TALLYSTICK_KEY', 'TALLYSTICK_URL']).toEqual(expect.arrayContaining(Object.keys(env)))
    }
  })

  it('lists the tools that there are', () => {
    const [table = ''] = /<!-- table: tools -->[\s\S]*?<!-- end -->/.exec(page) ?? []
    const rows = [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name)
    expect(rows).toEqual(TOOLS.map(({ name }) => name))
  })

  it('shows calls that are answered', async () => {
    const tallystick = await openTallystick({ dataDir: '/nowhere', store: 'memory:' })
    const calls = json
      .filter(({ text }) => text.includes('"arguments"'))
      .flatMap(({ text }) => text.trim().split('\n'))
      .map((line) => JSON.parse(line) as { name: string; arguments: Record<string, unknown> })
    expect(calls.length).toBeGreaterThan(3)
    for (const call of calls) {
      const tool = TOOLS.find(({ name }) => name === call.name)
      const answer = await tool?.run(call.arguments, {
        clock: { now: () => Date.now(), monotonic: () => performance.now() },
        api: {
          async ask({ path, parameters = [], body }) {
            const search = new URLSearchParams(
              [...parameters].map(([name, value]) => [name, value] as [string, string]),
            )
            const response = await tallystick.fetch(
              new Request(`http://localhost${path}?${search}`, {
                headers: { 'content-type': 'application/json' },
                ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
              }),
            )
            expect(response.status).toBe(200)
            return response.json()
          },
        },
      })
      expect(answer?.failed ?? false).toBe(false)
    }
    await tallystick.close()
  })
})
