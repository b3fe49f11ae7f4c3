import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the scripts share: the checkout's root and steps that show that they are at work. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const MINIMUM_NODE = [20, 19]

/** Ends the process with one clear line when Node is too old to run the rest. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return
  process.stderr.write(`Tallystick needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}.\n`)
  process.exit(1)
}

/**
 * Runs a command as a named step: its output is kept back and shown only if it fails; meanwhile a person sees the name
 * and the seconds. On a pipe one line is printed every ten seconds instead.
 */
export function step(name, command, args, options = {}) {
  return new Promise((resolve) => {
    const started = Date.now()
    const seconds = () => Math.round((Date.now() - started) / 1000)
    const out = process.stderr
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const kept = []
    child.stdout.on('data', (data) => kept.push(data))
    child.stderr.on('data', (data) => kept.push(data))
    if (!out.isTTY) out.write(`${name} ...\n`)
    const timer = setInterval(
      () => out.write(out.isTTY ? `\r\x1b[2K${name} ... ${seconds()} s` : `${name} ... ${seconds()} s\n`),
      out.isTTY ? 200 : 10_000,
    )
    child.on('error', (error) => kept.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (code) => {
      clearInterval(timer)
      if (out.isTTY) out.write('\r\x1b[2K')
      if (code === 0) {
        out.write(`${name}: done in ${seconds()} s\n`)
        resolve()
      } else {
        out.write(`${name}: failed\n${Buffer.concat(kept).toString()}\n`)
        process.exit(1)
      }
    })
  })
}

/** Installs the packages of the lock file unless exactly these are installed. */
export async function install() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const stamp = join(ROOT, 'node_modules', '.tallystick-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  await step('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, lock)
}

/** Compiles the packages and the dashboard unless nothing changed since the last time. */
export async function build({ force = false } = {}) {
  const stamp = join(ROOT, 'packages/server/dist/.built')
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0
  const sources = ['packages/core', 'packages/server', 'packages/dashboard', 'tsconfig.base.json', 'package-lock.json']
  if (!force && built > Math.max(...sources.map((path) => newest(join(ROOT, path))))) return
  await step('Compiling', bin('tsc'), ['-b', 'packages/core', 'packages/server'])
  await step('Bundling the command line', process.execPath, [join(ROOT, 'scripts/bundle.mjs')])
  await step('Building the dashboard', bin('vite'), ['build', '--logLevel', 'warn'], {
    cwd: join(ROOT, 'packages/dashboard'),
  })
  writeFileSync(stamp, '')
}

/** An installed command, by path: no second package manager process. */
export function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name)
}

/** Runs a command with this terminal and returns its exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options })
  return result.status ?? 1
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  let time = 0
  for (const entry of readdirSync(path)) {
    if (entry === 'node_modules' || entry === 'dist' || entry === 'bundle') continue
    time = Math.max(time, newest(join(path, entry)))
  }
  return time
}
