import { expect, test } from 'vitest'
import { FaultFs } from '../journal/testing/fault-fs.ts'
import { Prng } from '../journal/testing/prng.ts'
import { thorough } from '../testing/thorough.ts'
import { begin, DIR, deliverAll, record } from './testing/memory-spool.ts'
import { balanced } from './testing/oracle.ts'

const RUNS = thorough(25, 60)
const OPTIONS = { maxBytes: 1024 * 1024 }

/** Some segments, partly answered, with an orderly end or none. */
async function written(
  random: Prng,
): Promise<{ readonly fs: FaultFs; readonly recorded: number; readonly acked: ReadonlySet<number> }> {
  const fs = new FaultFs()
  const { spool, store } = await begin(fs, OPTIONS)
  const acked = new Set<number>()
  let recorded = 0
  for (let step = 0; step < 12; step++) {
    record(store, recorded, 20, 500)
    recorded += 20
    await spool.flush()
    if (random.chance(0.4)) continue
    const events = (await spool.take(15)).filter(() => random.chance(0.8))
    for (const { seq } of events) acked.add(seq as number)
    await spool.settle(events, 'acked')
  }
  if (random.chance(0.3)) await spool.close()
  return { fs: fs.afterKill(), recorded, acked }
}

async function harm(fs: FaultFs, random: Prng): Promise<void> {
  const segments = (await fs.list(DIR)).filter((name) => name.includes('.jsonl'))
  const path = `${DIR}/${segments[random.below(segments.length)]}`
  const choice = random.next()
  const content = fs.content(path)
  if (choice < 0.2) await fs.unlink(path)
  else if (choice < 0.4) fs.put(path, Buffer.from(content.subarray(0, random.below(content.length))))
  else if (choice < 0.6) content.fill(0, random.below(content.length), random.below(content.length))
  else for (let flips = random.below(30); flips >= 0; flips--) content[random.below(content.length)] = random.below(256)
}

test('whatever is damaged, each event comes once or is counted, and the account balances', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new Prng(seed)
    const { fs, recorded, acked } = await written(random)
    for (let times = random.below(3); times >= 0; times--) await harm(fs, random)
    const { spool } = await begin(fs, OPTIONS)
    const before = spool.lives()
    const delivered = await deliverAll(spool, 1 + random.below(40))
    const [ledger = { recorded: 0, acked: 0, pending: 0, dropped: new Map(), sourceId: '', epoch: 0 }] = spool.lives()
    const seen = `seed ${seed}: ${JSON.stringify({ before, ledger, delivered: delivered.length, acked: acked.size })}`
    expect(new Set(delivered).size, seen).toBe(delivered.length)
    expect(balanced(ledger), seen).toBe(true)
    expect(ledger.pending, seen).toBe(0)
    expect(ledger.recorded, seen).toBeLessThanOrEqual(recorded)
    // What was answered before and is forgotten comes again, and a server knows it.
    const arrived = new Set([...delivered, ...acked])
    const lost = [...ledger.dropped.values()].reduce((sum, count) => sum + count, 0)
    expect(ledger.recorded - lost, seen).toBeLessThanOrEqual(arrived.size)
    await spool.close()
    const again = await begin(fs.afterKill(), OPTIONS)
    expect(again.spool.lives()[0] ?? ledger, seen).toEqual(ledger)
    expect(again.spool.pendingCount, seen).toBe(0)
    await again.spool.close()
  }
}, 120_000)
