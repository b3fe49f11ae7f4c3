import type { FieldName } from './fields.ts'

/**
 * THE table of dimensions: the ways figures can be split and filtered.
 *
 * `name` is what queries, rows, flags and URLs say. A row whose dimension is unknown carries `null`.
 * Beside these, `tags.<key>` splits by a tag.
 */
export interface Dimension {
  readonly name: string
  readonly field: FieldName
  readonly type: 'string' | 'boolean' | 'integer'
  /** How people are told what it is; sentence case. */
  readonly label: string
  /** Other spellings a query may use. */
  readonly aliases?: readonly string[]
  /** `low`: tens to thousands of values, coded in stores. `high`: users, sessions, ids. */
  readonly cardinality: 'low' | 'high'
}

const low = (name: string, field: FieldName, label: string, aliases?: readonly string[]): Dimension =>
  aliases
    ? { name, field, type: 'string', label, aliases, cardinality: 'low' }
    : { name, field, type: 'string', label, cardinality: 'low' }
const flag = (name: string, field: FieldName, label: string): Dimension => ({
  name,
  field,
  type: 'boolean',
  label,
  cardinality: 'low',
})
const high = (name: string, field: FieldName, label: string): Dimension => ({
  name,
  field,
  type: 'string',
  label,
  cardinality: 'high',
})

/** THE table of dimensions: what figures can be split and filtered by. */
export const DIMENSIONS: readonly Dimension[] = [
  low('kind', 'kind', 'Kind'),
  low('provider', 'provider', 'Provider'),
  low('model', 'requestModel', 'Model', ['request_model']),
  low('response_model', 'responseModel', 'Response model'),
  low('operation', 'operation', 'Operation'),
  low('endpoint', 'endpoint', 'Endpoint'),
  low('method', 'method', 'Method'),
  flag('stream', 'stream', 'Stream'),
  low('service_tier', 'serviceTier', 'Service tier'),
  low('tenant_id', 'tenantId', 'Tenant', ['tenant']),
  low('agent_id', 'agentId', 'Agent', ['agent']),
  low('api_key_id', 'apiKeyId', 'API key', ['api_key', 'key']),
  low('api_key_label', 'apiKeyLabel', 'API key label'),
  low('auth_method', 'authMethod', 'Auth method'),
  flag('authenticated', 'authenticated', 'Authenticated'),
  low('provider_id', 'providerId', 'Provider credential'),
  {
    name: 'status_code',
    field: 'statusCode',
    type: 'integer',
    label: 'Status',
    aliases: ['status'],
    cardinality: 'low',
  },
  flag('success', 'success', 'Success'),
  low('error_type', 'errorType', 'Error type'),
  low('error_code', 'errorCode', 'Error code'),
  low('finish_reason', 'finishReason', 'Finish reason'),
  flag('aborted', 'aborted', 'Aborted'),
  low('usage_basis', 'usageBasis', 'Usage basis'),
  low('cost_basis', 'costBasis', 'Cost basis'),
  low('price_id', 'priceId', 'Price'),
  low('repriced_price_id', 'repricedPriceId', 'Price as repriced'),
  low('backend', 'backend', 'Backend'),
  low('upstream_mode', 'upstreamMode', 'Upstream mode'),
  flag('mcp_enabled', 'mcpEnabled', 'MCP'),
  flag('system_prompt_applied', 'systemPromptApplied', 'System prompt applied'),
  low('routing_method', 'routingMethod', 'Routing method'),
  low('tool_name', 'toolName', 'Tool', ['tool']),
  low('cache_tier', 'cacheTier', 'Cache tier'),
  flag('cache_hit', 'cacheHit', 'Cache hit'),
  low('source_id', 'sourceId', 'Source'),
  high('user_id', 'userId', 'User'),
  high('session_id', 'sessionId', 'Session'),
  high('client_ip', 'clientIp', 'Client address'),
  high('user_agent', 'userAgent', 'User agent'),
  high('operation_id', 'operationId', 'Operation id'),
  high('trace_id', 'traceId', 'Trace'),
]

/** By name and by alias. */
export const DIMENSION_OF: ReadonlyMap<string, Dimension> = new Map(
  DIMENSIONS.flatMap((dimension) =>
    [dimension.name, ...(dimension.aliases ?? [])].map((name) => [name, dimension] as const),
  ),
)
