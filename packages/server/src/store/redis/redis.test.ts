import { existsSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { describeStore } from '../testing/conformance.ts'
import { openRedisStore } from './open.ts'
import { type RedisTarget, readTarget } from './target.ts'
import { endRedisServers, RedisServer } from './testing/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(endRedisServers)

const target = (dir: string): RedisTarget =>
  readTarget(`//127.0.0.1:${server.port}?prefix=${basename(dir)}:`, { cluster: false, tls: false }) as RedisTarget

describeStore('redis', {
  async open(dir, clock) {
    // The suite removes the directory where it wants a store that was never there.
    if (!existsSync(dir)) {
      await server.ask((redis) => redis.flushall())
      mkdirSync(dir)
    }
    return openRedisStore({ target: target(dir), clock })
  },
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})
