import { quoted, TallystickError } from '@tallystick/core'
import { parse } from 'csv-parse'
import { parseExactJson } from './exact-json.ts'
import { JsonTexts } from './json-texts.ts'
import { pieces } from './pieces.ts'

/** One row of an export: members of a JSON object, or cells of CSV by their header. */
export type ExportRow = Readonly<Record<string, unknown>>

/** A row with where it stands, or what is wrong there. */
export type ReadRow =
  | { readonly row: ExportRow; readonly where: string }
  | { readonly problem: string; readonly where: string }

/**
 * The rows of an export, one at a time: JSON Lines, a JSON array, pages of an API (`{"data":[...]}`) one after the other,
 * or CSV with a header; gzip is seen by its first bytes. Which of them it is follows from the first character.
 *
 * @param name how messages call it
 * @throws TallystickError `file_unreadable`
 */
export async function* readRows(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<ReadRow> {
  const texts = pieces(bytes)
  const first = await texts.next()
  if (first.done) return
  const whole = prepend(first.value, texts)
  if (/^\s*[[{]/.test(first.value)) yield* jsonRows(whole, name)
  else yield* csvRows(whole, name)
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

async function* jsonRows(texts: AsyncIterable<string>, name: string): AsyncGenerator<ReadRow> {
  const objects = new JsonTexts()
  let count = 0
  for await (const piece of texts)
    for (const text of objects.write(piece)) {
      for (const row of rowsOf(text)) {
        const where = `${name} row ${++count}`
        yield row instanceof Error ? { problem: `is no JSON: ${row.message}`, where } : { row, where }
      }
    }
  objects.end()
}

function rowsOf(text: string): readonly (ExportRow | Error)[] {
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch (error) {
    return [error as Error]
  }
  const row = value as ExportRow
  const page = row['data']
  if (!Array.isArray(page)) return [row]
  return page.map((entry) => (typeof entry === 'object' && entry !== null ? entry : new Error('is no object')))
}

async function* csvRows(texts: AsyncIterable<string>, name: string): AsyncGenerator<ReadRow> {
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: 64 * 1024 * 1024,
  })
  let failure: unknown
  const fed = feed(texts, parser).catch((error: unknown) => {
    failure = error
    parser.destroy(error as Error)
  })
  let header: readonly string[] | undefined
  let count = 0
  try {
    for await (const record of parser as AsyncIterable<readonly string[]>) {
      if (header === undefined) {
        header = record
        continue
      }
      const row: Record<string, unknown> = Object.create(null)
      header.forEach((column, index) => {
        if (record[index]) row[column] = record[index]
      })
      yield { row, where: `${name} row ${++count}` }
    }
  } catch (error) {
    if (failure !== undefined) throw failure
    throw new TallystickError(
      'file_unreadable',
      `${quoted(name)} cannot be read as CSV behind row ${count}: ${(error as Error).message}`,
      { cause: error },
    )
  } finally {
    parser.destroy()
    await fed
  }
}

async function feed(texts: AsyncIterable<string>, parser: ReturnType<typeof parse>): Promise<void> {
  for await (const text of texts) {
    if (parser.destroyed) return
    if (!parser.write(text)) await new Promise<void>((resolve) => afterDrain(parser, resolve))
  }
  parser.end()
}

/** Goes on as well when the parser gives up: nobody drains it then. */
function afterDrain(parser: ReturnType<typeof parse>, resolve: () => void): void {
  if (parser.destroyed) {
    resolve()
    return
  }
  const go = (): void => {
    parser.off('drain', go)
    parser.off('close', go)
    resolve()
  }
  parser.once('drain', go)
  parser.once('close', go)
}
