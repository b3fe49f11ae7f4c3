import { basename, join } from 'node:path'
import { type LogFormat, needles } from './files/log-format.ts'
import { readLogs } from './files/read-logs.ts'
import { homeOf } from './home.ts'
import { isOpencodeDatabase, readOpencodeDatabases } from './opencode-database.ts'
import { opencodeDraft } from './opencode-message.ts'
import type { ImportSource } from './record.ts'

/** Older versions wrote a file for each message. */
const FILES: LogFormat = {
  needles: needles('"tokens"'),
  wanted: { id: true },
  isLog: (path) => /^msg_.*\.json$/.test(basename(path)),
  isDocument: () => true,
  open: (path) => ({
    read(document) {
      const draft = opencodeDraft(document, { id: basename(path, '.json') })
      return draft === undefined ? [] : [draft]
    },
  }),
}

/** Messages of opencode. Those in files were moved to a database later, under the same ids. */
export const opencode: ImportSource = {
  name: 'opencode',
  about: 'import the messages of opencode',
  examples: ['tallystick import opencode', 'tallystick import opencode --dry-run'],
  locations: (env) => [join(env['XDG_DATA_HOME'] || join(homeOf(env), '.local', 'share'), 'opencode')],
  async *read(options) {
    const databases = options.paths.filter((path) => isOpencodeDatabase(path))
    const others = options.paths.filter((path) => !isOpencodeDatabase(path))
    yield* readLogs({ ...options, paths: others }, FILES)
    yield* readOpencodeDatabases({ ...options, paths: [...databases, ...others] })
  },
}
