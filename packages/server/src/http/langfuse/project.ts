import { type Handler, json } from '../route.ts'

/** `GET /api/public/projects`: what `auth_check` of Langfuse's clients asks. A key sends into one project: its tenant. */
export const langfuseProjects: Handler = ({ principal }) => {
  const id = principal.tenantId ?? 'default'
  return json({
    data: [{ id, name: id, organization: { id: 'tallystick', name: 'Tallystick' }, metadata: {}, retentionDays: null }],
  })
}

/** `GET /api/public/health`, which some set-ups ask before they start to send. */
export const langfuseHealth: Handler = ({ app }) => json({ status: 'OK', version: app.about.version })
