import { type AddressPolicy, openTallystick, type Tallystick } from 'tallystick'
import { afterEach, describe, expect, it } from 'vitest'
import { tallystick as run } from '../e2e/cli.ts'

const open: Tallystick[] = []
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
})

type Members = Readonly<Record<string, unknown>>
type Headers = Readonly<Record<string, string>>

const AT_MS = Date.now() - 60_000

/** Every door of HTTP: how a body is made of an id, and where it goes. */
const DOORS: readonly (readonly [string, string, Members])[] = [
  ['native', '/api/v1/events', { timestamp_ms: AT_MS, model: 'm', agent_id: 'a' }],
  [
    'Protocol 012',
    '/api/v1/analytics/events',
    { ic_token: 't', timestamp_ms: AT_MS, event_type: 'llm_request_failed', provider: 'p', model: 'm', agent_id: 'a' },
  ],
]

describe.each(DOORS)('the address of a client at the door %s', (_, path, base) => {
  async function serve(policy: AddressPolicy | undefined, trustedProxies: readonly string[] = []) {
    const tallystick = await openTallystick({
      dataDir: 'not used',
      store: 'memory:',
      ...(policy === undefined ? {} : { clientAddress: { policy, trustedProxies } }),
    })
    open.push(tallystick)
    const { url } = await tallystick.listen({ port: 0 })
    return {
      tallystick,
      async send(members: Members, headers: Headers = {}): Promise<Members> {
        const init = {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ ...base, ...members }),
        }
        return (await (await fetch(url + path, init)).json()) as Members
      },
      async kept(): Promise<unknown[]> {
        const answer = await fetch(`${url}/api/v1/events?consistency=applied&order=asc`)
        const { events } = (await answer.json()) as { events: Members[] }
        return events.map(({ event_id: id, client_ip: address }) => [id, address])
      },
    }
  }

  it('is not kept unless that was asked for, not even what clients send', async () => {
    for (const policy of [undefined, 'off'] as const) {
      const { send, kept } = await serve(policy)
      await send({ event_id: 'seen' })
      await send({ event_id: 'sent', client_ip: '203.0.113.77' })
      expect(await kept()).toEqual([
        ['seen', undefined],
        ['sent', undefined],
      ])
    }
  })

  it('is the peer, and no header changes that, where the peer is no trusted proxy', async () => {
    const { send, kept } = await serve('full', ['192.0.2.0/24'])
    await send({ event_id: 'seen' }, { 'x-forwarded-for': '203.0.113.77', forwarded: 'for=203.0.113.77' })
    await send({ event_id: 'sent', client_ip: '203.0.113.77' })
    expect(await kept()).toEqual([
      ['seen', '127.0.0.1'],
      ['sent', '203.0.113.77'],
    ])
  })

  it('is what a trusted proxy says, cut to its network if asked for', async () => {
    const { send, kept } = await serve('truncated', ['127.0.0.0/8'])
    await send({ event_id: 'v4' }, { 'x-forwarded-for': '6.6.6.6, 203.0.113.77' })
    await send({ event_id: 'v6' }, { forwarded: 'for="[2001:db8:1:2::3]:4711"' })
    await send({ event_id: 'hidden' }, { forwarded: 'for=unknown' })
    await send({ event_id: 'sent', client_ip: '2001:db8:9:9::9' })
    expect(await kept()).toEqual([
      ['v4', '203.0.113.0'],
      ['v6', '2001:db8:1::'],
      ['hidden', undefined],
      ['sent', '2001:db8:9::'],
    ])
  })

  it('is no part of what an event says: a repeat from elsewhere is a repeat', async () => {
    const { send, kept, tallystick } = await serve('full', ['127.0.0.1'])
    await send({ event_id: 'one' }, { 'x-forwarded-for': '203.0.113.1' })
    await send({ event_id: 'one' }, { 'x-forwarded-for': '203.0.113.2' })
    expect((await tallystick.ingest.invariants()).server).toMatchObject({ accepted: 1, duplicate: 1, conflict: 0 })
    expect(await kept()).toEqual([['one', '203.0.113.1']])
  })
})

it('a trusted proxy that is no address keeps the server from starting, and is named', async () => {
  await expect(
    openTallystick({
      dataDir: 'not used',
      store: 'memory:',
      clientAddress: { policy: 'full', trustedProxies: ['proxy.example'] },
    }),
  ).rejects.toMatchObject({ code: 'invalid_config', issues: [{ path: 'http.trusted_proxies' }] })
  expect(await run(['config'])).toMatchObject({ code: 0, out: expect.stringMatching(/http\.client_address +off/) })
})
