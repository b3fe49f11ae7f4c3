import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { parse as parseToml } from 'smol-toml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { folder, ROOT, serve } from '../e2e/cli.ts'
import { keyOf } from '../e2e/key.ts'

/**
 * The settings of other programs in docs/otlp.md. Those programs are not here; what they do with a setting is: they hand it to an
 * exporter of OpenTelemetry. So each setting is read by its own grammar, and an exporter sends there what the program would.
 */
const page = readFileSync(join(ROOT, 'docs/otlp.md'), 'utf8')
const [, ...sections] = page.split(/^## /m)

/** The code in a section of the page. */
function shown(section: string, language: string): string {
  const text = sections.find((each) => each.startsWith(`${section}\n`)) ?? ''
  const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
  if (code === undefined) throw new Error(`docs/otlp.md shows no ${language} below ${section}`)
  return code.replaceAll('http://127.0.0.1:8088', served.url)
}

const project = mkdtempSync(join(tmpdir(), 'tallystick-otlp-'))
const data = folder()
let served: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  served = await serve(data)
})
afterAll(async () => {
  await served.stop()
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

/** The events of a model, which names the test that sent them. */
async function eventsOf(model: string, key?: string): Promise<readonly Record<string, unknown>[]> {
  const answer = await fetch(`${served.url}/api/v1/events?consistency=applied&limit=1000&from=0`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  })
  const { events } = (await answer.json()) as { events: Record<string, unknown>[] }
  return events.filter((event) => event['request_model'] === model)
}

async function sendSpan(exporter: OTLPTraceExporter | JsonTraceExporter, model: string): Promise<void> {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model, 'gen_ai.usage.input_tokens': 12 }
  provider.getTracer('t').startSpan('chat', { attributes }).end()
  await provider.shutdown()
}

/** Log events in the words of a program. */
async function sendLog(
  exporter: OTLPLogExporter,
  service: string,
  eventName: string,
  attributes: object,
): Promise<void> {
  const resource = resourceFromAttributes({ 'service.name': service })
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] })
  provider.getLogger(service).emit({ eventName, attributes: { 'event.name': eventName, ...attributes } })
  await provider.shutdown()
}

/** Why python cannot be asked, if it cannot. */
function missingPython(): string | undefined {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'python3 is not installed: apt-get install python3'
  }
}
const absent = missingPython()

describe('the settings in docs/otlp.md', { timeout: 60_000 }, () => {
  it('of Claude Code are those that an exporter reads from the environment', async () => {
    const bin = join(project, 'bin')
    mkdirSync(bin)
    // Stands where Claude Code would, and does with its environment what the SDK in it does.
    writeFileSync(
      join(project, 'claude.mjs'),
      `import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
       import { detectResources, envDetector } from '@opentelemetry/resources'
       import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
       const { CLAUDE_CODE_ENABLE_TELEMETRY: on, OTEL_LOGS_EXPORTER: logs, OTEL_EXPORTER_OTLP_PROTOCOL: protocol } = process.env
       if (on !== '1' || logs !== 'otlp' || protocol !== 'http/protobuf') process.exit(3)
       const resource = detectResources({ detectors: [envDetector] })
       const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter() })] })
       provider.getLogger('com.anthropic.claude_code.events').emit({
         eventName: 'claude_code.api_request',
         attributes: { 'event.name': 'api_request', model: 'claude-by-env', input_tokens: 5, output_tokens: 2, 'session.id': 's' },
       })
       await provider.shutdown()`,
    )
    writeFileSync(join(bin, 'claude'), `#!/bin/sh\nexec '${process.execPath}' '${join(project, 'claude.mjs')}'\n`)
    chmodSync(join(bin, 'claude'), 0o755)
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` }
    await promisify(execFile)('sh', ['-ec', shown('Claude Code', 'sh')], { cwd: project, env })
    expect(await eventsOf('claude-by-env')).toMatchObject([
      { input_tokens: 5, session_id: 's', tags: { team: 'platform', cost_center: 'eng-123' } },
    ])
  })

  it('of Codex are TOML whose endpoint takes its log events in protobuf', async () => {
    const { otel } = parseToml(shown('Codex', 'toml')) as unknown as {
      otel: { exporter: { 'otlp-http': { endpoint: string; protocol: string } } }
    }
    const { endpoint, protocol } = otel.exporter['otlp-http']
    expect(protocol).toBe('binary')
    await sendLog(new OTLPLogExporter({ url: endpoint }), 'codex_cli_rs', 'codex.sse_event', {
      'event.kind': 'response.completed',
      model: 'codex-by-toml',
      input_token_count: '12',
      output_token_count: '3',
    })
    expect(await eventsOf('codex-by-toml')).toMatchObject([{ input_tokens: 12, output_tokens: 3 }])
  })

  it('of Gemini CLI are JSON whose endpoint takes its log events below the usual path', async () => {
    const { telemetry } = JSON.parse(shown('Gemini CLI', 'json')) as {
      telemetry: { enabled: boolean; target: string; otlpEndpoint: string; otlpProtocol: string }
    }
    expect(telemetry).toMatchObject({ enabled: true, target: 'local', otlpProtocol: 'http' })
    const url = new URL('v1/logs', `${telemetry.otlpEndpoint}/`).href
    await sendLog(new OTLPLogExporter({ url }), 'gemini-cli', 'gemini_cli.api_response', {
      model: 'gemini-by-json',
      input_token_count: 12,
      output_token_count: 3,
    })
    expect(await eventsOf('gemini-by-json')).toMatchObject([{ input_tokens: 12, output_tokens: 3 }])
  })

  it('of OpenLLMetry name the address below which its exporter puts the path', async () => {
    const [, endpoint = ''] = /api_endpoint="([^"]+)"/.exec(shown('OpenLLMetry', 'py')) ?? []
    await sendSpan(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }), 'by-openllmetry')
    expect(await eventsOf('by-openllmetry')).toMatchObject([{ input_tokens: 12 }])
  })

  it('of OpenInference name the whole path', async () => {
    const [, url = ''] = /OTLPSpanExporter\("([^"]+)"\)/.exec(shown('OpenInference', 'py')) ?? []
    await sendSpan(new OTLPTraceExporter({ url }), 'by-openinference')
    expect(await eventsOf('by-openinference')).toMatchObject([{ input_tokens: 12 }])
  })

  it.skipIf(absent !== undefined)(
    `in Python are Python${absent === undefined ? '' : ` (skipped: ${absent})`}`,
    async () => {
      for (const section of ['OpenLLMetry', 'OpenInference']) {
        const file = join(project, `${section}.py`)
        writeFileSync(file, shown(section, 'py'))
        await promisify(execFile)('python3', ['-m', 'py_compile', file], { cwd: project })
      }
    },
  )

  it('of a collector are YAML whose endpoint takes every signal, under its headers', async () => {
    const admin = await keyOf(served.url, 'admin')
    const key = await keyOf(served.url, 'ingest', admin)
    const { exporters } = parseYaml(shown('A collector', 'yaml').replace('tsk_...', key)) as {
      exporters: Record<string, { endpoint: string; headers: Record<string, string> }>
    }
    const { endpoint, headers } = exporters['otlphttp/tallystick'] ?? { endpoint: '', headers: {} }
    expect(headers['authorization']).toBe(`Bearer ${key}`)
    await sendSpan(new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers }), 'by-collector')
    await sendSpan(new JsonTraceExporter({ url: `${endpoint}/v1/traces`, headers }), 'by-collector')
    expect(await eventsOf('by-collector', admin)).toHaveLength(2)
    expect((await fetch(`${endpoint}/v1/logs`, { method: 'POST' })).status).toBe(401)
    for (const signal of ['logs', 'metrics']) {
      const answer = await fetch(`${endpoint}/v1/${signal}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(),
      })
      expect([signal, answer.status]).toEqual([signal, 200])
    }
  })
})
