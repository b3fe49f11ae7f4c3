import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EventStore, SyncClient } from '@tallystick/core'
import { expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of settings, in a real browser over a real server. */
const shell = promisify(execFile)
const BIN = fileURLToPath(new URL('../../packages/server/bin/tallystick.js', import.meta.url))
const HOSTILE = '"><img src=x onerror=alert(1)>'
const at = stage(() => ({
  configuration: {
    file: '/etc/tallystick.json',
    settings: [
      {
        key: 'http.port',
        value: 9000,
        source: 'flag',
        variable: 'TALLYSTICK_PORT',
        flag: '--port',
        secret: false,
        about: 'Port.',
      },
      {
        key: 'control.key',
        value: '***',
        source: 'environment',
        variable: 'TALLYSTICK_CONTROL_KEY',
        flag: null,
        secret: true,
        about: 'A key.',
      },
      {
        key: 'log.level',
        value: 'info',
        source: 'default',
        variable: 'TALLYSTICK_LOG_LEVEL',
        flag: null,
        secret: false,
        about: 'Log.',
      },
    ],
  },
  prices: [
    { name: 'own.json', content: { prices: [{ model: 'house-model', usd_per_million: { input: 1, output: 2 } }] } },
  ],
  retainEventsMs: 90 * 86_400_000,
}))

test('every tab tells what the server says; the lines to connect work as they stand', async () => {
  const watched = await at.visit('/settings')
  const { page, faults } = watched
  const line = await page.locator('[data-snippet="curl"] code').textContent()
  expect(line).toContain(at.address)
  const { stdout } = await shell('bash', ['-c', `${line} -s`])
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 1 })
  const otlp = (await page.locator('[data-snippet="otlp"] code').textContent()) ?? ''
  const spans = await shell('bash', [
    '-c',
    `${otlp}\ncurl -s -o /dev/null -w '%{http_code}' $OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[]}'`,
  ])
  expect(spans.stdout).toBe('200')
  const callback = /endpoint: (\S+)/.exec(
    (await page.locator('[data-snippet="litellm"] code').textContent()) ?? '',
  )?.[1]
  expect(
    (await fetch(callback ?? '', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' }))
      .status,
  ).toBe(200)
  const recorder = (await page.locator('[data-snippet="recorder"] code').textContent()) ?? ''
  const body = recorder.replace(/^import .*$/m, '')
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as FunctionConstructor
  await new AsyncFunction('EventStore', 'SyncClient', body)(EventStore, SyncClient)
  const csv = join(await mkdtemp(join(tmpdir(), 'tallystick-csv-')), 'azure.csv')
  await writeFile(csv, 'TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-01 00:00:00,374,44\n')
  const importing = (await page.locator('[data-snippet="csv"] code').textContent()) ?? ''
  await shell('bash', ['-c', importing.replace('npx tallystick', `node ${BIN}`).replace('FILE.csv', csv)])
  await at.tallystick.ingest.applied(10_000)
  expect((await at.tallystick.store.stats()).events).toBe(3)
  await page.screenshot({ path: join(SCREENSHOTS, 'settings-connect-light.png'), fullPage: true })

  await at.post('/api/v1/events', [
    { event_id: 'u', provider: 'house', model: HOSTILE, input_tokens: 10, output_tokens: 1 },
    { event_id: 'p', provider: 'openai', model: 'gpt-4o', input_tokens: 1_000, output_tokens: 100 },
  ])
  await at.tallystick.ingest.applied(10_000)

  // Along the tabs by arrows.
  await page.getByRole('tab', { name: 'Connect' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => page.url()).toContain('tab=prices')
  await page.locator('[data-unpriced]').getByText(HOSTILE).waitFor()
  expect(JSON.parse((await page.locator('[data-override]').textContent()) ?? '')).toMatchObject({
    prices: [{ provider: 'house', model: HOSTILE }],
  })
  expect(await page.locator('[data-overrides] tbody').textContent()).toMatch(/house-model.*any.*\$1\.00.*\$2\.00/)
  await page.getByRole('textbox', { name: 'Model' }).fill('gpt-4o-mini')
  await page.keyboard.press('Enter')
  await page.locator('[data-price]').getByText('$0.15').waitFor()
  await page.getByRole('button', { name: 'Compare' }).press('Enter')
  await page.locator('[data-repriced]').waitFor()
  expect(await page.locator('[data-repriced]').textContent()).toContain('0 of ')
  await page.screenshot({ path: join(SCREENSHOTS, 'settings-prices-light.png'), fullPage: true })

  await page.getByRole('tab', { name: 'Retention' }).click()
  await page.getByText('90 days').waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'settings-retention-light.png'), fullPage: true })
  await page.getByRole('tab', { name: 'Server' }).click()
  await page.getByText('Every event adds up').waitFor()
  const rows = page.locator('[data-settings] tbody tr')
  expect(await rows.allTextContents()).toEqual([
    expect.stringMatching(/http\.port.*9000.*flag/),
    expect.stringMatching(/control\.key.*\*\*\*.*variable/),
  ])
  await page.getByRole('button', { name: 'Show defaults' }).press('Enter')
  await expect.poll(() => rows.count()).toBe(3)
  await page.screenshot({ path: join(SCREENSHOTS, 'settings-server-light.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)
  expect(faults).toEqual([])
}, 90_000)

test('it fits a phone, in the dark, on every tab', async () => {
  const watched = await at.visit('/settings', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  for (const tab of ['Connect', 'Prices', 'Retention', 'Server']) {
    await watched.page.getByRole('tab', { name: tab }).click()
    await watched.page.locator('#settings-panel h2').first().waitFor()
    expect([tab, await overflow(watched)]).toEqual([tab, 0])
    await watched.page.screenshot({
      path: join(SCREENSHOTS, `settings-${tab.toLowerCase()}-phone-dark.png`),
      fullPage: true,
    })
  }
  expect(watched.faults).toEqual([])
}, 60_000)
