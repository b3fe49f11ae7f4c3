import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { Principal } from '../../identity/principal.ts'
import { CLOSE, type FeedSocket } from './feed-socket.ts'
import { type FirstMessage, readFirstMessage } from './first-message.ts'
import { encode, failure, heartbeat } from './messages.ts'
import type { Reader } from './reader.ts'

/** How long things may take on a connection. */
export interface FeedTimes {
  /** A client may take to say who it is, ms. */
  readonly authMs: number
  /** Between two heartbeats, ms. */
  readonly heartbeatMs: number
  /** A client of which nothing was heard for this long is dropped, ms. */
  readonly silenceMs: number
}

/** It is asked now and then whether a beat is due; asked a little early, it must not wait for the next time. */
const NEARLY = 0.9

/** One client, from its handshake to its end. */
export interface Connection {
  /** Who it is; undefined until it has said so. */
  readonly principal: Principal | undefined
  readonly reader: Reader | undefined
  /** It has sent a text message. */
  receive(text: string): void
  /** Something came from it, be it a pong. */
  heard(): void
  /** Time has passed: sends a heartbeat when one is due, and, if it may be judged, drops a client that is silent. */
  beat(judge: boolean): void
  /** Tells why, and closes. */
  end(code: number, error: TallystickError): void
  /** Its socket is closed. */
  gone(): void
}

export interface ConnectionOptions {
  readonly socket: FeedSocket
  readonly times: FeedTimes
  readonly clock: Clock
  readonly after: (ms: number, job: () => void) => () => void
  readonly authenticate: (token: string) => Promise<Principal | undefined> | Principal | undefined
  readonly watch?: ((principal: Principal, ended: () => void) => () => void) | undefined
  /** @throws TallystickError `too_many_streams` */
  readonly join: (principal: Principal, resume: string | undefined) => Reader
  /** Once, when nothing more is sent to it. */
  readonly onGone: (connection: Connection) => void
}

export function createConnection(options: ConnectionOptions): Connection {
  const { socket, times, clock, after, authenticate, watch, join, onGone } = options
  let principal: Principal | undefined
  let reader: Reader | undefined
  let asked = false
  let over = false
  let heardMs = clock.monotonic()
  let beatMs = heardMs
  let stopWatching: (() => void) | undefined

  const finish = (): void => {
    if (over) return
    over = true
    stopTimer()
    stopWatching?.()
    onGone(connection)
  }
  const end = (code: number, error: TallystickError): void => {
    if (over) return
    finish()
    socket.send(encode(failure(error.code, error.message, clock.now())))
    socket.close(code, error.code)
  }
  const stopTimer = after(times.authMs, () =>
    end(CLOSE.unauthorized, unauthorized(`Say who you are within ${times.authMs / 1000} s: send {"token":"..."}.`)),
  )
  const enter = (known: Principal, { resume }: FirstMessage): void => {
    if (!known.scopes.has('read')) {
      end(CLOSE.forbidden, unauthorized('This token may not read.'))
      return
    }
    stopTimer()
    reader = join(known, resume)
    principal = known
    stopWatching = watch?.(known, () => end(CLOSE.unauthorized, unauthorized('The token is not valid any more.')))
    // It may have been taken back while we asked; then `end` has come before there was anything to stop.
    if (over) stopWatching?.()
  }
  const ask = async (first: FirstMessage): Promise<void> => {
    try {
      const known = await authenticate(first.token)
      if (over) return
      if (known === undefined) end(CLOSE.unauthorized, unauthorized('The token is not valid.'))
      else enter(known, first)
    } catch (error) {
      const told = isTallystickError(error) ? error : new TallystickError('internal_error', 'Something failed inside.')
      end(told.code === 'too_many_streams' ? CLOSE.tryAgainLater : CLOSE.unauthorized, told)
    }
  }

  const connection: Connection = {
    get principal() {
      return principal
    },
    get reader() {
      return reader
    },
    receive(text) {
      heardMs = clock.monotonic()
      // Whatever a client says later is a sign of life and no more.
      if (over || asked) return
      asked = true
      const first = readFirstMessage(text)
      if (first === undefined)
        end(CLOSE.unauthorized, unauthorized('The first message must be {"token":"..."} or a token.'))
      else void ask(first)
    },
    heard() {
      heardMs = clock.monotonic()
    },
    beat(judge) {
      if (over || reader === undefined) return
      const now = clock.monotonic()
      if (judge && now - heardMs >= times.silenceMs) {
        const seconds = times.silenceMs / 1000
        end(CLOSE.silent, new TallystickError('request_timeout', `Nothing was heard from you for ${seconds} s.`))
      } else if (now - beatMs >= times.heartbeatMs * NEARLY && !reader.blocked) {
        beatMs = now
        socket.send(encode(heartbeat(clock.now()), reader.cursor))
        socket.ping()
      }
    },
    end,
    gone: finish,
  }
  return connection
}

const unauthorized = (message: string): TallystickError => new TallystickError('unauthorized', message)
