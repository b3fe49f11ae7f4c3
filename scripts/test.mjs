import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, build, install, ROOT, requireNode, run, step } from './steps.mjs'

/**
 * `npm test`: installs what the tests need, builds, runs everything and ends with one line `N passed, N failed`.
 * `npm run test:long` adds the tests that take longer. Further arguments go to vitest, e.g. `npm test -- journal`.
 */
requireNode()
const long = process.argv.includes('--long')
const filters = process.argv.slice(2).filter((argument) => argument !== '--long')

await install()
await systemPackages()
// The one waits for the network and the disk, the other for the processor.
await Promise.all([clickhouseEngine(), build()])

const report = join(ROOT, 'test-output', 'vitest.json')
mkdirSync(join(ROOT, 'test-output'), { recursive: true })
rmSync(report, { force: true })
const code = run(
  bin('vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters],
  { env: { ...process.env, ...(long ? { TALLYSTICK_TEST_LONG: '1' } : {}) } },
)

const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
const passed = result?.numPassedTests ?? 0
// A file that cannot even be loaded has no failed test; it counts as one.
const broken =
  result?.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length ?? 1
const failed = (result?.numFailedTests ?? 0) + broken
const skipped = result?.numPendingTests ?? 0
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(code === 0 && failed === 0 && passed > 0 ? 0 : 1)

/** What tests run beside Node, and the Debian package of each. Installed with apt when this is root on a Debian, else named. */
async function systemPackages() {
  const tools = [
    ['chromium', () => existsSync('/usr/bin/chromium') || process.env.TALLYSTICK_TEST_CHROMIUM],
    ['chromium-headless-shell', () => existsSync('/usr/bin/chromium-headless-shell'), 'may be absent'],
    ['curl', () => works('curl', ['--version'])],
    ['jq', () => works('jq', ['--version'])],
    ['groff-base', () => works('groff', ['--version'])],
    ['python3-requests', () => works('python3', ['-c', 'import requests'])],
    ['openssl', () => works('openssl', ['version'])],
    ['redis-server', () => works('redis-server', ['--version']) && works('redis-cli', ['--version'])],
    ['prometheus', () => works('prometheus', ['--version']) && works('promtool', ['--version'])],
  ]
  const lacking = tools.filter(([, present]) => !present())
  const missing = lacking.filter(([, , optional]) => !optional).map(([name]) => name)
  if (missing.length === 0) return
  if (process.getuid?.() === 0 && works('apt-get', ['--version'])) {
    await step('Reading the package lists', 'apt-get', ['update', '-qq'])
    // The same browser without its windows, at half the work for a page; not every Debian has it as a package.
    const offered = lacking.filter(([name, , optional]) => !optional || works('apt-cache', ['show', name]))
    const names = offered.map(([name]) => name)
    await withoutServices(() =>
      step(`Installing ${names.join(', ')}`, 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      }),
    )
    return
  }
  console.error(
    `The tests need ${missing.join(', ')}. Install what is missing (Debian: sudo apt-get install ${missing.join(' ')}), or set TALLYSTICK_TEST_CHROMIUM to a Chromium.`,
  )
  process.exit(1)
}

/** The ClickHouse engine, half a gigabyte: a package of its own, which nothing but the tests installs. */
async function clickhouseEngine() {
  const directory = join(ROOT, 'test', 'engines', 'clickhouse')
  if (existsSync(join(directory, 'node_modules', 'chdb'))) return
  await step('Installing the ClickHouse engine for the tests (540 MB)', 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--prefix',
    directory,
  ])
}

/**
 * Some packages start a service as they are installed: prometheus would listen on port 9090 of every address, redis-server on 6379. A policy of the
 * administrator's own stands.
 */
async function withoutServices(installing) {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return installing()
  // 101: not allowed. See policy-rc.d in the documentation of invoke-rc.d.
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await installing()
  } finally {
    rmSync(policy, { force: true })
  }
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
