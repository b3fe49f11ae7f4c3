import type { Connection } from './connection.ts'

/** A connection that is used once the tables are known to be there. */
export interface PreparedConnection extends Connection {
  /** @throws TallystickError what `prepare` throws; it is done again at the next statement */
  ready(): Promise<void>
}

/**
 * Does `prepare` before the first statement, and again after one that failed: the engine may have been away, or have come back
 * without its tables.
 */
export function prepared(connection: Connection, prepare: () => Promise<void>): PreparedConnection {
  let preparing: Promise<void> | undefined
  const ready = (): Promise<void> => {
    preparing ??= prepare().catch((error: unknown) => {
      preparing = undefined
      throw error
    })
    return preparing
  }
  const after = async <T>(statement: () => Promise<T>): Promise<T> => {
    await ready()
    try {
      return await statement()
    } catch (error) {
      preparing = undefined
      throw error
    }
  }
  return {
    ready,
    rows: (sql, options) => after(() => connection.rows(sql, options)),
    run: (sql, options) => after(() => connection.run(sql, options)),
    insert: (table, columns, rows, settings) => after(() => connection.insert(table, columns, rows, settings)),
    close: () => connection.close(),
  }
}
