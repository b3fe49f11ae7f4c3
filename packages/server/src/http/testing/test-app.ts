import type { Clock } from '@tallystick/core/event'
import { openMemoryStore } from '../../store/memory.ts'
import type { UsageStore } from '../../store/store.ts'
import { type App, type AppOptions, createApp } from '../app.ts'
import { loadAssets } from '../assets.ts'
import { createLiveHub, type LiveHub, type LiveHubOptions } from '../live/hub.ts'
import { createLiveFeed, type LiveFeed, type LiveFeedOptions } from '../websocket/feed.ts'
import { createFakeIngest, type FakeIngest } from './fake-ingest.ts'

export const NOW_MS = Date.UTC(2026, 10, 21, 12)

export interface TestApp {
  readonly app: App
  readonly ingest: FakeIngest
  readonly store: UsageStore
  readonly live: LiveHub
  readonly feed: LiveFeed
  readonly errors: unknown[]
  /** `app.fetch` with the path alone; an object body goes as JSON. */
  call(path: string, init?: CallInit): Promise<Response>
  /** A POST of JSON that answers with the parsed body. */
  post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

export interface CallInit {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly host?: string
}

export interface TestAppOptions extends Partial<AppOptions> {
  readonly hub?: LiveHubOptions
  readonly sockets?: LiveFeedOptions
  readonly dashboard?: string
}

/** The application over a memory store, with a clock that stands still. */
export async function createTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const clock: Clock = options.clock ?? { now: () => NOW_MS, monotonic: () => 0 }
  const store = options.store ?? openMemoryStore({ clock, maxEvents: 100_000 })
  const ingest = createFakeIngest(store, () => clock.now())
  const live = createLiveHub({ clock, ...options.hub })
  ingest.onAccepted((events) => live.publish(events))
  const feed = createLiveFeed({ clock, ...options.sockets })
  ingest.onAccepted((events) => feed.publish(events))
  const errors: unknown[] = []
  const app = createApp({
    ingest,
    store,
    live,
    feed,
    clock,
    assets: await loadAssets(options.dashboard),
    about: {
      version: '0.0.0-test',
      startedMs: NOW_MS,
      catalogueVersion: () => 'test',
      address: () => undefined,
    },
    onError: (error) => errors.push(error),
    ...options,
  })
  const call = (path: string, { host = 'localhost', ...init }: CallInit = {}): Promise<Response> =>
    app.fetch(new Request(`http://${host}${path}`, init))
  return {
    app,
    ingest,
    store,
    live,
    feed,
    errors,
    call,
    async post(path, body) {
      const response = await call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
  }
}
