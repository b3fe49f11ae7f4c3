import { describe, expect, test } from 'vitest'
import { CHANGING, FaultFs, type FaultOpKind } from '../journal/testing/fault-fs.ts'
import { thorough } from '../testing/thorough.ts'
import { deliverAll } from './testing/memory-spool.ts'
import { balanced, broken, live, Oracle } from './testing/oracle.ts'

/** Small enough that the life turns over several segments. */
const SCRIPT = { steps: 26, maxBytes: 1024 * 1024, pad: 950 }

async function changesOf(): Promise<Map<FaultOpKind, number>> {
  const fs = new FaultFs()
  const changes = new Map<FaultOpKind, number>()
  fs.plan = ({ kind }) => {
    if (CHANGING.has(kind)) changes.set(kind, (changes.get(kind) ?? 0) + 1)
    return undefined
  }
  const spool = await live(fs, new Oracle(), SCRIPT)
  await spool?.close()
  return changes
}

const total = (changes: Map<FaultOpKind, number>): number =>
  [...changes.values()].reduce((sum, count) => sum + count, 0)

describe('a power cut', () => {
  test('at every change of a life loses nothing that was on disk, and brings back nothing that was answered', async () => {
    const changes = await changesOf()
    expect(changes.get('unlink')).toBeGreaterThanOrEqual(2)
    const found: string[] = []
    for (let change = 1; change <= total(changes); change += thorough(7, 1)) {
      const fs = new FaultFs()
      const oracle = new Oracle()
      let seen = 0
      fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen === change ? 'crash' : undefined)
      await live(fs, oracle, SCRIPT)
      for (let survivor = 0; survivor < 3; survivor++)
        for (const what of await broken(fs.survivor(change * 1000 + survivor), oracle, SCRIPT))
          found.push(`cut ${change}, survivor ${survivor}: ${what}`)
    }
    expect(found).toEqual([])
  }, 120_000)
})

describe('a disk that fails', () => {
  test.each(['EIO', 'ENOSPC', 'EMFILE'] as const)(
    'with %s for a while, beginning with any change of a life, costs nothing and throws nothing',
    async (fault) => {
      const changes = total(await changesOf())
      const found: string[] = []
      for (let failing = 8; failing <= changes; failing += thorough(25, 5)) {
        const fs = new FaultFs()
        const oracle = new Oracle()
        let seen = 0
        fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen >= failing && seen < failing + 30 ? fault : undefined)
        const spool = await live(fs, oracle, SCRIPT)
        if (spool === undefined) continue
        const killed = fs.survivor(failing)
        for (const what of await broken(killed, oracle, SCRIPT)) found.push(`${failing}, power cut: ${what}`)
        fs.plan = () => undefined
        const delivered = await deliverAll(spool, 9)
        const lost = [...oracle.kept].filter((number) => !oracle.arrived.has(number) && !delivered.includes(number))
        if (lost.length > 0) found.push(`${failing}: ${lost} never arrived`)
        const [ledger] = await spool.close()
        if (ledger === undefined || !balanced(ledger) || ledger.recorded !== oracle.recorded || ledger.dropped.size > 0)
          found.push(`${failing}: ${JSON.stringify(ledger)}`)
      }
      expect(found).toEqual([])
    },
    120_000,
  )
})
