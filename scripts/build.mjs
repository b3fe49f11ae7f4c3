import { build, install, requireNode } from './steps.mjs'

/** `npm run build`: compiles everything, whatever the stamps say. */
requireNode()
await install()
await build({ force: true })
