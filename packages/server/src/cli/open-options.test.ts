import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_HEALTH } from '@tallystick/core/insight'
import { expect, it } from 'vitest'
import { loadConfig, shownValue } from '../config/config.ts'
import { openOptions } from './open-options.ts'

const configOf = (document: object, env: Record<string, string> = {}) => {
  const cwd = mkdtempSync(join(tmpdir(), 'tallystick-options-'))
  writeFileSync(join(cwd, 'tallystick.config.json'), JSON.stringify(document))
  return loadConfig({ cwd, env })
}

it('lets nobody log in but by key unless that is configured', () => {
  expect(openOptions(configOf({})).login).toEqual({ session: { idleMs: 43_200_000, maxMs: 604_800_000 } })
})

it('takes an issuer from nested groups of the file, and its secret from the environment, where it is never shown', () => {
  const oidc = { issuer: 'https://id.example', client_id: 'c', allowed_domains: ['example.com'], scopes: ['openid'] }
  const config = configOf({ auth: { oidc } }, { TALLYSTICK_OIDC_CLIENT_SECRET: 'canary' })
  expect(openOptions(config).login?.oidc).toEqual({
    issuer: 'https://id.example',
    clientId: 'c',
    clientSecret: 'canary',
    allowedDomains: ['example.com'],
    scopes: ['openid'],
  })
  expect(JSON.stringify([...config.settings.values()].map(shownValue))).not.toContain('canary')
})

it('takes the header of a proxy only where there is one that is trusted', () => {
  const auth = { proxy_header: 'X-User', proxy_groups_header: 'X-Groups', proxy_groups: ['a=read'] }
  expect(openOptions(configOf({ auth, http: { trusted_proxies: ['10.0.0.1'] } })).login?.proxy).toEqual({
    header: 'X-User',
    groupsHeader: 'X-Groups',
    groups: ['a=read'],
  })
  expect(() => openOptions(configOf({ auth }))).toThrow(expect.objectContaining({ code: 'invalid_config' }))
})

it('judges providers as they are judged where nothing is configured', () => {
  expect(openOptions(configOf({})).health).toEqual(DEFAULT_HEALTH)
  expect(openOptions(configOf({ health: { down_percent: 80, dwell_seconds: 5 } })).health).toEqual({
    ...DEFAULT_HEALTH,
    downPercent: 80,
    dwellMs: 5_000,
  })
})

it('pushes to nobody unless that is configured, and never shows the headers of pushes', () => {
  expect(openOptions(configOf({}))).not.toHaveProperty('push')
  const otlp = { push: { endpoint: 'http://collector:4318', interval_seconds: 15, temporality: 'delta' } }
  const env = {
    OTEL_SEMCONV_STABILITY_OPT_IN: 'http,gen_ai_latest_experimental',
    TALLYSTICK_OTLP_PUSH_HEADERS: 'a=canary',
  }
  const config = configOf({ otlp, traces: { url_template: 'https://jaeger.example/{trace_id}' } }, env)
  expect(openOptions(config)).toMatchObject({
    push: {
      endpoint: 'http://collector:4318',
      headers: 'a=canary',
      intervalMs: 15_000,
      timeoutMs: 10_000,
      temporality: 'delta',
      compression: 'gzip',
      optIn: 'http,gen_ai_latest_experimental',
    },
    traceUrl: 'https://jaeger.example/{trace_id}',
  })
  expect(JSON.stringify([...config.settings.values()].map(shownValue))).not.toContain('canary')
})
