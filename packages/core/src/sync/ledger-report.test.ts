import { describe, expect, it } from 'vitest'
import type { Ledger } from '../recorder/index.ts'
import { LedgerReport } from './ledger-report.ts'

const ledger = (epoch: number, recorded: number, dropped: Ledger['dropped'] = new Map()): Ledger => ({
  sourceId: 'source',
  epoch,
  recorded,
  acked: 0,
  pending: 0,
  dropped,
})

describe('what a server is told', () => {
  it('is each ledger whenever it has changed since it was told, and no count of nothing', () => {
    let ledgers = [ledger(1, 5), ledger(2, 3, new Map([['queue_full', 2] as const, ['evicted', 0] as const]))]
    const report = new LedgerReport(() => ledgers)
    const expected = [
      { source_id: 'source', epoch: 1, recorded: 5, dropped: {} },
      { source_id: 'source', epoch: 2, recorded: 3, dropped: { queue_full: 2 } },
    ]
    expect(report.news().items).toEqual(expected)
    const second = report.news()
    expect(second.items).toEqual(expected)
    second.told()
    expect(report.news().items).toEqual([])
    ledgers = [ledger(1, 6), ledger(2, 3, new Map([['queue_full', 2] as const]))]
    expect(report.news().items).toEqual([{ source_id: 'source', epoch: 1, recorded: 6, dropped: {} }])
  })

  it('is at most a hundred ledgers a request, the others with the next', () => {
    const ledgers = Array.from({ length: 250 }, (_, epoch) => ledger(epoch, 1, new Map([['evicted', 1] as const])))
    const report = new LedgerReport(() => ledgers)
    const counts: number[] = []
    expect(report.requestsToTell).toBe(3)
    while (report.requestsToTell > 0) {
      const news = report.news()
      counts.push(news.items.length)
      news.told()
    }
    expect(counts).toEqual([100, 100, 50])
  })

  it('has untold losses until a drop has been told', () => {
    let dropped: Ledger['dropped'] = new Map()
    const report = new LedgerReport(() => [ledger(1, 9, dropped)])
    expect(report.requestsToTell).toBe(0)
    dropped = new Map([['evicted', 1]])
    expect(report.requestsToTell).toBe(1)
    report.news().told()
    expect(report.requestsToTell).toBe(0)
    dropped = new Map([['evicted', 2]])
    expect(report.requestsToTell).toBe(1)
  })
})
