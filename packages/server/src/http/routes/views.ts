import { createView, listViews, removeView, replaceView } from '../handlers/views.ts'
import { CREATE_VIEW_DOC, LIST_VIEWS_DOC, REMOVE_VIEW_DOC, REPLACE_VIEW_DOC } from '../openapi/views.ts'
import type { Route } from '../route.ts'

/** Views of the dashboard under a name. Who may look may also keep what they look at: nothing of it is a figure. */
export const VIEW_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/v1/views',
    scope: 'read',
    handler: listViews,
    control: true,
    doc: LIST_VIEWS_DOC,
    strict: true,
    summary: 'List the saved views of the dashboard',
  },
  {
    method: 'POST',
    path: '/api/v1/views',
    scope: 'read',
    handler: createView,
    control: true,
    doc: CREATE_VIEW_DOC,
    strict: true,
    summary: 'Save a view of the dashboard',
  },
  {
    method: 'PUT',
    path: '/api/v1/views/:id',
    scope: 'read',
    handler: replaceView,
    control: true,
    doc: REPLACE_VIEW_DOC,
    strict: true,
    summary: 'Change a saved view',
  },
  {
    method: 'DELETE',
    path: '/api/v1/views/:id',
    scope: 'read',
    handler: removeView,
    control: true,
    doc: REMOVE_VIEW_DOC,
    strict: true,
    summary: 'Remove a saved view',
  },
]
