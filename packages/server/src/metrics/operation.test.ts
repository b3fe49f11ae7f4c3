import { ERRORS, type ErrorCode } from '@tallystick/core'
import { type FamilySamples, writeExposition } from '@tallystick/core/metrics'
import { createPriceBook } from '@tallystick/core/pricing'
import { afterEach, expect, it } from 'vitest'
import type { Ingest } from '../ingest/ingest.ts'
import { openIngest } from '../ingest/open-ingest.ts'
import { openMemoryState } from '../state/memory.ts'
import { openMemoryStore } from '../store/memory.ts'
import { createOperation, newWorkTimes, type OperationSources } from './operation.ts'
import { RequestCounts } from './request-counts.ts'

const open: Ingest[] = []
afterEach(async () => {
  for (const ingest of open.splice(0)) await ingest.close()
})

async function sources(more: Partial<OperationSources> = {}): Promise<OperationSources> {
  const store = openMemoryStore()
  const ingest = await openIngest({ store, prices: createPriceBook() })
  open.push(ingest)
  return {
    ...{ version: '1.2.3', ingest, store, state: openMemoryState(), requests: new RequestCounts() },
    ...{ clock: { now: () => 0, monotonic: () => 0 }, times: newWorkTimes(), ready: () => true },
    streams: () => ({ sse: 2, websocket: 1 }),
    ...more,
  }
}

const textOf = (families: readonly FamilySamples[]): readonly string[] => writeExposition(families, 'text').split('\n')

it('tells what cannot be written, and how much waits for it', async () => {
  const lines = textOf(
    await createOperation(
      await sources({
        ready: () => false,
        journal: () => ({ state: 'disk_full', bytes: 4_096, pending: 17 }),
      }),
    )(),
  )
  for (const line of [
    'tallystick_ready 0',
    'tallystick_journal_writable 0',
    'tallystick_journal_waiting_events 17',
    'tallystick_journal_bytes 4096',
    'tallystick_live_streams{kind="sse"} 2',
    'tallystick_live_streams{kind="websocket"} 1',
    'tallystick_build_info{version="1.2.3",store="memory"} 1',
  ])
    expect(lines).toContain(line)
})

it('tells what became of the events of proxied requests, and nothing where there is no proxy', async () => {
  const counts = { recorded: 7, known: 1, rejected: 0, failed: 2, dropped: 3, pending: 4 }
  const lines = textOf(await createOperation(await sources({ proxied: () => counts }))())
  expect(lines.filter((line) => line.startsWith('tallystick_proxy_events_total')).toSorted()).toEqual([
    'tallystick_proxy_events_total{outcome="dropped"} 3',
    'tallystick_proxy_events_total{outcome="failed"} 2',
    'tallystick_proxy_events_total{outcome="known"} 1',
    'tallystick_proxy_events_total{outcome="recorded"} 7',
    'tallystick_proxy_events_total{outcome="rejected"} 0',
  ])
  expect(textOf(await createOperation(await sources())()).join('\n')).not.toContain('proxy_events')
})

it('says nothing of a journal where there is none, and nothing of a store that has never answered', async () => {
  const silent = { ...openMemoryStore(), capabilities: { backendType: 'x', durable: true, cells: true } }
  const families = await createOperation(
    await sources({ store: { ...silent, stats: () => Promise.reject(new Error('gone')) } as never }),
  )()
  const names = families.filter(({ samples }) => samples.length > 0).map(({ family }) => family.name)
  expect(names.filter((name) => /journal|store_|balanced|quarantined/.test(name))).toEqual([])
  expect(names).toContain('tallystick_apply_lag_events')
})

it('tells how long work took, in seconds, exactly', async () => {
  const times = newWorkTimes()
  for (const ms of [0.4, 1.5, 20_000]) times.query.observe(ms * 1000)
  const lines = textOf(await createOperation(await sources({ times }))())
  for (const line of [
    'tallystick_query_duration_seconds_bucket{le="0.0005"} 1',
    'tallystick_query_duration_seconds_bucket{le="0.001"} 1',
    'tallystick_query_duration_seconds_bucket{le="0.0025"} 2',
    'tallystick_query_duration_seconds_bucket{le="10"} 2',
    'tallystick_query_duration_seconds_bucket{le="+Inf"} 3',
    'tallystick_query_duration_seconds_sum 20.0019',
  ])
    expect(lines).toContain(line)
})

it('names a bounded number of codes; their sum is that of the outcome', async () => {
  const given = await sources()
  const codes = Object.keys(ERRORS).slice(0, 100) as ErrorCode[]
  const rejected = new Map(codes.map((code, index) => [code, index + 1]))
  const ingest = { ...given.ingest, counts: () => ({ ...given.ingest.counts(), rejected }) }
  const families = await createOperation({ ...given, ingest })()
  const samplesOf = (name: string): readonly { labels: object; value: number }[] =>
    (families.find(({ family }) => family.name === name)?.samples ?? []).map((one) => ({
      labels: one.labels,
      value: 'value' in one ? Number(one.value) : Number.NaN,
    }))
  const byCode = samplesOf('tallystick_ingest_rejected_total')
  expect(byCode.length).toBeLessThanOrEqual(31)
  const sum = byCode.reduce((total, { value }) => total + value, 0)
  expect(sum).toBe([...rejected.values()].reduce((total, value) => total + value, 0))
  expect(samplesOf('tallystick_ingest_events_total')).toContainEqual({ labels: { outcome: 'rejected' }, value: sum })
})
