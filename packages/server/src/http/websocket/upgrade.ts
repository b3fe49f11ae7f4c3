import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { TallystickError } from '@tallystick/core'
import type { RawData, ServerOptions, WebSocket, WebSocketServer } from 'ws'
import type { Connection } from './connection.ts'
import type { LiveFeed } from './feed.ts'
import { CLOSE, type FeedSocket } from './feed-socket.ts'

/** Of a client's message: a token of Protocol 012 has at most 8 KiB. */
const MAX_MESSAGE_BYTES = 10 * 1024
/** A client that does not answer a good-bye is cut off. */
const GOODBYE_MS = 1_000

const OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  // What a client sends is a token, once; decompression would be a way to make us work.
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: 64,
  maxBufferedChunks: 256,
  closeTimeout: GOODBYE_MS,
}

/** Makes WebSockets of connections that asked for one, and hands them to the feed. */
export interface Upgrades {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
}

export function createUpgrades(feed: LiveFeed): Upgrades {
  let loading: Promise<WebSocketServer> | undefined
  return {
    async accept(request, socket, head) {
      // Node has taken its own listener away, and an error that nobody listens to ends the process.
      const ignore = (): void => undefined
      socket.on('error', ignore)
      loading ??= load()
      const server = await loading
      if (socket.destroyed) return
      socket.off('error', ignore)
      server.handleUpgrade(request, socket, head, (client) => attach(client, feed))
    },
  }
}

/** Most servers never open one, and the library takes its time to load. */
async function load(): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws')
  return new WebSocketServer(OPTIONS)
}

function attach(client: WebSocket, feed: LiveFeed): void {
  const connection: Connection = feed.connect(socketOf(client))
  client.on('message', (data: RawData, isBinary: boolean) => {
    if (isBinary) connection.end(CLOSE.unsupportedData, new TallystickError('invalid_type', 'Messages must be text.'))
    else connection.receive(String(data))
  })
  client.on('ping', connection.heard)
  client.on('pong', connection.heard)
  client.on('close', connection.gone)
  // What breaks the protocol (text that is no UTF-8, too large, ...) is closed with its code by the library.
  client.on('error', connection.gone)
}

function socketOf(client: WebSocket): FeedSocket {
  const ignore = (): void => undefined
  return {
    get waitingBytes() {
      return client.bufferedAmount
    },
    send: (message, sent = ignore) => client.send(message, { binary: false }, sent),
    ping: () => client.ping(ignore),
    close: (code, reason) => client.close(code, reason),
  }
}
