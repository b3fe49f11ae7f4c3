import { type Handler, json } from '../route.ts'

/** `GET /api/v1/me`: who the server takes the sender for, and what that one may do. */
export const me: Handler = ({ app, principal }) => {
  const { kind, name, scopes, tenantId, agentIds, keyId, method, untilMs } = principal
  return json({
    kind,
    name,
    scopes: [...scopes],
    tenant_id: tenantId ?? null,
    agent_ids: agentIds === undefined ? null : [...agentIds],
    key_id: keyId ?? null,
    auth_method: method ?? null,
    expires_ms: untilMs ?? null,
    keys_required: app.identity.closed(),
  })
}
