import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Receiver, startReceiver } from '../alert/testing/receiver.ts'
import { FakeTime } from '../alert/testing/scene.ts'
import { LOCAL } from '../identity/principal.ts'
import { openState } from '../state/open.ts'
import { reportScene, START_MS } from './testing/scene.ts'

let dir: string
let receiver: Receiver
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reports-killed-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

const HOUR_MS = 3_600_000
const SEND = { allowedHosts: ['127.0.0.1'] }

/** What stands on the disk at this moment is all that a process that was killed leaves behind. */
async function revived(name: string, from: string, nowMs: number): Promise<void> {
  const copy = join(dir, name)
  cpSync(from, copy, { recursive: true })
  const state = await openState({ dir: copy })
  const { reports } = await reportScene({ state, send: SEND, time: new FakeTime(nowMs) })
  await reports.round()
  await reports.close()
  await state.close()
}

it('a process that is killed on the way makes the report again under the same id; one killed after that does not', async () => {
  const first = join(dir, 'first')
  const state = await openState({ dir: first })
  const time = new FakeTime(START_MS)
  const { reports } = await reportScene({ state, send: SEND, time })
  const target = { kind: 'webhook', url: receiver.url }
  await reports.create({ cron: '0 * * * *', format: 'json', target }, LOCAL)
  time.nowMs += HOUR_MS

  // The receiver has taken it, and its answer is not written down yet.
  receiver.answer = (response) => {
    cpSync(first, join(dir, 'killed on the way'), { recursive: true })
    response.writeHead(204).end()
  }
  await reports.round()
  receiver.answer = (response) => void response.writeHead(204).end()
  expect(receiver.received).toHaveLength(1)

  await revived('after', first, time.nowMs + HOUR_MS / 2)
  expect(receiver.received).toHaveLength(1)

  await revived('before', join(dir, 'killed on the way'), time.nowMs + HOUR_MS / 2)
  const ids = receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)
  expect([ids.length, new Set(ids).size]).toEqual([2, 1])
  await reports.close()
  await state.close()
})
