/**
 * Where things stand in Redis. Of one Redis it is the layout of Routiium's analytics, and beside it what we need on top:
 *
 *     {prefix}event:{name}                  text    the document; TTL: retention, and a day
 *     {prefix}events:by_time                zset    name by second
 *     {prefix}events:by_model:{model}       set     names
 *     {prefix}events:by_endpoint:{path}     set     names
 *     {prefix}tallystick:by_ordinal         zset    name by ordinal, of events that came through the journal
 *     {prefix}tallystick:state              hash    applied, journal, expired, cleared, ttl
 *
 * A name is the id of the event, or `id~ordinal` where another event has that id already: ids are unique within a tenant only.
 *
 * A cluster holds the same {@link CLUSTER_PARTS} times, each with a hash tag in its prefix (`analytics:{0}:`), so that all keys
 * of a part lie on one node and a script changes them at once. An event belongs to the part of its ordinal.
 */
export interface Keys {
  readonly prefix: string
  readonly byTime: string
  readonly byOrdinal: string
  readonly state: string
  /** Events that a clear has hidden and not yet removed. */
  readonly cleared: string
  readonly event: (name: string) => string
  readonly byModel: (model: string) => string
  readonly byEndpoint: (path: string) => string
}

/** Enough to spread over a cluster, few enough to ask each of them. */
export const CLUSTER_PARTS = 16

export function keysOf(prefix: string, part?: number): Keys {
  const begin = part === undefined ? prefix : `${prefix}{${part}}:`
  return {
    prefix: begin,
    byTime: `${begin}events:by_time`,
    byOrdinal: `${begin}tallystick:by_ordinal`,
    state: `${begin}tallystick:state`,
    cleared: `${begin}tallystick:cleared`,
    event: (name) => `${begin}event:${name}`,
    byModel: (model) => `${begin}events:by_model:${model}`,
    byEndpoint: (path) => `${begin}events:by_endpoint:${path}`,
  }
}
