import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

const running = new Set<RedisServer>()
const PATIENCE_MS = 20_000

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** A real redis-server on loopback, in a directory of its own. */
export class RedisServer {
  readonly port: number
  readonly dir = mkdtempSync(join(tmpdir(), 'tallystick-redis-'))
  readonly #flags: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, flags: readonly string[]) {
    this.port = port
    this.#flags = flags
    running.add(this)
  }

  /** @param flags as on its command line; without persistence unless they say otherwise */
  static async start(flags: readonly string[] = [], port?: number): Promise<RedisServer> {
    const server = new RedisServer(port ?? (await freePort()), flags)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start({ answering = true }: { readonly answering?: boolean } = {}): Promise<void> {
    const own = [
      '--bind',
      '127.0.0.1',
      '--port',
      String(this.port),
      '--dir',
      this.dir,
      '--save',
      '',
      '--loglevel',
      'warning',
    ]
    const child = spawn('redis-server', [...own, ...this.#flags], { stdio: 'ignore' })
    this.#child = child
    child.once('error', () => undefined)
    if (!answering || this.#flags.includes('--tls-port')) return
    const deadline = Date.now() + PATIENCE_MS
    while (!(await this.ask((redis) => redis.ping()).catch(() => undefined))) {
      if (Date.now() > deadline) throw new Error('redis-server does not answer')
      await sleep(20)
    }
  }

  /** Runs commands on a connection of their own. */
  async ask<T>(task: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({
      port: this.port,
      host: '127.0.0.1',
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      protocol: 2,
    })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return await task(redis)
    } finally {
      redis.disconnect()
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }

  async remove(): Promise<void> {
    await this.stop()
    running.delete(this)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Three masters that share the slots, ready to be written to. */
export async function startCluster(flags: readonly string[] = []): Promise<readonly RedisServer[]> {
  const ports = await freeClusterPorts(3)
  const servers = await Promise.all(
    ports.map((port) =>
      RedisServer.start(['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...flags], port),
    ),
  )
  const [first] = servers as [RedisServer]
  for (const [index, server] of servers.entries()) {
    const begin = Math.floor((index * SLOTS) / servers.length)
    const end = Math.floor(((index + 1) * SLOTS) / servers.length) - 1
    await server.ask((redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', begin, end))
    await server.ask((redis) => redis.call('CLUSTER', 'MEET', '127.0.0.1', first.port))
  }
  const deadline = Date.now() + PATIENCE_MS
  for (const server of servers) {
    for (;;) {
      const info = String(await server.ask((redis) => redis.call('CLUSTER', 'INFO')))
      if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`)) break
      if (Date.now() > deadline) throw new Error(`The cluster does not come together: ${info}`)
      await sleep(20)
    }
  }
  return servers
}

const SLOTS = 16_384
/** A node talks to the others at its port and this. */
const BUS_OFFSET = 10_000

async function freeClusterPorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = await freePort()
    if (port + BUS_OFFSET <= 65_535) ports.add(port)
  }
  return [...ports]
}

/** Ends what a test has left running. */
export async function endRedisServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.remove()))
}
