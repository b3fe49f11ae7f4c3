import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { meta, record, turn } from '../../packages/server/src/import/testing/codex-lines.ts'
import { head, plain, repeated } from '../../packages/server/src/import/testing/zstd-frame.ts'
import { folder, start } from './cli.ts'

/** Imports a file in a process of its own, and tells the most memory that it has held, MiB. */
export async function importing(
  source: string,
  path: string,
  url: string,
  nodeOptions = '',
): Promise<{ readonly accepted: number; readonly peakMib: number }> {
  const args = ['import', source, path, '--server', url, '--data', folder(), '--json']
  const child = start(args, { env: { NODE_OPTIONS: nodeOptions } })
  let peakMib = 0
  let out = ''
  let err = ''
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString()
  })
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString()
  })
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peakMib = Math.max(peakMib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has just ended.
    }
  }, 25)
  await new Promise((resolve) => child.on('close', resolve))
  clearInterval(watch)
  if (out === '') throw new Error(`the import said nothing but: ${err}`)
  return { accepted: (JSON.parse(out) as { accepted: number }).accepted, peakMib }
}

/** A packed rollout of two requests, and between them a line of so many bytes out of a few. */
export function packedRollout(dir: string, name: string, bytes: number): string {
  const path = join(dir, `rollout-2026-11-20T10-00-00-${name}.jsonl.zst`)
  const before = `${[meta(name), turn('gpt-5.5'), record(`${name}-1`, 100, 10, 5)].join('\n')}\n{"type":"token_usage_record","text":"`
  const after = `"}\n${record(`${name}-2`, 200, 20, 9)}\n`
  writeFileSync(path, Buffer.concat([head(17), plain(before), repeated(bytes), plain(after, true)]))
  return path
}
