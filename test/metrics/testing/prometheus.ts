import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Why there is no Prometheus to test with; undefined where there is one. */
export function missingPrometheus(): string | undefined {
  const there = ['prometheus', 'promtool'].every(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0,
  )
  return there ? undefined : 'prometheus is not installed: apt-get install prometheus'
}

/** One series of an answer. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>
  /** Of an instant vector. */
  readonly value?: readonly [seconds: number, value: string]
  /** Of a range vector: raw samples. */
  readonly values?: readonly (readonly [seconds: number, value: string])[]
}

/** What is kept of an observation. */
export interface FoundExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[]
}

/** A real Prometheus in a folder of its own. */
export interface Prometheus {
  readonly url: string
  /** @param atSeconds now when absent */
  query(expression: string, atSeconds?: number): Promise<readonly Found[]>
  /** The value of the one series that an expression has; undefined where it has none. */
  scalar(expression: string, atSeconds?: number): Promise<number | undefined>
  /** Resolves once an expression has that value. */
  until(expression: string, value: number): Promise<void>
  exemplars(selector: string): Promise<readonly FoundExemplars[]>
  stop(): Promise<void>
}

const READY_STEPS = 300
const STEP_MS = 50

/**
 * Starts one on a free port of loopback.
 *
 * @param scrapeConfigs YAML of `scrape_configs`, indented by two
 */
export async function startPrometheus(scrapeConfigs: string): Promise<Prometheus> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-prometheus-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = join(dir, 'prometheus.yml')
  writeFileSync(
    config,
    `global:\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  evaluation_interval: 1h\nscrape_configs:\n${scrapeConfigs}`,
  )
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=error',
    ],
    { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await closed
    rmSync(dir, { recursive: true, force: true })
  }

  const ask = async <T>(path: string, search: Record<string, string>): Promise<T> => {
    const answer = await fetch(`${url}${path}?${new URLSearchParams(search)}`)
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(`${search['query']}: ${error}`)
    return data
  }
  const query = async (expression: string, atSeconds?: number): Promise<readonly Found[]> => {
    const time = atSeconds === undefined ? {} : { time: String(atSeconds) }
    return (await ask<{ result: readonly Found[] }>('/api/v1/query', { query: expression, ...time })).result
  }
  const scalar = async (expression: string, atSeconds?: number): Promise<number | undefined> => {
    const found = await query(expression, atSeconds)
    if (found.length > 1) throw new Error(`${expression} has ${found.length} series`)
    return found[0]?.value === undefined ? undefined : Number(found[0].value[1])
  }

  for (let step = 0; ; step++) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined)
    if (ready?.ok) break
    if (step >= READY_STEPS || child.exitCode !== null) {
      await stop()
      throw new Error(`prometheus does not start: ${said}`)
    }
    await setTimeout(STEP_MS)
  }
  return {
    url,
    query,
    scalar,
    async until(expression, value) {
      let found: number | undefined
      for (let step = 0; step < READY_STEPS; step++) {
        found = await scalar(expression)
        if (found === value) return
        await setTimeout(STEP_MS)
      }
      throw new Error(`${expression} is ${found}, not ${value}`)
    },
    exemplars: (selector) => ask('/api/v1/query_exemplars', { query: selector, start: '0', end: '4000000000' }),
    stop,
  }
}

/** What `promtool check metrics` says of a scrape: nothing where it finds nothing. */
export function checkMetrics(text: string): { readonly code: number | null; readonly lines: readonly string[] } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  return { code: status, lines: `${stdout}${stderr}`.split('\n').filter((line) => line !== '') }
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
