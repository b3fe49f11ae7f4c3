import { fork } from 'node:child_process'
import { DURATION_BUCKETS_MS, MetricRegistry, SEED_FAMILIES, writeExposition } from '@tallystick/core/metrics'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { line, machine, median, option } from './report.ts'

/**
 * What a scrape costs, and what it costs to get there: so many models with the families of llm-edge-monitoring, beside
 * prom-client with the same. Each figure comes from a process of its own, one after the other, so that memory is its own
 * too; one that has no answer within so much memory and time says so.
 *
 *   npm run bench -- scrape [--models 10,1000,1000000] [--scrapes 21] [--heap 4096] [--seconds 90]
 */
const scrapes = Number(option('scrapes', '21'))
const heap = Number(option('heap', '4096'))
const seconds = Number(option('seconds', '90'))

interface Result {
  readonly recordNs: number
  readonly scrapeMs: number
  readonly bytes: number
  readonly lines: number
  readonly rssMb: number
  /** The sum of `llm_edge_cost_usd_total` as it is written. */
  readonly usd: number
}

/** One way to count requests and to write them out. */
interface Contender {
  /** A completed request of that model. */
  readonly record: (model: string) => void
  readonly scrape: () => Promise<string>
}

const contenders = { tallystick, 'prom-client': promClient }
type Name = keyof typeof contenders

function tallystick(): Contender {
  const metrics = new MetricRegistry()
  return {
    record: (model) => {
      metrics.recordRequestSuccess('openai', model, 245)
      metrics.recordTokenUsage('openai', model, 150, 500)
      metrics.recordCost('openai', model, 0.0075)
    },
    scrape: async () => writeExposition(metrics.snapshot(), 'text'),
  }
}

function promClient(): Contender {
  const registry = new Registry()
  const options = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) => {
    return { name, help, labelNames: [...labels], registers: [registry] }
  }
  const requests = new Counter(options(SEED_FAMILIES.requests))
  const duration = new Histogram({ ...options(SEED_FAMILIES.duration), buckets: [...DURATION_BUCKETS_MS] })
  const tokens = new Counter(options(SEED_FAMILIES.tokens))
  const cost = new Counter(options(SEED_FAMILIES.cost))
  for (const family of [SEED_FAMILIES.cacheHits, SEED_FAMILIES.cacheMisses]) new Counter(options(family))
  for (const family of [SEED_FAMILIES.activeRequests, SEED_FAMILIES.providerAvailable]) new Gauge(options(family))
  return {
    // Labels as literals: a spread would cost more than the counting.
    record: (model) => {
      requests.inc({ provider: 'openai', model, status: 'success' })
      duration.observe({ provider: 'openai', model }, 245)
      tokens.inc({ provider: 'openai', model, type: 'input' }, 150)
      tokens.inc({ provider: 'openai', model, type: 'output' }, 500)
      cost.inc({ provider: 'openai', model }, 0.0075)
    },
    scrape: () => registry.metrics(),
  }
}

async function measure(name: Name, models: number): Promise<Result> {
  const { record, scrape } = contenders[name]()
  // The same number of requests for all, unless there are more models than that.
  const requests = Math.max(models, 200_000)
  const start = process.hrtime.bigint()
  for (let index = 0; index < requests; index++) record(`model-${index % models}`)
  const recordNs = Number(process.hrtime.bigint() - start) / requests
  const taken: number[] = []
  let text = ''
  for (let index = 0; index < scrapes; index++) {
    const before = performance.now()
    text = await scrape()
    taken.push(performance.now() - before)
  }
  const costs = [...text.matchAll(/^llm_edge_cost_usd_total\{.*\} (\S+)$/gm)].map((match) => Number(match[1]))
  return {
    recordNs,
    scrapeMs: median(taken),
    bytes: Buffer.byteLength(text),
    lines: text.split('\n').filter((each) => each !== '' && !each.startsWith('#')).length,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    usd: costs.reduce((sum, value) => sum + value, 0),
  }
}

/** Undefined when the process did not live to tell. */
function measureApart(name: Name, models: number): Promise<Result | undefined> {
  return new Promise((resolve) => {
    let result: Result | undefined
    const child = fork(
      process.argv[1] as string,
      ['--child', name, '--size', String(models), '--scrapes', `${scrapes}`],
      {
        execArgv: [`--max-old-space-size=${heap}`],
        stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
      },
    )
    child.on('message', (message) => {
      result = message as Result
    })
    const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000)
    child.on('exit', () => {
      clearTimeout(late)
      resolve(result)
    })
  })
}

const child = option('child', '')
if (child !== '') {
  process.send?.(await measure(child as Name, Number(option('size', '10'))))
  process.disconnect()
} else {
  console.log(machine())
  for (const models of option('models', '10,1000,1000000').split(',').map(Number)) {
    const results = new Map<string, Result | undefined>()
    for (const name of Object.keys(contenders) as Name[]) results.set(name, await measureApart(name, models))
    const peer = results.get('prom-client')
    for (const [name, result] of results) {
      const title = `${name}, ${models.toLocaleString('en-US')} models`
      if (result === undefined) line(title, { 'ended with': `no answer within ${heap} MB and ${seconds} s` })
      else {
        line(title, {
          'scrape ms': result.scrapeMs,
          'of prom-client': peer === undefined ? '-' : result.scrapeMs / peer.scrapeMs,
          bytes: result.bytes,
          lines: result.lines,
          'record ns': result.recordNs,
          'RSS MB': result.rssMb,
          'USD in all': result.usd,
        })
      }
    }
  }
}
