import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SpoolOptions } from '../../packages/core/src/spool/index.ts'
import { folder, ROOT, type Served, serve } from './cli.ts'

/** The spool of the built library against the built server. */
let served: Served
const project = mkdtempSync(join(tmpdir(), 'tallystick-spool-'))
const page = readFileSync(join(ROOT, 'docs/spool.md'), 'utf8')

beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  served = await serve(folder())
})

afterAll(async () => {
  await served.stop()
  rmSync(project, { recursive: true })
})

/** Runs a module of its own to its end; gives what it printed. */
async function run(code: string): Promise<string> {
  const file = join(project, `${process.hrtime.bigint()}.mjs`)
  writeFileSync(file, code.replaceAll('http://127.0.0.1:8088', served.url))
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: project, timeout: 60_000 })
  return stdout.trim()
}

it('a process that ends by itself has written what it recorded last; one that exits has not', async () => {
  const code = (last: string): string => `
    import { EventStore } from '@tallystick/core'
    import { openSpool } from '@tallystick/core/spool'
    const spool = await openSpool({ dir: 'exits', drainIntervalMs: 300 })
    console.log(spool.pendingCount)
    const store = new EventStore(spool.life)
    spool.attach(store)
    store.recordLlmFailed('gpt-4o')
    ${last}
  `
  expect(await run(code(''))).toBe('0')
  expect(await run(code('process.exit()'))).toBe('1')
  expect(await run(code('await spool.flush(); process.exit()'))).toBe('1')
  expect(await run(code(''))).toBe('2')
})

it('a process with nothing to do is not kept alive by its spool', async () => {
  await run(`
    import { openSpool } from '@tallystick/core/spool'
    await openSpool({ dir: 'idle' })
    await openSpool({ parent: 'idles' })
  `)
})

describe('docs/spool.md', () => {
  const examples = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] as string)

  it.each(examples.map((code, index) => [index + 1, code] as const))(
    'example %i runs and prints what it says',
    async (_, code) => {
      const promised = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map((match) => match[1])
      expect(await run(code)).toBe(promised.join('\n'))
    },
  )

  it('names every option', () => {
    const options: Record<keyof SpoolOptions, true> = {
      dir: true,
      parent: true,
      store: true,
      sourceId: true,
      maxBytes: true,
      drainIntervalMs: true,
      drainThreshold: true,
      adoptIntervalMs: true,
      onError: true,
      fs: true,
      clock: true,
      random: true,
    }
    const table = page.slice(page.indexOf('## Options'), page.indexOf('Several recorders may be'))
    const named = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
      [...(cell as string).matchAll(/`(\w+)`/g)].map((match) => match[1]),
    )
    expect(named).toEqual(Object.keys(options))
  })
})
