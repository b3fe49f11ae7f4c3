import { readFileSync } from 'node:fs'
import { REPORT_RANGES } from '@tallystick/core/insight'
import { expect, it } from 'vitest'
import { REPORT_SCHEMA } from '../packages/server/src/http/openapi/report-schema.ts'
import { LOCAL } from '../packages/server/src/identity/principal.ts'
import { reportScene } from '../packages/server/src/report/testing/scene.ts'
import { REPORT_FORMATS } from '../packages/server/src/state/report-format.ts'

const page = readFileSync(new URL('../docs/reports.md', import.meta.url), 'utf8')
const names = (text: string): readonly string[] =>
  [...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map((row) => row[1] as string)

it('docs/reports.md has every member of a report, and no other', () => {
  const [, members = ''] = /<!-- members -->([\s\S]*?)<!-- end -->/.exec(page) ?? []
  expect([...names(members)].sort()).toEqual(Object.keys(REPORT_SCHEMA.properties ?? {}).sort())
})

it('docs/reports.md has every format and every range', () => {
  const [, formats = ''] = /## Formats([\s\S]*?)##/.exec(page) ?? []
  expect(names(formats)).toEqual(REPORT_FORMATS)
  expect(page).toContain(`${REPORT_RANGES.map((range) => `\`${range}\``).join(', ')}.`)
})

it('the schedule of docs/reports.md is taken as it stands there', async () => {
  const { reports } = await reportScene()
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
  const { schedule } = await reports.create(JSON.parse(text), LOCAL)
  expect(schedule).toMatchObject({ name: 'Weekly report', format: 'html', filters: { 'tags.team': ['search'] } })
  await reports.close()
})
