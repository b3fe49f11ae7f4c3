/**
 * A table of the ClickHouse store, said once: whoever asks for one server gets a table, and whoever asks for a cluster gets a
 * replicated table on each shard and a distributed one of the same name in front of them.
 */
export interface TableSpec {
  readonly name: string
  readonly columns: readonly ColumnSpec[]
  /** Without arguments and without `Replicated`. */
  readonly engine: 'MergeTree' | 'ReplacingMergeTree' | 'AggregatingMergeTree' | 'SummingMergeTree'
  /** Of the engine, e.g. the column whose greatest value wins. */
  readonly engineArguments?: readonly string[]
  /** Expressions; none where the order does not matter. */
  readonly orderBy: readonly string[]
  readonly primaryKey?: readonly string[]
  readonly partitionBy?: string
  readonly ttl?: string
  /** Indexes and projections, as they stand in the list of columns. */
  readonly further?: readonly string[]
  readonly settings?: Readonly<Record<string, string | number>>
  /** How many tokens of insertions are remembered, so that one which is sent again is not taken twice. */
  readonly tokens?: number
  /**
   * By which rows are spread over the shards; rows of one identity must give one value, since only what lies on one shard is
   * merged. Absent: every server of a cluster has all of the table.
   */
  readonly shardBy?: string
}

export interface ColumnSpec {
  readonly name: string
  readonly type: string
  /** As in `DEFAULT 0` or `ALIAS a + b`. */
  readonly expression?: string
  readonly codec?: string
}

/** Where the tables are. */
export interface Placement {
  readonly database: string
  /** As `remote_servers` of ClickHouse names it. Absent: one server. */
  readonly cluster?: string
}

/** Statements that may be run again: what is there is left alone. */
export function createDatabase({ database, cluster }: Placement): string {
  return `CREATE DATABASE IF NOT EXISTS ${name(database)}${on(cluster)}`
}

/**
 * Makes a table, and on a cluster what stands in front of it.
 *
 * @example createTable({ name: 't', columns: [{ name: 'a', type: 'UInt8' }], engine: 'MergeTree', orderBy: ['a'] }, { database: 'd' })
 * // ['CREATE TABLE IF NOT EXISTS `d`.`t`\n(\n  `a` UInt8\n)\nENGINE = MergeTree\nORDER BY a']
 */
export function createTable(table: TableSpec, placement: Placement): readonly string[] {
  const { database, cluster } = placement
  const body = `(\n${[...table.columns.map(column), ...(table.further ?? [])].map((line) => `  ${line}`).join(',\n')}\n)`
  const local = `CREATE TABLE IF NOT EXISTS ${name(database)}.${name(storedIn(table, placement))}${on(cluster)}\n${body}\n${clauses(table, cluster)}`
  if (cluster === undefined || table.shardBy === undefined) return [local]
  return [
    local,
    `CREATE TABLE IF NOT EXISTS ${name(database)}.${name(table.name)}${on(cluster)}\n` +
      `AS ${name(database)}.${name(storedIn(table, placement))}\n` +
      `ENGINE = Distributed(${text(cluster)}, ${text(database)}, ${text(storedIn(table, placement))}, ${table.shardBy})`,
  ]
}

/** The statements that add columns to a table that is there: at the end, and the distributed one last, so that it never names what the shards do not have. */
export function addColumns(table: TableSpec, columns: readonly ColumnSpec[], placement: Placement): readonly string[] {
  const { database, cluster } = placement
  const added = columns.map((one) => `  ADD COLUMN IF NOT EXISTS ${column(one)}`).join(',\n')
  const names = [...new Set([storedIn(table, placement), table.name])]
  return names.map((one) => `ALTER TABLE ${name(database)}.${name(one)}${on(cluster)}\n${added}`)
}

/** The table that has the rows: what is deleted or rewritten is so there, on every server of the cluster. */
export function storedIn({ name: own, shardBy }: Pick<TableSpec, 'name' | 'shardBy'>, { cluster }: Placement): string {
  return cluster === undefined || shardBy === undefined ? own : `${own}_local`
}

/** An identifier. */
export function name(identifier: string): string {
  return `\`${identifier.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

/** A literal. */
export function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

const on = (cluster: string | undefined): string => (cluster === undefined ? '' : ` ON CLUSTER ${name(cluster)}`)

function column({ name: own, type, expression, codec }: ColumnSpec): string {
  return [name(own), type, expression, codec === undefined ? undefined : `CODEC(${codec})`]
    .filter((part) => part !== undefined)
    .join(' ')
}

function clauses(table: TableSpec, cluster: string | undefined): string {
  const { orderBy, primaryKey, partitionBy, ttl } = table
  const given = Object.entries(settingsOf(table, cluster)).map(
    ([key, value]) => `${key} = ${typeof value === 'number' ? value : text(value)}`,
  )
  return [
    `ENGINE = ${engineOf(table, cluster)}`,
    partitionBy === undefined ? undefined : `PARTITION BY ${partitionBy}`,
    primaryKey === undefined ? undefined : `PRIMARY KEY ${listed(primaryKey)}`,
    `ORDER BY ${listed(orderBy)}`,
    ttl === undefined ? undefined : `TTL ${ttl}`,
    given.length === 0 ? undefined : `SETTINGS ${given.join(', ')}`,
  ]
    .filter((clause) => clause !== undefined)
    .join('\n')
}

/** The engine has two names for it. */
function settingsOf(
  { tokens, settings }: TableSpec,
  cluster: string | undefined,
): Readonly<Record<string, string | number>> {
  if (tokens === undefined) return settings ?? {}
  const window = cluster === undefined ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window'
  return { [window]: tokens, ...settings }
}

/** Replicas find each other by the path: of a table that all have, it names no shard. */
function engineOf({ engine, engineArguments = [], shardBy }: TableSpec, cluster: string | undefined): string {
  if (cluster === undefined) return engineArguments.length === 0 ? engine : `${engine}(${engineArguments.join(', ')})`
  const path = `/clickhouse/tables/{database}/{table}/${shardBy === undefined ? 'all' : '{shard}'}`
  const replica = shardBy === undefined ? '{shard}-{replica}' : '{replica}'
  return `Replicated${engine}(${[text(path), text(replica), ...engineArguments].join(', ')})`
}

/** Of a single expression without parentheses, and of none as the engine wants it. */
function listed(expressions: readonly string[]): string {
  if (expressions.length === 0) return 'tuple()'
  return expressions.length === 1 ? (expressions[0] as string) : `(${expressions.join(', ')})`
}
