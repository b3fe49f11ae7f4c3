/**
 * Makes packages/server/src/format/otlp/generated/otlp_pb.ts of scripts/otlp.proto.
 *
 * The generator is no dependency of the project: name a directory that has it.
 *
 *   npm install --prefix /tmp/otlp-generator @bufbuild/buf@1.75.0 @bufbuild/protoc-gen-es@2.13.0
 *   node scripts/generate-otlp.mjs /tmp/otlp-generator
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [tools] = process.argv.slice(2)
if (tools === undefined) {
  console.error('Name the directory in which @bufbuild/buf and @bufbuild/protoc-gen-es are installed.')
  process.exit(2)
}

const work = mkdtempSync(join(tmpdir(), 'otlp-'))
try {
  copyFileSync(join(root, 'scripts/otlp.proto'), join(work, 'otlp.proto'))
  const bin = join(resolve(tools), 'node_modules/.bin')
  const template = {
    version: 'v2',
    plugins: [{ local: join(bin, 'protoc-gen-es'), out: 'out', opt: ['target=ts', 'import_extension=ts'] }],
  }
  const { status } = spawnSync(join(bin, 'buf'), ['generate', '--template', JSON.stringify(template)], {
    cwd: work,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(1)
  const made = readFileSync(join(work, 'out/otlp_pb.ts'), 'utf8')
  writeFileSync(join(root, 'packages/server/src/format/otlp/generated/otlp_pb.ts'), made)
} finally {
  rmSync(work, { recursive: true, force: true })
}
