import { EventStore, SyncClient, type SyncReport, TallystickError } from '@tallystick/core'
import { createGuard, isLoopback } from './http/guard.ts'
import { listenProxy } from './http/proxy-server.ts'
import type { Logger } from './logger.ts'
import { createKeyHash, directorySecret } from './proxy/key-hash.ts'
import { createProxy, type ProxySettings, type ProxyStats } from './proxy/proxy.ts'
import { createStoreRecorder } from './proxy/store-recorder.ts'
import { readUpstreams } from './proxy/upstream.ts'

/** A capture proxy by itself, beside an application. */
export interface SidecarOptions {
  readonly proxy: ProxySettings
  /** Where its events go. */
  readonly server: { readonly url: string; readonly key?: string }
  /** Loopback: it asks nobody for a key. */
  readonly host: string
  readonly port: number
  /** Folder of the secret by which ids are made of keys, unless the settings have one. */
  readonly dataDir: string
  readonly allowedHosts?: readonly string[]
  readonly allowedOrigins?: readonly string[]
  readonly logger: Logger
}

export interface Sidecar {
  readonly url: string
  stats(): ProxyStats
  /** Lets requests under way come to their end, sends what is left, and tells what could not be sent. */
  close(): Promise<SyncReport>
}

const CAPACITY = 100_000
const LAST_WORDS_MS = 10_000

/**
 * Serves the capture proxy and sends what it records to a server, which may be away for a while: events wait in memory.
 *
 * @throws TallystickError `invalid_config`
 */
export async function openSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { proxy: settings, server, host, port, dataDir, logger } = options
  if (!isLoopback(host))
    throw new TallystickError(
      'invalid_config',
      'A proxy by itself has no keys to ask for, so it listens on this machine only. Use `tallystick serve`, whose proxy asks for keys, to be reached from others.',
      { issues: [{ path: 'http.host', message: 'must be a loopback address' }] },
    )
  if (settings.enforceBudgets === true)
    throw new TallystickError(
      'invalid_config',
      'Budgets are at the server, and only the proxy of `tallystick serve` can hold requests to them.',
      {
        issues: [{ path: 'proxy.enforce_budgets', message: 'must be off for a proxy by itself' }],
      },
    )
  const upstreams = readUpstreams(settings)
  const onError = (error: unknown): void => logger.error({ err: error }, 'something failed in the background')
  const store = new EventStore({ capacity: CAPACITY })
  const client = SyncClient.start(store, {
    url: server.url,
    ...(server.key === undefined ? {} : { token: server.key }),
    onError: (error) => logger.warn({ code: error.code, reason: error.message }, 'events could not be sent yet'),
  })
  const proxy = createProxy({
    upstreams,
    recorder: createStoreRecorder(store),
    keyHash: createKeyHash(settings.keyHashSecret ?? directorySecret(dataDir)),
    onError,
    ...(settings.idleMs === undefined ? {} : { idleMs: settings.idleMs }),
    ...(settings.includeUsage === undefined ? {} : { includeUsage: settings.includeUsage }),
  })
  const guard = createGuard({
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
  })
  const listening = await listenProxy(proxy, { host, port, guard, onError }).catch(async (error: unknown) => {
    await client.stop({ timeoutMs: 0 })
    throw error
  })
  return {
    url: listening.url,
    stats: () => proxy.stats(),
    async close() {
      await listening.close()
      await proxy.close()
      return client.stop({ timeoutMs: LAST_WORDS_MS })
    },
  }
}
