import { rmSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { create, ended, part, update } from '../../packages/server/src/langfuse/testing/batches.ts'
import { folder, type Served, serve } from '../e2e/cli.ts'

const data = folder()
afterAll(() => rmSync(data, { recursive: true }))

const GENERATIONS = Array.from({ length: 40 }, (_, at) => ({ id: `g${at}`, traceId: 't' }))
const credentials = { authorization: `Basic ${Buffer.from('any:any').toString('base64')}` }

async function post({ url }: Served, batch: readonly unknown[]): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...credentials }
  const body = JSON.stringify({ batch })
  const answer = await fetch(`${url}/api/public/ingestion`, { method: 'POST', headers, body })
  return { status: answer.status, ...((await answer.json()) as object) }
}

async function killed({ process: server }: Served): Promise<void> {
  const gone = new Promise((resolve) => server.once('close', resolve))
  server.kill('SIGKILL')
  await gone
}

it('a generation whose parts come before and after a kill is one event with all that they said', async () => {
  let served = await serve(data)
  const trace = part('trace-create', { id: 't', userId: 'ada' })
  const begun = await post(served, [trace, ...GENERATIONS.map((ids) => create(ids))])
  expect(begun).toMatchObject({ status: 207, errors: [] })
  await killed(served)

  served = await serve(data)
  const going = GENERATIONS.map((ids) => update({ ...ids, completionStartTime: '2026-11-21T12:00:00.400Z' }))
  expect(await post(served, going)).toMatchObject({ status: 207, errors: [] })
  const [first = [], second = []] = [GENERATIONS.slice(0, 20), GENERATIONS.slice(20)].map((some) =>
    some.map((ids) => ended(ids)),
  )
  expect(await post(served, first)).toMatchObject({ status: 207, errors: [] })
  await killed(served)

  served = await serve(data)
  // The answer to the first half may never have come: it is sent again with the rest.
  const again = (await post(served, [...first, ...second])) as { readonly errors: readonly { status: number }[] }
  expect(again.errors).toEqual([])
  const answer = await fetch(`${served.url}/api/v1/events?limit=1000&consistency=applied`)
  const { events } = (await answer.json()) as { events: readonly Record<string, unknown>[] }
  expect(events.map(({ event_id: id }) => id).sort()).toEqual(GENERATIONS.map(({ id }) => id).sort())
  for (const event of events)
    expect(event).toMatchObject({ user_id: 'ada', request_model: 'gpt-4o', input_tokens: 12, ttfb_ms: 400 })
  await served.stop()
}, 60_000)
