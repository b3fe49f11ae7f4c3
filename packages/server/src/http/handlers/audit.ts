import { TallystickError } from '@tallystick/core'
import type { AuditEntry } from '../../state/audit.ts'
import { type Handler, json } from '../route.ts'
import { limitOf } from './events.ts'

/** `GET /api/v1/audit`: who changed what and who took something away, newest first. Of a tenant's key, that tenant's. */
export const audit: Handler = ({ url, app, principal }) => {
  const { searchParams } = url
  const limit = limitOf(searchParams.get('limit'))
  const before = searchParams.get('before')
  if (before !== null && !/^\d{1,15}$/.test(before)) throw new TallystickError('invalid_cursor')
  const entries = app.audit.list({
    limit: limit + 1,
    ...(before === null ? {} : { before }),
    ...(principal.tenantId === undefined ? {} : { tenantId: principal.tenantId }),
  })
  const page = entries.slice(0, limit)
  return json({
    entries: page.map(wireEntry),
    next_before: entries.length > limit ? (page.at(-1)?.id ?? null) : null,
  })
}

function wireEntry({ id, atMs, actor, tenantId, action, target, facts }: AuditEntry): object {
  return { id, at_ms: atMs, actor, tenant_id: tenantId, action, target, facts }
}
