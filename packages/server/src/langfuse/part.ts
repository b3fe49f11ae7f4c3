import type { ErrorCode } from '@tallystick/core'
import { parseRfc3339 } from '@tallystick/core/event'
import { eventIdOf, labelTags, saidObject, saidText } from '../format/said.ts'
import type { GenerationFacts, TraceFacts } from './facts.ts'
import { langfuseCost, langfuseUsage } from './usage.ts'

type Members = Readonly<Record<string, unknown>>

/** One event of a batch, as far as it is about usage. `envelopeId` is by what the answer names it. */
export type Part =
  | { readonly kind: 'trace'; readonly envelopeId: string; readonly id: string; readonly facts: TraceFacts }
  | {
      readonly kind: 'generation'
      readonly envelopeId: string
      readonly id: string
      readonly facts: GenerationFacts
      /** By what parts of one batch are put in order. */
      readonly order: number
    }
  | { readonly kind: 'other'; readonly envelopeId: string }
  | {
      readonly kind: 'refused'
      readonly envelopeId: string
      readonly code: ErrorCode
      readonly field: string
      readonly message: string
    }

/** Ids of Langfuse may have 800 characters. */
const MAX_ID_BYTES = 3200
const GENERATIONS = /^(?:generation|embedding)-(?:create|update)$/
const GENERATION_TYPES: ReadonlySet<unknown> = new Set(['GENERATION', 'EMBEDDING'])

/**
 * Reads one event of `POST /api/public/ingestion`. Of a trace its names are kept, of a generation its names, instants and figures;
 * spans, scores, logs and whatever else is no usage are passed over. `input`, `output`, `metadata`, `statusMessage` and the
 * parameters of the model are never looked at, but for whether there is an output.
 *
 * An observation of another type is a generation where it has usage or cost.
 */
export function readPart(item: unknown): Part {
  const event = saidObject(item)
  const envelopeId = saidText(event?.['id'], MAX_ID_BYTES) ?? 'unknown'
  const refused = (code: ErrorCode, field: string, message: string): Part => ({
    kind: 'refused',
    envelopeId,
    code,
    field,
    message,
  })
  if (event === undefined) return refused('not_an_object', 'batch', 'an event of a batch must be a JSON object')
  const type = saidText(event['type'], 64)
  if (type === undefined) return refused('missing_field', 'type', 'type is missing')
  if (envelopeId === 'unknown') return refused('missing_field', 'id', 'id is missing')
  const body = saidObject(event['body'])
  if (body === undefined) return refused('missing_field', 'body', 'body is missing')
  if (type === 'trace-create') {
    const id = boundedId(body['id'])
    return id === undefined ? { kind: 'other', envelopeId } : { kind: 'trace', envelopeId, id, facts: traceFacts(body) }
  }
  if (!isGeneration(type, body)) return { kind: 'other', envelopeId }
  const id = boundedId(body['id']) ?? eventIdOf(envelopeId)
  const usage = langfuseUsage(body)
  if (!usage.ok) return refused('not_an_integer', usage.field, `${usage.field} must hold whole numbers from 0 on`)
  const saidMs = instantOf(event['timestamp'])
  const facts = present<GenerationFacts>({
    id,
    traceId: boundedId(body['traceId']),
    name: saidText(body['name'], 256),
    model: saidText(body['model'], 256),
    operation: type.startsWith('embedding') || body['type'] === 'EMBEDDING' ? 'embeddings' : undefined,
    environment: saidText(body['environment'], 64),
    version: saidText(body['version'], 256),
    startMs: instantOf(body['startTime']),
    endMs: instantOf(body['endTime']),
    firstTokenMs: instantOf(body['completionStartTime']),
    saidMs,
    failed: body['level'] === 'ERROR' ? true : undefined,
    answered: (body['output'] ?? undefined) === undefined ? undefined : true,
    usage: usage.usage,
    costNanoUsd: langfuseCost(body),
  })
  return { kind: 'generation', envelopeId, id, facts, order: orderOf(type, saidMs) }
}

function isGeneration(type: string, body: Members): boolean {
  if (GENERATIONS.test(type)) return true
  if (!/-(?:create|update)$/.test(type) || type.startsWith('score')) return false
  if (type.startsWith('observation') && GENERATION_TYPES.has(body['type'])) return true
  return (body['usage'] ?? body['usageDetails'] ?? body['costDetails'] ?? undefined) !== undefined
}

/** What is kept of an id until it is needed takes no more than one of an event. */
function boundedId(value: unknown): string | undefined {
  const id = saidText(value, MAX_ID_BYTES)
  return id === undefined ? undefined : eventIdOf(id)
}

/** What creates comes before what updates, whatever the clocks say. */
function orderOf(type: string, saidMs = 0): number {
  return type.endsWith('-update') ? Number.MAX_SAFE_INTEGER / 2 + saidMs : saidMs
}

function traceFacts(body: Members): TraceFacts {
  const tags = labelTags(body['tags'])
  return present<TraceFacts>({
    userId: saidText(body['userId'], 256),
    sessionId: saidText(body['sessionId'], 256),
    name: saidText(body['name'], 256),
    environment: saidText(body['environment'], 64),
    release: saidText(body['release'], 256),
    tags: tags.size === 0 ? undefined : Object.fromEntries(tags),
  })
}

/** Some clients leave the zone out; they mean UTC. */
function instantOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 64) return undefined
  return parseRfc3339(value) ?? parseRfc3339(`${value}Z`)
}

/** Without the members that are not known: they must not hide what an earlier part said. */
function present<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}
