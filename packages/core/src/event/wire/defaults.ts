import type { Mutable, UsageEvent } from '../event.ts'
import type { FieldName } from '../fields.ts'

/**
 * Gives the event each default whose member it lacks.
 *
 * What a batch usually says once is stored by name: a store under a computed name turns the event into a hash table
 * inside the engine, and everything behind the door then takes twice as long to read it.
 */
export function fillGaps(event: Mutable<UsageEvent>, defaults: Readonly<Partial<UsageEvent>>): void {
  const { sourceId, epoch, seq, tenantId, agentId, apiKeyId, apiKeyLabel, authMethod, authenticated } = defaults
  const { clientIp, provider, requestModel } = defaults
  if (sourceId !== undefined && event.sourceId === undefined) event.sourceId = sourceId
  if (epoch !== undefined && event.epoch === undefined) event.epoch = epoch
  if (seq !== undefined && event.seq === undefined) event.seq = seq
  if (tenantId !== undefined && event.tenantId === undefined) event.tenantId = tenantId
  if (agentId !== undefined && event.agentId === undefined) event.agentId = agentId
  if (apiKeyId !== undefined && event.apiKeyId === undefined) event.apiKeyId = apiKeyId
  if (apiKeyLabel !== undefined && event.apiKeyLabel === undefined) event.apiKeyLabel = apiKeyLabel
  if (authMethod !== undefined && event.authMethod === undefined) event.authMethod = authMethod
  if (authenticated !== undefined && event.authenticated === undefined) event.authenticated = authenticated
  if (clientIp !== undefined && event.clientIp === undefined) event.clientIp = clientIp
  if (provider !== undefined && event.provider === undefined) event.provider = provider
  if (requestModel !== undefined && event.requestModel === undefined) event.requestModel = requestModel
  const target = event as Record<string, unknown>
  for (const field of Object.keys(defaults) as FieldName[]) {
    if (target[field] === undefined) target[field] = defaults[field]
  }
}
