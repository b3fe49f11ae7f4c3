import { TallystickError } from '@tallystick/core'
import { type Clock, type Exact, systemClock } from '@tallystick/core/event'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import type { StoredEvent } from '../../store/store.ts'
import { createAudience, type Subject } from '../live/audience.ts'
import { createChannels } from '../live/channels.ts'
import { refuseBeyond } from '../live/seats.ts'
import { createAgentStates } from './agent-states.ts'
import { type Connection, createConnection, type FeedTimes } from './connection.ts'
import { type Crossing, subjectOf } from './crossing.ts'
import { CLOSE, type FeedSocket } from './feed-socket.ts'
import { createMessageChannel, type MessageChannel } from './message-channel.ts'
import { agentEvent, costAlert, encode, gap, heartbeat, type Message, type StateOf, stateUpdate } from './messages.ts'
import { createReader, type Reader } from './reader.ts'
import { createTurns } from './turns.ts'

/** How long a channel outlives its last client, so that whoever comes back finds what it missed. */
const LINGER_MS = 300_000
/** What all channels together keep. */
const RINGS_BYTES = 32 * 1024 * 1024
/** States of agents that a client is told at once; of further ones with their next event. */
const MAX_SNAPSHOT = 500
/** How often it is looked whether a heartbeat is due or a client silent, so that both come late by a third of a beat at most. */
const SWEEPS_A_BEAT = 3

/**
 * The messages of Protocol 003: what each agent does, one by one, to whoever may see it. Nothing in them, their cursors
 * included, tells of events that a client may not see.
 *
 * Messages wait in the ring of their channel, once for all clients with the same view, and each client takes them as fast as
 * it reads; so nobody waits for anybody. Nobody connected costs nothing.
 */
export interface LiveFeed {
  /** Called with each group of accepted events. Never throws. */
  publish(events: readonly StoredEvent[]): void
  /** Spend has come to a threshold of a budget. */
  cross(crossing: Crossing): void
  /** Everything was removed: what was kept for those who come back is gone too. */
  reset(): void
  /** Why no further connection is taken; undefined when one is. */
  refusal(): TallystickError | undefined
  /** Takes a connection, which has yet to say who it is. */
  connect(socket: FeedSocket): Connection
  /** Closes the connections of those who may see nothing any more. Returns how many. */
  end(gone: (principal: Principal) => boolean): number
  stats(): FeedStats
  /** Says good-bye to everybody and stops the timers. */
  close(): void
}

export interface FeedStats {
  readonly clients: number
  /** Connected, but have not said who they are. */
  readonly pending: number
  /** Messages that the clients now connected did not get. */
  readonly missed: number
  readonly channels: number
}

export interface LiveFeedOptions {
  /** Whose token it is; undefined or an error when it is nobody's. Absent: a server without keys. */
  readonly authenticate?: (token: string) => Promise<Principal | undefined> | Principal | undefined
  /** Calls `ended` once what the principal has shown is taken back or expires; returns how to stop watching. */
  readonly watch?: (principal: Principal, ended: () => void) => () => void
  /** What an agent has spent of its budget; undefined where nobody knows. */
  readonly spent?: (agent: Subject) => Exact | undefined
  /** Connections at once, of which half may be of those who have not said who they are. */
  readonly maxSockets?: number
  /** Of those, how many may be one key's, agent's or user's. */
  readonly maxSocketsPerKey?: number
  /** Bytes that may wait for one client. */
  readonly maxWaitingBytes?: number
  /** Bytes that all channels together keep for those who come back or are slow. */
  readonly ringBytes?: number
  readonly times?: Partial<FeedTimes>
  readonly clock?: Clock
  readonly after?: (ms: number, job: () => void) => () => void
  readonly soon?: (job: () => void) => void
}

const TIMES: FeedTimes = { authMs: 10_000, heartbeatMs: 30_000, silenceMs: 60_000 }

export function createLiveFeed(options: LiveFeedOptions = {}): LiveFeed {
  const { maxSockets = 1_000, maxSocketsPerKey = 100, maxWaitingBytes = 256 * 1024, clock = systemClock } = options
  const { after = afterTimeout, soon = setImmediate, authenticate = () => LOCAL } = options
  const times = { ...TIMES, ...options.times }
  const connections = new Set<Connection>()
  const states = createAgentStates()
  const turns = createTurns(soon)
  const nowMs = (): number => clock.now()
  const channels = createChannels<MessageChannel>({
    monotonic: () => clock.monotonic(),
    nowMs,
    create: createMessageChannel,
    lingerMs: LINGER_MS,
    max: maxSockets,
    keepBytes: options.ringBytes ?? RINGS_BYTES,
  })
  let pending = 0
  let closed = false
  let stopSweep: (() => void) | undefined

  const tell = (subject: Subject, message: () => Message): void => {
    let json: string | undefined
    channels.each(subject, (channel) => {
      json ??= JSON.stringify(message())
      channel.push(json)
      turns.wake(channel)
    })
  }
  const stateMessage = (agent: StateOf): Message => stateUpdate(agent, options.spent?.(agent), nowMs())
  const tellIdle = (): void => {
    for (const agent of states.sweep(nowMs())) tell(agent, () => stateMessage(agent))
  }
  const nextSweep = (): void => {
    const periodMs = times.heartbeatMs / SWEEPS_A_BEAT
    const dueMs = clock.monotonic() + periodMs
    stopSweep = after(periodMs, () => {
      tellIdle()
      // Late by as much means that we were blocked, and what clients have sent meanwhile has yet to be read.
      const judge = clock.monotonic() - dueMs < periodMs
      for (const connection of [...connections]) connection.beat(judge)
      stopSweep = undefined
      if (connections.size > 0) nextSweep()
    })
  }
  /** What those who do not go on from a cursor are told of the agents that they may see. */
  const tellStates = (principal: Principal, socket: FeedSocket, cursor: string): void => {
    const audience = createAudience<FeedSocket>()
    audience.add(principal, socket)
    let left = MAX_SNAPSHOT
    for (const agent of states.active())
      audience.each(agent, () => {
        if (left-- > 0) socket.send(encode(stateMessage(agent), cursor))
      })
  }
  const join = (socket: FeedSocket, principal: Principal, resume: string | undefined): Reader => {
    refuseBeyond({ all: maxSockets, each: maxSocketsPerKey, what: 'WebSockets' }, principal, seats())
    tellIdle()
    const channel = channels.of(principal)
    const seq = resume === undefined ? undefined : channel.seqOf(resume)
    const from = seq === undefined ? channel.ring.next : seq + 1
    const reader = createReader({ socket, channel, from, maxWaitingBytes, nowMs, onReady: turns.wake })
    channel.readers.add(reader)
    pending--
    socket.send(encode(heartbeat(nowMs()), reader.cursor))
    if (resume !== undefined && seq === undefined)
      socket.send(encode(gap(null, 'unknown_cursor', nowMs()), reader.cursor))
    if (seq === undefined) tellStates(principal, socket, reader.cursor)
    turns.wake(channel)
    return reader
  }
  function* seats(): Iterable<{ readonly principal: Principal }> {
    for (const { principal } of connections) if (principal !== undefined) yield { principal }
  }
  const onGone = (connection: Connection): void => {
    connections.delete(connection)
    const { reader } = connection
    if (reader === undefined) pending--
    else {
      reader.channel.readers.delete(reader)
      channels.left(reader.channel)
    }
    if (connections.size > 0) return
    stopSweep?.()
    stopSweep = undefined
  }

  return {
    publish(events) {
      if (closed) return
      channels.sweep()
      if (channels.size === 0) {
        states.clear()
        return
      }
      for (const { event } of events) {
        tell(event, () => agentEvent(event, nowMs()))
        const changed = states.observe(event, nowMs())
        if (changed !== undefined) tell(changed, () => stateMessage(changed))
      }
    },
    cross(crossing) {
      if (!closed) tell(subjectOf(crossing), () => costAlert(crossing, nowMs()))
    },
    reset() {
      states.clear()
      for (const channel of channels.all()) {
        channel.ring.clear()
        channel.push(JSON.stringify(gap(null, 'cleared', nowMs())))
        turns.wake(channel)
      }
    },
    refusal() {
      if (closed) return new TallystickError('shutting_down')
      if (connections.size < maxSockets && pending < Math.ceil(maxSockets / 2)) return undefined
      return new TallystickError('too_many_streams', `${connections.size} WebSockets are open, which is the limit.`)
    },
    connect(socket) {
      pending++
      const connection = createConnection({
        socket,
        times,
        clock,
        after,
        authenticate,
        watch: options.watch,
        join: (principal, resume) => join(socket, principal, resume),
        onGone,
      })
      connections.add(connection)
      if (stopSweep === undefined) nextSweep()
      // Its handshake was under way while the others were told.
      if (closed) connection.end(CLOSE.goingAway, new TallystickError('shutting_down', 'The server is stopping.'))
      return connection
    },
    end(gone) {
      const ended = [...connections].filter(({ principal }) => principal !== undefined && gone(principal))
      for (const connection of ended)
        connection.end(CLOSE.unauthorized, new TallystickError('unauthorized', 'The token is not valid any more.'))
      return ended.length
    },
    stats() {
      let missed = 0
      for (const { reader } of connections) missed += reader?.missed ?? 0
      return { clients: connections.size - pending, pending, missed, channels: channels.size }
    },
    close() {
      closed = true
      for (const connection of [...connections])
        connection.end(CLOSE.goingAway, new TallystickError('shutting_down', 'The server is stopping.'))
      stopSweep?.()
      turns.stop()
      for (const channel of channels.all()) channel.close()
    },
  }
}

function afterTimeout(ms: number, job: () => void): () => void {
  const timer = setTimeout(job, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
