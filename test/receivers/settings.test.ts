import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { folder, ROOT, type Served, serve } from '../e2e/cli.ts'
import { keyOf } from '../e2e/key.ts'

/** Settings of LiteLLM and Langfuse as the pages show them: what is set by them is sent to a server, under a key. */
const PAGES = ['docs/receivers.md', 'docs/migrate-from/litellm.md', 'docs/migrate-from/langfuse.md'] as const
const MODEL = 'by-settings'

const data = folder()
const project = mkdtempSync(join(tmpdir(), 'tallystick-settings-'))
let served: Served
/** With one that may do everything, nobody comes in without. */
let admin = ''
let key = ''
beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  served = await serve(data)
  admin = await keyOf(served.url, 'admin')
  key = await keyOf(served.url, 'ingest', admin)
})
afterAll(async () => {
  await served.stop()
  for (const dir of [data, project]) rmSync(dir, { recursive: true })
})

/** The blocks of the pages that hold a text, as they would be written down here. */
function shown(holding: string): readonly string[] {
  return PAGES.flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/```(?:ba)?(?:sh|yaml)\n([\s\S]*?)```/g),
  ])
    .map(([, code = '']) => code.replaceAll('http://127.0.0.1:8088', served.url).replaceAll('tsk_...', key))
    .filter((code) => code.includes(holding))
}

/** What a shell has in its environment after the `export` lines of a block. */
async function exported(block: string): Promise<Readonly<Record<string, string>>> {
  const lines = block.split('\n').filter((line) => line.startsWith('export '))
  const script = [...lines, `'${process.execPath}' -p 'JSON.stringify(process.env)'`].join('\n')
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { env: { PATH: process.env['PATH'] } })
  return JSON.parse(stdout) as Record<string, string>
}

async function eventsOf(model: string): Promise<readonly Record<string, unknown>[]> {
  const answer = await fetch(`${served.url}/api/v1/events?consistency=applied&limit=1000&from=0`, {
    headers: { authorization: `Bearer ${admin}` },
  })
  const { events } = (await answer.json()) as { events: Record<string, unknown>[] }
  return events.filter((event) => event['request_model'] === model)
}

/** As LiteLLM's callback `generic_api` sends what has become of a request. */
async function callback(endpoint: string, headers: Readonly<Record<string, string>>, id: string): Promise<number> {
  const seconds = Date.now() / 1000
  const payload = {
    ...{ id, litellm_call_id: id, call_type: 'acompletion', status: 'success', model: MODEL },
    ...{
      startTime: seconds - 1,
      endTime: seconds,
      response_cost: 0.001,
      metadata: { usage_object: { prompt_tokens: 3, completion_tokens: 1 } },
    },
  }
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify([payload]),
  })
  return answer.status
}

describe('the settings that pages show', { timeout: 60_000 }, () => {
  it("of LiteLLM's config are YAML, and its callback is taken under their headers", async () => {
    const blocks = shown('litellm_settings:')
    expect(blocks).toHaveLength(2)
    for (const [index, block] of blocks.entries()) {
      const config = parseYaml(block) as {
        litellm_settings: { callbacks: readonly string[] }
        callback_settings: Record<string, { callback_type: string; endpoint: string; headers: Record<string, string> }>
      }
      const [name = ''] = config.litellm_settings.callbacks
      const { callback_type: type, endpoint, headers } = config.callback_settings[name] ?? { endpoint: '', headers: {} }
      expect(type).toBe('generic_api')
      expect(headers).toEqual({ Authorization: `Bearer ${key}` })
      expect(await callback(endpoint, headers, `yaml-${index}`)).toBe(200)
    }
    expect(await callback(`${served.url}/litellm/callback`, { Authorization: 'Bearer tsk_nobody_x' }, 'no')).toBe(401)
  })

  it("of LiteLLM's environment are what its callback reads", async () => {
    const [block = ''] = shown('GENERIC_LOGGER_ENDPOINT')
    const { GENERIC_LOGGER_ENDPOINT: endpoint = '', GENERIC_LOGGER_HEADERS: told = '' } = await exported(block)
    // It takes them apart at commas, and each at its first equals sign.
    const headers = told.split(',').map((pair): [string, string] => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), pair.slice(at + 1)]
    })
    expect(await callback(endpoint, Object.fromEntries(headers), 'env')).toBe(200)
    expect((await eventsOf(MODEL)).map((event) => event['event_id']).toSorted()).toEqual(['env', 'yaml-0', 'yaml-1'])
  })

  it("of Langfuse's clients are what its own client reads", async () => {
    const blocks = shown('LANGFUSE_SECRET_KEY')
    expect(blocks).toHaveLength(2)
    writeFileSync(
      join(project, 'client.mjs'),
      `import { LangfuseSpanProcessor } from '@langfuse/otel'
       import { setLangfuseTracerProvider, startObservation } from '@langfuse/tracing'
       import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
       const tracing = new BasicTracerProvider({ spanProcessors: [new LangfuseSpanProcessor()] })
       setLangfuseTracerProvider(tracing)
       startObservation('call', { model: 'langfuse-by-env', usageDetails: { input: 3, output: 1 } }, { asType: 'generation' }).end()
       await tracing.shutdown()`,
    )
    for (const block of blocks) {
      const env = await exported(block)
      // Clients of Python look for the address under the other name.
      expect(env['LANGFUSE_HOST']).toBe(env['LANGFUSE_BASEURL'])
      await promisify(execFile)(process.execPath, ['client.mjs'], { cwd: project, env })
    }
    expect(await eventsOf('langfuse-by-env')).toMatchObject([{ input_tokens: 3 }, { input_tokens: 3 }])
  })
})
