import type { ImportSource } from '../record.ts'
import { announce, exportFiles, fileRecords } from './export-files.ts'
import { eventOfHelicone } from './helicone.ts'

/** Requests that Helicone has exported. */
export const helicone: ImportSource = {
  name: 'helicone',
  about: "Helicone's requests, as `npx @helicone/export` writes them (JSONL, JSON or CSV)",
  examples: ['tallystick import helicone helicone-export.jsonl'],
  locations: () => [],
  async *read(options) {
    const files = exportFiles(options.paths)
    announce(files, options)
    yield* fileRecords(files, options, eventOfHelicone)
  },
}
