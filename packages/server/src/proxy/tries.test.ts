import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDefinition } from '../budget/definition.ts'
import { until } from '../http/testing/raw.ts'
import { CHAT, completion, JSON_TYPE, openProxied, type Proxied, type Reply, send } from './testing/proxied.ts'
import { Tries } from './tries.ts'

let proxied: Proxied
/** What the stand-in answers with, one after the other: a status, or that it hangs up; then it is well. */
let failures: (number | 'hangs up')[] = []
let number = 0
beforeEach(async () => {
  proxied = await openProxied({ proxy: { entries: ['other=STAND_IN provider=openai private'] } })
  answers()
})
afterEach(() => proxied.close())

function answers(): void {
  failures = []
  proxied.standIn.answer = (request, response) => {
    request.resume()
    request.on('end', () => {
      const failure = failures.shift()
      if (failure === 'hangs up') {
        request.socket.destroy()
        return
      }
      response.writeHead(failure ?? 200, JSON_TYPE)
      response.end(failure === undefined ? completion(`t-${number++}`) : '{"error":{"message":"no"}}')
    })
  }
}

const BODY = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
const ask = (body: string | Buffer = BODY, headers: Record<string, string> = {}, path = CHAT): Promise<Reply> =>
  send(`${proxied.url}${path}`, { headers: { ...JSON_TYPE, ...headers }, body })
const tries = async (): Promise<readonly (readonly [unknown, unknown])[]> =>
  (await proxied.events()).map(({ operation_id: operation, attempt }) => [operation, attempt])

describe('tries of one operation that nobody says are tries', () => {
  it.each([
    ['small', BODY, [429, 500, 'hangs up'] as const],
    ['large', Buffer.from(`{"model":"gpt-4o","messages":[{"content":"${'long '.repeat(200_000)}"}]}`), [503] as const],
  ])('are tied where the one before failed: a %s body', async (_, body, statuses) => {
    failures = [...statuses]
    for (let tried = 0; tried <= statuses.length; tried++) await ask(body)
    await ask(body)
    const found = await tries()
    const [operation] = found[0] ?? []
    expect(operation).toMatch(/^[0-9a-f-]{36}$/)
    expect(found).toEqual([
      ...Array.from({ length: statuses.length + 1 }, (_, index) => [operation, index + 1]),
      [undefined, undefined],
    ])
  })

  it('are not of another path, upstream, key, name or body', async () => {
    const others: readonly (() => Promise<Reply>)[] = [
      () => ask(BODY, {}, '/proxy/up/v1/responses'),
      () => ask(BODY, {}, `${CHAT}?x=1`),
      () => ask(BODY, {}, '/proxy/other/v1/chat/completions'),
      () => ask(BODY, { authorization: 'Bearer sk-another' }),
      () => ask(BODY, { 'x-tallystick-agent': '7' }),
      () => ask(BODY, { 'x-tallystick-user': 'somebody else' }),
      () => ask(BODY.replace('hi', 'ho')),
    ]
    failures = [429]
    await ask()
    for (const other of others) await other()
    await ask()
    const found = await tries()
    expect(found.slice(1, -1)).toEqual(others.map(() => [undefined, undefined]))
    expect(found.at(-1)).toEqual([found[0]?.[0], 2])
  })

  it('of two tenants are never tied', async () => {
    const make = async (terms: object, as: Record<string, string> = {}): Promise<string> => {
      const made = await proxied.tallystick.fetch(
        new Request('http://localhost/api/v1/keys', {
          method: 'POST',
          headers: { ...JSON_TYPE, ...as },
          body: JSON.stringify({ name: 'k', ...terms }),
        }),
      )
      return ((await made.json()) as { key: string }).key
    }
    const admin = { authorization: `Bearer ${await make({ scopes: ['admin'] })}` }
    const [left, right] = [
      await make({ scopes: ['ingest'], tenant_id: 'left' }, admin),
      await make({ scopes: ['ingest'], tenant_id: 'right' }, admin),
    ]
    failures = [500]
    await ask(BODY, { 'x-tallystick-key': left })
    await ask(BODY, { 'x-tallystick-key': right })
    await ask(BODY, { 'x-tallystick-key': left })
    const found = await tries()
    expect(found).toEqual([
      [found[0]?.[0], 1],
      [undefined, undefined],
      [found[0]?.[0], 2],
    ])
  })

  it('bear what the client says, and what it does not say is added', async () => {
    failures = [500, 500]
    await ask(BODY, { 'x-tallystick-operation': 'mine' })
    await ask(BODY, { 'x-tallystick-operation': 'mine' })
    await ask(BODY, { 'x-tallystick-operation': 'mine', 'x-stainless-retry-count': '2' })
    expect(await tries()).toEqual([
      ['mine', 1],
      ['mine', 2],
      ['mine', 3],
    ])
  })

  it('are tied where nobody waited for the answer, or no upstream was there', async () => {
    let reached = false
    proxied.standIn.answer = (request) => {
      request.resume()
      reached = true
    }
    const socket = connect(proxied.port, '127.0.0.1')
    socket.write(
      `POST ${CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    )
    await until(() => reached)
    socket.destroy()
    await proxied.events()
    await proxied.standIn.close()
    expect((await ask()).status).toBe(502)
    expect((await ask()).status).toBe(502)
    const found = await tries()
    expect(found).toEqual([1, 2, 3].map((attempt) => [found[0]?.[0], attempt]))
  })

  it('that a budget put off are tries too', async () => {
    await proxied.close()
    proxied = await openProxied({ proxy: { enforceBudgets: true, includeUsage: true } })
    answers()
    const { budgets } = proxied.tallystick
    await budgets.create(readDefinition({ name: 'Team', amount_usd: '0.002', mode: 'hard' }))
    await budgets.settled()
    const held = await budgets.leases.reserve({ requestId: 'x', nanoUsd: 1_999_999n, tokens: 1n, ttlMs: 60_000 })
    const body = BODY.replace('{', '{"max_tokens":10,"stream":true,')
    expect((await ask(body)).status).toBe(429)
    await budgets.leases.giveBack(held)
    expect((await ask(body)).status).toBe(200)
    const found = await tries()
    expect(found).toEqual([1, 2].map((attempt) => [found[0]?.[0], attempt]))
    expect(found[0]?.[0]).toBeDefined()
  })
})

describe('what is kept of bodies under way', () => {
  it('is bounded for all together: beyond that further ones are not known again, and what is over makes room', () => {
    const all = new Tries({ now: () => 1, monotonic: () => 1 })
    const added: object[] = []
    const exchange = { add: (names: object) => added.push(names) } as never
    const body = Buffer.alloc(64 * 1024)
    const begin = (address: string): ReturnType<Tries['begin']> => {
      const trying = all.begin(exchange, address, {})
      trying.write(body)
      trying.sent()
      return trying
    }
    const first = Array.from({ length: 1_024 }, (_, index) => begin(`${index}`))
    begin('one too many').failed()
    begin('one too many')
    expect(added).toMatchObject([{ attempt: 1 }])
    for (const trying of first) trying.answered(200)
    begin('room again').failed()
    begin('room again')
    expect(added.slice(1)).toMatchObject([{ attempt: 1 }, { attempt: 2 }])
  })
})
