import { existsSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { describeStore } from '../testing/conformance.ts'
import { openRedisStore } from './open.ts'
import { type RedisTarget, readTarget } from './target.ts'
import { endRedisServers, type RedisServer, startCluster } from './testing/redis-server.ts'

let nodes: readonly RedisServer[]
beforeAll(async () => {
  nodes = await startCluster()
}, 60_000)
afterAll(endRedisServers)

const target = (dir: string): RedisTarget =>
  readTarget(`//${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?prefix=${basename(dir)}:`, {
    cluster: true,
    tls: false,
  }) as RedisTarget

describeStore('redis cluster', {
  async open(dir, clock) {
    if (!existsSync(dir)) {
      for (const node of nodes) await node.ask((redis) => redis.flushall())
      mkdirSync(dir)
    }
    return openRedisStore({ target: target(dir), clock })
  },
  differences: async (store) => (await store.audit?.())?.differences ?? [],
})
