import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UsageAnalytics } from '@tallystick/core/compat'
import { afterAll, expect, it } from 'vitest'

const BUILT = fileURLToPath(new URL('../../packages/core/dist/compat/index.js', import.meta.url))
const MODULE = pathToFileURL(BUILT).href
const WRITER = fileURLToPath(new URL('./testing/usage-analytics-writer.mjs', import.meta.url))
const LIVES = 8

const root = mkdtempSync(join(tmpdir(), 'usage-analytics-kill-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Records from `first` on until it is killed; gives what was acknowledged. */
async function oneLife(dir: string, first: number, lifeMs: number): Promise<number[]> {
  const child = spawn(process.execPath, [WRITER, MODULE, dir, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  while (!text.includes('acked')) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  await setTimeout(lifeMs)
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
  expect(text).not.toContain('error')
  return [...text.matchAll(/^acked (\d+)$/gm)].map((match) => Number(match[1]))
}

it('a process that is killed while it records loses nothing that was acknowledged, and the report is whole', async () => {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: run npm run build first`)
  const dir = join(root, 'killed')
  const acked: number[] = []
  for (let life = 0; life < LIVES; life++) {
    acked.push(...(await oneLife(dir, (life + 1) * 1_000_000, 10 + life * 17)))
    const analytics = new UsageAnalytics(dir, { sessionId: 'killed', maxNames: 1_000_000 })
    await analytics.init()
    const { tool_popularity, totals, error_patterns } = await analytics.getHistoricalAnalytics('24h')
    expect(acked.filter((number) => tool_popularity[`tool ${number}`] !== 1)).toEqual([])
    // Whoever is killed between writing and telling has written more than was told, but nothing twice.
    expect(Object.values(tool_popularity).every((count) => count === 1)).toBe(true)
    expect(totals.requests).toBeGreaterThanOrEqual(acked.length)
    expect(totals.total_tokens).toBe(totals.requests * 10)
    expect(error_patterns.reduce((sum, { count }) => sum + count, 0)).toBe(totals.failures)
    // The session goes on where it was killed.
    expect(analytics.getSessionStats().metrics).toMatchObject({
      total_requests: totals.requests,
      total_tokens: totals.total_tokens,
    })
    expect(await analytics.exportReport('markdown', '24h')).not.toMatch(/NaN|undefined/)
    expect(JSON.parse(await analytics.exportReport('json', '24h'))).toMatchObject({ historical_data: { totals } })
    expect((await analytics.cleanup()).damaged_records).toBe(0)
  }
  expect(acked.length).toBeGreaterThan(LIVES)
})

it('a process that only forgot to clean up ends by itself', () => {
  const code = `
    import { UsageAnalytics } from ${JSON.stringify(MODULE)}
    const analytics = new UsageAnalytics(${JSON.stringify(join(root, 'forgotten'))})
    await analytics.init()
    await analytics.recordInvocation({ tool_name: 'ask', backend_used: 'local' })
    console.log(analytics.getRecordingStatus().durable)`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 })
  expect(out.toString()).toBe('1\n')
})
