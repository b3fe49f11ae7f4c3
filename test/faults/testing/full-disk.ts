import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { lawOnceKnown } from './figures.ts'
import type { Answer, HttpClient } from './http-client.ts'
import type { Oracle } from './oracle.ts'

/** Far longer than it takes; what is waited for in vain fails here. */
const PATIENCE_MS = 20_000
const BATCH = 100

/**
 * Sends new batches until one is refused for want of space, and expects that nothing of that one is counted. Its numbers
 * stay unknown to the oracle.
 */
export async function sendUntilFull(oracle: Oracle, client: HttpClient, url: string): Promise<Answer> {
  for (;;) {
    const before = await lawOnceKnown(client, url)
    const batch = oracle.issue(BATCH)
    if (await oracle.send(client, url, batch)) continue
    const events = batch.map((number) => oracle.event(number))
    const answer = await client.post(`${url}/api/v1/events`, { events })
    const after = await lawOnceKnown(client, url)
    if (answer.status === 200) {
      // Room has come back by itself: the journal has given up what it could not write. It is counted once.
      expect(after).toMatchObject({ balanced: true, server: { accepted: before.server.accepted + BATCH } })
      expect(after.server.failed).toBe(before.server.failed + BATCH)
      for (const number of batch) {
        oracle.unknown.delete(number)
        oracle.acked.add(number)
      }
      continue
    }
    expect(after).toMatchObject({ balanced: true, server: { accepted: before.server.accepted } })
    expect(after.store.accepted).toBe(before.store.accepted)
    expect(after.server.failed).toBe(before.server.failed + 2 * BATCH)
    return answer
  }
}

/** The same while the store, which stands on that disk as well, may be unable to say what is counted. */
export async function sendUntilRefused(oracle: Oracle, client: HttpClient, url: string): Promise<Answer> {
  for (;;) {
    const batch = oracle.issue(BATCH)
    if (await oracle.send(client, url, batch)) continue
    const answer = await client.post(`${url}/api/v1/events`, { events: batch.map((number) => oracle.event(number)) })
    // Room may come back by itself: a journal gives up what it could not write.
    if (answer.status !== 200) return answer
  }
}

/** Sends what was refused, over and over, until it is taken. */
export async function sendUntilTaken(oracle: Oracle, client: HttpClient, url: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    await oracle.resend(client, url)
    if (oracle.unknown.size === 0) return
    if (Date.now() > deadline) throw new Error(`${oracle.unknown.size} events are still refused`)
    await setTimeout(50)
  }
}
