import { createRequire } from 'node:module'

/**
 * The engine's binding. Required, not imported: before it imports a CommonJS package of 180 files, Node parses them all once more
 * to find the names they export, which would take longer than loading them.
 */
export const { BIGINT, BOOLEAN, DuckDBDataChunk, DuckDBInstance, DuckDBTypeId, INTEGER, SMALLINT, UUID, VARCHAR } =
  createRequire(import.meta.url)('@duckdb/node-api') as typeof import('@duckdb/node-api')
