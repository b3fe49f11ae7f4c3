import { bin, build, install, requireNode, run } from './steps.mjs'

/** `node scripts/screenshots.mjs`: the pictures of the documents, in docs/images, and all pages in test-output/screenshots. */
requireNode()
await install()
await build()
process.exit(
  run(bin('vitest'), ['run', 'test/browser/screenshots.long.test.ts'], {
    env: { ...process.env, TALLYSTICK_TEST_LONG: '1', TALLYSTICK_IMAGES: 'docs/images' },
  }),
)
