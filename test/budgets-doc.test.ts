import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTallystick } from '../packages/server/src/open.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../docs/budgets.md'), 'utf8')

/** Requests of the document: a line, a body, and after `#` what is answered. */
const REQUESTS = [...DOCUMENT.matchAll(/```http\n([A-Z]+) (\S+)\n([\s\S]*?)# (\d+) (.*)\n```/g)].map(
  ([, method = '', path = '', body = '', status, answer = '']) => ({ method, path, body: body.trim(), status, answer }),
)

test('what docs/budgets.md shows is what happens', async () => {
  const tallystick = await openTallystick({ dataDir: 'never-made', store: 'memory:' })
  let lease = ''
  for (const { method, path, body, status, answer } of REQUESTS) {
    const response = await tallystick.fetch(
      new Request(`http://localhost${path.replace('{lease}', lease)}`, {
        method,
        ...(body === '' ? {} : { headers: { 'content-type': 'application/json' }, body }),
      }),
    )
    const told = (await response.json()) as { id?: string }
    expect(response.status, JSON.stringify(told)).toBe(Number(status))
    expect(told).toMatchObject(JSON.parse(answer))
    if (path === '/api/v1/leases' && response.ok) lease = told.id ?? ''
  }
  expect(REQUESTS.length).toBe((DOCUMENT.match(/```http/g) ?? []).length)
  await tallystick.close()
})
