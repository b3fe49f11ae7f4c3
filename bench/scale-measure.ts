import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { DuckDBInstance } from '@duckdb/node-api'
import { type WorkloadOptions, workload } from 'tallystick'
import type { Server } from './servers.ts'

/** Milliseconds of each of `rounds` runs, the first left out: it reads from the disk what the others find in memory. */
export async function timed(rounds: number, task: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const started = performance.now()
    await task()
    times.push(performance.now() - started)
  }
  return times.slice(1)
}

export async function ask(
  server: Server,
  body: object,
): Promise<{ readonly answered_from: string; readonly rows: readonly object[] }> {
  const response = await fetch(`${server.url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as { answered_from: string; rows: readonly object[] }
}

/** Reads an export to its end. */
export async function exported(
  server: Server,
  parameters: string,
): Promise<{ rows: number; bytes: number; ms: number }> {
  const started = performance.now()
  const response = await fetch(`${server.url}/api/v1/export?format=csv&${parameters}`)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  let [bytes, rows] = [0, -1]
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    bytes += chunk.byteLength
    for (const byte of chunk) if (byte === 0x0a) rows++
  }
  return { rows, bytes, ms: performance.now() - started }
}

/** A store's file in the engine itself, nothing of ours between. */
export class RawEngine {
  readonly #instance: DuckDBInstance

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance
  }

  /** @param threads as the server has, so that ratios are of the work */
  static async open(path: string, threads = 1): Promise<RawEngine> {
    return new RawEngine(await DuckDBInstance.create(path, { access_mode: 'READ_ONLY', threads: String(threads) }))
  }

  async run(sql: string): Promise<readonly (readonly unknown[])[]> {
    const connection = await this.#instance.connect()
    try {
      return await (await connection.run(sql)).getRows()
    } finally {
      connection.closeSync()
    }
  }

  close(): void {
    this.#instance.closeSync()
  }
}

/** Writes the load as JSONL and adds up tokens by model from it: what a file and a loop would take. */
export async function jsonlScan(load: WorkloadOptions, path: string): Promise<number> {
  const out = createWriteStream(path)
  for (const event of workload(load))
    if (!out.write(`${JSON.stringify(event)}\n`))
      await new Promise<void>((resolve) => out.once('drain', () => resolve()))
  await new Promise<void>((resolve) => out.end(() => resolve()))
  const started = performance.now()
  const totals = new Map<unknown, number>()
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const event = JSON.parse(text) as { readonly model?: string; readonly input_tokens?: number }
    totals.set(event.model, (totals.get(event.model) ?? 0) + (event.input_tokens ?? 0))
  }
  const ms = performance.now() - started
  rmSync(path)
  return ms
}
