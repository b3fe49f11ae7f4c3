import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { messageJson } from '../packages/server/src/alert/delivery/message.ts'
import { signature } from '../packages/server/src/alert/delivery/signature.ts'
import { ALERT_KINDS } from '../packages/server/src/alert/kinds.ts'
import type { Firing } from '../packages/server/src/state/alert.ts'

const page = readFileSync(new URL('../docs/alerts.md', import.meta.url), 'utf8')
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] as string

type Verify = (secret: string, header: string | undefined, rawBody: string, nowSeconds?: number) => boolean

it('docs/alerts.md verifies what is sent, and nothing else', async () => {
  const { verify } = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(block('js'))}`)) as {
    verify: Verify
  }
  const seconds = 1_795_262_400
  const body = block('json')
  const header = signature('a secret of some length', seconds, body)
  expect(verify('a secret of some length', header, body, seconds + 10)).toBe(true)
  expect(verify('another secret entirely', header, body, seconds + 10)).toBe(false)
  expect(verify('a secret of some length', header, `${body} `, seconds + 10)).toBe(false)
  expect(verify('a secret of some length', header, body, seconds + 301)).toBe(false)
  expect(verify('a secret of some length', header.replace('t=17', 't=18'), body, seconds + 10)).toBe(false)
  for (const missing of [undefined, '', 't=1', 'v1=00', header.slice(0, -1)])
    expect(verify('a secret of some length', missing, body, seconds)).toBe(false)
})

it('docs/alerts.md shows the message as it is sent', () => {
  const shown = JSON.parse(block('json'))
  const { rule, fired_ms, resolved_ms, ...alert } = shown.alert
  const firing: Firing = { ...alert, key: [], ruleId: rule.id, firedMs: fired_ms }
  expect(resolved_ms).toBeNull()
  expect(messageJson({ id: shown.id, type: shown.type, url: shown.url, ruleName: rule.name, firing })).toEqual(shown)
})

it('docs/alerts.md has every kind of alert, and no other', () => {
  const kinds = [...page.matchAll(/^\| `([a-z0-9_]+)` \|/gm)].map((row) => row[1])
  expect(kinds).toEqual(ALERT_KINDS.map(({ kind }) => kind))
})
