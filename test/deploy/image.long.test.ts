import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../e2e/cli.ts'
import { layOut, stagesOf } from './testing/dockerfile.ts'

/** Left out as Dockerfile.dockerignore says. */
const LEFT_OUT = /\/(node_modules|dist|bundle)$|\.tsbuildinfo$/

it('what the Dockerfile installs, builds and copies is a Tallystick that runs', () => {
  const stages = stagesOf(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8'))
  const homes = layOut(stages, ROOT, {
    skip: (path) => path.startsWith(`${ROOT}/`) && LEFT_OUT.test(path),
    run({ name }, command, home) {
      // The last stage makes the folder of the image's own user.
      if (name === stages.at(-1)?.name) return
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: home })
      expect(status, `${command}\n${stdout}${stderr}`).toBe(0)
    },
  })
  const home = homes.get(stages.at(-1)?.name as string) as string
  try {
    // Packages that are needed to build or test only are no part of it.
    for (const name of ['typescript', 'vitest', '@biomejs', 'rolldown', 'vite'])
      expect(existsSync(join(home, 'node_modules', name)), name).toBe(false)
    const bin = join(home, 'packages/server/bin/tallystick.js')
    const asked = spawnSync(process.execPath, [bin, 'query', '--store', 'duckdb:', '--data', join(home, 'data')])
    expect(String(asked.stderr)).toContain('data_dir_unusable')
    const sent = spawnSync(process.execPath, [bin, 'verify', '--help'])
    expect(sent.status).toBe(0)
  } finally {
    rmSync(dirname(home), { recursive: true, force: true })
  }
}, 600_000)
