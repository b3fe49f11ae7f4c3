import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Session } from 'chdb'

/** Statements side by side; a session runs one at a time and has settings of its own. */
const SESSIONS = 4
/** Machine code of expressions is made for those that come often. Tests ask each but a few times, and making it took a seventh of the work. */
const UNCOMPILED = 'SET compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0'
/** Formats of data that is no text: such bytes reach the engine in a file. */
const BINARY = /\bFORMAT\s+(Native|RowBinary\w*|Parquet|Arrow\w*)\s*;?\s*$/i

/** The engine on a directory. On the main thread: it does not outlive a worker's end. */
export class Engine {
  #path
  #free = []
  #waiting = []
  #all

  constructor(path, connectionArgs) {
    this.#path = path
    this.#all = Array.from({ length: SESSIONS }, () => ({
      session: new Session(path, { connectionArgs }),
      database: 'default',
      settings: new Map(),
    }))
    for (const { session } of this.#all) session.query(UNCOMPILED, 'TSV')
    this.#free = [...this.#all]
  }

  /** Runs one statement under settings and parameters that hold for nothing else. */
  async run({ text, data, database, format, settings, parameters }) {
    const slot = this.#free.pop() ?? (await new Promise((resolve) => this.#waiting.push(resolve)))
    try {
      return await this.#runIn(slot, { text, data, database, format, settings, parameters })
    } finally {
      const next = this.#waiting.shift()
      if (next) next(slot)
      else this.#free.push(slot)
    }
  }

  async #runIn(slot, { text, data, database, format, settings, parameters }) {
    const before = prologue(slot, database, settings, parameters)
    const binary = data !== undefined && data.length > 0 && BINARY.test(text)
    const file = binary ? join(this.#path, `${randomUUID()}.part`) : undefined
    try {
      if (file) await writeFile(file, data)
      const statement = file
        ? text.replace(BINARY, (clause) => `FROM INFILE ${literal(file)} ${clause}`)
        : data === undefined || data.length === 0
          ? text
          : `${text}\n${data.toString()}`
      const result = await slot.session.queryAsync(`${before}${statement}`, { format })
      slot.database = database
      slot.settings = new Map(Object.entries(settings))
      return {
        bytes: Buffer.from(result.bytes()),
        format: /\bFORMAT\s+(\w+)/i.exec(text)?.[1] ?? format,
        elapsed: result.elapsed ?? 0,
        rowsRead: result.rowsRead ?? 0,
        bytesRead: result.bytesRead ?? 0,
      }
    } catch (error) {
      await this.#reset(slot, Object.keys(settings))
      throw error
    } finally {
      if (file) await rm(file, { force: true })
    }
  }

  /** What a failed statement has left of its settings is not known. */
  async #reset(slot, names) {
    for (const name of new Set([...names, ...slot.settings.keys()]))
      await slot.session.queryAsync(`SET ${name} = DEFAULT`).catch(() => {})
    await slot.session.queryAsync('USE default').catch(() => {})
    slot.settings = new Map()
    slot.database = 'default'
  }

  close() {
    for (const { session } of this.#all) session.close()
  }
}

/** Statements that put the session's database, settings and parameters right, each only where it must be changed. */
function prologue(slot, database, settings, parameters) {
  const parts = []
  for (const name of slot.settings.keys()) if (!(name in settings)) parts.push(`SET ${identifier(name)} = DEFAULT`)
  for (const [name, value] of Object.entries(settings))
    if (slot.settings.get(name) !== value) parts.push(`SET ${identifier(name)} = ${literal(value)}`)
  if (slot.database !== database) parts.push(`USE \`${database.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``)
  for (const [name, value] of Object.entries(parameters))
    parts.push(`SET param_${identifier(name)} = ${literal(value)}`)
  return parts.map((part) => `${part};\n`).join('')
}

function identifier(name) {
  if (!/^\w+$/.test(name)) throw new Error(`Code: 36. DB::Exception: Bad name ${JSON.stringify(name)}. (BAD_ARGUMENTS)`)
  return name
}

const literal = (value) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
