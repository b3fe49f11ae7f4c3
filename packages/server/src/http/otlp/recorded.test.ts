import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openReceiver, type Receiver, recorded } from './testing/receiver.ts'

/**
 * What Claude Code 2.1.329 sent of one request, as logs and as metrics. Read by hand: 12 fresh input tokens, 4,000 read from the
 * cache, 300 written to it (100 for five minutes, 200 for an hour), 42 of output, 0.005735 USD.
 */
const LOGS = recorded('claude-code-2.1.329.otlp-logs.json')
const METRICS = recorded('claude-code-2.1.329.otlp-metrics.json')
const TOTALS = {
  requests: 1,
  input_tokens: 12 + 4_000 + 300,
  output_tokens: 42,
  cache_read_tokens: 4_000,
  cost_nano_usd: 5_735_000,
}

let receiver: Receiver
beforeEach(async () => {
  receiver = await openReceiver()
})
afterEach(() => receiver.tallystick.close())

async function send(...bodies: readonly (readonly [path: string, body: string])[]): Promise<void> {
  for (const [path, body] of bodies) {
    const response = await receiver.send(path, body)
    expect([response.status, await response.text()]).toEqual([200, '{}'])
  }
}

describe('the recorded telemetry of Claude Code is counted once', () => {
  it('from its logs', async () => {
    await send(['/v1/logs', LOGS])
    expect(await receiver.totals()).toMatchObject(TOTALS)
    expect(await receiver.events()).toMatchObject([
      {
        event_id: 'req_fake1',
        kind: 'llm_request_completed',
        // The record is written 20 ms after the request began.
        timestamp_ms: Date.UTC(2026, 10, 20, 22, 59, 54, 89),
        duration_ms: 20,
        ttfb_ms: 12,
        provider: 'anthropic',
        request_model: 'claude-opus-5',
        operation: 'chat',
        input_tokens: 4_312,
        cache_read_tokens: 4_000,
        cache_write_tokens: 100,
        cache_write_1h_tokens: 200,
        output_tokens: 42,
        cost_nano_usd: 5_735_000,
        cost_basis: 'client',
        cost_list_nano_usd: 5_735_000,
        user_id: '89d16ceafe8f570ef28d5baa38105f425f95ae91f02d89b20fc83478c87f5333',
        session_id: '64aa2911-c793-4900-bf75-4b28ea41a63c',
        tags: { service: 'claude-code', query_source: 'sdk' },
      },
    ])
  })

  it('from its metrics', async () => {
    await send(['/v1/metrics', METRICS])
    expect(await receiver.totals()).toMatchObject(TOTALS)
    expect(await receiver.events()).toHaveLength(1)
  })

  it('from both, whichever comes first, and however often each is sent', async () => {
    await send(['/v1/logs', LOGS], ['/v1/metrics', METRICS], ['/v1/logs', LOGS], ['/v1/metrics', METRICS])
    expect(await receiver.totals()).toMatchObject(TOTALS)
    await receiver.tallystick.close()
    receiver = await openReceiver()
    await send(['/v1/metrics', METRICS], ['/v1/logs', LOGS], ['/v1/metrics', METRICS], ['/v1/logs', LOGS])
    expect(await receiver.totals()).toMatchObject(TOTALS)
  })

  it('from both, the server having been restarted in between', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tallystick-otlp-'))
    try {
      for (const order of [[METRICS], [LOGS, METRICS], [METRICS]]) {
        await receiver.tallystick.close()
        receiver = await openReceiver({ dataDir: dir, store: `duckdb:${join(dir, 'events.duckdb')}` })
        for (const body of order) await send([body === LOGS ? '/v1/logs' : '/v1/metrics', body])
        expect(await receiver.totals()).toMatchObject(TOTALS)
      }
    } finally {
      await receiver.tallystick.close()
      rmSync(dir, { recursive: true })
    }
  })

  it('and what it logs beside is left alone', async () => {
    const { resourceLogs } = JSON.parse(LOGS)
    const [{ scopeLogs }] = resourceLogs
    scopeLogs[0].logRecords.pop()
    await send(['/v1/logs', JSON.stringify({ resourceLogs })])
    expect(await receiver.events()).toEqual([])
  })
})
