import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './steps.mjs'

/**
 * `node scripts/complete-lock.mjs`: adds the packages of other platforms that npm left out of the lock file.
 *
 * npm locks an optional package only if the registry it asks has it. A registry without the binaries of other systems then
 * gives a lock that `npm ci` refuses everywhere. The entries added here name version, system and processor, so that each
 * machine installs its own and skips the rest.
 */
const SYSTEMS = new Map([
  ['darwin', 'darwin'],
  ['linux', 'linux'],
  ['win32', 'win32'],
  ['windows', 'win32'],
  ['android', 'android'],
  ['freebsd', 'freebsd'],
  ['netbsd', 'netbsd'],
  ['openbsd', 'openbsd'],
  ['sunos', 'sunos'],
  ['aix', 'aix'],
  ['openharmony', 'openharmony'],
])
const PROCESSORS = new Set([
  'x64',
  'arm64',
  'arm',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
])

for (const path of ['package-lock.json', 'test/engines/clickhouse/package-lock.json']) complete(path)

function complete(file) {
  const path = join(ROOT, file)
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  const added = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (
        place.startsWith('packages/') ||
        lock.packages[`node_modules/${name}`] ||
        lock.packages[`${place}/node_modules/${name}`]
      )
        continue
      const words = name.split(/[/-]/)
      const os = words.map((word) => SYSTEMS.get(word)).find((system) => system !== undefined)
      const cpu = words
        .map((word) => (word === 'arm' || word === 'wasm32' ? word : [...PROCESSORS].find((known) => word === known)))
        .find(Boolean)
      if (!/^\d+\.\d+\.\d+/.test(version)) continue
      lock.packages[`node_modules/${name}`] = {
        version,
        ...(cpu === undefined ? {} : { cpu: [cpu] }),
        ...(entry.dev ? { dev: true } : {}),
        optional: true,
        ...(os === undefined ? {} : { os: [os] }),
        ...(words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {}),
      }
      added.push(name)
    }
  }
  const root = lock.packages['']
  const rest = Object.entries(lock.packages).filter(([place]) => place !== '')
  lock.packages = { '': root, ...Object.fromEntries(rest.sort(([a], [b]) => (a < b ? -1 : 1))) }
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(added.length === 0 ? `${file} is complete.` : `${file}: added ${added.length}: ${added.join(', ')}`)
}
