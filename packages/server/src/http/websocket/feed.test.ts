import { TallystickError } from '@tallystick/core'
import type { UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import type { StoredEvent } from '../../store/store.ts'
import { fakeTime, START_MS } from '../live/testing/fake-time.ts'
import type { Connection } from './connection.ts'
import { createLiveFeed, type LiveFeed, type LiveFeedOptions } from './feed.ts'
import { createFakeSocket, type FakeSocket, type Told } from './testing/fake-socket.ts'

let ordinal = 0
function stored(over: Partial<UsageEvent> = {}): StoredEvent {
  ordinal++
  const event: UsageEvent = {
    eventId: `e${ordinal}`,
    timestampMs: START_MS,
    kind: 'llm_request_completed',
    requestModel: 'gpt-4o',
    success: true,
    ...over,
  }
  return { ordinal, receivedMs: START_MS, event }
}

const of = (tenantId: string, agentId?: string): Principal => ({
  kind: 'key',
  name: `key of ${tenantId}`,
  keyId: `${tenantId} ${agentId}`,
  scopes: new Set(['read']),
  tenantId,
  ...(agentId === undefined ? {} : { agentIds: new Set([agentId]) }),
})

interface Client {
  readonly socket: FakeSocket
  readonly connection: Connection
}

interface Setup {
  readonly feed: LiveFeed
  readonly time: ReturnType<typeof fakeTime>
  /** Lets everything have its turn. */
  settle(): void
  /** Connects, and says the principal's name as its token. */
  client(principal?: Principal, resume?: string): Promise<Client>
}

function setup(options: LiveFeedOptions = {}): Setup {
  const time = fakeTime()
  const turns: (() => void)[] = []
  const known = new Map<string, Principal>()
  const feed = createLiveFeed({
    clock: time.clock,
    after: time.after,
    soon: (job) => turns.push(job),
    authenticate: (token) => known.get(token),
    ...options,
  })
  const settle = (): void => {
    for (let job = turns.shift(); job !== undefined; job = turns.shift()) job()
  }
  return {
    feed,
    time,
    settle,
    async client(principal = LOCAL, resume) {
      known.set(principal.name, principal)
      const socket = createFakeSocket()
      const connection = feed.connect(socket)
      connection.receive(JSON.stringify({ token: principal.name, resume }))
      await Promise.resolve()
      await Promise.resolve()
      settle()
      return { socket, connection }
    },
  }
}

const types = ({ told }: FakeSocket): string[] => told.map(({ type }) => type)
const eventsOf = ({ told }: FakeSocket): Told[] => told.filter(({ type }) => type === 'AGENT_EVENT')
const numberOf = (cursor: unknown): number => Number(String(cursor).split('.')[1])

describe('the WebSocket feed', () => {
  it('says that a client is in by a heartbeat, then tells what happens', async () => {
    const { feed, client, settle } = setup()
    const { socket } = await client()
    feed.publish([stored({ agentId: 'agent_1' })])
    const subject = { dimension: 'agent_id', value: 'agent_1' } as const
    feed.cross({ budget: { id: 'b', subject, unit: 'nano_usd' }, spent: 95n, amount: 100n, threshold: 95 })
    settle()
    expect(types(socket)).toEqual(['HEARTBEAT', 'AGENT_EVENT', 'STATE_UPDATE', 'COST_ALERT'])
    expect(socket.told.map(({ cursor }) => numberOf(cursor))).toEqual([0, 1, 2, 3])
  })

  it('tells whoever comes what the agents it may see are doing', async () => {
    const { feed, client, settle, time } = setup({
      spent: ({ agentId }) => (agentId === 'agent_1' ? 2_500_000_000n : undefined),
    })
    await client()
    feed.publish([
      stored({ tenantId: 'acme', agentId: 'agent_1' }),
      stored({ tenantId: 'acme', agentId: 'agent_2', success: false }),
      stored({ tenantId: 'other', agentId: 'agent_3' }),
    ])
    settle()
    const { socket, connection } = await client(of('acme'))
    expect(socket.told.slice(1).map((told) => [told['agent_id'], told['state'], told['data']])).toMatchObject([
      ['agent_1', 'running', { budget_spent: 2.5, budget_spent_nano_usd: 2_500_000_000 }],
      ['agent_2', 'error', { budget_spent: null }],
    ])
    time.pass(40_000)
    connection.heard()
    time.pass(30_000)
    settle()
    expect(socket.told.slice(3).map((told) => [told['agent_id'], told['state']])).toContainEqual(['agent_2', 'idle'])
  })

  it('D-6: tells nobody of what they may not see, and its cursors do not either', async () => {
    const { feed, client, settle } = setup()
    const all = [
      await client(),
      await client(of('acme')),
      await client(of('acme', 'agent_1')),
      await client(of('other')),
    ]
    for (let round = 0; round < 3; round++) {
      feed.publish([
        stored({ tenantId: 'acme', agentId: 'agent_1' }),
        stored({ tenantId: 'acme', agentId: 'agent_2' }),
        stored({ tenantId: 'third', agentId: 'agent_1' }),
      ])
    }
    feed.publish([stored({ tenantId: 'other' })])
    feed.cross({ budget: { id: 'b', tenantId: 'acme', unit: 'tokens' }, spent: 9n, amount: 10n, threshold: 90 })
    feed.cross({ budget: { id: 'c', unit: 'tokens' }, spent: 9n, amount: 10n, threshold: 90 })
    settle()
    expect(all.map(({ socket }) => eventsOf(socket).length)).toEqual([10, 6, 3, 1])
    expect(all.map(({ socket }) => types(socket).filter((type) => type === 'COST_ALERT').length)).toEqual([2, 1, 0, 0])
    for (const { socket } of all)
      expect(socket.told.map(({ cursor }) => numberOf(cursor))).toEqual(socket.told.map((_, index) => index))
    const other = JSON.stringify(all[3]?.socket.told)
    for (const secret of ['acme', 'third', 'agent_1', 'agent_2']) expect(other).not.toContain(secret)
  })

  it('gives a client that comes back what it missed, and once', async () => {
    const { feed, client, settle } = setup()
    const first = await client(of('acme'))
    feed.publish([stored({ tenantId: 'acme' }), stored({ tenantId: 'acme' })])
    settle()
    const cursor = first.socket.told[1]?.cursor
    first.connection.gone()
    feed.publish([stored({ tenantId: 'acme' }), stored({ tenantId: 'other' })])
    const { socket } = await client(of('acme'), cursor)
    expect(socket.told.map((told) => [told.type, numberOf(told.cursor)])).toEqual([
      ['HEARTBEAT', 1],
      ['AGENT_EVENT', 2],
      ['AGENT_EVENT', 3],
    ])
  })

  it.each(['nonsense', '', 'a.1', '.1', 'LIFE.99', 'LIFE.-1', 'LIFE.1e0', 'LIFE.1.1', 'LIFE.'])(
    'says that it does not know the place %j, and goes on from here',
    async (place) => {
      const { feed, client, settle } = setup()
      const first = await client()
      feed.publish([stored()])
      settle()
      const life = String(first.socket.told[0]?.cursor).split('.')[0] as string
      const { socket } = await client(LOCAL, place.replace('LIFE', life))
      expect(socket.told.slice(0, 2)).toMatchObject([
        { type: 'HEARTBEAT' },
        { type: 'GAP', missed: null, reason: 'unknown_cursor' },
      ])
      feed.publish([stored()])
      settle()
      expect(socket.told.at(-1)).toMatchObject({ type: 'AGENT_EVENT' })
    },
  )

  it('does not take the place of another view for one of its own', async () => {
    const { feed, client, settle, time } = setup()
    const theirs = await client(of('other'))
    time.pass(1)
    await client(of('acme'))
    feed.publish([stored({ tenantId: 'acme' }), stored({ tenantId: 'other' })])
    settle()
    const { socket } = await client(of('acme'), theirs.socket.told[0]?.cursor)
    expect(types(socket)).toEqual(['HEARTBEAT', 'GAP'])
  })

  it('replays nothing of what was cleared', async () => {
    const { feed, client, settle } = setup()
    const { socket } = await client()
    feed.publish([stored({ requestModel: 'secret' })])
    settle()
    feed.reset()
    settle()
    expect(socket.told.at(-1)).toMatchObject({ type: 'GAP', missed: null, reason: 'cleared' })
    const back = await client(LOCAL, socket.told[0]?.cursor)
    expect(JSON.stringify(back.socket.told)).not.toContain('secret')
    expect(back.socket.told.find(({ type }) => type === 'GAP')).toMatchObject({ missed: 1, reason: 'slow' })
  })

  it('keeps a channel for five minutes after its last client, and nothing while nobody was ever there', async () => {
    const { feed, client, time, settle } = setup()
    feed.publish([stored()])
    expect([feed.stats().channels, time.pending()]).toEqual([0, 0])
    const { connection } = await client()
    connection.gone()
    time.pass(299_000)
    feed.publish([stored()])
    expect(feed.stats()).toMatchObject({ clients: 0, channels: 1 })
    time.pass(302_000)
    feed.publish([stored()])
    settle()
    expect(feed.stats().channels).toBe(0)
    expect(time.pending()).toBe(0)
  })
})

describe('D-5, F-23: a client that does not read', () => {
  it('costs no more than what may wait, hears exactly how much it missed, and keeps nobody waiting', async () => {
    const { feed, client, settle } = setup({ maxWaitingBytes: 10_000, ringBytes: 200_000 })
    const [slow, quick] = [await client(), await client()]
    slow.socket.stall()
    // More than the ring holds.
    for (let index = 0; index < 50; index++) {
      feed.publish(Array.from({ length: 100 }, () => stored({ requestModel: 'm'.repeat(200) })))
      settle()
      expect(slow.socket.waitingBytes).toBeLessThan(11_000)
    }
    expect(eventsOf(quick.socket)).toHaveLength(5_000)
    const before = eventsOf(slow.socket).length
    slow.socket.drain()
    settle()
    const gaps = slow.socket.told.filter(({ type }) => type === 'GAP')
    expect(gaps).toHaveLength(1)
    expect(before + (gaps[0]?.['missed'] as number)).toBeLessThan(5_000)
    expect(eventsOf(slow.socket).length + (gaps[0]?.['missed'] as number)).toBe(5_000)
    expect(feed.stats().missed).toBe(gaps[0]?.['missed'])
  })

  it('is dropped after 60 s, since it does not answer pings either', async () => {
    const { client, time } = setup()
    const { socket, connection } = await client()
    socket.stall()
    const other = await client()
    for (let second = 0; second < 70; second += 10) {
      time.pass(10_000)
      other.connection.heard()
    }
    expect(socket.closed?.code).toBe(4408)
    connection.gone()
    expect(other.socket.closed).toBeUndefined()
  })

  it('gets every message in order or is told how many it did not, however it reads, leaves and comes back', async () => {
    const step = fc.oneof(
      fc.record({ publish: fc.integer({ min: 1, max: 40 }) }),
      fc.constantFrom('stall', 'drain', 'settle', 'return' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { feed, client, settle } = setup({ maxWaitingBytes: 2_000, ringBytes: 8_000 })
        const keeper = await client()
        let { socket, connection } = await client()
        const seen: Told[] = [...socket.told]
        let published = 0
        const look = (): void => {
          seen.push(...socket.told.splice(0))
        }
        socket.told.length = 0
        for (const each of steps) {
          if (typeof each === 'object') {
            feed.publish(Array.from({ length: each.publish }, () => stored()))
            published += each.publish
          } else if (each === 'stall') socket.stall()
          else if (each === 'drain') socket.drain()
          else if (each === 'settle') settle()
          else {
            look()
            connection.gone()
            ;({ socket, connection } = await client(LOCAL, seen.at(-1)?.cursor))
          }
          look()
        }
        socket.drain()
        settle()
        socket.drain()
        settle()
        look()
        let last = 0
        for (const told of seen) {
          const number = numberOf(told.cursor)
          if (told.type === 'GAP') last += told['missed'] as number
          else if (told.type === 'AGENT_EVENT') last++
          expect(number).toBe(last)
        }
        expect(last).toBe(published)
        expect(eventsOf(keeper.socket).length).toBeLessThanOrEqual(published)
      }),
      { seed: 1, numRuns: 150 },
    )
  })
})

describe('who is let in', () => {
  const errorOf = ({ told }: FakeSocket): unknown => told.find(({ type }) => type === 'ERROR')?.['code']

  it('is nobody with a bad token, a bad first message, or none within 10 s', async () => {
    const { feed, time } = setup()
    const say = async (text: string | undefined): Promise<FakeSocket> => {
      const socket = createFakeSocket()
      const connection = feed.connect(socket)
      if (text !== undefined) connection.receive(text)
      await Promise.resolve()
      await Promise.resolve()
      return socket
    }
    const sockets = [await say('wrong'), await say('{"token":7}'), await say(undefined)]
    time.pass(10_000)
    for (const socket of sockets) {
      expect(socket.closed).toEqual({ code: 4401, reason: 'unauthorized' })
      expect(errorOf(socket)).toBe('unauthorized')
      expect(types(socket)).toEqual(['ERROR'])
    }
    expect(feed.stats()).toEqual({ clients: 0, pending: 0, missed: 0, channels: 0 })
  })

  it('is told what is wrong with a token, as the authenticator says', async () => {
    const { client } = setup({
      authenticate: () => {
        throw new TallystickError('token_expired', 'The token has expired.')
      },
    })
    const { socket } = await client()
    expect([socket.closed?.code, errorOf(socket)]).toEqual([4401, 'token_expired'])
  })

  it('is told nothing of what fails inside', async () => {
    const { client } = setup({ authenticate: () => Promise.reject(new Error('secret path')) })
    const { socket } = await client()
    expect(errorOf(socket)).toBe('internal_error')
    expect(JSON.stringify(socket.told)).not.toContain('secret')
  })

  it('is nobody whose authenticator takes longer than 10 s', async () => {
    let answer: ((principal: Principal) => void) | undefined
    const { feed, client, time } = setup({
      authenticate: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    })
    const { socket } = await client()
    time.pass(10_000)
    answer?.(LOCAL)
    await Promise.resolve()
    expect(types(socket)).toEqual(['ERROR'])
    expect(feed.stats()).toMatchObject({ clients: 0, pending: 0 })
  })

  it('is nobody that may not read', async () => {
    const { client } = setup()
    const { socket } = await client({ ...of('acme'), scopes: new Set(['ingest']) })
    expect(socket.closed?.code).toBe(4403)
  })

  it('is put out when its token is taken back, and nobody else', async () => {
    const ends = new Map<string, () => void>()
    const { feed, client } = setup({
      watch: ({ name }, ended) => {
        ends.set(name, ended)
        return () => ends.delete(name)
      },
    })
    const clients = [await client(of('acme')), await client(of('other')), await client(of('third'))]
    ends.get('key of acme')?.()
    expect(feed.end(({ tenantId }) => tenantId === 'other')).toBe(1)
    expect(clients.map(({ socket }) => socket.closed?.code)).toEqual([4401, 4401, undefined])
    expect([...ends.keys()]).toEqual(['key of third'])
    feed.publish([stored({ tenantId: 'acme' })])
    expect(eventsOf(clients[0]?.socket as FakeSocket)).toEqual([])
  })

  it('D-5: is so many in all, and so many with one key', async () => {
    const { feed, client } = setup({ maxSockets: 4, maxSocketsPerKey: 2 })
    await client(of('acme'))
    await client(of('acme'))
    const third = await client(of('acme'))
    expect([third.socket.closed?.code, errorOf(third.socket)]).toEqual([1013, 'too_many_streams'])
    // Those who have not said who they are take half of the places at the most.
    feed.connect(createFakeSocket())
    expect(feed.refusal()).toBeUndefined()
    feed.connect(createFakeSocket())
    expect(feed.refusal()).toMatchObject({ code: 'too_many_streams' })
  })
})

describe('over time', () => {
  it('sends a heartbeat and a ping every 30 s to whoever answers', async () => {
    const { client, time } = setup()
    const { socket, connection } = await client()
    for (let second = 0; second < 300; second += 10) {
      time.pass(10_000)
      connection.heard()
    }
    expect([types(socket).length, socket.pings, socket.closed]).toEqual([11, 10, undefined])
  })

  it('F-31: takes nobody for silent because it was blocked itself', async () => {
    const { client, time } = setup()
    const { socket, connection } = await client()
    time.block(600_000)
    time.pass(0)
    connection.heard()
    time.pass(50_000)
    expect(socket.closed).toBeUndefined()
    time.pass(20_000)
    expect(socket.closed?.code).toBe(4408)
  })

  it('says good-bye to everybody when the server stops, and leaves no timer', async () => {
    const { feed, client, time } = setup()
    const { socket } = await client()
    const unsaid = createFakeSocket()
    feed.connect(unsaid)
    feed.close()
    expect([socket.closed?.code, unsaid.closed?.code, time.pending()]).toEqual([1001, 1001, 0])
    expect(feed.refusal()).toMatchObject({ code: 'shutting_down' })
    const late = createFakeSocket()
    feed.connect(late)
    expect(late.closed?.code).toBe(1001)
    feed.publish([stored()])
  })

  it('sends to a thousand clients a part at a time', async () => {
    const turns: (() => void)[] = []
    const { feed } = setup({ soon: (job) => turns.push(job), authenticate: () => LOCAL })
    const sockets = Array.from({ length: 500 }, () => createFakeSocket())
    for (const socket of sockets) feed.connect(socket).receive('x')
    await Promise.resolve()
    await Promise.resolve()
    for (let job = turns.shift(); job !== undefined; job = turns.shift()) job()
    feed.publish(Array.from({ length: 20 }, () => stored()))
    let rounds = 0
    for (let job = turns.shift(); job !== undefined; job = turns.shift()) {
      const before = sockets.reduce((sum, { told }) => sum + told.length, 0)
      job()
      expect(sockets.reduce((sum, { told }) => sum + told.length, 0) - before).toBeLessThan(1_100)
      rounds++
    }
    expect(rounds).toBeGreaterThan(9)
    for (const socket of sockets) expect(eventsOf(socket)).toHaveLength(20)
  })
})
