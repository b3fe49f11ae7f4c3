import type { ImportSource } from '../record.ts'
import { announce, exportFiles, fileRecords } from './export-files.ts'
import { eventOfSpendLog } from './litellm.ts'
import { spendLogs } from './litellm-api.ts'

/** Spend logs of a LiteLLM proxy: rows of `LiteLLM_SpendLogs` from files, or from its HTTP API. */
export const litellm: ImportSource = {
  name: 'litellm',
  about: "LiteLLM's spend logs: rows of LiteLLM_SpendLogs as CSV or JSON, or from its API",
  examples: [
    'tallystick import litellm spend-logs.csv',
    'LITELLM_API_KEY=... tallystick import litellm --url https://litellm.example.com',
  ],
  options: [
    { flags: '--url <address>', about: 'ask the API of this proxy, with the key in LITELLM_API_KEY' },
    { flags: '--key-file <file>', about: 'the key for the API is in this file' },
  ],
  locations: () => [],
  async *read(options) {
    if (options.values.has('url')) {
      yield* spendLogs(options)
      return
    }
    const files = exportFiles(options.paths)
    announce(files, options)
    yield* fileRecords(files, options, eventOfSpendLog)
  },
}
