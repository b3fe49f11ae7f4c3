import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ProxyLoaded, proxyLoad } from './proxy-load.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { type Server, startScript, startTallystick, workFolder } from './servers.ts'

/**
 * The capture proxy beside no proxy at all, a bare node:http pass-through, and Portkey's gateway: what it adds to a request, and how
 * many go through. Everything runs in one run and in turns; each round begins with another of them.
 *
 *   npm run bench -- proxy [--seconds 3] [--rounds 3] [--connections 1,32] [--portkey yes|no]
 */
const seconds = Number(option('seconds', '3'))
const rounds = Number(option('rounds', '3'))
const PORTKEY = '@portkey-ai/gateway@1.15.2'
const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))
const PATH = '/v1/chat/completions'
const PROMPT = 'Tell me of the seasons in a valley between two rivers. '.repeat(20)
const bodyOf = (stream: boolean): string =>
  JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }], ...(stream ? { stream } : {}) })

console.log(machine())

/** One way from the client to the upstream. */
interface Way {
  readonly name: string
  readonly server: Server
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly streams: boolean
}

const upstream = await startScript([script('proxy-upstream')])
const bare = await startScript([script('bare-proxy'), upstream.url])
process.env['TALLYSTICK_PROXY_UPSTREAMS'] = `bench=${upstream.url} provider=openai private`
const tallystick = await startTallystick()
const portkey = option('portkey', 'yes') === 'yes' ? await startPortkey() : undefined
const ways: readonly Way[] = [
  { name: 'direct', server: upstream, path: PATH, streams: true },
  { name: 'bare', server: bare, path: PATH, streams: true },
  { name: 'tallystick', server: tallystick, path: `/proxy/bench${PATH}`, streams: true },
  ...(portkey === undefined
    ? []
    : [
        {
          name: 'portkey',
          server: portkey,
          path: PATH,
          headers: {
            'x-portkey-provider': 'openai',
            'x-portkey-custom-host': `${upstream.url}/v1`,
            authorization: 'Bearer sk-bench',
          },
          // Its streaming fails on Node 20.
          streams: false,
        },
      ]),
]

for (const stream of [false, true])
  for (const connections of option('connections', '1,32').split(',').map(Number)) {
    const taking = ways.filter(({ streams }) => !stream || streams)
    const found = new Map(taking.map(({ name }) => [name, [] as (ProxyLoaded & { readonly cpuMicros: number })[]]))
    for (let round = 0; round <= rounds; round++)
      for (let turn = 0; turn < taking.length; turn++) {
        const way = taking[(turn + round) % taking.length] as Way
        const before = usageOf(way.server.pid).cpuSeconds
        const load = { body: bodyOf(stream), connections, seconds: round === 0 ? 1 : seconds }
        const loaded = await proxyLoad({
          ...load,
          port: way.server.port,
          path: way.path,
          ...(way.headers ? { headers: way.headers } : {}),
        })
        const cpuMicros = ((usageOf(way.server.pid).cpuSeconds - before) * 1e6) / Math.max(1, loaded.latencies.length)
        // The first round warms up.
        if (round > 0) found.get(way.name)?.push({ ...loaded, cpuMicros })
      }
    const p50 = (name: string): number =>
      median((found.get(name) ?? []).map(({ latencies }) => quantile(latencies, 0.5)))
    const p99 = (name: string): number =>
      median((found.get(name) ?? []).map(({ latencies }) => quantile(latencies, 0.99)))
    const rate = (name: string): number => median((found.get(name) ?? []).map(({ perSecond }) => perSecond))
    for (const { name } of taking)
      line(`${stream ? 'SSE' : 'JSON'}, ${connections}, ${name}`, {
        'p50 ms': p50(name),
        'p99 ms': p99(name),
        'added p50 ms': p50(name) - p50('direct'),
        'added p99 ms': p99(name) - p99('direct'),
        'requests/s': rate(name),
        'CPU us': median((found.get(name) ?? []).map(({ cpuMicros }) => cpuMicros)),
        failed: (found.get(name) ?? []).reduce((sum, { failed }) => sum + failed, 0),
      })
    line(`${stream ? 'SSE' : 'JSON'}, ${connections}, ratios`, {
      'of bare': rate('tallystick') / rate('bare'),
      ...(portkey !== undefined && !stream ? { 'of portkey': rate('tallystick') / rate('portkey') } : {}),
    })
  }
for (const { server } of ways) await server.stop()

/** Installed for the occasion and removed with its folder; without a registry there is nothing to compare with. */
async function startPortkey(): Promise<Server | undefined> {
  const dir = workFolder()
  try {
    mkdirSync(join(dir, 'portkey'))
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', join(dir, 'portkey'), PORTKEY],
      {
        stdio: 'pipe',
        timeout: 180_000,
      },
    )
    const start = join(dir, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js')
    return await startScript([start, '--headless', `--port=${20_000 + (process.pid % 20_000)}`], dir)
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    console.log(`${PORTKEY} cannot be installed or started here, so it is left out: ${String(error).split('\n')[0]}`)
    return undefined
  }
}
