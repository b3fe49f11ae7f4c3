import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { fold } from '@tallystick/core/query'
import { expect, test } from 'vitest'
import { ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { DuckdbEngine } from './engine.ts'

const clock = { now: () => ARBITRARY_TO_MS, monotonic: () => performance.now() }

test.each([
  [
    'lacks columns, has others and an order of its own',
    [
      'DROP COLUMN stream',
      'DROP COLUMN repriced_up_nano_usd',
      'ADD COLUMN of_another VARCHAR',
      'DROP COLUMN operation',
    ],
    ['stream', 'repricedUpNanoUsd', 'operation'],
  ],
  ['has a column of another type', ['ALTER COLUMN status_code TYPE BIGINT'], []],
])(
  'a file of a build that %s is read and goes on',
  async (_, changes, lost) => {
    const dir = await mkdtemp(join(tmpdir(), 'tallystick-align-'))
    const path = join(dir, 't.duckdb')
    const open = () => DuckdbEngine.open({ path, memoryLimitMb: 256, threads: 1, checkpointMb: 64, clock })
    const events = storedEvents(200, 51)
    try {
      let engine = await open()
      await engine.append(events.slice(0, 100))
      await engine.close()
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      for (const change of changes) await connection.run(`ALTER TABLE events ${change}`)
      connection.closeSync()
      instance.closeSync()
      for (const life of [1, 2]) {
        engine = await open()
        if (life === 1) await engine.append(events.slice(100))
        const known = events.map(({ event, ordinal }) => {
          const left = { ...event }
          // What the file had no column for is unknown of the rows that were there.
          if (ordinal <= 100) for (const field of lost) delete left[field as keyof typeof left]
          return left
        })
        for (const query of [totals(['status_code']), totals(['operation', 'stream']), totals(['model'])])
          expect((await engine.query(query)).rows).toEqual(fold(query, known).rows)
        const page = await engine.scan({ fromMs: 0, toMs: ARBITRARY_TO_MS, filters: [], limit: 1_000 })
        expect(new Map(page.events.map(({ event, ordinal }) => [ordinal, event]))).toEqual(
          new Map(known.map((event, index) => [index + 1, event])),
        )
        await engine.seal(ARBITRARY_TO_MS)
        expect((await engine.audit()).differences).toEqual([])
        await engine.close()
      }
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
  60_000,
)
