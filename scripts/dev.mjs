import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { bin, build, install, ROOT, requireNode } from './steps.mjs'

/** `npm run dev`: recompiles on change, restarts the server, and serves the dashboard with hot reload on port 5173. */
requireNode()
await install()
await build()

const children = [
  spawn(bin('tsc'), ['-b', '--watch', '--preserveWatchOutput', 'packages/core', 'packages/server'], {
    cwd: ROOT,
    stdio: 'inherit',
  }),
  spawn(
    process.execPath,
    [
      '--watch-path=packages/server/dist',
      '--watch-path=packages/core/dist',
      join('packages/server/bin/tallystick.js'),
      'serve',
    ],
    { cwd: ROOT, stdio: 'inherit' },
  ),
  spawn(bin('vite'), [], { cwd: join(ROOT, 'packages/dashboard'), stdio: 'inherit' }),
]
const stop = () => {
  for (const child of children) child.kill('SIGTERM')
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
