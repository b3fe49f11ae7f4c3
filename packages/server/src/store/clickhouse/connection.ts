import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { isTallystickError, TallystickError } from '@tallystick/core'
import { queryCancelled } from '../abort.ts'
import type { ClickhouseAddress } from './address.ts'

/** One row of an answer: integers of 64 bits and more are text. */
export type Row = readonly unknown[]

export interface StatementOptions {
  /** Bound as `{p1:String}`, `{p2:String}`, ... */
  readonly values?: readonly string[]
  readonly settings?: ClickHouseSettings
  readonly signal?: AbortSignal | undefined
}

/** Statements to the engine. Names in them are ours; values are bound. */
export interface Connection {
  rows(sql: string, options?: StatementOptions): Promise<readonly Row[]>
  run(sql: string, options?: StatementOptions): Promise<void>
  /** Rows are arrays in the order of `columns`. */
  insert(table: string, columns: readonly string[], rows: readonly Row[], settings?: ClickHouseSettings): Promise<void>
  close(): Promise<void>
}

/** What every statement needs to mean what the generated text says. */
const SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  // Columns of the rows, not the aliases that other columns happen to have.
  prefer_column_name_to_alias: 1,
  // Rows of one identity share their instant, and so their partition.
  do_not_merge_across_partitions_select_final: 1,
  // Whoever sent a statement and hears that it is done must find it done.
  async_insert: 0,
  wait_for_async_insert: 1,
  mutations_sync: '1',
  // An import reaches back for years.
  max_partitions_per_insert_block: '0',
  allow_suspicious_low_cardinality_types: 1,
}

/** Opens a client; nothing is sent yet. */
export async function openConnection(address: ClickhouseAddress, database: string): Promise<Connection> {
  const { ClickHouseLogLevel, createClient } = await import('@clickhouse/client')
  const { host, password, timeoutMs, tls, user } = address
  const client = createClient({
    url: `${tls ? 'https' : 'http'}://${host}`,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    database,
    request_timeout: timeoutMs,
    compression: { request: false, response: true },
    max_open_connections: 10,
    application: 'tallystick',
    // Failures are told by whoever sees them thrown.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: SETTINGS,
  })
  return new ClientConnection(client, host)
}

class ClientConnection implements Connection {
  readonly #client: ClickHouseClient
  readonly #host: string

  constructor(client: ClickHouseClient, host: string) {
    this.#client = client
    this.#host = host
  }

  async rows(sql: string, { values = [], settings = {}, signal }: StatementOptions = {}): Promise<readonly Row[]> {
    return this.#answered(signal, async () => {
      const result = await this.#client.query({
        query: sql,
        query_params: named(values),
        format: 'JSONCompactEachRow',
        clickhouse_settings: settings,
        ...(signal ? { abort_signal: signal } : {}),
      })
      return result.json<Row>()
    })
  }

  async run(sql: string, { values = [], settings = {}, signal }: StatementOptions = {}): Promise<void> {
    await this.#answered(signal, () =>
      this.#client.command({ query: sql, query_params: named(values), clickhouse_settings: settings }),
    )
  }

  async insert(
    table: string,
    columns: readonly string[],
    rows: readonly Row[],
    settings: ClickHouseSettings = {},
  ): Promise<void> {
    await this.#answered(undefined, () =>
      this.#client.insert({
        table,
        columns: columns as [string, ...string[]],
        values: rows,
        format: 'JSONCompactEachRow',
        clickhouse_settings: settings,
      }),
    )
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #answered<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (cause) {
      if (signal?.aborted) throw queryCancelled()
      throw storeError(cause, this.#host)
    }
  }
}

const named = (values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`p${index + 1}`, value]))

/** The engine's own words, without what was bound or who asked. */
function storeError(cause: unknown, host: string): TallystickError {
  if (isTallystickError(cause)) return cause
  const { code, message } = cause as { readonly code?: string; readonly message: string }
  const [line = ''] = message.split('\n')
  return new TallystickError(
    'store_unavailable',
    `ClickHouse at ${host} does not take the statement: ${line.slice(0, 500)}${code === undefined ? '' : ` (${code})`}`,
    { cause },
  )
}
