import { controlChanges, takeControlNotes } from '../handlers/control.ts'
import { CONTROL_CHANGES_DOC, CONTROL_NOTES_DOC } from '../openapi/control.ts'
import type { Route } from '../route.ts'

/** What servers that follow the owner of the control state ask it. */
export const CONTROL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/v1/control/changes',
    scope: 'admin',
    whole: true,
    handler: controlChanges,
    doc: CONTROL_CHANGES_DOC,
    strict: true,
    summary: 'Follow the control state, as another server does',
  },
  {
    method: 'POST',
    path: '/api/v1/control/notes',
    scope: 'admin',
    whole: true,
    handler: takeControlNotes,
    doc: CONTROL_NOTES_DOC,
    strict: true,
    summary: 'Note what happened at the door of another server',
  },
]
