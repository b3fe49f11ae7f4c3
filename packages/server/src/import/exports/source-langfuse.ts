import type { ImportSource, ReadOptions } from '../record.ts'
import { announce, type ExportFile, exportFiles, fileRecords, fileRows } from './export-files.ts'
import { Fields } from './fields.ts'
import { eventOfObservation, isRequest } from './langfuse.ts'
import { Nesting } from './langfuse-nesting.ts'

/**
 * Observations that Langfuse has exported. The files are read twice: which observations only repeat those inside them is
 * known once all have been seen.
 */
export const langfuse: ImportSource = {
  name: 'langfuse',
  about: "Langfuse's observations, exported from its page or to blob storage (JSON, JSONL or CSV)",
  examples: ['tallystick import langfuse observations.json', 'tallystick import langfuse ./bucket/observations_v2'],
  locations: () => [],
  async *read(options) {
    const files = exportFiles(options.paths)
    announce(files, options, 2)
    const repetitions = await repetitionsIn(files, options)
    yield* fileRecords(files, options, (row) => {
      if (!isRequest(row)) return undefined
      if (!repetitions.has(new Fields(row).text('id') ?? '')) return eventOfObservation(row)
      options.progress.copies++
      return undefined
    })
  },
}

async function repetitionsIn(files: readonly ExportFile[], options: ReadOptions): Promise<ReadonlySet<string>> {
  const nesting = new Nesting()
  for (const file of files) {
    try {
      for await (const read of fileRows(file, options)) if ('row' in read) nesting.add(read.row)
    } catch {
      // Whoever makes events of the rows tells what is wrong with the file.
    }
  }
  return nesting.repetitions()
}
