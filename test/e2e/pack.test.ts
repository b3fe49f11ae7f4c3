import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT, serve } from './cli.ts'

/**
 * Both packages as `npm pack` makes them, unpacked into an empty project. What they depend on is linked from this checkout, so
 * that no registry is asked; what they contain is what would be published.
 */
const project = mkdtempSync(join(tmpdir(), 'tallystick-pack-'))
const modules = join(project, 'node_modules')
const BIN = join(modules, 'tallystick', 'bin', 'tallystick.js')

beforeAll(() => {
  mkdirSync(modules)
  writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}')
  const own = new Map([
    ['core', join(modules, '@tallystick', 'core')],
    ['server', join(modules, 'tallystick')],
  ])
  for (const [name, target] of own) {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', project], {
      cwd: join(ROOT, 'packages', name),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ filename }] = JSON.parse(packed.toString()) as [{ filename: string }]
    mkdirSync(target, { recursive: true })
    execFileSync('tar', ['-xzf', join(project, filename), '-C', target, '--strip-components=1'])
  }
  const link = (name: string): void => {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'tallystick', 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) if (!name.startsWith('@tallystick/')) link(name)
}, 120_000)

/** The code blocks of docs/embed.md in one language. */
const examples = (language: string): string[] =>
  [
    ...readFileSync(join(ROOT, 'docs/embed.md'), 'utf8').matchAll(
      new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'),
    ),
  ].map((match) => match[1] as string)

const node = (code: string, env: NodeJS.ProcessEnv = { ...process.env, TALLYSTICK_URL: '' }): string => {
  writeFileSync(join(project, 'example.mjs'), code)
  return execFileSync(process.execPath, ['example.mjs'], { cwd: project, timeout: 60_000, env }).toString()
}

describe('the packages as they are published', () => {
  it('run the embedded example of docs/embed.md', () => {
    const [embedded] = examples('js')
    expect(node(embedded as string)).toMatch(/requests: 1,[\s\S]*cost_nano_usd: 3800000/)
  })

  it('run the pricing example of docs/embed.md', () => {
    const code = (examples('js')[1] as string)
      .replace('book.price(', 'const priced = book.price(')
      .replace('}).costNanoUsd', '}).costNanoUsd\nconsole.log(priced)')
    expect(node(code).trim()).toBe('3800000')
  })

  it('run the recording example of docs/embed.md, without a server and with the one that is packed', async () => {
    const code = examples('js')[2] as string
    const [alone, served] = examples('text')
    expect(node(code)).toBe(alone)
    const server = await serve(mkdtempSync(join(project, 'data-')), [], BIN)
    try {
      expect(node(code, { ...process.env, TALLYSTICK_URL: server.url })).toBe(served)
      const page = await fetch(server.url)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script type="module"')])
    } finally {
      await server.stop()
    }
  })

  it('have every front door that the manifest names', () => {
    const manifest = JSON.parse(readFileSync(join(modules, '@tallystick', 'core', 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>
    }
    const doors = Object.keys(manifest.exports).filter((door) => door !== './package.json')
    const code = doors.map((door) => `await import('@tallystick/core${door.slice(1)}')`).join('\n')
    expect(node(`${code}\nconsole.log('loaded')`).trim()).toBe('loaded')
  })

  it('answer on the command line, with the dashboard inside', () => {
    expect(execFileSync(process.execPath, [BIN, '--version'], { cwd: project }).toString().trim()).toMatch(
      /^\d+\.\d+\.\d+$/,
    )
    expect(readdirSync(join(modules, 'tallystick', 'dist', 'dashboard'))).toContain('index.html')
    expect(readdirSync(join(modules, 'tallystick', 'bundle'))).toEqual(expect.arrayContaining(['main.js', 'worker.js']))
  })

  it('carry no test, no source, no map, no build state and no install script', () => {
    for (const name of ['@tallystick/core', 'tallystick']) {
      const files = readdirSync(join(modules, name), { recursive: true }).map(String)
      expect(files.filter((file) => /\.test\.|\/testing\/|fixture|(^|\/)src\/|\.map$|(^|\/)\./.test(file))).toEqual([])
      const { scripts = {} } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as {
        scripts?: Record<string, string>
      }
      expect(Object.keys(scripts).filter((script) => /install/.test(script))).toEqual([])
    }
  })
  it.each(['@tallystick/core', 'tallystick'])(
    '%s: its manifest is right for Node, bundlers and TypeScript',
    async (name) => {
      const { messages, pkg } = await publint({ pkgDir: join(modules, name), pack: false, strict: true })
      expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
    },
  )
})

describe('the size of @tallystick/core', () => {
  it('is less than 475 kB as a gzipped archive with its declarations, the price catalogue aside', () => {
    const archive = execFileSync('tar', ['-c', '--exclude=catalogue.*', '--exclude=generated/*', 'core'], {
      cwd: join(modules, '@tallystick'),
      maxBuffer: 64 * 1024 * 1024,
    })
    expect(gzipSync(archive, { level: 9 }).length).toBeLessThan(475_000)
  })

  it('is less than 21 kB, bundled, minified and gzipped, for who records and syncs', () => {
    expect(bundled("export { EventStore, SyncClient } from '@tallystick/core'")).toBeLessThan(21_000)
  })

  it('is less than 7 kB for who holds a budget', () => {
    expect(bundled("export { CostController, estimateMaxCost } from '@tallystick/core'")).toBeLessThan(7_000)
  })

  it('is next to nothing for who imports one small thing', () => {
    expect(bundled("export { currentTimeMs } from '@tallystick/core'")).toBeLessThan(300)
  })
})

/** Bytes of what a bundler makes of a module in the project, minified and gzipped. */
function bundled(code: string): number {
  writeFileSync(join(project, 'entry.mjs'), code)
  const rolldown = join(ROOT, 'node_modules', '.bin', 'rolldown')
  const options = ['entry.mjs', '--format', 'esm', '--platform', 'browser', '--minify', '--file', 'bundle.mjs']
  execFileSync(rolldown, options, { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] })
  return gzipSync(readFileSync(join(project, 'bundle.mjs')), { level: 9 }).length
}
