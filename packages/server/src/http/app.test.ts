import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ERRORS } from '@tallystick/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SECURITY_HEADERS } from './headers.ts'
import { otlpFailure } from './otlp/answer.ts'
import type { Scope } from './route.ts'
import { ROUTES } from './routes.ts'
import { createTestApp } from './testing/test-app.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

function expectSecure(response: Response): void {
  for (const [name, value] of SECURITY_HEADERS) expect(response.headers.get(name)).toBe(value)
  expect(response.headers.get('cache-control')).toMatch(/no-store|no-cache|immutable/)
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
}

describe('the route table', () => {
  it('declares a known scope and a summary for every route', () => {
    const scopes: readonly Scope[] = ['public', 'known', 'ingest', 'read', 'admin']
    for (const route of ROUTES) {
      expect(scopes).toContain(route.scope)
      expect(route.summary).toMatch(/^[A-Z].{10,}[^.]$/)
    }
  })

  it('names each method and path once', () => {
    const names = ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('lets nothing that changes data or shows figures be public', () => {
    for (const { path, scope, method } of ROUTES)
      if (path !== '/api/v1/session' && path !== '/api/public/health' && (path.startsWith('/api/') || method !== 'GET'))
        expect(scope).not.toBe('public')
  })

  it.each([
    '/api',
    '/api/v1',
    '/api/v1/event',
    '/api/v1/events/',
    '/api/v1/events/1/receipt',
    '/api/v2/events',
    '/API/v1/query',
    '/api/v1/constructor',
  ])('serves nothing at %s', async (path) => {
    const { call } = await createTestApp()
    expect((await call(path)).status).toBe(404)
    expect((await call(path, { method: 'POST', headers: JSON_TYPE, body: '{}' })).status).toBe(404)
  })
})

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  const path = route.path === '/*' ? '/' : route.path.replaceAll(/:\w+/g, 'x')
  /** As a problem or, where the route speaks a dialect, in its words. */
  const expectRefusal = async (response: Response, code: string): Promise<void> => {
    const type = route.failure === undefined ? 'application/problem+json' : 'application/json'
    expect(response.headers.get('content-type')).toBe(type)
    const inWords =
      route.failure === otlpFailure ? { message: expect.stringContaining(code) } : { error: expect.anything() }
    expect(await response.json()).toMatchObject(route.failure === undefined ? { code } : inWords)
  }

  it('has the security headers, whether it succeeds or fails', async () => {
    const { call } = await createTestApp()
    expectSecure(await call(path, { method: route.method }))
    expectSecure(await call(path, { method: 'PROPFIND' }))
    expectSecure(await call(path, { method: route.method, host: 'evil.com' }))
    expectSecure(await call(path, { method: route.method, headers: { origin: 'http://evil.com' } }))
    expectSecure(await call(`${path}?limit=x&from=y&ack=z&consistency=w`, { method: route.method, headers: JSON_TYPE }))
  })

  it('answers only for its own hosts', async () => {
    const { call } = await createTestApp()
    const response = await call(path, { method: route.method, host: 'evil.com' })
    expect(response.status).toBe(421)
    await expectRefusal(response, 'misdirected_host')
    expect((await call(path, { method: route.method, headers: { host: 'evil.com' } })).status).toBe(421)
  })

  it('says which methods it takes', async () => {
    const { call } = await createTestApp()
    const options = await call(path, { method: 'OPTIONS' })
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toContain(route.method)
    if (route.path === '/*') return
    const refused = await call(path, { method: 'PROPFIND' })
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe(options.headers.get('allow'))
  })

  it('is refused to other sites when it changes something or opens a stream', async () => {
    const { call, ingest } = await createTestApp()
    const guarded = route.method !== 'GET' || route.stream === true
    for (const headers of [
      { origin: 'http://evil.com' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      // The router reads `%61` as `a`, and so must the guard.
      for (const spelling of [path, path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)]) {
        const response = await call(spelling, { method: route.method, headers: { ...JSON_TYPE, ...headers } })
        expect(response.status === 403).toBe(guarded)
        await response.body?.cancel()
      }
    }
    expect(ingest.requests).toEqual([])
  })

  it('refuses while the server stops, unless it tells just that', async () => {
    const { call } = await createTestApp({ stopping: () => true })
    const response = await call(path, { method: route.method, headers: JSON_TYPE })
    const probe = ['/healthz', '/readyz', '/version'].includes(path)
    expect(response.status).toBe(path === '/healthz' || path === '/version' ? 200 : 503)
    if (!probe) await expectRefusal(response, 'shutting_down')
  })
})

describe('an error', () => {
  it('is a problem with a row of the table behind it', async () => {
    const { call } = await createTestApp()
    const response = await call('/api/v1/nothing')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await response.json()) as Record<string, unknown>
    expect(problem).toMatchObject({
      type: 'urn:tallystick:error:not_found',
      status: 404,
      code: 'not_found',
      title: ERRORS.not_found.title,
    })
    expect(problem['instance']).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
    expect(problem).not.toHaveProperty('stack')
  })
})

describe('an allowed origin', () => {
  const allowedOrigins = ['https://dash.example']
  const headers = { ...JSON_TYPE, origin: 'https://dash.example' }

  it('may ask first and then send, and is named in the answer', async () => {
    const { call } = await createTestApp({ allowedOrigins })
    const asked = await call('/api/v1/query', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://dash.example')
    expect(asked.headers.get('access-control-allow-headers')).toContain('content-type')
    const sent = await call('/api/v1/query', { method: 'POST', headers, body: '{}' })
    expect(sent.status).toBe(200)
    expect(sent.headers.get('access-control-allow-origin')).toBe('https://dash.example')
    expect(sent.headers.get('vary')).toContain('origin')
  })
})

describe('HEAD', () => {
  it('answers like GET without a body and without opening a stream', async () => {
    const { call, live } = await createTestApp()
    for (const path of ['/healthz', '/api/v1/status', '/api/v1/live', '/']) {
      const response = await call(path, { method: 'HEAD' })
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('')
    }
    expect(live.stats().streams).toBe(0)
  })
})

describe('the dashboard', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tallystick-assets-'))
    await mkdir(join(directory, 'assets'))
    await writeFile(join(directory, 'index.html'), `<!doctype html><title>page</title>${' '.repeat(2_000)}`)
    await writeFile(join(directory, 'assets/app-Ab3dEf6h.js'), 'export {}')
    await writeFile(join(directory, 'assets/secret.map'), '{}')
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('is served with its types, and hashed files for ever', async () => {
    const { call } = await createTestApp({ dashboard: directory })
    const page = await call('/')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(await page.text()).toContain('<title>page')
    const script = await call('/assets/app-Ab3dEf6h.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expectSecure(script)
  })

  it('answers 304 to who has it, and gzip to who takes it', async () => {
    const { call } = await createTestApp({ dashboard: directory })
    const etag = (await call('/')).headers.get('etag') as string
    expect((await call('/', { headers: { 'if-none-match': etag } })).status).toBe(304)
    expect((await call('/', { headers: { 'accept-encoding': 'br, gzip' } })).headers.get('content-encoding')).toBe(
      'gzip',
    )
  })

  it('is the page for addresses of its own views, but not for the API or missing files', async () => {
    const { call } = await createTestApp({ dashboard: directory })
    const html = { accept: 'text/html,*/*' }
    expect(await (await call('/explore', { headers: html })).text()).toContain('<title>page')
    expect((await call('/explore', { headers: { accept: '*/*' } })).status).toBe(404)
    expect((await call('/api/v1/nothing', { headers: html })).status).toBe(404)
    expect((await call('/assets/missing.js', { headers: html })).status).toBe(404)
    expect((await call('/assets/secret.map', { headers: html })).status).toBe(404)
  })

  it.each([
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%5c..%5cx.js',
    '//etc/passwd',
    '/assets/%00.js',
    '/__proto__',
    '/constructor',
  ])('gives nothing for %s', async (path) => {
    const { call } = await createTestApp({ dashboard: directory })
    expect((await call(path)).status).toBe(404)
  })

  it('says how to build it when it is not there', async () => {
    const { call } = await createTestApp({ dashboard: join(directory, 'missing') })
    const page = await call('/')
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('npm run build')
    expect((await call('/favicon.ico')).status).toBe(404)
  })
})
