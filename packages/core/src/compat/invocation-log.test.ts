import { expect, it } from 'vitest'
import { systemRandom, type UsageEvent } from '../event/index.ts'
import { nodeFs } from '../journal/index.ts'
import { InvocationLog } from './invocation-log.ts'
import { NOW_MS, TestClock, temporaryDir } from './testing/analytics.ts'

const eventOf = (eventId: string): UsageEvent => ({
  eventId,
  timestampMs: NOW_MS,
  kind: 'tool_invocation',
  toolName: 'ask',
  success: true,
})

async function idsOf(log: InvocationLog): Promise<string[]> {
  const ids: string[] = []
  for await (const records of log.read()) {
    for (const record of records) if ('event' in record) ids.push(record.event.eventId)
  }
  return ids
}

it('reads what is on its way to the disk once, at whatever moment', async () => {
  const log = new InvocationLog({
    dataDir: temporaryDir(),
    fs: nodeFs,
    clock: new TestClock(),
    random: systemRandom,
    retentionMs: Number.POSITIVE_INFINITY,
    maxPending: 10,
    onError: () => {},
  })
  const { journal } = await log.open()
  // Told as soon as the journal has it, before whoever appended it.
  const reading = new Promise<string[]>((resolve) => {
    journal.onDurable(() => resolve(idsOf(log)))
  })
  const appended = log.append(eventOf('a'))
  expect(log.pending).toBe(1)
  expect(await idsOf(log)).toEqual(['a'])
  expect(await reading).toEqual(['a'])
  await appended
  expect(log.pending).toBe(0)
  expect(await idsOf(log)).toEqual(['a'])
  await log.close()
})
